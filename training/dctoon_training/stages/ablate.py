"""Stage `ablate`: short runs that differ in one loss term, from one start and one seed, and a table of what each earns.

Writes `<run>/ablation.json` and `<run>/ablation.md`. Short runs rank terms by how fast they teach, not by where they
would end; a difference under 0.01 captured is noise (repeat with another --seed).
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ..losses.objective import Objective, Weights, squeezenet_file
from ..metrics import report
from ..runs import read_json, write_json
from ..student.distil import Distillation, Schedule, predict
from ..student.network import Shape, Student, load_student
from ..student.reparam import expand, fold
from . import sources

BASE = Weights()
# Name -> (weights, branch form). The first row is what the others are compared with.
VARIANTS: dict[str, tuple[Weights, bool]] = {
    "base": (BASE, False),
    "L1 alone": (Weights(gradient=0, dct=0, hint=0), False),
    "no hint": (replace(BASE, hint=0), False),
    "no gradient": (replace(BASE, gradient=0), False),
    "no block DCT": (replace(BASE, dct=0), False),
    "block DCT x 4": (replace(BASE, dct=1.0), False),
    "SSIM 0.1": (replace(BASE, ssim=0.1), False),
    "encoder 0.1": (replace(BASE, encoder=0.1), False),
    "SqueezeNet 0.05": (replace(BASE, squeeze=0.05), False),
    "patches 0.3": (replace(BASE, patches=0.3), False),
    "skin 1": (replace(BASE, skin=1.0), False),
    "classic mix 0.7 / 0.3, T 6": (replace(BASE, classic=True), False),
    "branches": (BASE, True),
}


def table(rows: dict[str, dict[str, Any]]) -> str:
    """Markdown, with the change against the first row."""
    first = next(iter(rows.values()))
    lines = ["| variant | captured, face | change | captured | PSNR | SSIM | steps |", "|---|---|---|---|---|---|---|"]
    for name, row in rows.items():
        change = row["captured_face"] - first["captured_face"]
        figures = f"{row['captured']:.3f} | {row['psnr']:.2f} | {row['ssim']:.4f} | {row['steps']}"
        lines.append(f"| {name} | {row['captured_face']:.3f} | {change:+.3f} | {figures} |")
    return "\n".join(lines) + "\n"


def run(arguments: argparse.Namespace) -> None:
    """Command `ablate`; a variant that is in the JSON already is not run again."""
    torch.set_num_threads(arguments.threads)
    device, folder = sources.device(), arguments.runs / arguments.style
    folder.mkdir(parents=True, exist_ok=True)
    source = sources.open_source(arguments, device, arguments.seed)
    photos, teacher = source.val()
    torch.manual_seed(arguments.seed)
    start = load_student(arguments.warm, device)[0] if arguments.warm else Student(Shape(*arguments.shape)).to(device)
    rows: dict[str, dict[str, Any]] = read_json(folder / "ablation.json") or {}
    for name in arguments.variants or VARIANTS:
        if name in rows:
            continue
        weights, branches = VARIANTS[name]
        torch.manual_seed(arguments.seed)
        source.reseed(arguments.seed)
        model = copy.deepcopy(expand(start) if branches else start)
        goal = Objective(weights, device, source.teacher(), squeezenet_file(arguments.shared))
        distillation = Distillation(model, goal, arguments.rate)
        schedule = Schedule(arguments.rate, arguments.minutes, arguments.steps, arguments.warm_up)
        distillation.run(source.batches(arguments.batch), schedule)
        made = predict(fold(distillation.ema), photos, device)
        rows[name] = {**report(photos, made, teacher), "steps": distillation.step, "seed": arguments.seed}
        print(name, rows[name], flush=True)
        write_json(folder / "ablation.json", rows)
        (folder / "ablation.md").write_text(table(rows), encoding="utf-8")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("ablate", help="short runs that differ in one loss term")
    sources.add_arguments(parser)
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), help="default: all")
    parser.add_argument("--warm", type=Path, help="common start; default: the same random one")
    parser.add_argument("--shape", type=int, nargs=5, default=[80, 128, 1, 4, 2])
    parser.add_argument("--steps", type=int, default=1500, help="per variant: equal steps, not equal time")
    parser.add_argument("--minutes", type=float, help="per variant, if that comes first")
    parser.add_argument("--warm-up", type=int, default=200)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.set_defaults(run=run)
