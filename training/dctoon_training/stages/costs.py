"""Stage `costs`: milliseconds in INT8 of every convolution that a student can be built of, and of a shape by that.

Measured in the runtime that the bot uses, one thread: some `QLinearConv` of each size, the kernel's own time out of
ONNX Runtime's profile, so that neither transpositions nor the call count. `convolution-costs.json` holds milliseconds
of a convolution by kind, input and output channels, at a head's sides, 288 / 4 and 288 / 8. A network is their sum and
`OTHER` of it for all that is no convolution.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from ..convert.student_graph import IR, OPSET
from ..paths import CHECKPOINTS
from ..student.network import PIXELS, Shape

WIDTHS = (32, 48, 64, 80, 96, 112, 128)
QUARTER, EIGHTH = 72, 36  # sides of a head of 288 pixels
CHAIN = 4  # equal convolutions in a row, so that caches are as warm as in a network
OTHER = 0.06  # additions, splits and reshapes, as a share of all convolutions (measured on the heads that ship)

FILE = "convolution-costs.json"

Kind = tuple[str, int, int]  # name, input and output channels


def kinds(shape: Shape) -> list[Kind]:
    """All convolutions of a student, in order."""
    a, b = shape.a, shape.b
    blocks = list(zip(shape.outer, shape.inner_widths, strict=True))
    quarter = [*blocks[: shape.before], *blocks[shape.before + shape.bottom :]]
    eighth = blocks[shape.before : shape.before + shape.bottom]
    found: list[Kind] = [("quarter", PIXELS, a), ("down", a, b), ("up", b, 4 * a)]
    for name, pairs in (("quarter", quarter), ("eighth", eighth)):
        for outer, inner in pairs:
            found += [(name, outer, inner), (name, inner, outer)]
    return [*found, ("quarter", a, PIXELS), ("quarter", a, PIXELS)]


def all_kinds() -> list[Kind]:
    """What shapes with trunks and inner widths of `WIDTHS` are built of."""
    found: dict[Kind, None] = {}
    for wide in WIDTHS:
        for other in WIDTHS:
            found |= dict.fromkeys([("quarter", wide, other), ("eighth", wide, other), ("down", wide, other)])
            found[("up", wide, 4 * other)] = None
        found |= dict.fromkeys([("quarter", PIXELS, wide), ("quarter", wide, PIXELS)])
    return list(found)


def chain(kind: Kind) -> onnx.ModelProto:
    """`CHAIN` convolutions of one kind side by side on one input, uint8 [1, C, H, W]."""
    name, inputs, outputs = kind
    size = EIGHTH if name in ("eighth", "up") else QUARTER
    kernel, stride = (1, 1) if name == "up" else (3, 2 if name == "down" else 1)
    rng = np.random.default_rng(0)
    values = {"small": np.float32(0.02), "large": np.float32(50), "zero": np.uint8(0), "w_zero": np.int8(0)}
    nodes, ends = [], []
    for index in range(CHAIN):
        values[f"w{index}"] = rng.integers(-60, 60, (outputs, inputs, kernel, kernel)).astype(np.int8)
        parameters = ["x", "small", "zero", f"w{index}", "small", "w_zero", "large", "zero"]
        pads, strides = [kernel // 2] * 4, [stride] * 2
        nodes.append(
            helper.make_node(
                "QLinearConv", parameters, [f"y{index}"], kernel_shape=[kernel] * 2, pads=pads, strides=strides
            )
        )
        ends.append(helper.make_tensor_value_info(f"y{index}", TensorProto.UINT8, [1, outputs, None, None]))
    start = helper.make_tensor_value_info("x", TensorProto.UINT8, [1, inputs, size, size])
    initialisers = [numpy_helper.from_array(np.asarray(value), key) for key, value in values.items()]
    graph = helper.make_graph(nodes, name, [start], ends, initialisers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)


def milliseconds(model: onnx.ModelProto, runs: int) -> float:
    """Median over runs of the mean time of the convolutions in one run."""
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    x = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        for _ in range(runs + 2):
            session.run(None, {"x": x})
        events = json.loads(Path(session.end_profiling()).read_text())
    spent: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["args"].get("op_name") == "QLinearConv":
            spent[event["name"]].append(event["dur"] / 1000)
    return float(np.median(np.mean([times[2:] for times in spent.values()], axis=0)))


def key(kind: Kind) -> str:
    return f"{kind[0]} {kind[1]} {kind[2]}"


def predict(costs: dict[str, float], shape: Shape) -> float:
    """Milliseconds of one head, by the table. Raises KeyError for a width that was not measured."""
    return (1 + OTHER) * sum(costs[key(kind)] for kind in kinds(shape))


def rows_by_width(costs: dict[str, float]) -> dict[str, dict[str, float]]:
    """Of 3 x 3 convolutions with as many channels in as out: milliseconds and GMAC a second, at both sides."""
    rows = {}
    for width in WIDTHS:
        row = rows[str(width)] = {}
        for name, side in (("quarter", QUARTER), ("eighth", EIGHTH)):
            ms = costs[key((name, width, width))]
            row |= {f"{name}_ms": ms, f"{name}_speed": 9 * width**2 * side**2 / 1e6 / ms}
    return rows


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("costs", help="milliseconds of every convolution that a student can have")
    parser.add_argument("--runs", type=int, default=12, help="on a quiet machine")
    parser.add_argument("--out", type=Path, default=CHECKPOINTS / FILE)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    costs = {key(kind): round(milliseconds(chain(kind), arguments.runs), 4) for kind in all_kinds()}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(costs, indent=1) + "\n")
    print(f"{len(costs)} convolutions measured, {arguments.out}")
