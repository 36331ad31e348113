"""Measures that exist only as JavaScript packages: `training/node/measure.mjs`, after `npm ci` there, by hand."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .paths import CACHE, TRAINING

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


def _measure(kind: str, pictures: Bytes, suffix: str) -> Path:
    """Runs the script, or returns what it wrote for the same pictures before."""
    digest = hashlib.sha256(kind.encode() + np.ascontiguousarray(pictures).tobytes()).hexdigest()[:24]
    output = CACHE / "measures" / f"{kind}-{digest}.{suffix}"
    if not output.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        partial = output.with_suffix(".part")
        with tempfile.NamedTemporaryFile() as file:
            np.ascontiguousarray(pictures).tofile(file)
            file.flush()
            command = ["node", str(NODE / "measure.mjs"), kind, file.name, str(len(pictures)), str(partial)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"measure.mjs {kind}: {done.stderr.strip()[-2000:]}")
        partial.replace(output)
    return output


def inception(sets: dict[str, Bytes]) -> dict[str, NDArray[np.float64]]:
    """nsfwjs-InceptionV3 features [N, 2048] of each set of uint8 NHWC pictures; 0.5 s a picture, one process."""
    side = (INCEPTION_SIDE, INCEPTION_SIDE)
    found = {}
    for name, pictures in sets.items():  # one by one: what was measured for one style is there for the next
        resized = [np.asarray(Image.fromarray(picture).resize(side, Image.Resampling.BICUBIC)) for picture in pictures]
        values = np.fromfile(_measure("features", np.stack(resized), "bin"), np.float32)
        found[name] = values.reshape(-1, FEATURES).astype(np.float64)
    return found


def faces(sets: dict[str, Bytes]) -> dict[str, list[Face | None]]:
    """The face in each picture of each set (288 x 288), or None where the detector finds none."""
    found = {}
    for name, pictures in sets.items():
        rows = json.loads(_measure("faces", pictures, "json").read_text())
        found[name] = [row and Face(np.array(row["points"]), np.array(row["descriptor"])) for row in rows]
    return found
