"""Paths and fixtures; tests that need given or produced files skip with a notice where these are absent."""

from pathlib import Path

import pytest

from dctoon_training.faces.align import FaceFinder
from dctoon_training.paths import MODELS, SHARED


def need(path: Path) -> Path:
    """Skips the test where `path` is not there."""
    if not path.exists():
        pytest.skip(f"{path.parent.name}/{path.name} is absent")
    return path


@pytest.fixture(scope="session")
def finder():
    need(MODELS / "face-detector.onnx")
    need(MODELS / "face-mesh.onnx")
    return FaceFinder(MODELS)


@pytest.fixture(scope="session")
def val_photos():
    return sorted(need(SHARED / "faces" / "val").glob("*.jpg"))


@pytest.fixture(scope="session")
def shared() -> Path:
    return need(SHARED)
