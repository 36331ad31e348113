"""Stage `all`: the whole chain for one style, one stage after the other, each as its own command would run it.

A stage whose result is newer than what it is made from is skipped, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

from ..paths import DATA, MODELS, RUNS, SHARED
from ..runs import QAT, STUDENT, final_float, read_json


class Chain:
    """Builds the command lines of the stages, and tells which are still to do."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.folder: Path = arguments.runs / arguments.style
        self.source = ["--pack", str(arguments.pack)] if arguments.pack else []

    def _options(self, *names: str) -> list[str]:
        return [part for name in names for part in (f"--{name}", str(getattr(self.arguments, name)))]

    def _newer(self, result: str, *made_from: Path) -> bool:
        path = self.folder / result
        return path.exists() and all(not p.exists() or path.stat().st_mtime >= p.stat().st_mtime for p in made_from)

    def _trained(self) -> bool:
        log = self.folder / "log.jsonl"
        if not (self.folder / STUDENT).exists():
            return False
        # A student without a log came from a GPU.
        return (
            not log.exists() or json.loads(log.read_text().splitlines()[-1])["minutes"] >= self.arguments.minutes - 0.1
        )

    def commands(self) -> list[list[str]]:
        """What is still to do, in order; later ones are decided after earlier ones ran."""
        a, folder = self.arguments, self.folder
        common = self._options("style", "data", "runs", "shared", "threads")
        training = [*common, *self.source]
        student, rounds = folder / STUDENT, ["--rounds", str(a.data_rounds)]
        todo: list[list[str]] = []
        if not a.pack and not (a.data / "READY").exists():
            todo.append(["prepare", *self._options("shared", "models", "data")])
        if not a.pack and not (a.data / f"points-{a.data_rounds - 1}.npy").exists():
            todo.append(["variants", "--data", str(a.data), *rounds])
        if not a.pack and not (a.data / a.style / f"target-{a.data_rounds - 1}.npy").exists():
            todo.append(["targets", *self._options("style", "shared", "data", "threads"), *rounds])
        if not self._trained():
            warm = ["--warm", str(a.warm)] if a.warm else []
            todo.append(["train", *training, "--minutes", str(a.minutes), *warm, *(["--branches"] * a.branches)])
        if not self._newer("prune.json", student):
            todo.append(["prune", *training, "--minutes", str(a.minutes / 12)])
        if not self._newer(QAT, student, folder / "prune.json"):
            checkpoint = final_float(folder).name
            todo.append(["qat", *training, "--minutes", str(a.minutes / 8), "--checkpoint", checkpoint])
        todo.append(["export", *training, "--models", str(a.models)])
        timing = ["--timing-runs", str(a.timing_runs)]
        todo.append(["evaluate", *common, "--models", str(a.models), "--snapshots", *timing])
        todo.append(["styles", "--models", str(a.models), "--runs", str(a.runs)])
        return todo


def run(arguments: argparse.Namespace) -> None:
    """Command `all`."""
    chain, done = Chain(arguments), set()
    while True:
        left = [command for command in chain.commands() if command[0] not in done]
        if not left:
            break
        print("$ " + shlex.join(left[0]), flush=True)
        if not arguments.dry_run:
            # A process of its own: cached rounds fill most of a small machine's memory.
            subprocess.run([sys.executable, "-m", "dctoon_training", *left[0]], check=True)
        done.add(left[0][0])
    figures = read_json(chain.folder / "evaluation.json")
    if figures:
        print(f"{arguments.style}: {figures['rows'][figures['shipped']]}")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("all", help="the whole chain for one style")
    parser.add_argument("--style", required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--pack", type=Path, help="train from a pack (GPU) in place of the cached rounds")
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data-rounds", type=int, default=6, help="rounds of augmented variants")
    parser.add_argument("--minutes", type=float, default=90, help="training; pruning and QAT take shares of it")
    parser.add_argument("--warm", type=Path, help="student of another style to start from")
    parser.add_argument("--branches", action="store_true")
    parser.add_argument("--timing-runs", type=int, default=20)
    parser.add_argument("--dry-run", action="store_true", help="print the commands only")
    parser.set_defaults(run=run)
