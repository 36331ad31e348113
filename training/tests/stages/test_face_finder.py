import onnx
from conftest import need

from dctoon_training.paths import MODELS
from dctoon_training.stages import face_finder


def test_the_written_model_is_what_we_say():
    model = onnx.load(need(MODELS / face_finder.ONNX))
    onnx.checker.check_model(model, full_check=True)
    (image,) = model.graph.input
    assert image.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert [d.dim_param or d.dim_value for d in image.type.tensor_type.shape.dim] == ["N", "H", "W", 3]
    outputs = {o.name: o.type.tensor_type.shape.dim[1].dim_value for o in model.graph.output}
    assert outputs == dict(face_finder.OUTPUTS.values())


def test_the_backbone_is_int8_and_what_boxes_are_made_of_is_not():
    graph = onnx.load(need(MODELS / face_finder.ONNX)).graph
    quantised = {output for node in graph.node if node.op_type == "DequantizeLinear" for output in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    plain = [node for node in convolutions if node.input[1] not in quantised]
    assert len(convolutions) == 60
    assert len(plain) == len(face_finder.OUTPUTS)
