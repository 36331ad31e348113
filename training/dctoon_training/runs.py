"""The files of a style's run folder, and which checkpoint ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STUDENT, PRUNED, QAT, LOG = "student.pt", "pruned.pt", "qat.pt", "log.jsonl"
EVALUATION = {"plain": "evaluation.json", "composed": "composed.json"}  # by what it was measured against
REPORTED = (*EVALUATION.values(), "prune.json", "ablation.md")  # what `report` reads


def kept_file(checkpoints: Path, name: str, file: str) -> Path:
    """Where a file of a run folder lies in the repository."""
    return checkpoints / f"{name}-{file}"


def reported(folder: Path, file: str, checkpoints: Path) -> Path:
    """A file that `report` reads: the run's own, else the one that was kept; it may be absent."""
    return own if (own := folder / file).exists() else kept_file(checkpoints, folder.name, file)


def write_json(path: Path, value: Any) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(".tmp")
    partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def read_json(path: Path) -> Any:
    """None where the file is absent."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def final_float(folder: Path) -> Path:
    """The float checkpoint that is to be quantised: the pruned one where pruning was accepted, else the dense one."""
    pruning = read_json(folder / "prune.json")
    pruned = folder / PRUNED
    return pruned if pruning and pruning["accepted"] and pruned.exists() else folder / STUDENT
