"""Stage `qat`: quantisation-aware fine-tuning, so that the weights learn to live with 256 levels.

Rounds exactly where the exported graph rounds: every marked activation to u8 per tensor, every weight to s8 per output
channel, with straight-through gradients. Ranges start from calibration; then they are *learned* (LSQ+, Bhalgat et al.
2020: the gradient of the scale is what rounding and clipping did to the loss) or follow a moving average (`ema`).
Export uses the same graph builder as static quantisation, with these ranges.
"""

from __future__ import annotations

import argparse

import torch

from ..losses import objective
from ..metrics import report
from ..runs import write_json
from ..student.calibration import calibrate
from ..student.distil import Distillation, Progress, Schedule, predict
from ..student.fake_quantisation import QatStudent, save_qat
from ..student.network import Student, load_student
from ..student.reparam import fold
from . import sources

WARM_UP = 50


def finetune(
    student: Student, source: sources.Source, goal: objective.Objective, schedule: Schedule, batch: int, learned: bool
) -> QatStudent:
    """Calibrates, fine-tunes, and returns the moving average. The objective must be without hints."""
    device = next(student.parameters()).device
    found = calibrate(student, source.calibration(96))
    model = QatStudent(fold(student), found, learned).to(device).train()
    distillation = Distillation(model, goal, schedule.rate)
    photos, teacher = source.val()

    def show(progress: Progress) -> None:
        figures = report(photos, predict(distillation.ema.eval(), photos, str(device)), teacher)
        print(
            {"minutes": round(progress.seconds / 60, 1), "step": progress.step, **figures, **progress.terms}, flush=True
        )

    distillation.run(source.batches(batch), schedule, show, every=120)
    return distillation.ema.eval()


def run(arguments: argparse.Namespace) -> None:
    """Command `qat`."""
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    device, folder = sources.device(), sources.run_folder(arguments)
    student, _ = load_student(folder / arguments.checkpoint, device)
    source = sources.open_source(arguments, device, arguments.seed)
    goal = sources.make_objective(arguments, source, device, hints=False)
    schedule = Schedule(arguments.rate, arguments.minutes, arguments.steps, WARM_UP)
    model = finetune(student, source, goal, schedule, arguments.batch, arguments.ranges == "learned")
    photos, teacher = source.val()
    figures = report(photos, predict(model, photos, device), teacher)
    save_qat(folder / "qat.pt", model.cpu(), figures=figures)
    write_json(folder / "qat.json", {"from": arguments.checkpoint, "ranges": arguments.ranges, "figures": figures})


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("qat", help="quantisation-aware fine-tuning of a trained or pruned student")
    sources.add_arguments(parser)
    parser.add_argument("--checkpoint", default="student.pt", help="in the run's folder; pruned.pt after pruning")
    parser.add_argument("--ranges", choices=("learned", "ema"), default="learned")
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=1e-4)
    objective.add_arguments(parser)
    parser.set_defaults(run=run)
