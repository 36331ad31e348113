"""Reads a TFLite file into plain Python objects: operators, shapes, constants.

Only what the MediaPipe models need. Constants arrive as numpy arrays; fp16 weights that the file
hides behind DEQUANTIZE operators are turned into fp32 here, so the converter sees plain fp32 constants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import tflite

# TensorType of the TFLite schema -> numpy.
_NUMPY_TYPES: dict[int, type[np.generic]] = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}


class Padding(IntEnum):
    """Padding of the TFLite schema (schema.fbs, `enum Padding`)."""

    SAME = 0
    VALID = 1


class Activation(IntEnum):
    """ActivationFunctionType of the TFLite schema, as far as the two models use it."""

    NONE = 0
    RELU = 1
    RELU6 = 3


@dataclass(frozen=True)
class Operator:
    """One TFLite operator; `inputs` and `outputs` are tensor numbers."""

    name: str
    inputs: list[int]
    outputs: list[int]
    attributes: dict[str, Any]


@dataclass
class Graph:
    """The one subgraph of a TFLite file, without its DEQUANTIZE operators."""

    inputs: list[int]
    outputs: list[int]
    shapes: dict[int, tuple[int, ...]]  # NHWC for pictures
    constants: dict[int, np.ndarray] = field(default_factory=dict)
    operators: list[Operator] = field(default_factory=list)


def _options(operator: tflite.Operator, kind: type[Any]) -> Any:
    options = kind()
    table = operator.BuiltinOptions()
    options.Init(table.Bytes, table.Pos)
    return options


def _attributes(name: str, operator: tflite.Operator) -> dict[str, Any]:
    if name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        kind = tflite.Conv2DOptions if name == "CONV_2D" else tflite.DepthwiseConv2DOptions
        options = _options(operator, kind)
        if (options.DilationHFactor(), options.DilationWFactor()) != (1, 1):
            raise ValueError(f"{name}: dilation is not supported")
        if name == "DEPTHWISE_CONV_2D" and options.DepthMultiplier() != 1:
            raise ValueError("DEPTHWISE_CONV_2D: depth multiplier is not supported")
        return {
            "padding": Padding(options.Padding()),
            "strides": (options.StrideH(), options.StrideW()),
            "activation": Activation(options.FusedActivationFunction()),
        }
    if name in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        options = _options(operator, tflite.Pool2DOptions)
        return {
            "padding": Padding(options.Padding()),
            "strides": (options.StrideH(), options.StrideW()),
            "kernel": (options.FilterHeight(), options.FilterWidth()),
            "activation": Activation(options.FusedActivationFunction()),
        }
    if name in ("ADD", "MUL"):
        options = _options(operator, tflite.AddOptions if name == "ADD" else tflite.MulOptions)
        return {"activation": Activation(options.FusedActivationFunction())}
    if name == "RESIZE_BILINEAR":
        options = _options(operator, tflite.ResizeBilinearOptions)
        return {"align_corners": options.AlignCorners(), "half_pixel_centers": options.HalfPixelCenters()}
    if name == "CONCATENATION":
        options = _options(operator, tflite.ConcatenationOptions)
        return {"axis": options.Axis(), "activation": Activation(options.FusedActivationFunction())}
    return {}


def _constant(model: tflite.Model, tensor: tflite.Tensor, shape: tuple[int, ...]) -> np.ndarray | None:
    raw = model.Buffers(tensor.Buffer()).DataAsNumpy()
    if not isinstance(raw, np.ndarray) or raw.size == 0:
        return None
    if tensor.Type() not in _NUMPY_TYPES:
        raise ValueError(f"constant of unsupported TensorType {tensor.Type()}")
    return np.frombuffer(raw.tobytes(), dtype=_NUMPY_TYPES[tensor.Type()]).reshape(shape)


def read_graph(path: Path) -> Graph:
    """Reads the TFLite file at `path`."""
    model = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
    if model.SubgraphsLength() != 1:
        raise ValueError(f"{path.name}: expected one subgraph, found {model.SubgraphsLength()}")
    subgraph = model.Subgraphs(0)
    graph = Graph(
        inputs=[int(i) for i in subgraph.InputsAsNumpy()],
        outputs=[int(i) for i in subgraph.OutputsAsNumpy()],
        shapes={},
    )
    for number in range(subgraph.TensorsLength()):
        tensor = subgraph.Tensors(number)
        shape = tuple(int(tensor.Shape(i)) for i in range(tensor.ShapeLength()))
        graph.shapes[number] = shape
        constant = _constant(model, tensor, shape)
        if constant is not None:
            graph.constants[number] = constant

    names = {value: key for key, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}
    for number in range(subgraph.OperatorsLength()):
        operator = subgraph.Operators(number)
        code = model.OperatorCodes(operator.OpcodeIndex())
        # Old files fill only the deprecated 8-bit field, new files both.
        name = names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        if name == "CUSTOM":
            name = code.CustomCode().decode()
        inputs = [int(i) for i in operator.InputsAsNumpy()]
        outputs = [int(i) for i in operator.OutputsAsNumpy()]
        if name == "DEQUANTIZE":
            graph.constants[outputs[0]] = graph.constants[inputs[0]].astype(np.float32)
            continue
        graph.operators.append(Operator(name, inputs, outputs, _attributes(name, operator)))
    return graph
