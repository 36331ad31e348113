"""Stage `evaluate`: figures of a style's FP32 and INT8 graphs on the validation crops, and a sheet to look at.

Writes `<run>/evaluation.json` and `<run>/sheet-<k>.png` (rows: photo, teacher, FP32, INT8). Sheets show photos of
`../shared` and stay out of the repository.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image

from .metrics import psnr, report, ssim_each
from .paths import DATA, MODELS, RUNS

Bytes = NDArray[np.uint8]


def open_session(path: Path, threads: int = 1) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def cartoons(session: ort.InferenceSession, photos: Bytes) -> Bytes:
    return np.concatenate([session.run(None, {"photo": photo[None]})[0] for photo in photos])


def interleaved_ms(sessions: dict[str, ort.InferenceSession], size: int, runs: int) -> dict[str, float]:
    """Median milliseconds per picture of each session, measured in turns so that a busy moment hits all alike."""
    picture = np.random.default_rng(0).integers(0, 255, (1, size, size, 3), np.uint8)
    times: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(runs + 2):
        for name, session in sessions.items():
            start = time.perf_counter()
            session.run(None, {"photo": picture})
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: round(float(np.median(values[2:])), 2) for name, values in times.items()}


def sheet(rows: list[Bytes], columns: slice) -> Image.Image:
    return Image.fromarray(np.concatenate([np.concatenate(list(row[columns]), axis=1) for row in rows]))


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("evaluate", help="measure a style on the validation crops")
    parser.add_argument("--style", required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--timing-runs", type=int, default=0, help="interleaved 512x512 runs; only on a quiet machine")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    folder = arguments.runs / arguments.style
    photos = np.load(arguments.data / "val.npy")
    teacher = np.load(arguments.data / arguments.style / "val.npy")
    sessions = {
        "fp32": open_session(folder / "fp32.onnx"),
        "int8": open_session(arguments.models / f"{arguments.style}.onnx"),
    }
    pictures = {name: cartoons(session, photos) for name, session in sessions.items()}
    figures: dict[str, object] = {"photo": report(photos, photos, teacher)}
    for name, made in pictures.items():
        figures[name] = report(photos, made, teacher)
    figures["int8_to_fp32"] = {
        "psnr": round(psnr(pictures["int8"], pictures["fp32"]), 2),
        "ssim": round(float(ssim_each(pictures["int8"], pictures["fp32"]).mean()), 4),
    }
    if arguments.timing_runs:
        figures["ms_512_one_thread"] = interleaved_ms(sessions, 512, arguments.timing_runs)
    (folder / "evaluation.json").write_text(json.dumps(figures, indent=2))
    print(json.dumps(figures, indent=2))
    rows = [photos, teacher, pictures["fp32"], pictures["int8"]]
    for index, start in enumerate(range(0, len(photos), 10)):
        sheet(rows, slice(start, start + 10)).save(folder / f"sheet-{index}.png")
