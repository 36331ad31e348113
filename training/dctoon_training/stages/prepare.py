"""Turns the given photos into arrays for training. All pictures are uint8, RGB, 0..255.

| file in training/runs/data | shape            | content                                         |
|----------------------------|------------------|-------------------------------------------------|
| train.npy                  | [N, 352, 352, 3] | faces on the template, 32 pixels margin all round |
| val.npy                    | [M, 288, 288, 3] | faces exactly on the template                   |
| scenes.npy                 | [S, 352, 352, 3] | landscapes and objects                          |
| whole.npy                  | [W, 288, 288, 3] | unaligned train photos, centre square           |
| train.json, val.json       |                  | rows: file, size, five points, matrix           |
| READY                      |                  | counts; there only while the arrays are complete |

In the JSON files `size` is the photo's width and height, `points` are in the photo's pixels, and `matrix`
[2, 3] takes them to the 288 template (train.npy adds 32 to both coordinates). `skipped` lists photos left out
and why.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections import Counter
from collections.abc import Iterable, Sequence
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..faces import align
from ..paths import DATA, MODELS, SHARED

MARGIN = 32  # pixels on every side of a training crop, room for shifts, turns and scaling
WIDE = align.SIZE + 2 * MARGIN
SCENE_SIZE = 512  # side of the given scene crops
FLAT = 2.0  # a scene whose channels all vary less than this (standard deviation, 0..255) teaches nothing
WORKERS = 2
PARTS = ("val", "train", "whole", "scenes")

_finder: align.FaceFinder


def load(path: Path) -> np.ndarray:
    """Decodes a photo to uint8 [H, W, 3] RGB."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def centre_square(picture: np.ndarray, short_side: int, side: int) -> np.ndarray:
    """Resizes the short side to `short_side` (Lanczos), then cuts a centred square of `side` pixels."""
    image = Image.fromarray(picture)
    scale = short_side / min(image.size)
    if scale != 1:
        size = (max(side, round(image.width * scale)), max(side, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return np.asarray(image.crop((left, top, left + side, top + side)))


def _start_worker(models: Path) -> None:
    global _finder
    _finder = align.FaceFinder(models)


def _locate(path: Path) -> dict[str, Any]:
    """One row of the JSON file, or {file, skip: reason}."""
    picture = load(path)
    try:
        points = _finder.five_points(picture)
        matrix = align.fit_similarity(points, align.TEMPLATE)
        if align.similarity_scale(matrix) > align.MAX_ENLARGEMENT:
            raise align.SkipError("too small")
    except align.SkipError as reason:
        return {"file": path.name, "skip": str(reason)}
    return {
        "file": path.name,
        "size": [picture.shape[1], picture.shape[0]],
        "points": points.round(3).tolist(),
        "matrix": matrix.tolist(),
    }


def _fill(job: tuple[Path, int, Path, str, Any]) -> None:
    """Writes one row of an existing array file, so that pictures never travel between processes."""
    target, row, source, how, argument = job
    picture = load(source)
    rows = np.lib.format.open_memmap(target, mode="r+")
    side = rows.shape[1]
    if how == "warp":
        matrix, margin = np.array(argument), (side - align.SIZE) // 2
        rows[row] = align.warp(picture, align.shifted(matrix, margin), side)
    else:
        rows[row] = centre_square(picture, argument, side)


def _write(pool: Pool, target: Path, side: int, rows: Iterable[tuple[Path, str, Any]]) -> int:
    """Creates `target` with one picture per (source, how, argument); returns the count.

    The file appears under its name only when complete, and a reader of an older one keeps that.
    """
    partial = target.with_suffix(".part.npy")
    jobs = [(partial, row, *job) for row, job in enumerate(rows)]
    np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=(len(jobs), side, side, 3)).flush()
    for _ in pool.imap_unordered(_fill, jobs, chunksize=16):
        pass
    partial.replace(target)
    return len(jobs)


def _photos(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def _faces(pool: Pool, folder: Path, data: Path, side: int) -> int:
    """Writes the array and the JSON file of one part of the faces; returns the count."""
    part = folder.name
    located = pool.map(_locate, _photos(folder), chunksize=16)
    rows = [row for row in located if "skip" not in row]
    skipped = [row for row in located if "skip" in row]
    (data / f"{part}.json").write_text(
        json.dumps({"template": align.TEMPLATE.tolist(), "rows": rows, "skipped": skipped}, indent=1)
    )
    jobs = [(folder / row["file"], "warp", row["matrix"]) for row in rows]
    count = _write(pool, data / f"{part}.npy", side, jobs)
    print(f"{part}: {count} faces, skipped {dict(Counter(row['skip'] for row in skipped)) or 0}")
    return count


def _scenes(pool: Pool, folder: Path, data: Path) -> int:
    """Each scene twice: first all of them whole, made smaller, then their centres at full size."""
    paths = [path for path in _photos(folder) if load(path).std(axis=(0, 1)).max() >= FLAT]
    squares = [(path, "square", short_side) for short_side in (WIDE, SCENE_SIZE) for path in paths]
    return _write(pool, data / "scenes.npy", WIDE, squares)


def _whole(pool: Pool, folder: Path, data: Path) -> int:
    jobs = [(path, "square", align.SIZE) for path in _photos(folder)]
    return _write(pool, data / "whole.npy", align.SIZE, jobs)


def prepare(shared: Path, models: Path, data: Path, parts: Sequence[str] = PARTS) -> dict[str, int]:
    """Writes the named parts of the table above; returns the counts."""
    data.mkdir(parents=True, exist_ok=True)
    ready = data / "READY"
    counts: dict[str, int] = json.loads(ready.read_text()) if ready.exists() else {}
    ready.unlink(missing_ok=True)
    faces = shared / "faces"
    with multiprocessing.Pool(WORKERS, _start_worker, (models,)) as pool:
        if "val" in parts:
            counts["val"] = _faces(pool, faces / "val", data, align.SIZE)
        if "train" in parts:
            counts["train"] = _faces(pool, faces / "train", data, WIDE)
        if "whole" in parts:
            counts["whole"] = _whole(pool, faces / "train", data)
        if "scenes" in parts:
            counts["scenes"] = _scenes(pool, shared / "scenes", data)
    ready.write_text(json.dumps(counts) + "\n")
    return counts


def run(arguments: argparse.Namespace) -> None:
    """Command `prepare`."""
    counts = prepare(arguments.shared, arguments.models, arguments.data, arguments.parts)
    print(", ".join(f"{part} {count}" for part, count in counts.items()))


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers `prepare`."""
    parser = subparsers.add_parser("prepare", help="align the face photos and write training arrays")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with faces/ and scenes/")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder with the two face models")
    parser.add_argument("--data", type=Path, default=DATA, help="folder to write to")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to write")
    parser.set_defaults(run=run)
