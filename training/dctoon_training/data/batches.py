"""Where training examples come from: rounds cached on disk (`Rounds`), or a pack and the teacher live (`live.py`).

Both are a `Source`; training, pruning, quantisation-aware training and ablation do not know which one they read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..faces.groups import balance, ita
from ..teacher.network import Teacher, load_teacher

Bytes = NDArray[np.uint8]
MOST_ROUNDS = 16


class Batch(NamedTuple):
    photo: Tensor  # [N, 3, H, W] in [0, 1]
    target: Tensor  # the same
    hint: Tensor  # [N, 64, H/4, W/4], normalised
    points: Tensor  # [N, 5, 2] pixels, NaN without a face


class Source(Protocol):
    """Training examples of one style, its validation pictures, and its teacher."""

    def batches(self, size: int) -> Iterator[Batch]:
        """Endless random batches on the source's device."""

    def reseed(self, seed: int) -> None:
        """Starts the random draws anew, so that two runs see the same examples."""

    def val(self) -> tuple[Bytes, Bytes]:
        """Validation photos and the teacher's pictures of them, uint8 NHWC; never trained on."""

    def calibration(self, count: int) -> Bytes:
        """Training photos for calibration, uint8 NHWC: aligned faces, degraded faces and backgrounds."""

    def teacher(self) -> Teacher:
        """The style's teacher, without gradients, on the source's device."""


def to_pictures(photos: Bytes, device: str) -> Tensor:
    """uint8 NHWC to float NCHW in [0, 1], channels last."""
    x = torch.from_numpy(np.ascontiguousarray(photos)).to(device).permute(0, 3, 1, 2).float().div(255)
    return x.contiguous(memory_format=torch.channels_last)


class Rounds:
    """Random crops out of the cached rounds; rounds that appear while training are picked up.

    Rounds lie in memory (2.1 GB each): random reads of a memory map are page faults, which cost more than a step.
    """

    def __init__(
        self, data: Path, style: str, device: str, shared: Path, crop: int = 256, seed: int = 1, balanced: bool = False
    ) -> None:
        self.data, self.out, self.crop, self.device = data, data / style, crop, device
        self.weights_file = shared / "teacher" / f"{style}.npz"
        self.rng = np.random.default_rng(seed)
        self.balanced, self.shares = balanced, np.zeros(0)
        self.rounds: list[tuple[NDArray, NDArray, NDArray, NDArray]] = []
        self.loaded: set[int] = set()

    def _measure(self) -> None:
        # Per-channel deviation, estimated once from the first round there is, brings all channels to one scale.
        self.refresh()
        sample = self.rounds[0][2][:64].astype(np.float32)
        self.hint_mean = torch.from_numpy(sample.mean((0, 2, 3))[:, None, None])
        self.hint_std = torch.from_numpy(sample.std((0, 2, 3))[:, None, None] + 1e-3)

    def _hints(self, k: int, shape: tuple[int, ...]) -> NDArray:
        """NaN where they were deleted (half of a round, useless with `--hint 0` and in later stages): a run that wants
        them notices at its first step.
        """
        path = self.out / f"hint-{k}.npy"
        if path.exists():
            return np.load(path)
        return np.broadcast_to(np.float32(np.nan), (shape[0], 64, shape[1] // 4, shape[2] // 4))

    def refresh(self) -> None:
        for k in range(MOST_ROUNDS):
            if k in self.loaded or not (self.out / f"target-{k}.npy").exists():
                continue
            self.loaded.add(k)
            photos, points = (np.load(self.data / f"{name}-{k}.npy") for name in ("photos", "points"))
            self.rounds.append((photos, np.load(self.out / f"target-{k}.npy"), self._hints(k, photos.shape), points))
        if self.balanced and not self.shares.size:
            # The rows of all rounds show the same people; the first round is the least changed.
            photos, _, _, points = self.rounds[0]
            faces = ~np.isnan(points[:, 0, 0])
            self.shares = np.ones(len(photos))
            self.shares[faces] = balance(
                np.array([ita(p, five) for p, five in zip(photos[faces], points[faces], strict=True)])
            )
            self.shares /= self.shares.sum()

    def batches(self, size: int) -> Iterator[Batch]:
        self._measure()
        while True:
            self.refresh()
            picked = [self._one() for _ in range(size)]
            photo, target, hint, points = (np.stack(parts) for parts in zip(*picked, strict=True))
            yield Batch(
                to_pictures(photo, self.device),
                to_pictures(target, self.device),
                ((torch.from_numpy(hint).float() - self.hint_mean) / self.hint_std).to(self.device),
                torch.from_numpy(points).to(self.device),
            )

    def _one(self) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        photos, target, hint, points = self.rounds[int(self.rng.integers(len(self.rounds)))]
        row = int(self.rng.choice(len(photos), p=self.shares) if self.balanced else self.rng.integers(len(photos)))
        # Multiples of 4 keep the teacher's grid and the hint's.
        y, x = (4 * int(v) for v in self.rng.integers(0, (photos.shape[1] - self.crop) // 4 + 1, 2))
        rows, columns = slice(y, y + self.crop), slice(x, x + self.crop)
        quarter = (slice(y // 4, (y + self.crop) // 4), slice(x // 4, (x + self.crop) // 4))
        return (
            photos[row, rows, columns],
            target[row, rows, columns],
            hint[row][:, quarter[0], quarter[1]],
            points[row] - np.float32([x, y]),
        )

    def reseed(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def val(self) -> tuple[Bytes, Bytes]:
        return np.load(self.data / "val.npy"), np.load(self.out / "val.npy")

    def calibration(self, count: int) -> Bytes:
        """Evenly spaced pictures of two rounds."""
        rounds = [np.load(self.data / f"photos-{k}.npy", mmap_mode="r") for k in (0, 1)]
        return np.concatenate([r[np.linspace(0, len(r) - 1, count // 2).astype(int)] for r in rounds])

    def teacher(self) -> Teacher:
        return load_teacher(self.weights_file).to(self.device)
