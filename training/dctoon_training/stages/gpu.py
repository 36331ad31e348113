"""Stages `gpu` and `gpu-import`: several styles in one call on a GPU machine, and their checkpoints back.

`gpu` trains, prunes and quantises one style after the other from a pack, inside a limit of wall time that it shares out
among the styles, and leaves one fp16 file a style (about 9 MB) in `--out`, written after every step, so that a machine
that is taken away early has lost only the step in hand. `gpu-import` turns these files into ordinary run folders.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from pathlib import Path
from typing import Any

import torch

from ..data.live import Live
from ..data.pack import Pack
from ..losses import objective
from ..metrics import report
from ..paths import RUNS
from ..runs import PRUNED, QAT, STUDENT, write_json
from ..student.distil import Distillation, Progress, Schedule, predict
from ..student.fake_quantisation import load_qat, save_qat
from ..student.network import Shape, Student, load_student, save_student, with_branches
from ..student.reparam import fold
from . import sources
from .prune import Plan, iterate, summary
from .qat import WARM_UP, finetune

STAGES = ("train", "prune", "qat")
SHARES = {"train": 0.6, "prune": 0.25, "qat": 0.15}  # of a style's time
OVERHEAD = 0.9  # the rest goes to validation and calibration


class Parcel:
    """What one style brings home: checkpoints as bytes, the learning curve, the pruning curve."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content: dict[str, Any] = {"checkpoints": {}, "log": [], "pruning": None}

    def add(self, name: str, model: Any, save: Any = save_student, **more: Any) -> None:
        buffer = io.BytesIO()
        save(buffer, model, half=True, **more)
        # As a tensor: pickled bytes would grow by half.
        self.content["checkpoints"][name] = torch.frombuffer(buffer.getbuffer(), dtype=torch.uint8).clone()

    def write(self) -> None:
        partial = self.path.with_suffix(".tmp")
        torch.save(self.content, partial)
        partial.replace(self.path)


class StyleRun:
    """One style's way through the stages on this machine."""

    def __init__(self, arguments: argparse.Namespace, pack: Pack, style: str, device: str, deadline: float) -> None:
        self.arguments, self.style, self.device, self.deadline = arguments, style, device, deadline
        self.source = Live(pack, style, device, arguments.seed, arguments.balance)
        self.photos, self.teacher = self.source.val()
        self.parcel = Parcel(arguments.out / f"{style}.pt")
        goal = sources.make_objective
        self.goal = goal(arguments, self.source, device)
        self.goal_without_hints = goal(arguments, self.source, device, hints=False)
        self.model = self._start()

    def _start(self) -> Student:
        own = self.arguments.pack / "warm" / f"{self.style}.pt"
        other = self.arguments.pack / "warm" / f"{self.arguments.warm}.pt"
        for path in (own, other):
            if path.exists():
                return load_student(path, self.device)[0]
        return Student(Shape(*self.arguments.shape)).to(self.device)

    def minutes(self, stage: str) -> float:
        """What a stage may train for: its share of what is left, so that a slow validation delays no other style."""
        stages = self.arguments.stages
        left = (self.deadline - time.monotonic()) / 60
        return max(0.02, OVERHEAD * left * SHARES[stage] / sum(SHARES[s] for s in stages[stages.index(stage) :]))

    def figures(self, model: torch.nn.Module) -> dict[str, float]:
        return report(self.photos, predict(model, self.photos, self.device), self.teacher)

    def log(self, stage: str, row: dict[str, Any]) -> None:
        line = {"style": self.style, "stage": stage, **row}
        self.parcel.content["log"].append(line)
        print(json.dumps(line), flush=True)

    def train(self) -> None:
        a, minutes = self.arguments, self.minutes("train")
        model = with_branches(self.model) if a.branches else self.model
        distillation = Distillation(model, self.goal, a.rate)
        begun = time.monotonic()

        def show(progress: Progress) -> None:
            made = round(progress.step * a.batch / max(1e-3, time.monotonic() - begun))
            row = {"minutes": round(progress.seconds / 60, 2), "step": progress.step, "pictures_per_s": made}
            self.log("train", {**row, **self.figures(distillation.ema), **progress.terms})

        distillation.run(self.source.batches(a.batch), Schedule(a.rate, minutes, a.steps), show, 60 * minutes / 8)
        self.model = fold(distillation.averaged())
        self.parcel.add(STUDENT, self.model, figures=self.figures(self.model))

    def prune(self) -> None:
        a = self.arguments
        schedule = Schedule(3e-4, self.minutes("prune") / a.rounds, a.steps, warm_up=50)
        plan = Plan(a.rounds, a.share, batch=a.batch, schedule=schedule)
        rows, models = [], []
        for model, row in iterate(self.model, self.source, self.goal_without_hints, plan):
            rows.append(row)
            models.append(model)
            self.log("prune", row)
        found = summary(rows, plan)
        self.parcel.content["pruning"] = found
        if found["accepted"]:
            self.model = models[found["chosen"]]
            self.parcel.add(PRUNED, self.model, figures=rows[found["chosen"]])

    def qat(self) -> None:
        a = self.arguments
        schedule = Schedule(1e-4, self.minutes("qat"), a.steps, WARM_UP)
        model = finetune(self.model, self.source, self.goal_without_hints, schedule, a.batch, learned=True)
        figures = self.figures(model)
        self.log("qat", figures)
        self.parcel.add(QAT, model, save_qat, figures=figures)

    def run(self) -> None:
        for stage in self.arguments.stages:
            getattr(self, stage)()
            self.parcel.write()


def run(arguments: argparse.Namespace) -> None:
    """Command `gpu`."""
    begun = time.monotonic()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    torch.backends.cudnn.benchmark = True
    device = sources.device()
    arguments.out.mkdir(parents=True, exist_ok=True)
    pack = Pack(arguments.pack, device)
    print(f"{len(pack.faces)} faces on {device} after {time.monotonic() - begun:.0f} s", flush=True)
    for done, style in enumerate(arguments.styles):
        now = time.monotonic()
        left = 60 * arguments.minutes - (now - begun)
        StyleRun(arguments, pack, style, device, now + left / (len(arguments.styles) - done)).run()
    print(f"over after {(time.monotonic() - begun) / 60:.1f} minutes", flush=True)


def bring_home(parcel: Path, folder: Path) -> None:
    """Writes a parcel's checkpoints (FP32 again), curve and log into a run folder."""
    content = torch.load(parcel, weights_only=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content["checkpoints"].items():
        (folder / name).write_bytes(data.numpy().tobytes())
        model, rest = load_student(folder / name)  # fp16 travels, FP32 stays
        save_student(folder / name, model, **rest)
    if content["pruning"]:
        write_json(folder / "prune.json", content["pruning"])
    with (folder / "gpu-log.jsonl").open("a") as log:
        log.writelines(json.dumps(line) + "\n" for line in content["log"])
    if QAT in content["checkpoints"]:
        load_qat(folder / QAT)


def run_import(arguments: argparse.Namespace) -> None:
    """Command `gpu-import`."""
    for parcel in sorted(arguments.folder.glob("*.pt")):
        bring_home(parcel, arguments.runs / parcel.stem)
        print(f"{parcel.stem}: {', '.join(sorted(p.name for p in (arguments.runs / parcel.stem).glob('*.pt')))}")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("gpu", help="train, prune and quantise several styles from a pack")
    sources.add_arguments(parser, style=False)
    parser.add_argument("--styles", nargs="+", required=True)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=9, help="of wall time for all styles together")
    parser.add_argument("--steps", type=int, help="limit per stage, if that comes first; for tests")
    parser.add_argument("--warm", default="3d", help="style in the pack's warm/ that the others start from")
    parser.add_argument("--shape", type=int, nargs=5, default=[80, 128, 1, 4, 2], help="of a student from nothing")
    parser.add_argument("--branches", action="store_true")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--rounds", type=int, default=5, help="of pruning")
    parser.add_argument("--share", type=float, default=0.09, help="of the parameters, per round of pruning")
    objective.add_arguments(parser)
    parser.set_defaults(run=run)
    parser = subparsers.add_parser("gpu-import", help="turn what `gpu` left into run folders")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.set_defaults(run=run_import)
