"""Stages `keep` and `restore`: what a run leaves for good, in the repository, and back into a run folder elsewhere.

| in a run's folder | in `training/checkpoints`         |
|-------------------|-----------------------------------|
| student.pt        | `<style>.pt`, fp16                |
| pruned.pt         | `<style>-pruned.pt`, fp16         |
| log.jsonl         | lines added to `<style>-log.jsonl` |
| evaluation.json, composed.json, prune.json, ablation.md | `<style>-evaluation.json` and so on |

With `--recipe composed` weights and curve go to `training/checkpoints/composed`, those of `--part scene` as
`<style>-scene`.

With them, training goes on and `report` writes RESULTS.md on a machine that has nothing but a clone. What quantisation-
aware training made is kept as the network that ships.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from ..paths import CHECKPOINTS, MODELS, RUNS
from ..runs import LOG, PRUNED, REPORTED, STUDENT, kept_file, read_json
from ..student.network import load_student, save_student
from .sources import run_folder


def _copy_weights(source: Path, target: Path, half: bool) -> None:
    model, rest = load_student(source)
    save_student(target, model, half, figures=rest.get("figures", {}))


def keep(folder: Path, checkpoints: Path, name: str, label: str | None, recipe: str = "plain") -> None:
    """Copies what a style's run folder holds. `name`: under which the student and its log are kept."""
    style, weights = folder.name, checkpoints if recipe == "plain" else checkpoints / recipe
    weights.mkdir(parents=True, exist_ok=True)
    if (folder / STUDENT).exists():
        _copy_weights(folder / STUDENT, weights / f"{name}.pt", half=True)
    if (folder / PRUNED).exists():
        _copy_weights(folder / PRUNED, weights / f"{style}-pruned.pt", half=True)
    if (folder / LOG).exists():
        lines = [json.loads(line) for line in (folder / LOG).read_text("utf-8").splitlines()]
        with kept_file(weights, name, LOG).open("a", encoding="utf-8") as log:
            log.writelines(json.dumps({**line, "run": label} if label else line) + "\n" for line in lines)
        (folder / LOG).rename(folder / f"kept-{LOG}")  # so that no line is added twice
    for file in REPORTED:
        if (folder / file).exists():
            shutil.copyfile(folder / file, kept_file(checkpoints, style, file))


def restore(folder: Path, checkpoints: Path, models: Path) -> None:
    """Fills a style's run folder with what was kept. Raises FileNotFoundError where nothing was."""
    style = folder.name
    folder.mkdir(parents=True, exist_ok=True)
    _copy_weights(checkpoints / f"{style}.pt", folder / STUDENT, half=False)
    if (checkpoints / f"{style}-pruned.pt").exists():
        _copy_weights(checkpoints / f"{style}-pruned.pt", folder / PRUNED, half=False)
    for file in REPORTED:
        if (kept := kept_file(checkpoints, style, file)).exists():
            shutil.copyfile(kept, folder / file)
    evaluation = read_json(folder / "evaluation.json")
    if evaluation and evaluation["shipped"] == "int8_qat":
        shutil.copyfile(models / f"{style}.onnx", folder / "int8-qat.onnx")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("keep", help="copy a run's weights, curve and figures to training/checkpoints")
    parser.add_argument("--style", required=True)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS)
    parser.add_argument("--name", help="keep the student under another name than the style's: 3d-pruned")
    parser.add_argument("--recipe", choices=("plain", "composed"), default="plain")
    parser.add_argument("--part", choices=("head", "scene"), default="head")
    parser.add_argument("--label", help="what the lines of the learning curve are to be called")
    parser.set_defaults(run=run_keep)
    parser = subparsers.add_parser("restore", help="a run folder from training/checkpoints")
    parser.add_argument("--style", required=True)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.set_defaults(run=run_restore)


def run_keep(arguments: argparse.Namespace) -> None:
    """Command `keep`."""
    folder = run_folder(arguments)
    keep(folder, arguments.checkpoints, arguments.name or folder.name, arguments.label, arguments.recipe)


def run_restore(arguments: argparse.Namespace) -> None:
    """Command `restore`."""
    restore(arguments.runs / arguments.style, arguments.checkpoints, arguments.models)
