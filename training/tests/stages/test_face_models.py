import numpy as np
import onnx
import pytest
from conftest import need
from onnx.reference import ReferenceEvaluator

from dctoon_training.convert.tflite_graph import Graph, Operator
from dctoon_training.convert.tflite_to_onnx import IR_VERSION, OPSET, Converter, same_padding
from dctoon_training.paths import CACHE, MODELS
from dctoon_training.stages import face_models
from dctoon_training.stages.prepare import centre_square, load

ALL = pytest.mark.parametrize(
    "model", [face_models.DETECTOR, face_models.MESH, face_models.PERSON], ids=lambda m: m.onnx
)
BOTH = pytest.mark.parametrize("model", [face_models.DETECTOR, face_models.MESH], ids=lambda m: m.onnx)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [
        (288, 3, 1, (1, 1)),
        (288, 7, 1, (3, 3)),
        (192, 3, 2, (0, 1)),  # stride 2 pads bottom and right
        (128, 5, 2, (1, 2)),
        (5, 3, 2, (1, 1)),
        (4, 2, 2, (0, 0)),
        (6, 1, 1, (0, 0)),
    ],
)
def test_same_padding_is_tensorflows(size, kernel, stride, expected):
    assert same_padding(size, kernel, stride) == expected


@ALL
def test_a_written_model_is_what_we_say(model):
    graph = onnx.load(need(MODELS / model.onnx))
    onnx.checker.check_model(graph, full_check=True)
    assert graph.ir_version == IR_VERSION
    assert [(o.domain, o.version) for o in graph.opset_import] == [("", OPSET)]
    (image,) = graph.graph.input
    assert image.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    outputs = {o.name: tuple(d.dim_value for d in o.type.tensor_type.shape.dim[1:]) for o in graph.graph.output}
    assert outputs == {o.name: o.shape for o in model.outputs}


@BOTH
def test_stride_2_convolutions_pad_bottom_and_right(model):
    graph = onnx.load(need(MODELS / model.onnx)).graph
    pads = []
    for node in graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Conv" and attributes["strides"] == [2, 2]:
            pads.append((attributes["kernel_shape"], attributes["pads"]))
    assert pads
    for kernel, pad in pads:
        assert pad == ([0, 0, 1, 1] if kernel == [3, 3] else [1, 1, 2, 2])


@ALL
def test_weights_are_plain_fp32_initialisers(model):
    graph = onnx.load(need(MODELS / model.onnx)).graph
    kinds = {node.op_type for node in graph.node}
    assert not kinds & {"Constant", "DequantizeLinear", "Identity"}
    assert {i.data_type for i in graph.initializer} <= {onnx.TensorProto.FLOAT, onnx.TensorProto.INT64}


@pytest.mark.parametrize("most", [1.0, 1.5], ids=["slopes of at most 1", "slopes above 1"])
def test_prelu_is_written_out_and_computes_the_same(most):
    slope = np.float32([-0.5, 0.25, most]).reshape(1, 1, 3)
    converter = Converter(Graph([0], [2], {0: (1, 4, 4, 3), 2: (1, 4, 4, 3)}, {1: slope}))
    converter.names[0] = "x"
    converter._prelu(Operator("PRELU", [0, 1], [2], {}), "y")
    assert "PRelu" not in {node.op_type for node in converter.nodes}

    picture = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, (1, 3, 4, 4)) for name in "xy"]
    graph = onnx.helper.make_graph(
        converter.nodes, "prelu", picture[:1], picture[1:], list(converter.initializers.values())
    )
    x = np.linspace(-2, 2, 48, dtype=np.float32).reshape(1, 3, 4, 4)
    (y,) = ReferenceEvaluator(onnx.helper.make_model(graph)).run(None, {"x": x})
    np.testing.assert_allclose(y, np.where(x > 0, x, x * slope.reshape(3, 1, 1)), atol=1e-6)


@ALL
def test_conversion_is_repeatable(model):
    source = need(CACHE / model.tflite)
    data = face_models.convert(model, source).SerializeToString(deterministic=True)
    assert data == need(MODELS / model.onnx).read_bytes()


def test_a_changed_package_is_refused():
    with pytest.raises(ValueError, match="SHA-256"):
        face_models.check_sha256("package", b"other", face_models.MESH.archive_sha256)


@BOTH
def test_numbers_are_those_of_the_original(model, val_photos, finder):
    """Needs the optional package ai-edge-litert, which runs the TFLite file itself."""
    interpreter_module = pytest.importorskip("ai_edge_litert.interpreter")
    original = interpreter_module.Interpreter(str(need(CACHE / model.tflite)))
    original.allocate_tensors()
    session = finder.mesh if model is face_models.MESH else finder.detector
    side = session.get_inputs()[0].shape[1]
    for path in val_photos[:5]:
        image = centre_square(load(path), side, side)[None]
        scaled = image.astype(np.float32) * np.float32(model.scale) + np.float32(model.offset)
        original.set_tensor(original.get_input_details()[0]["index"], scaled)
        original.invoke()
        theirs = [original.get_tensor(o["index"]) for o in original.get_output_details()]
        ours = session.run(None, {"image": image})
        for a in ours:
            b = next(t for t in theirs if t.size == a.size)
            np.testing.assert_allclose(a.ravel(), b.ravel(), atol=1e-3)
