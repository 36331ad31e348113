"""Stage `export`: a trained student becomes `<run>/fp32.onnx` and the INT8 `models/<style>.onnx`.

Static quantisation: activation ranges are percentiles over real calibration photos (train crops and backgrounds,
never val), weights s8 per output channel.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor

from .graph import PICTURE, Quantisation, StudentGraph, ranges_to_quantisation
from .paths import DATA, MODELS, RUNS
from .student import Student, load_student

# Two-sided percentile of the calibration values (student-trial.md, section 1).
TAIL = 1e-4


class RangeObserver:
    """Collects a low and a high percentile of every marked activation."""

    def __init__(self, tail: float = TAIL) -> None:
        self.tail = tail
        self.samples: dict[str, list[NDArray[np.float32]]] = {}

    def __call__(self, name: str, x: Tensor) -> Tensor:
        # A stride that is no multiple of the row length sees all columns; 1 in 37 is plenty for a percentile.
        self.samples.setdefault(name, []).append(x.detach().float().contiguous().flatten()[::37].numpy())
        return x

    def quantisation(self) -> dict[str, Quantisation]:
        found = {"photo": PICTURE}
        for name, parts in self.samples.items():
            low, high = np.quantile(np.concatenate(parts), [self.tail, 1 - self.tail])
            found[name] = ranges_to_quantisation(float(low), float(high))
        return found


def calibration_photos(data: Path, count: int) -> NDArray[np.uint8]:
    """Evenly spaced pictures of two rounds: aligned faces, degraded faces and backgrounds."""
    rounds = [np.load(data / f"photos-{k}.npy", mmap_mode="r") for k in (0, 1)]
    picked = [r[np.linspace(0, len(r) - 1, count // 2).astype(int)] for r in rounds]
    return np.concatenate(picked)


def calibrate(model: Student, photos: NDArray[np.uint8], batch: int = 8) -> dict[str, Quantisation]:
    observer = RangeObserver()
    with torch.inference_mode():
        for start in range(0, len(photos), batch):
            x = torch.from_numpy(photos[start : start + batch]).permute(0, 3, 1, 2).float().div(255)
            model(x.contiguous(memory_format=torch.channels_last), observer)
    return observer.quantisation()


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("export", help="write FP32 and INT8 ONNX graphs of a trained student")
    parser.add_argument("--style", required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--calibration", type=int, default=96, help="number of calibration photos")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    folder = arguments.runs / arguments.style
    model, _ = load_student(folder / "student.pt")
    model.eval()
    onnx.save(StudentGraph(model, None).write(), folder / "fp32.onnx")
    ranges = calibrate(model, calibration_photos(arguments.data, arguments.calibration))
    target = arguments.models / f"{arguments.style}.onnx"
    onnx.save(StudentGraph(model, ranges).write(), target)
    print(f"{target.name}: {target.stat().st_size:,} bytes")
