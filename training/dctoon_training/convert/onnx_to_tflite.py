"""A style's INT8 ONNX network as a full-integer TFLite file with the same weights and ranges, for phones.

The ONNX file is the source, so there is no second calibration: u8 activations become s8 with their zero points moved
by 128, and what ONNX Runtime would fuse (a Q/DQ pair, a convolution with its ReLU) is one TFLite operator. The reshapes
that ONNX has for space-to-depth and depth-to-space are TFLite's own operators; both number channels (dy, dx, c).

Input `photo` and output `cartoon`: int8 [1, H, W, 3] RGB, a byte minus 128; sides are multiples of 8. Interpreters may
resize them.
"""

from __future__ import annotations

from dataclasses import dataclass

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import numpy_helper

# Between u8 and s8.
SHIFT = 128
# Of schema.fbs: the file identifier and the version that says so.
IDENTIFIER, VERSION = b"TFL3", 3
BLOCK = 4


@dataclass
class Tensor:
    """A TFLite tensor and what its integers stand for."""

    index: int
    shape: tuple[int, ...]
    scale: float
    zero: int


class Writer:
    """Collects tensors, buffers and operators of one subgraph."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = VERSION
        self.model.description = "dctoon"
        self.model.operatorCodes = []
        self.model.buffers = [schema.BufferT()]  # the first is empty by convention
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.graph.name = b"main"
        self.model.subgraphs = [self.graph]

    def _add(self, name: str, shape: tuple[int, ...], kind: int, data: np.ndarray | None, quantisation: object) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.quantization = name.encode(), list(shape), kind, quantisation
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def activation(self, name: str, shape: tuple[int, ...], scale: float, zero: int) -> Tensor:
        """`zero` is of the signed values, -128..127."""
        index = self._add(name, shape, schema.TensorType.INT8, None, _quantisation([scale], [zero], 0))
        return Tensor(index, shape, scale, zero)

    def weights(self, name: str, data: np.ndarray, scales: np.ndarray) -> int:
        """s8 [out, kh, kw, in], or s32 [out], quantised per output channel."""
        kind = schema.TensorType.INT8 if data.dtype == np.int8 else schema.TensorType.INT32
        return self._add(name, data.shape, kind, data, _quantisation(scales.tolist(), [0] * len(scales), 0))

    def constant(self, name: str, data: np.ndarray) -> int:
        return self._add(name, data.shape, schema.TensorType.INT32, data.astype(np.int32), None)

    def operator(self, kind: int, inputs: list[int], output: Tensor, options: object, options_type: int) -> Tensor:
        code = next((i for i, c in enumerate(self.model.operatorCodes) if c.builtinCode == kind), None)
        if code is None:
            entry = schema.OperatorCodeT()
            entry.builtinCode = entry.deprecatedBuiltinCode = kind
            entry.version = 2
            self.model.operatorCodes.append(entry)
            code = len(self.model.operatorCodes) - 1
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, [output.index]
        operator.builtinOptions, operator.builtinOptionsType = options, options_type
        self.graph.operators.append(operator)
        return output

    def pack(self, inputs: list[Tensor], outputs: list[Tensor]) -> bytes:
        self.graph.inputs, self.graph.outputs = [t.index for t in inputs], [t.index for t in outputs]
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self.model.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())


def _quantisation(scales: list[float], zeros: list[int], axis: int) -> object:
    quantisation = schema.QuantizationParametersT()
    quantisation.scale, quantisation.zeroPoint, quantisation.quantizedDimension = scales, zeros, axis
    return quantisation


class Converter:
    """Walks one student's ONNX graph (`student_graph.py`)."""

    def __init__(self, model: onnx.ModelProto, height: int, width: int) -> None:
        self.nodes = list(model.graph.node)
        self.constants = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
        self.producers = {output: node for node in self.nodes for output in node.output}
        self.consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)
        self.size = (height, width)
        self.writer = Writer()
        self.values: dict[str, Tensor] = {}

    def convert(self) -> bytes:
        height, width = self.size
        photo = self.writer.activation("photo", (1, height, width, 3), 1 / 255, -SHIFT)
        self.values["photo"] = photo
        for node in self.nodes:
            match node.op_type:
                case "Transpose" if node.output[0].endswith("_nchw") and node.output[0].startswith("photo"):
                    self.values[node.output[0]] = self._space_to_depth(photo, node.output[0])
                case "Transpose" if node.output[0].endswith("_nhwc"):
                    self._depth_to_space(node)
                case "DequantizeLinear" if node.input[0] in self.values:
                    self.values[node.output[0]] = self.values[node.input[0]]
                case "Conv":
                    self._convolution(node)
                case "Add" | "Mul":
                    self._elementwise(node)
        return self.writer.pack([photo], [self.values["cartoon"]])

    def _quantised(self, node: onnx.NodeProto) -> tuple[str, bool, float, int]:
        """The QuantizeLinear behind a node: its output, whether a ReLU is between, its scale and signed zero point."""
        follower = self.consumers[node.output[0]][0]
        relu = follower.op_type == "Relu"
        quantise = self.consumers[follower.output[0]][0] if relu else follower
        if quantise.op_type != "QuantizeLinear":
            raise ValueError(f"{node.name} is not quantised")
        scale, zero = (self.constants[name] for name in quantise.input[1:3])
        return quantise.output[0], relu, float(scale), int(zero) - SHIFT

    def _space_to_depth(self, photo: Tensor, name: str) -> Tensor:
        _, height, width, channels = photo.shape
        shape = (1, height // BLOCK, width // BLOCK, BLOCK * BLOCK * channels)
        options = schema.SpaceToDepthOptionsT()
        options.blockSize = BLOCK
        output = self.writer.activation(name, shape, photo.scale, photo.zero)
        return self.writer.operator(
            schema.BuiltinOperator.SPACE_TO_DEPTH,
            [photo.index],
            output,
            options,
            schema.BuiltinOptions.SpaceToDepthOptions,
        )

    def _depth_to_space(self, node: onnx.NodeProto) -> None:
        """`x_nhwc` begins it, `x_picture` (and `x_nchw`, or `cartoon`) ends it."""
        base = node.output[0].removesuffix("_nhwc")
        source = self.values[node.input[0]]
        last = self.consumers[f"{base}_picture"][0].output[0]
        parts = self.consumers[f"{base}_blocks"][0]
        block = len(parts.output)
        _, height, width, channels = source.shape
        shape = (1, height * block, width * block, channels // block**2)
        options = schema.DepthToSpaceOptionsT()
        options.blockSize = block
        output = self.writer.activation(last, shape, source.scale, source.zero)
        self.values[last] = self.writer.operator(
            schema.BuiltinOperator.DEPTH_TO_SPACE,
            [source.index],
            output,
            options,
            schema.BuiltinOptions.DepthToSpaceOptions,
        )

    def _dequantised(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A constant and its scales, one per output channel."""
        data, scales, _ = self.producers[name].input
        return self.constants[data], self.constants[scales]

    def _convolution(self, node: onnx.NodeProto) -> None:
        source = self.values[node.input[0]]
        weight, scales = self._dequantised(node.input[1])
        bias, bias_scales = self._dequantised(node.input[2])
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        stride, pad = attributes["strides"][0], attributes["pads"][0]
        if stride > 1 and pad:  # SAME would pad on one side only
            source = self._padded(source, pad, node.name)
        _, height, width, _ = source.shape
        options = schema.Conv2DOptionsT()
        options.padding = schema.Padding.VALID if stride > 1 else schema.Padding.SAME
        options.strideH = options.strideW = stride
        options.dilationHFactor = options.dilationWFactor = 1
        name, relu, scale, zero = self._quantised(node)
        options.fusedActivationFunction = _activation(relu)
        kernel = weight.shape[2]
        sides = [(side - kernel) // stride + 1 if stride > 1 else side for side in (height, width)]
        output = self.writer.activation(name, (1, *sides, weight.shape[0]), scale, zero)
        inputs = [
            source.index,
            self.writer.weights(f"{node.name}_w", np.ascontiguousarray(weight.transpose(0, 2, 3, 1)), scales),
            self.writer.weights(f"{node.name}_b", bias, bias_scales),
        ]
        self.values[name] = self.writer.operator(
            schema.BuiltinOperator.CONV_2D, inputs, output, options, schema.BuiltinOptions.Conv2DOptions
        )

    def _padded(self, source: Tensor, pad: int, name: str) -> Tensor:
        amounts = self.writer.constant(f"{name}_pads", np.array([[0, 0], [pad, pad], [pad, pad], [0, 0]]))
        _, height, width, channels = source.shape
        shape = (1, height + 2 * pad, width + 2 * pad, channels)
        output = self.writer.activation(f"{name}_padded", shape, source.scale, source.zero)
        return self.writer.operator(
            schema.BuiltinOperator.PAD,
            [source.index, amounts],
            output,
            schema.PadOptionsT(),
            schema.BuiltinOptions.PadOptions,
        )

    def _elementwise(self, node: onnx.NodeProto) -> None:
        one, other = (self.values[name] for name in node.input)
        name, relu, scale, zero = self._quantised(node)
        is_add = node.op_type == "Add"
        options = schema.AddOptionsT() if is_add else schema.MulOptionsT()
        options.fusedActivationFunction = _activation(relu)
        self.values[name] = self.writer.operator(
            schema.BuiltinOperator.ADD if is_add else schema.BuiltinOperator.MUL,
            [one.index, other.index],
            self.writer.activation(name, one.shape, scale, zero),
            options,
            schema.BuiltinOptions.AddOptions if is_add else schema.BuiltinOptions.MulOptions,
        )


def _activation(relu: bool) -> int:
    return schema.ActivationFunctionType.RELU if relu else schema.ActivationFunctionType.NONE


def onnx_to_tflite(model: onnx.ModelProto, height: int, width: int) -> bytes:
    """The TFLite file of a student's INT8 graph, made for one size. Raises ValueError where the graph is not INT8."""
    return Converter(model, height, width).convert()
