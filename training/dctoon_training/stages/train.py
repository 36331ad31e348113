"""Stage `train`: distils one style's teacher into a student.

A run resumes from its `last.pt`. CUDA if present; on a CPU bf16 autocast (AMX) is about four times faster than FP32.
With `--pack` the examples come from a pack and the teacher runs on the fly (`live.py`), else from the cached rounds.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from ..losses import objective
from ..metrics import report
from ..student.deepen import deepen
from ..student.distil import Distillation, Progress, Schedule, predict
from ..student.network import Shape, Student, load_student, parameters, save_student, with_branches
from ..student.reparam import fold, has_branches
from . import sources


def starting_point(arguments: argparse.Namespace, run: Path, device: str) -> tuple[Student, dict]:
    """The student to train, and what else its checkpoint holds: own `last.pt`, another style's student, or nothing."""
    last = run / "last.pt"
    if last.exists() and not arguments.restart:
        model, rest = load_student(last, device)
        if has_branches(model) != arguments.branches:
            raise SystemExit(f"{last} was trained {'with' if has_branches(model) else 'without'} --branches")
        return model, rest
    model = load_student(arguments.warm, device)[0] if arguments.warm else Student(Shape(*arguments.shape)).to(device)
    if arguments.deepen:
        model = deepen(fold(model), arguments.deepen)
    return with_branches(model) if arguments.branches else fold(model), {}


def train(arguments: argparse.Namespace) -> None:
    """Command `train`."""
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    device = sources.device()
    run = sources.run_folder(arguments)
    run.mkdir(parents=True, exist_ok=True)
    model, rest = starting_point(arguments, run, device)
    source = sources.open_source(arguments, device, seed=arguments.seed + rest.get("step", 0))
    goal = sources.make_objective(arguments, source, device)
    distillation = Distillation(model, goal, arguments.rate, muon=arguments.muon)
    if rest:
        distillation.resume(rest)
    photos, teacher = source.val()
    print(
        f"{parameters(fold(model)):,} parameters on {device}; photo itself: {report(photos, photos, teacher)}",
        flush=True,
    )

    def keep(progress: Progress) -> None:
        figures = report(photos, predict(distillation.ema, photos, device), teacher)
        line = {
            "minutes": round(progress.seconds / 60, 1),
            "step": progress.step,
            "rate": round(progress.rate, 6),
            **figures,
            **progress.terms,
        }
        with (run / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(line, flush=True)
        save_student(run / "last.tmp", distillation.model, **distillation.state())
        (run / "last.tmp").rename(run / "last.pt")
        save_student(run / "student.pt", fold(distillation.ema), figures=figures)

    schedule = Schedule(arguments.rate, arguments.minutes, arguments.steps)
    distillation.run(source.batches(arguments.batch), schedule, keep, arguments.every * 60)


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("train", help="distil a teacher into a student")
    sources.add_arguments(parser)
    parser.add_argument(
        "--shape",
        type=int,
        nargs=5,
        default=[80, 128, 1, 4, 2],
        metavar=("A", "B", "BEFORE", "BOTTOM", "AFTER"),
    )
    parser.add_argument("--warm", type=Path, help="student of another style to start from")
    parser.add_argument("--deepen", type=int, default=0, metavar="N", help="add N blocks that change nothing yet")
    parser.add_argument("--restart", action="store_true", help="ignore this style's last.pt")
    parser.add_argument("--branches", action="store_true", help="train every 3 x 3 convolution in branch form")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--steps", type=int, help="end after so many steps, if that comes first")
    parser.add_argument("--every", type=float, default=4, help="minutes between reports and checkpoints")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--muon", action="store_true", help="Muon instead of Adam for the trunk's weights (`muon.py`)")
    objective.add_arguments(parser)
    parser.set_defaults(run=train)
