"""Composed targets of every face of a round, and of the validation faces, by worker processes.

`target-<k>.npy` of the folder `<style>-composed` has one row for each row of `photos-<k>.npy`; rows without a face hold
the style's composed scene. uint8 [N, 288, 288, 3], RGB.
"""

from __future__ import annotations

import json
import time
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from .compose import Composer, Face
from .filters import Picture

Bytes = NDArray[np.uint8]

_composer: Composer
_styles: tuple[str, ...]


def _start(teachers: Path, models: Path, styles: tuple[str, ...], precise: bool) -> None:
    global _composer, _styles
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    _composer, _styles = Composer(teachers, models, precise), styles


def to_bytes(y: Picture) -> Bytes:
    """0..1 to bytes, rounded."""
    return (y.clip(0, 1) * 255).round().astype(np.uint8)


def _compose(task: tuple[str, int, list[list[float]] | None]) -> Bytes:
    """[styles, H, W, 3]: all styles' targets of one row of an array file; points None = no face."""
    path, row, points = task
    x = np.load(path, mmap_mode="r")[row].astype(np.float32) / 255
    if points is None:
        return np.stack([to_bytes(_composer.scene(x, style)) for style in _styles])
    face = Face(_composer, x, np.array(points))
    return np.stack([to_bytes(face.compose(style)) for style in _styles])


class Rounds:
    """Worker processes that compose for a set of styles at once, since all share a face's masks and first drawing."""

    def __init__(
        self, data: Path, teachers: Path, models: Path, styles: tuple[str, ...], workers: int, precise: bool = False
    ) -> None:
        self.data, self.styles = data, styles
        self.pool: Pool = get_context("spawn").Pool(workers, _start, (teachers, models, styles, precise))

    def folder(self, style: str) -> Path:
        return composed_folder(self.data, style)

    def write(self, source: Path, points: NDArray[np.float32], name: str, every: int = 1) -> None:
        """Composes every (or every n-th) row of `source`, an array file; `points` [N, 5, 2], NaN without a face."""
        shape = np.load(source, mmap_mode="r")[::every].shape
        outs = []
        for style in self.styles:
            self.folder(style).mkdir(parents=True, exist_ok=True)
            path = self.folder(style) / f"{name}.part.npy"
            outs.append((path, np.lib.format.open_memmap(path, "w+", np.uint8, shape)))
        tasks = (
            (str(source), row * every, None if np.isnan(five).any() else five.tolist())
            for row, five in enumerate(points)
        )
        started = time.monotonic()
        for row, pictures in enumerate(self.pool.imap(_compose, tasks, chunksize=4)):
            for (_, array), picture in zip(outs, pictures, strict=True):
                array[row] = picture
            if (row + 1) % 500 == 0:
                print(f"{name}: {row + 1} of {len(points)}, {time.monotonic() - started:.0f} s", flush=True)
        for path, array in outs:
            array.flush()
            path.replace(path.with_name(f"{name}.npy"))


def composed_folder(data: Path, style: str) -> Path:
    """Where a style's composed targets lie."""
    return data / f"{style}-composed"


def template_points(data: Path, count: int) -> NDArray[np.float32]:
    """The template's five points, once for every picture: validation faces lie exactly on it."""
    template = np.float32(json.loads((data / "val.json").read_text())["template"])
    return np.repeat(template[None], count, 0)
