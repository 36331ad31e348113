"""The manifest names every style that has a network, and its thumbnail where there is one."""

import argparse
import json
import shutil
from pathlib import Path

import pytest
from conftest import need
from PIL import Image

from dctoon_training.paths import MODELS
from dctoon_training.stages.manifest import file_facts, renew
from dctoon_training.stages.styles import PHOTO, TEXTS, merge, run_thumbnails


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of models/ with the network of `3d` also as `anime`, and no thumbnails."""
    for name in ("3d", "face-detector", "face-finder", "face-mesh", "person-mask"):
        shutil.copy(need(MODELS / f"{name}.onnx"), tmp_path)
    shutil.copy(tmp_path / "3d.onnx", tmp_path / "anime.onnx")
    for name in ("manifest.json", "blend-mask.png"):
        shutil.copy(MODELS / name, tmp_path)
    return tmp_path


@pytest.fixture
def manifest(models: Path) -> dict:
    merged = merge(json.loads((models / "manifest.json").read_text("utf-8")), texts(), models, models / "no-runs")
    (models / "manifest.json").write_text(json.dumps(merged), "utf-8")
    return merged


def texts() -> dict:
    return json.loads(TEXTS.read_text("utf-8"))


def test_texts_in_every_language(manifest: dict) -> None:
    assert [style["id"] for style in manifest["styles"]] == ["3d", "anime"]
    for style in manifest["styles"]:
        assert style["description"] == style["descriptions"]["en"]
        assert set(style["descriptions"]) == set(style["titles"])
        assert "thumbnail" not in style


def test_thumbnails_are_drawn_and_named(models: Path, manifest: dict) -> None:
    run_thumbnails(argparse.Namespace(models=models, photo=need(PHOTO), side=96))
    after = json.loads((models / "manifest.json").read_text("utf-8"))
    for style in after["styles"]:
        file = f"thumbnails/{style['id']}.jpg"
        assert style["thumbnail"] == {"file": file, **texts()["thumbnail"], **file_facts(models / file)}
        with Image.open(models / file) as picture:
            assert (picture.format, picture.size) == ("JPEG", (96, 96))
    # Everything else is as before, and stays when the stages run again.
    for style in after["styles"]:
        del style["thumbnail"]
    assert after == manifest
    again = merge(manifest, texts(), models, models / "no-runs")
    assert [style["thumbnail"]["file"] for style in again["styles"]] == ["thumbnails/3d.jpg", "thumbnails/anime.jpg"]
    (models / "thumbnails" / "3d.jpg").write_bytes(b"another")
    assert renew(again, models)["styles"][0]["thumbnail"]["bytes"] == 7
