"""Stage `prune`: structured pruning in rounds of 5-10 % of the parameters, with fine-tuning between.

What can go, always 16 channels at a time (the INT8 kernels' block): inner channels of a residual block, trunk channels
at 1/4 (`a`) and at 1/8 (`b`). Each round takes the groups with the least sensitivity per parameter saved.

Sensitivity of a channel, three kinds:

- `taylor` (default): |sum over positions of activation x gradient|, mean over pictures (Molchanov et al. 2017). It
  estimates, to first order, how much the loss changes when the channel becomes zero, which is what pruning does. So
  groups of different layers can be compared, as the greedy choice across layers needs.
- `weight`: |sum of weight x gradient| over the weights that make the channel: the same estimate on the weight side.
- `gradient`: the article's mean absolute gradient of those weights. It tells how steep the loss is, not how far away
  zero is: a large, settled, important weight has a small gradient and would go first. Kept for comparison.

The signed pieces of the first two are summed within one picture or batch before the absolute value is taken.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from ..data.batches import Batch, Source
from ..losses import objective
from ..losses.objective import Objective
from ..metrics import report
from ..runs import PRUNED, STUDENT, write_json
from ..student.distil import Distillation, Progress, Schedule, predict
from ..student.network import Shape, Student, load_student, parameters, save_student
from ..student.reparam import fold
from . import sources

STEP = 16
OVERSHOOT = 1.2  # a step of a trunk is large; a round takes at most so many times its share, its first step apart
KINDS = ("taylor", "weight", "gradient")
FINE_TUNING = Schedule(3e-4, minutes=8, warm_up=50)
# Pruning is worth its while when a network becomes so much smaller at no more than so much worse.
WANTED_SMALLER, ALLOWED_WORSE = 0.32, 0.017


def block_names(shape: Shape) -> list[str]:
    parts = (("before", shape.before), ("bottom", shape.bottom), ("after", shape.after))
    return [f"{part}.{k}" for part, count in parts for k in range(count)]


def trunk_names(shape: Shape) -> dict[str, list[str]]:
    """Activations that carry each trunk's channels."""
    names = block_names(shape)
    deep = [n for n in names if n.startswith("bottom")]
    return {"a": ["stem", "join", *(n for n in names if n not in deep)], "b": ["down", *deep]}


# -- sensitivity ------------------------------------------------------------------------------------------------------
Sensitivity = dict[str, Tensor]  # "a", "b" and every block's name -> one value per channel


def _by_activation(model: Student, photo: Tensor, loss: Callable[[Tensor], Tensor]) -> Sensitivity:
    kept: dict[str, Tensor] = {}

    def keep(name: str, x: Tensor) -> Tensor:
        x.retain_grad()
        kept[name] = x
        return x

    model.zero_grad(set_to_none=True)
    loss(model(photo, keep)).backward()
    score = {n: (x.detach() * x.grad).sum((2, 3)).abs().mean(0) for n, x in kept.items() if x.grad is not None}
    found = {name: score[f"{name}.first"] for name in block_names(model.shape)}
    for trunk, names in trunk_names(model.shape).items():
        found[trunk] = torch.stack([score[name] for name in names]).sum(0)
    return found


def _writers(model: Student) -> dict[str, list[torch.nn.Conv2d]]:
    """The convolutions whose output channels are the channels of a trunk or of a block's inside."""
    blocks = dict(zip(block_names(model.shape), [*model.before, *model.bottom, *model.after], strict=True))
    found = {name: [block.first] for name, block in blocks.items()}
    found["a"] = [model.stem, *(b.second for b in [*model.before, *model.after])]
    found["b"] = [model.down, *(b.second for b in model.bottom)]
    return found


def _by_weight(model: Student, photo: Tensor, loss: Callable[[Tensor], Tensor], kind: str) -> Sensitivity:
    model.zero_grad(set_to_none=True)
    loss(model(photo)).backward()
    found: Sensitivity = {}
    for name, convs in _writers(model).items():
        if kind == "gradient":
            found[name] = torch.stack([c.weight.grad.abs().mean((1, 2, 3)) for c in convs]).mean(0)
        else:
            found[name] = torch.stack([(c.weight.grad * c.weight.detach()).sum((1, 2, 3)).abs() for c in convs]).sum(0)
    return found


def sensitivity(model: Student, batches: Iterator[Batch], goal: Objective, count: int, kind: str) -> Sensitivity:
    """Mean over `count` batches, in FP32."""
    total: Sensitivity = {}
    for _, batch in zip(range(count), batches, strict=False):

        def loss(y: Tensor, batch: Batch = batch) -> Tensor:
            return sum(goal(y, batch).values())

        one = (
            _by_activation(model, batch.photo, loss) if kind == "taylor" else _by_weight(model, batch.photo, loss, kind)
        )
        for name, value in one.items():
            total[name] = total[name] + value / count if name in total else value / count
    model.zero_grad(set_to_none=True)
    return total


# -- surgery ----------------------------------------------------------------------------------------------------------
Kept = dict[str, Tensor]  # like Sensitivity: sorted indices of the channels that stay


def all_channels(shape: Shape) -> Kept:
    widths = {"a": shape.a, "b": shape.b, **dict(zip(block_names(shape), shape.inner_widths, strict=True))}
    return {name: torch.arange(width) for name, width in widths.items()}


def pruned_shape(shape: Shape, kept: Kept) -> Shape:
    inner = tuple(len(kept[name]) for name in block_names(shape))
    return replace(shape, a=len(kept["a"]), b=len(kept["b"]), inner=inner)


@torch.no_grad()
def cut(model: Student, kept: Kept) -> Student:
    """A student with only the kept channels; its other weights are the old ones."""
    shape = model.shape
    small = Student(pruned_shape(shape, kept)).to(next(model.parameters()).device)
    a, b, everything = kept["a"], kept["b"], slice(None)
    up = (4 * a[:, None] + torch.arange(4)).flatten()  # pixel_shuffle takes channels 4c .. 4c+3 for channel c
    ends: dict[str, tuple[Any, Any]] = {
        "stem": (a, everything),
        "down": (b, a),
        "up": (up, b),
        "gain": (everything, a),
        "bias": (everything, a),
    }
    for name in block_names(shape):
        trunk = b if name.startswith("bottom") else a
        ends[f"{name}.first"] = (kept[name], trunk)
        ends[f"{name}.second"] = (trunk, kept[name])
    for name, (out, into) in ends.items():
        source, target = model.get_submodule(name), small.get_submodule(name)
        target.weight.copy_(source.weight[out][:, into])
        target.bias.copy_(source.bias[out])
    return small


def choose(model: Student, found: Sensitivity, share: float) -> Kept:
    """What to keep so that about `share` of the parameters goes: greedily the least sensitivity per parameter saved."""
    kept = all_channels(model.shape)
    order = {name: value.cpu().argsort() for name, value in found.items()}
    cost = {name: list(accumulate(value.cpu().sort().values.tolist())) for name, value in found.items()}
    gone = dict.fromkeys(kept, 0)

    def size(counts: dict[str, int]) -> int:
        widths = {name: torch.arange(len(kept[name]) - counts[name]) for name in kept}
        return shape_parameters(pruned_shape(model.shape, widths))

    dense = shape_parameters(model.shape)
    now = size(gone)
    while now > dense * (1 - share):
        best: tuple[float, str, int] | None = None
        for name in kept:
            if len(kept[name]) - gone[name] <= STEP:
                continue
            after = size({**gone, name: gone[name] + STEP})
            if any(gone.values()) and after < dense * (1 - OVERSHOOT * share):
                continue
            before = cost[name][gone[name] - 1] if gone[name] else 0.0
            price = (cost[name][gone[name] + STEP - 1] - before) / (now - after)
            if best is None or price < best[0]:
                best = (price, name, after)
        if best is None:
            break
        gone[best[1]] += STEP
        now = best[2]
    return {name: order[name][gone[name] :].sort().values for name in kept}


def shape_parameters(shape: Shape) -> int:
    """Weights and biases, without building the network."""
    residual = sum(18 * o * i + o + i for o, i in zip(shape.outer, shape.inner_widths, strict=True))
    ends = 3 * 9 * 48 * shape.a + shape.a + 2 * 48
    return residual + ends + 9 * shape.a * shape.b + shape.b + 4 * shape.a * shape.b + 4 * shape.a


# -- rounds -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Plan:
    """Rounds, share of the parameters to drop in each, and the fine-tuning between them."""

    rounds: int = 5
    share: float = 0.09
    kind: str = "taylor"
    observed: int = 8  # batches whose sensitivity is averaged
    batch: int = 12
    schedule: Schedule = FINE_TUNING


def shape_row(model: Student) -> dict[str, Any]:
    shape = model.shape
    return {
        "parameters": parameters(model),
        "gmac_512": round(shape.macs() / 1e9, 2),
        "a": shape.a,
        "b": shape.b,
        "inner": list(shape.inner_widths),
    }


def iterate(student: Student, source: Source, goal: Objective, plan: Plan) -> Iterator[tuple[Student, dict[str, Any]]]:
    """Yields (student, figures) of the dense student, then after each round."""
    device = str(next(student.parameters()).device)
    photos, teacher = source.val()
    model = fold(student)
    yield model, {**shape_row(model), **report(photos, predict(model, photos, device), teacher)}
    batches = source.batches(plan.batch)
    for _ in range(plan.rounds):
        found = sensitivity(model, batches, goal, plan.observed, plan.kind)
        small = cut(model, choose(model, found, plan.share))
        if small.shape == model.shape:
            return
        raw = report(photos, predict(small, photos, device), teacher)
        distillation = Distillation(small, goal, plan.schedule.rate)
        terms: dict[str, float] = {}

        def keep(progress: Progress, terms: dict[str, float] = terms) -> None:
            terms.update(progress.terms)

        distillation.run(batches, plan.schedule, keep)
        model = distillation.averaged()
        figures = report(photos, predict(model, photos, device), teacher)
        yield model, {**shape_row(model), **figures, "captured_before_finetuning": raw["captured_face"], **terms}


def verdict(rows: list[dict[str, Any]]) -> int:
    """Index of the smallest student that is not too much worse than the dense one; 0 = stay dense.

    Judged by the Frechet distance to the teacher's set where it was measured (`evaluate --snapshots`), else by the part
    of the change that is not captured. KID stays out of it: near the teacher it is a difference around zero.
    """

    def error(row: dict[str, Any]) -> float:
        return row["frechet"] if "frechet" in row else 1 - row["captured"]

    limit = (1 + ALLOWED_WORSE) * error(rows[0])
    return max(index for index, row in enumerate(rows) if index == 0 or error(row) <= limit)


def summary(rows: list[dict[str, Any]], plan: Plan) -> dict[str, Any]:
    chosen = verdict(rows)
    smaller = 1 - rows[chosen]["parameters"] / rows[0]["parameters"]
    return {
        "kind": plan.kind,
        "share": plan.share,
        "rows": rows,
        "chosen": chosen,
        "smaller": round(smaller, 4),
        "goal_reached": smaller >= WANTED_SMALLER,
        "accepted": chosen > 0,
    }


def run(arguments: argparse.Namespace) -> None:
    """Command `prune`."""
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    device, folder = sources.device(), arguments.runs / arguments.style
    student, _ = load_student(folder / STUDENT, device)
    source = sources.open_source(arguments, device, arguments.seed)
    goal = sources.make_objective(arguments, source, device, hints=False)
    schedule = Schedule(arguments.rate, arguments.minutes, arguments.steps, warm_up=50)
    plan = Plan(arguments.rounds, arguments.share, arguments.kind, arguments.observed, arguments.batch, schedule)
    rows: list[dict[str, Any]] = []
    for index, (model, row) in enumerate(iterate(student, source, goal, plan)):
        rows.append(row)
        print(row, flush=True)
        save_student(folder / f"prune-{index}.pt", model, figures=row)
        write_json(folder / "prune.json", summary(rows, plan))
    chosen = summary(rows, plan)["chosen"]
    model, _ = load_student(folder / f"prune-{chosen}.pt")
    save_student(folder / PRUNED, model, figures=rows[chosen])


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("prune", help="remove channels in rounds, with fine-tuning between")
    sources.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=0.09, help="of the parameters, per round")
    parser.add_argument("--kind", choices=KINDS, default="taylor")
    parser.add_argument("--observed", type=int, default=8, help="batches per estimate of sensitivity")
    parser.add_argument("--minutes", type=float, default=8, help="fine-tuning per round")
    parser.add_argument("--steps", type=int, help="fine-tuning per round, if that comes first")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=3e-4)
    objective.add_arguments(parser)
    parser.set_defaults(run=run)
