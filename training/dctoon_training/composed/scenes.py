"""Training examples for the network that draws whole pictures: scenes and whole photos with composed targets.

`scenes.npy` and `whole.npy` of a style's composed folder have the targets of every `EVERY`-th row of the arrays of the
same name in the data folder (`prepare.py`). The last rows are never trained on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.batches import Batch, to_pictures
from ..teacher.network import Teacher, load_teacher
from .rounds import composed_folder
from .source import QUARTER
from .vary import vary

Bytes = NDArray[np.uint8]

EVERY = {"scenes": 2, "whole": 12}  # rows of the prepared arrays that get a target
HELD = {"scenes": 23, "whole": 25}  # rows at the end, for validation
SIDE = 288  # of the validation pictures
NO_FACE = np.full((5, 2), np.nan, np.float32)


def centre(pictures: Bytes, side: int = SIDE) -> Bytes:
    """The middle square of every picture."""
    start = (pictures.shape[1] - side) // 2
    return pictures[:, start : start + side, start : start + side]


class ComposedScenes:
    """Varied crops out of scenes and whole photos, half of each."""

    def __init__(
        self, data: Path, style: str, device: str, shared: Path, crop: int = 160, seed: int = 1, balanced: bool = False
    ) -> None:
        del balanced  # there are no faces to balance
        self.crop, self.device = crop, device
        self.weights_file = shared / "teacher" / f"{style}.npz"
        self.rng = np.random.default_rng(seed)
        out = composed_folder(data, style)
        self.sets = [
            (np.load(data / f"{name}.npy", mmap_mode="r")[::every], np.load(out / f"{name}.npy", mmap_mode="r"))
            for name, every in EVERY.items()
        ]
        self.held = list(HELD.values())

    def batches(self, size: int) -> Iterator[Batch]:
        while True:
            photo, target = (np.stack(parts) for parts in zip(*(self._one() for _ in range(size)), strict=True))
            yield Batch(
                to_pictures(photo, self.device),
                to_pictures(target, self.device),
                torch.zeros(0, device=self.device),
                torch.from_numpy(np.repeat(NO_FACE[None], size, 0)).to(self.device),
            )

    def _one(self) -> tuple[Bytes, Bytes]:
        index = int(self.rng.integers(len(self.sets)))
        photos, targets = self.sets[index]
        last = (photos.shape[1] - self.crop) // QUARTER
        y, x = (QUARTER * int(v) for v in self.rng.integers(0, last + 1, 2))
        row = int(self.rng.integers(len(photos) - self.held[index]))
        place = (row, slice(y, y + self.crop), slice(x, x + self.crop))
        photo, target, _ = vary(photos[place], targets[place], NO_FACE, self.rng, scene=True)
        return np.ascontiguousarray(photo), np.ascontiguousarray(target)

    def reseed(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def val(self) -> tuple[Bytes, Bytes]:
        """Scenes first, then whole photos."""
        parts = [[centre(array[-held:]) for array in arrays] for arrays, held in zip(self.sets, self.held, strict=True)]
        photos, targets = (np.concatenate(kind) for kind in zip(*parts, strict=True))
        return photos, targets

    def calibration(self, count: int) -> Bytes:
        """Evenly spaced pictures of both kinds."""
        each = count // len(self.sets)
        return np.concatenate(
            [
                centre(photos[np.linspace(0, len(photos) - held - 1, each).astype(int)])
                for (photos, _), held in zip(self.sets, self.held, strict=True)
            ]
        )

    def teacher(self) -> Teacher:
        return load_teacher(self.weights_file).to(self.device)
