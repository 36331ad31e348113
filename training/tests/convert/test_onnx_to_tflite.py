"""The shipped networks as TFLite against themselves in ONNX Runtime, byte by byte."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from dctoon_training.paths import MODELS

interpreter = pytest.importorskip("ai_edge_litert.interpreter")
STYLES = json.loads((MODELS / "manifest.json").read_text())["styles"]


def photo(height: int, width: int) -> np.ndarray:
    """Something smooth with edges in it."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 17 + y / 29 + c) + (np.hypot(x - width / 2, y - height / 2) < width / 3) for c in range(3)]
    return (np.clip(np.stack(waves, -1) * 60 + 100, 0, 255)).astype(np.uint8)[None]


@pytest.mark.parametrize("file", [s["file"] for s in STYLES] + [s["scene"]["file"] for s in STYLES if s.get("scene")])
def test_draws_what_the_onnx_network_draws(file: str) -> None:
    from dctoon_training.convert.onnx_to_tflite import onnx_to_tflite

    model = onnx.load(MODELS / file)
    runner = interpreter.Interpreter(model_content=onnx_to_tflite(model, 96, 160))
    runner.allocate_tensors()
    (source,), (target,) = runner.get_input_details(), runner.get_output_details()
    assert source["dtype"] == target["dtype"] == np.int8

    before = photo(96, 160)
    runner.set_tensor(source["index"], (before.astype(np.int16) - 128).astype(np.int8))
    runner.invoke()
    ours = runner.get_tensor(target["index"]).astype(np.int16) + 128
    (theirs,) = onnxruntime.InferenceSession(MODELS / file).run(None, {"photo": before})
    difference = np.abs(ours - theirs)
    # Probably rounding that differs by one step, which the deepest network passes on 27 times.
    assert (difference <= 1).mean() > 0.97
    assert (difference <= 4).mean() > 0.999


def test_every_tensor_is_an_integer() -> None:
    from dctoon_training.convert.onnx_to_tflite import onnx_to_tflite

    runner = interpreter.Interpreter(model_content=onnx_to_tflite(onnx.load(MODELS / STYLES[0]["file"]), 96, 96))
    assert {np.dtype(t["dtype"]).name for t in runner.get_tensor_details()} <= {"int8", "int32"}


def test_takes_other_sizes() -> None:
    from dctoon_training.convert.onnx_to_tflite import onnx_to_tflite

    runner = interpreter.Interpreter(model_content=onnx_to_tflite(onnx.load(MODELS / STYLES[0]["file"]), 96, 96))
    runner.resize_tensor_input(runner.get_input_details()[0]["index"], [1, 64, 128, 3])
    runner.allocate_tensors()
    assert list(runner.get_output_details()[0]["shape"]) == [1, 64, 128, 3]
