"""Command-line options that every training stage shares: where examples come from, and how many threads."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from ..data.batches import Rounds, Source
from ..data.live import Live
from ..losses.objective import Objective, squeezenet_file, weights_from
from ..paths import DATA, RUNS, SHARED


def device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def add_arguments(parser: argparse.ArgumentParser, style: bool = True) -> None:
    """Registers style, folders, crop, seed and threads."""
    if style:
        parser.add_argument("--style", required=True)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the cached rounds")
    parser.add_argument("--pack", type=Path, help="a pack instead: augmentation and teacher on the fly, best on a GPU")
    parser.add_argument("--recipe", choices=("plain", "composed"), default="plain", help="which targets of the rounds")
    parser.add_argument(
        "--part",
        choices=("head", "scene"),
        default="head",
        help="scene: the network for whole pictures (composed only)",
    )
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with teacher/ and features/")
    parser.add_argument("--crop", type=int, default=256, help="of cached rounds")
    parser.add_argument("--balance", action="store_true", help="sample skin tones evenly")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)


def open_source(arguments: argparse.Namespace, device: str, seed: int, style: str | None = None) -> Source:
    """The pack where one is named, else the cached rounds. A machine that trains from a pack need not have OpenCV."""
    style = style or arguments.style
    if arguments.pack:
        return Live(arguments.pack, style, device, seed, arguments.balance)
    kind: type[Rounds | ComposedRounds | ComposedScenes] = Rounds
    if arguments.recipe == "composed":
        from ..composed.scenes import ComposedScenes
        from ..composed.source import ComposedRounds

        kind = ComposedScenes if arguments.part == "scene" else ComposedRounds
    return kind(arguments.data, style, device, arguments.shared, arguments.crop, seed, arguments.balance)


def make_objective(arguments: argparse.Namespace, source: Source, device: str, hints: bool = True) -> Objective:
    """The loss that the command line asks for; without hints where the model has no trunk to attach them to."""
    weights = weights_from(arguments) if hints else weights_from(arguments).without_hint()
    teacher = source.teacher() if weights.encoder else None
    shared = arguments.pack if arguments.pack and not arguments.shared.exists() else arguments.shared
    return Objective(weights, device, teacher, squeezenet_file(shared) if weights.squeeze else None)


def run_folder(arguments: argparse.Namespace) -> Path:
    """Where a run's files lie: one folder a style and part."""
    return arguments.runs / (f"{arguments.style}-scene" if arguments.part == "scene" else arguments.style)
