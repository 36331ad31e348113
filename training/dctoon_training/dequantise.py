"""Stage `float`: the FP32 form of a committed INT8 network, as the baseline of benchmarks.

Every QDQ pair is taken out and every weight dequantised; shapes and arithmetic stay. So anybody can repeat the
comparison INT8 against own FP32 with nothing but the repository.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .paths import MODELS, RUNS

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


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("float", help="FP32 form of a committed INT8 network, for benchmarks")
    parser.add_argument("--style", required=True)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--out", type=Path, help="default: training/runs/<style>-float.onnx")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    out = arguments.out or RUNS / f"{arguments.style}-float.onnx"
    out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(dequantised(onnx.load(arguments.models / f"{arguments.style}.onnx")), out)
    print(f"{out.name}: {out.stat().st_size:,} bytes")
