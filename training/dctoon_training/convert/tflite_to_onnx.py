"""Turns a TFLite graph of the MediaPipe models into ONNX (opset 17, IR 8).

The ONNX graph takes what an image decoder gives - uint8 [N, H, W, 3], RGB, 0..255 - and does the
transposition, the cast and the scaling itself. Inside it runs NCHW float32. The batch dimension N is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .tflite_graph import Activation, Graph, Operator, Padding

OPSET = 17
IR_VERSION = 8
BATCH = "N"


@dataclass(frozen=True)
class Output:
    """How one TFLite output is handed out: its ONNX name and its shape without the batch dimension."""

    name: str
    shape: tuple[int, ...]


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow SAME padding of one axis as (before, after); an odd rest goes after (bottom, right)."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Converter:
    """Walks the operators of one graph and collects ONNX nodes. Pictures are NCHW, everything else as is."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self.names: dict[int, str] = {}

    def constant(self, name: str, value: np.ndarray) -> str:
        """Adds an initialiser (once) and returns its name."""
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        """Adds a node with one output and returns the output's name."""
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def is_picture(self, tensor: int) -> bool:
        """True where the TFLite tensor is NHWC, so that the ONNX value is NCHW."""
        return len(self.graph.shapes[tensor]) == 4

    def _finish(self, operator: Operator, value: str) -> None:
        if operator.attributes.get("activation", Activation.NONE) is Activation.RELU:
            value = self.node("Relu", [value], f"{value}_relu")
        if operator.attributes.get("activation", Activation.NONE) is Activation.RELU6:
            limits = [self.constant("zero", np.float32(0)), self.constant("six", np.float32(6))]
            value = self.node("Clip", [value, *limits], f"{value}_relu6")
        self.names[operator.outputs[0]] = value

    def _pads(self, operator: Operator, kernel: tuple[int, int]) -> list[int]:
        """ONNX order: top, left, bottom, right."""
        if operator.attributes["padding"] is Padding.VALID:
            return [0, 0, 0, 0]
        _, height, width, _ = self.graph.shapes[operator.inputs[0]]
        strides = operator.attributes["strides"]
        top, bottom = same_padding(height, kernel[0], strides[0])
        left, right = same_padding(width, kernel[1], strides[1])
        return [top, left, bottom, right]

    def _convolution(self, operator: Operator, output: str) -> str:
        data, weight_id, bias_id = operator.inputs
        weight = self.graph.constants[weight_id]
        depthwise = operator.name == "DEPTHWISE_CONV_2D"
        # CONV_2D: [out, kh, kw, in] -> OIHW. DEPTHWISE_CONV_2D: [1, kh, kw, out] -> [out, 1, kh, kw].
        weight = weight.transpose(3, 0, 1, 2) if depthwise else weight.transpose(0, 3, 1, 2)
        kernel = (weight.shape[2], weight.shape[3])
        return self.node(
            "Conv",
            [
                self.names[data],
                self.constant(f"w{weight_id}", weight),
                self.constant(f"b{bias_id}", self.graph.constants[bias_id]),
            ],
            output,
            kernel_shape=list(kernel),
            strides=list(operator.attributes["strides"]),
            pads=self._pads(operator, kernel),
            group=weight.shape[0] if depthwise else 1,
        )

    def _pad(self, operator: Operator, output: str) -> str:
        data, amounts_id = operator.inputs
        amounts = self.graph.constants[amounts_id]  # [4, 2], NHWC order, (before, after)
        nchw = amounts[[0, 3, 1, 2]].astype(np.int64)
        pads = np.concatenate([nchw[:, 0], nchw[:, 1]])
        return self.node("Pad", [self.names[data], self.constant(f"pads{amounts_id}", pads)], output)

    def _prelu(self, operator: Operator, output: str) -> str:
        """Of elementary operators: ONNX Runtime computes PRelu five times slower than the same written out."""
        data, slope_id = operator.inputs
        x = self.names[data]
        slope = self.graph.constants[slope_id].reshape(-1, 1, 1)  # [1, 1, C] -> [C, 1, 1]
        sloped = self.node("Mul", [x, self.constant(f"slope{slope_id}", slope)], f"{output}_sloped")
        if slope.max() <= 1:
            return self.node("Max", [x, sloped], output)
        rest = self.constant(f"rest{slope_id}", 1 - slope)
        positive = self.node("Mul", [self.node("Relu", [x], f"{output}_relu"), rest], f"{output}_positive")
        return self.node("Add", [sloped, positive], output)

    def _reshape(self, operator: Operator, output: str) -> str:
        data = operator.inputs[0]
        value = self.names[data]
        if self.is_picture(data):
            value = self.node("Transpose", [value], f"{output}_nhwc", perm=[0, 2, 3, 1])
        shape = (0, *self.graph.shapes[operator.outputs[0]][1:])  # 0 keeps the batch dimension
        if len(shape) == 4:
            raise ValueError("RESHAPE to a picture is not supported")
        name = "shape_" + "_".join(str(i) for i in shape)
        return self.node("Reshape", [value, self.constant(name, np.array(shape, np.int64))], output)

    def _resize(self, operator: Operator, output: str) -> str:
        """RESIZE_BILINEAR between pixel centres, or, as old graphs have it, between pixel corners."""
        _, height, width, channels = self.graph.shapes[operator.outputs[0]]
        if operator.attributes["align_corners"]:
            raise ValueError("RESIZE_BILINEAR: align_corners is not supported")
        centres = operator.attributes["half_pixel_centers"]
        sizes = np.array([1, channels, height, width], np.int64)
        sizes_name = self.constant(f"sizes_{channels}_{height}_{width}", sizes)
        return self.node(
            "Resize",
            [self.names[operator.inputs[0]], "", "", sizes_name],
            output,
            mode="linear",
            coordinate_transformation_mode="half_pixel" if centres else "asymmetric",
        )

    def _transposed_convolution(self, operator: Operator, output: str) -> str:
        """MediaPipe's `Convolution2DTransposeBias` with kernel = stride: every pixel becomes a patch."""
        data, weight_id, bias_id = operator.inputs
        weight = self.graph.constants[weight_id]  # [out, kh, kw, in]
        kernel = list(weight.shape[1:3])
        _, height, width, _ = self.graph.shapes[data]
        if self.graph.shapes[operator.outputs[0]][1:3] != (height * kernel[0], width * kernel[1]):
            raise ValueError("Convolution2DTransposeBias: only kernel = stride is supported")
        weights = self.constant(f"w{weight_id}", weight.transpose(3, 0, 1, 2))  # ONNX: [in, out, kh, kw]
        bias = self.constant(f"b{bias_id}", self.graph.constants[bias_id])
        return self.node(
            "ConvTranspose", [self.names[data], weights, bias], output, kernel_shape=kernel, strides=kernel
        )

    def _average(self, operator: Operator, output: str) -> str:
        """AVERAGE_POOL_2D over the whole picture."""
        if operator.attributes["kernel"] != self.graph.shapes[operator.inputs[0]][1:3]:
            raise ValueError("AVERAGE_POOL_2D: only over the whole picture")
        return self.node("GlobalAveragePool", [self.names[operator.inputs[0]]], output)

    def _convert(self, operator: Operator) -> None:
        output = f"t{operator.outputs[0]}"
        inputs = [self.names[i] for i in operator.inputs if i in self.names]
        match operator.name:
            case "CONV_2D" | "DEPTHWISE_CONV_2D":
                value = self._convolution(operator, output)
            case "RELU":
                value = self.node("Relu", inputs, output)
            case "HARD_SWISH":
                value = self.node("HardSwish", inputs, output)
            case "LOGISTIC":
                value = self.node("Sigmoid", inputs, output)
            case "MUL":
                value = self.node("Mul", inputs, output)
            case "RESIZE_BILINEAR":
                value = self._resize(operator, output)
            case "AVERAGE_POOL_2D":
                value = self._average(operator, output)
            case "Convolution2DTransposeBias":
                value = self._transposed_convolution(operator, output)
            case "ADD":
                value = self.node("Add", inputs, output)
            case "PRELU":
                value = self._prelu(operator, output)
            case "PAD":
                value = self._pad(operator, output)
            case "RESHAPE":
                value = self._reshape(operator, output)
            case "MAX_POOL_2D":
                kernel = operator.attributes["kernel"]
                value = self.node(
                    "MaxPool",
                    inputs,
                    output,
                    kernel_shape=list(kernel),
                    strides=list(operator.attributes["strides"]),
                    pads=self._pads(operator, kernel),
                )
            case "CONCATENATION":
                if self.is_picture(operator.inputs[0]):
                    raise ValueError("CONCATENATION of pictures is not supported")
                value = self.node("Concat", inputs, output, axis=operator.attributes["axis"])
            case _:
                raise ValueError(f"operator {operator.name} is not supported")
        self._finish(operator, value)

    def _input(self, scale: float, offset: float) -> onnx.ValueInfoProto:
        """uint8 NHWC -> NCHW float32 `v * scale + offset`."""
        tensor = self.graph.inputs[0]
        _, height, width, channels = self.graph.shapes[tensor]
        value = self.node("Transpose", ["image"], "image_nchw", perm=[0, 3, 1, 2])
        value = self.node("Cast", [value], "image_float", to=TensorProto.FLOAT)
        value = self.node("Mul", [value, self.constant("scale", np.float32(scale))], "image_scaled")
        if offset:
            value = self.node("Add", [value, self.constant("offset", np.float32(offset))], "image_shifted")
        self.names[tensor] = value
        return helper.make_tensor_value_info("image", TensorProto.UINT8, [BATCH, height, width, channels])

    def _output(self, tensor: int, output: Output) -> onnx.ValueInfoProto:
        """Flattens to `output.shape`. A picture must be 1 x 1 or of one channel, else NCHW would scramble the order."""
        shape = self.graph.shapes[tensor]
        if self.is_picture(tensor) and shape[1:3] != (1, 1) and shape[3] != 1:
            raise ValueError("only 1 x 1 pictures and pictures of one channel can be outputs")
        flat = np.array([0, *output.shape], np.int64)
        self.node("Reshape", [self.names[tensor], self.constant(f"shape_{output.name}", flat)], output.name)
        return helper.make_tensor_value_info(output.name, TensorProto.FLOAT, [BATCH, *output.shape])

    def convert(self, name: str, scale: float, offset: float, outputs: Sequence[Output]) -> onnx.ModelProto:
        """Converts the whole graph; `outputs` are in the order of the TFLite file."""
        model_input = self._input(scale, offset)
        for operator in self.graph.operators:
            self._convert(operator)
        model_outputs = [self._output(i, o) for i, o in zip(self.graph.outputs, outputs, strict=True)]
        graph = helper.make_graph(self.nodes, name, [model_input], model_outputs, list(self.initializers.values()))
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="dctoon",
        )
        onnx.checker.check_model(model, full_check=True)
        return model
