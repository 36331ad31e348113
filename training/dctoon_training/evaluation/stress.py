"""Harder versions of the validation photos, and who wears glasses: what the 50 studio portraits do not hold enough of.

The stress sets are made from the same photos (hand, microphone or mask before the face; low light; turned and farther
away), so that a group differs from the whole set in that one thing only. The teacher runs on each picture anew.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from ..data.augment import SIZE, occlude
from ..losses.squeezenet import SqueezeNet
from .distances import apply_probe, ridge_probe

Bytes = NDArray[np.uint8]
BAND = (slice(96, 180), slice(48, 240))  # eyes and what sits before them, in the 288 template
# Figure grids of SFHQ-T2I that were searched for glasses, and grids where they are rare.
WITH, WITHOUT = ("Glasses_Style", "glasses_top"), ("Age_top", "Ethnicity_top", "hair_color_top", "Eye_Color_top")
# Grids of whom validation has nobody or few; children and old people are in `Age_top`.
SELDOM = ("Glasses_Style", "Facial_Hair", "Age_top", "Hats_top", "Face_Pose", "Lighting_top")


def stress_sets(photos: Bytes, points: NDArray[np.float64]) -> dict[str, Bytes]:
    """Name -> altered photos; the same on every run."""

    def occluded(index: int) -> Image.Image:
        rng = np.random.default_rng([13, index])
        return occlude(Image.fromarray(photos[index]), points[index], rng)

    def dark(index: int) -> Image.Image:
        return ImageEnhance.Brightness(Image.fromarray(photos[index])).enhance(0.35)

    def turned(index: int) -> Image.Image:
        angle, side = 10 if index % 2 else -10, round(SIZE / 0.85)
        wide = Image.new("RGB", (side, side), (255, 255, 255))
        wide.paste(Image.fromarray(photos[index]), ((side - SIZE) // 2,) * 2)
        turned = wide.rotate(angle, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
        return turned.resize((SIZE, SIZE), Image.Resampling.LANCZOS)

    makers = {"occluded": occluded, "low light": dark, "turned and farther": turned}
    return {name: np.stack([np.asarray(make(i)) for i in range(len(photos))]) for name, make in makers.items()}


def _origins(data: Path, shared: Path) -> list[str] | None:
    """Which grid each training photo is from, in the order of `train.npy`; None without data."""
    sources = shared / "faces" / "SOURCES.csv"
    if not (sources.exists() and (data / "train.json").exists()):
        return None
    with sources.open(newline="") as file:
        origin = {Path(row["file"]).name: row["origin"] for row in csv.DictReader(file)}
    return [origin.get(row["file"], "") for row in json.loads((data / "train.json").read_text())["rows"]]


def _crops(data: Path, rows: list[int]) -> Bytes:
    crops = np.load(data / "train.npy", mmap_mode="r")
    margin = (crops.shape[1] - SIZE) // 2
    return np.stack([crops[row, margin:-margin, margin:-margin] for row in rows])


def seldom(data: Path, shared: Path, each: int = 5) -> Bytes | None:
    """Training photos of people whom validation lacks, to look at and not to measure; None without data."""
    origins = _origins(data, shared)
    if not origins:
        return None
    rows: list[int] = []
    for grid in SELDOM:
        found = [row for row, origin in enumerate(origins) if grid in origin]
        rows += [found[k] for k in np.linspace(0, len(found) - 1, min(each, len(found))).astype(int)]
    return _crops(data, rows) if rows else None


def _band_features(net: SqueezeNet, photos: Bytes) -> NDArray[np.float64]:
    rows = []
    with torch.inference_mode():
        for photo in photos:
            x = torch.from_numpy(np.ascontiguousarray(photo[BAND])).permute(2, 0, 1)[None].float() / 255
            rows.append(torch.cat([tap.mean((2, 3)) for tap in net(x)[2:]], dim=1)[0].numpy())
    return np.stack(rows).astype(np.float64)


def glasses(photos: Bytes, data: Path, shared: Path, most: int = 120) -> tuple[NDArray[np.bool_], float] | None:
    """Who of the aligned photos wears glasses, and the probe's accuracy on held-out train photos; None without data."""
    rows, squeezenet = _origins(data, shared), shared / "features" / "squeezenet_v1.0.npz"
    if not (rows and squeezenet.exists()):
        return None
    yes = [i for i, name in enumerate(rows) if any(word in name for word in WITH)][:most]
    no = [i for i, name in enumerate(rows) if any(word in name for word in WITHOUT)][: 2 * most]
    net = SqueezeNet(squeezenet)
    features = _band_features(net, _crops(data, yes + no))
    labels = np.repeat([1.0, 0.0], [len(yes), len(no)])
    held = np.arange(len(labels)) % 4 == 0
    guess = apply_probe(ridge_probe(features[~held], labels[~held]), features[held]) > 0.5
    accuracy = float(np.mean([(guess[labels[held] == v] == v).mean() for v in (0, 1)]))
    return apply_probe(ridge_probe(features, labels), _band_features(net, photos)) > 0.5, round(accuracy, 3)
