"""The manifest's facts are read off the files; its texts stay."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dctoon_training.stages.manifest import network_facts, renew


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with a 2 x 3 linear layer, quantised, as every network, and a mask."""
    weights = [
        numpy_helper.from_array(np.ones((2, 3), np.int8), "weight"),
        numpy_helper.from_array(np.ones(3, np.float32), "scale"),
        numpy_helper.from_array(np.zeros(3, np.int8), "zero"),
        numpy_helper.from_array(np.ones(3, np.float32), "bias"),
    ]
    nodes = [
        helper.make_node("DequantizeLinear", ["weight", "scale", "zero"], ["w"], axis=1),
        helper.make_node("Gemm", ["photo", "w", "bias"], ["cartoon"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("photo", TensorProto.FLOAT, ["N", 2])],
        [helper.make_tensor_value_info("cartoon", TensorProto.FLOAT, ["N", 3])],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "net.onnx")
    (tmp_path / "mask.png").write_bytes(b"mask")
    return tmp_path


def test_facts_of_a_network(models: Path) -> None:
    facts = network_facts(models / "net.onnx")
    data = (models / "net.onnx").read_bytes()
    assert facts == {
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "parameters": 2 * 3 + 3,  # weights and bias, not scales and zero points
        "opset": 17,
        "inputs": {"photo": {"type": "float", "shape": ["N", 2]}},
        "outputs": {"cartoon": {"type": "float", "shape": ["N", 3]}},
    }


def test_texts_stay_and_facts_are_renewed(models: Path) -> None:
    network = {"file": "net.onnx", "licence": "Apache-2.0", "sha256": "old"}
    before = {
        "styles": [{**network, "id": "3d", "title": "3D"}],
        "faceDetector": network,
        "faceMesh": network,
        "blendMask": {"file": "mask.png", "bytes": 1},
        "note": "kept",
    }
    after = renew(before, models)
    assert after["note"] == "kept"
    assert after["styles"][0]["title"] == "3D"
    assert after["styles"][0]["sha256"] == network_facts(models / "net.onnx")["sha256"]
    assert after["blendMask"]["bytes"] == 4
    assert renew(after, models) == after


def test_a_missing_file_is_an_error(models: Path) -> None:
    (models / "mask.png").unlink()
    network = {"file": "net.onnx"}
    manifest = {
        "styles": [],
        "faceDetector": network,
        "faceMesh": network,
        "blendMask": {"file": "mask.png"},
    }
    with pytest.raises(FileNotFoundError):
        renew(manifest, models)
