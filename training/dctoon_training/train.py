"""Stage `train`: distils one style's teacher into a student.

The schedule runs over wall time, not steps, so that a busy or a fast machine both end with a small learning rate.
A run resumes from its `last.pt`. CUDA if present; on a CPU bf16 autocast (AMX) is about four times faster than FP32.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from . import losses
from .metrics import report
from .student import BLOCK, Shape, Student, load_student, parameters, save_student


class Batch(NamedTuple):
    photo: Tensor  # [N, 3, H, W] in [0, 1]
    target: Tensor  # the same
    hint: Tensor  # [N, 64, H/4, W/4], normalised
    points: Tensor  # [N, 5, 2] pixels, NaN without a face


class Rounds:
    """Random crops out of the cached rounds; rounds that appear while training are picked up.

    Rounds lie in memory (2.1 GB each): random reads of a memory map are page faults, which cost more than a step.
    """

    def __init__(self, data: Path, style: str, crop: int, seed: int) -> None:
        self.data, self.out, self.crop = data, data / style, crop
        self.rng = np.random.default_rng(seed)
        with np.load(self.out / "hint-scale.npz") as kept:
            # Per-channel deviation, estimated once from the first round, brings all channels to one scale.
            sample = np.load(self.out / "hint-0.npy", mmap_mode="r")[:64].astype(np.float32)
            self.hint_mean = sample.mean((0, 2, 3))[:, None, None]
            self.hint_std = sample.std((0, 2, 3))[:, None, None] + 1e-3
            del kept
        self.rounds: list[tuple[NDArray, NDArray, NDArray, NDArray]] = []
        self.refresh()

    def refresh(self) -> None:
        while (self.out / f"target-{len(self.rounds)}.npy").exists():
            k = len(self.rounds)
            self.rounds.append(
                (
                    np.load(self.data / f"photos-{k}.npy"),
                    np.load(self.out / f"target-{k}.npy"),
                    np.load(self.out / f"hint-{k}.npy"),
                    np.load(self.data / f"points-{k}.npy"),
                )
            )

    def batches(self, size: int, device: str) -> Iterator[Batch]:
        while True:
            self.refresh()
            picked = [self._one() for _ in range(size)]
            photo, target, hint, points = (np.stack(parts) for parts in zip(*picked, strict=True))
            pictures = (torch.from_numpy(v).to(device).permute(0, 3, 1, 2).float().div(255) for v in (photo, target))
            normalised = (torch.from_numpy(hint).float() - torch.from_numpy(self.hint_mean)) / torch.from_numpy(
                self.hint_std
            )
            yield Batch(
                *(v.contiguous(memory_format=torch.channels_last) for v in pictures),
                normalised.to(device),
                torch.from_numpy(points).to(device),
            )

    def _one(self) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        photos, target, hint, points = self.rounds[int(self.rng.integers(len(self.rounds)))]
        row = int(self.rng.integers(len(photos)))
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


def predict(model: nn.Module, photos: NDArray[np.uint8], device: str, batch: int = 10) -> NDArray[np.uint8]:
    """Cartoons of uint8 NHWC pictures, rounded as the exported graph rounds."""
    out = []
    with torch.inference_mode():
        for start in range(0, len(photos), batch):
            x = torch.from_numpy(photos[start : start + batch]).to(device).permute(0, 3, 1, 2).float().div(255)
            y = model(x.contiguous(memory_format=torch.channels_last))
            out.append((y.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(out)


def step_loss(model: Student, adapter: nn.Module, batch: Batch, basis: Tensor, hint_weight: float) -> dict[str, Tensor]:
    with torch.autocast(batch.photo.device.type, dtype=torch.bfloat16):
        blocks = F.pixel_unshuffle(batch.photo, BLOCK)
        features = model.trunk(blocks)
        y = model.head(blocks, features)
        hint = adapter(features)
    y = y.float()
    weight = losses.weight_map(batch.points, *y.shape[2:])
    return {
        "l1": ((y - batch.target).abs() * weight).mean(),
        "gradient": 0.5 * losses.gradient_l1(y, batch.target, weight),
        "dct": 0.25 * losses.block_dct_l1(y, batch.target, basis),
        "hint": hint_weight * losses.hint_l1(hint.float(), batch.hint),
    }


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    run = arguments.runs / arguments.style
    run.mkdir(parents=True, exist_ok=True)
    last = run / "last.pt"
    elapsed, step = 0.0, 0
    if last.exists() and not arguments.restart:
        model, rest = load_student(last, device)
        elapsed, step = rest["elapsed"], rest["step"]
    elif arguments.warm:
        (model, rest), last = load_student(arguments.warm, device), last
    else:
        model, rest = Student(Shape(*arguments.shape)).to(device), {}
    model = model.to(memory_format=torch.channels_last)
    adapter = nn.Conv2d(model.shape.a, 64, 1).to(device)
    ema = copy.deepcopy(model).requires_grad_(False)
    optimiser = torch.optim.Adam([*model.parameters(), *adapter.parameters()], lr=arguments.rate)
    if step:
        ema.load_state_dict(rest["ema"])
        adapter.load_state_dict(rest["adapter"])
        optimiser.load_state_dict(rest["optimiser"])
    photos, teacher = (
        np.load(arguments.data / "val.npy"),
        np.load(arguments.data / arguments.style / "val.npy"),
    )
    basis = losses.dct_matrix().to(device)
    print(
        f"{parameters(model):,} parameters on {device}; photo itself: {report(photos, photos, teacher)}",
        flush=True,
    )

    budget = arguments.minutes * 60
    sums: dict[str, float] = {}
    next_report, begun, since = elapsed + arguments.every * 60, time.monotonic() - elapsed, step
    for batch in Rounds(arguments.data, arguments.style, arguments.crop, arguments.seed + step).batches(
        arguments.batch, device
    ):
        elapsed = time.monotonic() - begun
        progress = min(1.0, elapsed / budget)
        rate = arguments.rate * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2) * min(1.0, (step + 1) / 200)
        for group in optimiser.param_groups:
            group["lr"] = rate
        hint_weight = arguments.hint * max(0.0, 1 - progress / 0.75)  # gone for the last quarter
        parts = step_loss(model, adapter, batch, basis, hint_weight)
        optimiser.zero_grad(set_to_none=True)
        sum(parts.values()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        decay = min(0.999, (1 + step) / (10 + step))
        with torch.no_grad():
            for slow, fast in zip(ema.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, 1 - decay)
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if elapsed >= next_report or progress >= 1:
            figures = report(photos, predict(ema, photos, device), teacher)
            line = {
                "minutes": round(elapsed / 60, 1),
                "step": step,
                "rate": round(rate, 6),
                **figures,
                **{k: round(v / (step - since), 4) for k, v in sums.items()},
            }
            with (run / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
            print(line, flush=True)
            save_student(
                run / "last.tmp",
                model,
                ema=ema.state_dict(),
                adapter=adapter.state_dict(),
                optimiser=optimiser.state_dict(),
                elapsed=elapsed,
                step=step,
            )
            (run / "last.tmp").rename(run / "last.pt")
            save_student(run / "student.pt", ema, figures=figures)
            sums, since, next_report = {}, step, elapsed + arguments.every * 60
        if progress >= 1:
            return


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("train", help="distil a teacher into a student")
    parser.add_argument("--style", required=True)
    parser.add_argument("--data", type=Path, default=Path("training/runs/data"))
    parser.add_argument("--runs", type=Path, default=Path("training/runs"))
    parser.add_argument(
        "--shape",
        type=int,
        nargs=5,
        default=[80, 128, 1, 4, 2],
        metavar=("A", "B", "BEFORE", "BOTTOM", "AFTER"),
    )
    parser.add_argument("--warm", type=Path, help="student of another style to start from")
    parser.add_argument("--restart", action="store_true", help="ignore this style's last.pt")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=4, help="minutes between reports and checkpoints")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--hint", type=float, default=0.5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.set_defaults(run=train)
