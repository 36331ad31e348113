"""Folders of the repository, found from this file's place."""

from __future__ import annotations

from pathlib import Path

TRAINING = Path(__file__).resolve().parent.parent
REPOSITORY = TRAINING.parent
MODELS = REPOSITORY / "models"
SHARED = REPOSITORY.parent / "shared"  # given data; never part of the repository
RUNS = TRAINING / "runs"  # git-ignored
CHECKPOINTS = TRAINING / "checkpoints"  # the students that ship, fp16: to start others from
CACHE = RUNS / "cache"
DATA = RUNS / "data"

# The seven styles of DCT-Net, the default one first.
STYLES = ("3d", "anime", "handdrawn", "sketch", "artstyle", "illustration", "design")
