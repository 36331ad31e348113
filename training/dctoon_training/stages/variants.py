"""Stage `variants`: writes rounds of photo variants (`photos-<k>.npy`, `points-<k>.npy`) from the prepared crops."""

from __future__ import annotations

import argparse
import json
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..data.augment import MARGIN, SIZE, degrade, map_points, occlude, random_geometry, warp
from ..data.recombine import MIXED_FROM, SHARE, recombine

# Non-face pictures per round: whole photos and scenes at background scale, which the same weights must serve.
BACKGROUNDS_PER_ROUND = 300
# First round of the last stage: photos as the bot gets them, since landmarks are off by far less than the geometry of
# the earlier rounds, and most photos are well lit. Hard variants stay, so that what was learned from them is kept.
CALM_FROM = 9


def _face(task: tuple[str, int, int, list[list[float]]]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    path, row, round_index, template = task
    rng = np.random.default_rng([7, round_index, row])
    crops = np.load(path, mmap_mode="r")
    crop = np.asarray(crops[row])
    calm = round_index >= CALM_FROM
    matrix, mirror = random_geometry(rng, 0.3 if round_index == 0 else 0.5 if calm else 1.0)
    mirror = bool(rng.random() < 0.5) if calm else mirror and round_index > 0
    if round_index >= MIXED_FROM and rng.random() < SHARE:
        crop = recombine(crop, np.asarray(crops[rng.integers(len(crops))]), np.array(template) + MARGIN, rng)
    image = warp(crop, matrix, mirror)
    points = map_points(np.array(template), matrix, mirror)
    if round_index > 0 and rng.random() < (0.1 if calm else 0.15):
        image = occlude(image, points, rng)
    if round_index > 0 and rng.random() < (0.35 if calm else 0.6):
        image = degrade(image, rng)
    return np.asarray(image), points.astype(np.float32)


def _background(task: tuple[str, str, int, int]) -> NDArray[np.uint8]:
    scenes_path, whole_path, round_index, row = task
    rng = np.random.default_rng([11, round_index, row])
    pool = np.load(scenes_path if rng.random() < 0.5 else whole_path, mmap_mode="r")
    picture = Image.fromarray(pool[int(rng.integers(len(pool)))])
    if picture.width > SIZE:
        left, top = (int(v) for v in rng.integers(0, picture.width - SIZE + 1, 2))
        picture = picture.crop((left, top, left + SIZE, top + SIZE))
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(degrade(picture, rng) if rng.random() < 0.4 else picture)


def make_round(data: Path, round_index: int, workers: int) -> None:
    """One variant of every face plus a draw of backgrounds; points of backgrounds are NaN."""
    described = json.loads((data / "train.json").read_text())
    faces = len(described["rows"])
    crops, scenes, whole = (str(data / f"{name}.npy") for name in ("train", "scenes", "whole"))
    photos = np.empty((faces + BACKGROUNDS_PER_ROUND, SIZE, SIZE, 3), np.uint8)
    points = np.full((len(photos), 5, 2), np.nan, np.float32)
    with Pool(workers) as pool:
        tasks = ((crops, row, round_index, described["template"]) for row in range(faces))
        for row, (photo, five) in enumerate(pool.imap(_face, tasks, chunksize=32)):
            photos[row], points[row] = photo, five
        tasks = ((scenes, whole, round_index, row) for row in range(BACKGROUNDS_PER_ROUND))
        for row, photo in enumerate(pool.imap(_background, tasks, chunksize=32)):
            photos[faces + row] = photo
    np.save(data / f"photos-{round_index}.npy", photos)
    np.save(data / f"points-{round_index}.npy", points)  # last: its presence says that the round is complete


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("variants", help="make rounds of augmented photo variants")
    parser.add_argument("--data", type=Path, default=Path("training/runs/data"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="round to begin with")
    parser.add_argument("--workers", type=int, default=2)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    for round_index in range(arguments.first, arguments.rounds):
        make_round(arguments.data, round_index, arguments.workers)
        print(f"round {round_index} written", flush=True)
