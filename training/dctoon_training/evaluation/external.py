"""Measures that exist only as JavaScript packages: `training/node/measure.mjs`, after `npm ci` there, by hand."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..paths import CACHE, TRAINING
from ..runs import write_json

Bytes = NDArray[np.uint8]
NODE = TRAINING / "node"
FEATURES, INCEPTION_SIDE = 2048, 299


class Face(NamedTuple):
    """What face-api sees in one picture."""

    points: NDArray[np.float64]  # [68, 2], pixels of the 288 crop
    descriptor: NDArray[np.float64]  # [128]


def installed() -> bool:
    """Whether `npm ci` was run in `training/node`."""
    return (NODE / "node_modules" / "nsfwjs").is_dir()


def _run(kind: str, pictures: Bytes) -> list[Any]:
    """One result a picture; a process takes half a minute to load its networks."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "pictures", Path(folder) / "output"
        np.ascontiguousarray(pictures).tofile(source)
        command = ["node", str(NODE / "measure.mjs"), kind, str(source), str(len(pictures)), str(output)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"measure.mjs {kind}: {done.stderr.strip()[-2000:]}")
        if kind == "features":
            return np.fromfile(output, np.float32).reshape(-1, FEATURES).tolist()
        return json.loads(output.read_text())


def _measure(kind: str, sets: dict[str, Bytes]) -> dict[str, list[Any]]:
    """One result for each picture of each set. What was measured before (a photo, for another style) is not again."""
    files = {}
    for name, pictures in sets.items():
        digest = hashlib.sha256(kind.encode() + np.ascontiguousarray(pictures).tobytes()).hexdigest()[:24]
        files[name] = CACHE / "measures" / f"{kind}-{digest}.json"
    missing = [name for name in sets if not files[name].exists()]
    results = _run(kind, np.concatenate([sets[name] for name in missing])) if missing else []
    for name in missing:
        files[name].parent.mkdir(parents=True, exist_ok=True)
        own, results = results[: len(sets[name])], results[len(sets[name]) :]
        write_json(files[name], own)
    return {name: json.loads(path.read_text()) for name, path in files.items()}


def inception(sets: dict[str, Bytes]) -> dict[str, NDArray[np.float64]]:
    """nsfwjs-InceptionV3 features [N, 2048] of each set of uint8 NHWC pictures; 0.5 s a picture, one process."""
    side = (INCEPTION_SIDE, INCEPTION_SIDE)
    resized = {
        name: np.stack([np.asarray(Image.fromarray(p).resize(side, Image.Resampling.BICUBIC)) for p in pictures])
        for name, pictures in sets.items()
    }
    return {name: np.array(rows, np.float64) for name, rows in _measure("features", resized).items()}


def faces(sets: dict[str, Bytes]) -> dict[str, list[Face | None]]:
    """The face in each picture of each set (288 x 288), or None where the detector finds none."""
    return {
        name: [row and Face(np.array(row["points"]), np.array(row["descriptor"])) for row in rows]
        for name, rows in _measure("faces", sets).items()
    }
