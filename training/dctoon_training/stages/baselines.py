"""Stage `baselines`: what the benchmarks in `bench/` compare a committed INT8 network with, in the same runtime.

| file           | what                                                                                            |
|----------------|-------------------------------------------------------------------------------------------------|
| float.onnx     | its own FP32 form: every QDQ pair taken out, every weight dequantised, all else as it is        |
| teacher.onnx   | DCT-Net in FP32, where its weights are at hand; never committed                                 |
| peak.onnx      | one large INT8 convolution, the most that a core gives                                          |
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..convert.student_graph import IR, OPSET
from ..paths import MODELS, RUNS, SHARED

# The two conversions between bytes and numbers at the ends of the graph (graph.py) stay.
ENDS = {"picture_dq", "picture_out_q"}


def dequantised(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of a QDQ graph written by `StudentGraph` that computes in FP32."""
    values = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    kept: dict[str, np.ndarray] = {}
    same: dict[str, str] = {}  # output of a removed node -> its input
    nodes = []
    for node in model.graph.node:
        inputs = [same.get(name, name) for name in node.input]
        if node.op_type == "DequantizeLinear" and inputs[0] in values:
            scale = values[inputs[1]].reshape(-1, *[1] * (values[inputs[0]].ndim - 1))
            kept[node.output[0]] = (values[inputs[0]] * scale).astype(np.float32)
            continue
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and node.name not in ENDS:
            same[node.output[0]] = inputs[0]
            continue
        if node.name == "picture_out_q":  # u8 saturates, floats do not
            kept["zero"], kept["one"] = np.float32(0), np.float32(1)
            nodes.append(helper.make_node("Clip", [inputs[0], "zero", "one"], ["clipped"]))
            inputs[0] = "clipped"
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        del copy.input[:]
        copy.input.extend(inputs)
        nodes.append(copy)
        kept.update({name: values[name] for name in inputs if name in values})
    initialisers = [numpy_helper.from_array(np.asarray(value), name) for name, value in kept.items()]
    graph = helper.make_graph(nodes, model.graph.name, model.graph.input, model.graph.output, initialisers)
    result = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    onnx.checker.check_model(result)
    return result


def peak_graph(channels: int = 512, side: int = 32) -> onnx.ModelProto:
    """One 3 x 3 convolution as large and as regular as they come: what INT8 convolution can do at most on a core."""
    rng = np.random.default_rng(0)
    values = {
        "w": rng.integers(-60, 60, (channels, channels, 3, 3)).astype(np.int8),
        "small": np.float32(0.02),
        "large": np.float32(50),
        "zero": np.uint8(0),
        "w_zero": np.int8(0),
    }
    inputs = ["photo", "small", "zero", "w", "small", "w_zero", "large", "zero"]
    conv = helper.make_node("QLinearConv", inputs, ["cartoon"], kernel_shape=[3, 3], pads=[1] * 4)
    shape = [1, channels, side, side]
    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.UINT8, shape) for name in ("photo", "cartoon")]
    initialisers = [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]
    graph = helper.make_graph([conv], "peak", ends[:1], ends[1:], initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    onnx.checker.check_model(model)
    return model


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("baselines", help="what benchmarks compare a committed network with")
    parser.add_argument("--style", default="3d")
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with teacher/; without it no teacher")
    parser.add_argument("--out", type=Path, default=RUNS / "baselines")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Command `baselines`."""
    from ..convert.teacher_graph import TeacherGraph
    from ..teacher.network import load_teacher

    arguments.out.mkdir(parents=True, exist_ok=True)
    made = {
        "float": dequantised(onnx.load(arguments.models / f"{arguments.style}.onnx")),
        "peak": peak_graph(),
    }
    teacher = arguments.shared / "teacher" / f"{arguments.style}.npz"
    if teacher.exists():
        made["teacher"] = TeacherGraph(load_teacher(teacher)).write()
    for name, model in made.items():
        onnx.save(model, arguments.out / f"{name}.onnx")
        print(f"{arguments.out / name}.onnx: {(arguments.out / f'{name}.onnx').stat().st_size:,} bytes")
