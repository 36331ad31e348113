"""Training examples with composed targets: `Source` of `batches.py` over the composed rounds.

Rounds are memory maps: a dozen of them would not fit into memory, and the page cache holds what there is room for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.batches import MOST_ROUNDS, Batch, to_pictures
from ..faces.groups import balance, ita
from ..teacher.network import Teacher, load_teacher
from .rounds import composed_folder
from .vary import vary

Bytes = NDArray[np.uint8]
SCENES = 0.12  # share of the examples without a face
QUARTER = 4  # the student works on blocks of 4 x 4 pixels


class ComposedRounds:
    """Varied crops out of the composed rounds of faces; rounds that appear while training are picked up."""

    def __init__(
        self, data: Path, style: str, device: str, shared: Path, crop: int = 224, seed: int = 1, balanced: bool = False
    ) -> None:
        self.data, self.out, self.crop, self.device = data, composed_folder(data, style), crop, device
        self.weights_file = shared / "teacher" / f"{style}.npz"
        self.rng = np.random.default_rng(seed)
        self.balanced = balanced
        # Photos, targets, points and how often each row is drawn, by round.
        self.rounds: dict[int, tuple[Bytes, Bytes, NDArray[np.float32], NDArray[np.float64]]] = {}

    def refresh(self) -> None:
        """Opens the rounds that are complete and not open yet. Raises FileNotFoundError where there is none."""
        for k in range(MOST_ROUNDS):
            if k not in self.rounds and (self.out / f"target-{k}.npy").exists():
                target = np.load(self.out / f"target-{k}.npy", mmap_mode="r")
                # A round that was cut short has the targets of its first rows.
                photos = np.load(self.data / f"photos-{k}.npy", mmap_mode="r")[: len(target)]
                points = np.load(self.data / f"points-{k}.npy")[: len(target)]
                self.rounds[k] = (photos, target, points, self._shares(photos, points))
        if not self.rounds:
            raise FileNotFoundError(f"no composed round in {self.out}: run `targets --recipe composed` first")

    def _shares(self, photos: Bytes, points: NDArray[np.float32]) -> NDArray[np.float64]:
        faces = ~np.isnan(points[:, 0, 0])
        shares = np.full(len(faces), SCENES / max(1, (~faces).sum()))
        weights = np.ones(int(faces.sum()))
        if self.balanced:
            weights = balance(np.array([ita(p, five) for p, five in zip(photos[faces], points[faces], strict=True)]))
        shares[faces] = weights / weights.sum() * (1 - SCENES)
        return shares / shares.sum()

    def batches(self, size: int) -> Iterator[Batch]:
        self.refresh()
        while True:
            if self.rng.random() < 0.02:
                self.refresh()
            photo, target, points = (np.stack(parts) for parts in zip(*(self._one() for _ in range(size)), strict=True))
            yield Batch(
                to_pictures(photo, self.device),
                to_pictures(target, self.device),
                torch.zeros(0, device=self.device),
                torch.from_numpy(points).to(self.device),
            )

    def _one(self) -> tuple[Bytes, Bytes, NDArray[np.float32]]:
        rounds = list(self.rounds.values())
        sizes = np.array([len(targets) for _, targets, _, _ in rounds])
        photos, targets, points, shares = rounds[int(self.rng.choice(len(rounds), p=sizes / sizes.sum()))]
        row = int(self.rng.choice(len(shares), p=shares))
        last = (photos.shape[1] - self.crop) // QUARTER
        y, x = (QUARTER * int(v) for v in self.rng.integers(0, last + 1, 2))
        place = (row, slice(y, y + self.crop), slice(x, x + self.crop))
        return vary(photos[place], targets[place], points[row] - np.float32([x, y]), self.rng)

    def reseed(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def val(self) -> tuple[Bytes, Bytes]:
        return np.load(self.data / "val.npy"), np.load(self.out / "val.npy")

    def calibration(self, count: int) -> Bytes:
        """Evenly spaced faces of the first rounds there are."""
        self.refresh()
        chosen = sorted(self.rounds)[:2]
        last = min(len(self.rounds[k][1]) for k in chosen) - 1
        each = np.linspace(0, last, count // len(chosen)).astype(int)
        return np.concatenate([self.rounds[k][0][each] for k in chosen])

    def teacher(self) -> Teacher:
        return load_teacher(self.weights_file).to(self.device)
