"""Stage `detail`: writes models/detail.onnx, which tells how much of a photo's fine detail its cartoon has kept.

A cartoon is drawn small. What the photo shows beyond that size is given back where the cartoon follows the photo:
along hair, lashes, outlines; not on skin that the style smoothed, nor where it drew its own eyes. The service computes

    cartoon, large  =  up(gain) * photo  +  up(cartoon - gain * photo, small)

the local linear model of the fast guided filter (He and Sun 2015, arXiv 1505.00996), with the photo as the guide. The
gain is the slope of a linear regression of the cartoon's brightness on the photo's in a window round each pixel, times
the squared correlation there: a slope that explains little of the cartoon would only bring back the photo.

No weights, nothing learned. Float: a gain near zero must not be rounded away.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from .graph import IR, OPSET, GraphBuilder
from .paths import MODELS

WINDOW = 5  # pixels of the drawing; smaller is noisy, larger mixes an eye with its lid
# Variance, in squared grey levels, below which the photo is called flat: sensor noise stays out of smooth areas.
FLAT = 12.0
HIGHEST = 1.5  # more contrast than the photo's would show its noise


def detail_graph() -> onnx.ModelProto:
    """photo, cartoon: uint8 [1, H, W, 3] RGB of equal size -> gain: float [1, 1, H, W], 0 to `HIGHEST`."""
    b, count = GraphBuilder(None), 0

    def op(kind: str, *inputs: str, **attributes: object) -> str:
        nonlocal count
        count += 1
        return b.node(kind, list(inputs), f"{kind}{count}", **attributes)

    def brightness(picture: str) -> str:
        grey = op("ReduceMean", op("Cast", picture, to=TensorProto.FLOAT), axes=[3], keepdims=0)
        return op("Unsqueeze", grey, b.constant("axis", np.array([1], np.int64)))

    def mean(x: str) -> str:
        return op("AveragePool", x, kernel_shape=[WINDOW] * 2, pads=[WINDOW // 2] * 4)

    flat = b.constant("flat", np.float32(FLAT))
    x, y = brightness("photo"), brightness("cartoon")
    mean_x, mean_y = mean(x), mean(y)
    variance_x = op("Sub", mean(op("Mul", x, x)), op("Mul", mean_x, mean_x))
    variance_y = op("Sub", mean(op("Mul", y, y)), op("Mul", mean_y, mean_y))
    covariance = op("Relu", op("Sub", mean(op("Mul", x, y)), op("Mul", mean_x, mean_y)))
    slope = op("Div", covariance, op("Add", variance_x, flat))
    explained = op("Mul", slope, op("Div", covariance, op("Add", variance_y, flat)))
    gain = mean(op("Mul", slope, explained))
    b.node("Clip", [gain, b.constant("least", np.float32(0)), b.constant("highest", np.float32(HIGHEST))], "gain")

    sides = [1, "H", "W", 3]
    graph = helper.make_graph(
        b.nodes,
        "dctoon-detail",
        [helper.make_tensor_value_info(name, TensorProto.UINT8, sides) for name in ("photo", "cartoon")],
        [helper.make_tensor_value_info("gain", TensorProto.FLOAT, [1, 1, "H", "W"])],
        list(b.initialisers.values()),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="dctoon")
    model.ir_version = IR
    onnx.checker.check_model(model)
    return model


def run(arguments: argparse.Namespace) -> None:
    """Command `detail`."""
    target = arguments.models / "detail.onnx"
    onnx.save(detail_graph(), target)
    print(f"{target.name}: {target.stat().st_size:,} bytes")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers `detail`."""
    parser = subparsers.add_parser("detail", help="write the graph that measures how much detail a cartoon kept")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder to write to")
    parser.set_defaults(run=run)
