"""ONNX graph of a student, in FP32 or as a QDQ graph that ONNX Runtime fuses into INT8 kernels.

One builder writes both. Every activation passes through `GraphBuilder.mark`, which does nothing in FP32 and inserts a
QuantizeLinear / DequantizeLinear pair in INT8 (u8 activations, s8 weights per output channel).
Space-to-depth and depth-to-space are Split + Reshape + Concat on u8, for any size whose
sides are multiples of 8: ONNX Runtime's Transpose copies the 12 bytes of four pixels one by one, 0.48 ms where a Concat
takes 0.14 (512 x 512, one thread).

Input `photo`: uint8 [1, H, W, 3] RGB. Output `cartoon`: the same shape. JavaScript never touches a pixel.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from ..student.network import BLOCK, Student
from ..student.reparam import fold
from .quantisation import PICTURE, Quantisation

OPSET, IR = 17, 8
Floats = NDArray[np.float32]


class GraphBuilder:
    """Collects nodes and initialisers. `ranges` (name -> Quantisation) switches INT8 on."""

    def __init__(self, ranges: Mapping[str, Quantisation] | None) -> None:
        self.ranges = ranges
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: dict[str, onnx.TensorProto] = {}
        self.scales: dict[str, str] = {}

    def constant(self, name: str, value: NDArray) -> str:
        self.initialisers.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    # -- quantisation -----------------------------------------------------------------------------------------------
    def parameters_of(self, name: str, q: Quantisation) -> list[str]:
        return [
            self.constant(f"{name}_scale", np.float32(q.scale)),
            self.constant(f"{name}_zero", np.uint8(q.zero)),
        ]

    def quantise(self, tensor: str, q: Quantisation, name: str) -> str:
        return self.node("QuantizeLinear", [tensor, *self.parameters_of(name, q)], f"{name}_q")

    def dequantise(self, tensor: str, q: Quantisation, name: str) -> str:
        return self.node("DequantizeLinear", [tensor, *self.parameters_of(name, q)], f"{name}_dq")

    def mark(self, tensor: str, name: str) -> str:
        """A QDQ pair with the calibrated range of `name`; in FP32 the tensor itself."""
        if self.ranges is None:
            return tensor
        q = self.ranges[name]
        return self.dequantise(self.quantise(tensor, q, name), q, name)

    def conv(self, x: str, weight: Floats, bias: Floats, name: str, input_scale: float, stride: int = 1) -> str:
        """Convolution with zero padding that keeps the size (stride 1) or halves it (stride 2); s8 weights in INT8."""
        pad = weight.shape[2] // 2
        shape = {"kernel_shape": list(weight.shape[2:]), "strides": [stride] * 2, "pads": [pad] * 4}
        if self.ranges is None:
            return self.node(
                "Conv",
                [x, self.constant(f"{name}_w", weight), self.constant(f"{name}_b", bias)],
                name,
                **shape,
            )
        scale = np.maximum(np.abs(weight).max(axis=(1, 2, 3)), 1e-8).astype(np.float32) / 127
        quantised = np.clip(np.rint(weight / scale[:, None, None, None]), -127, 127).astype(np.int8)
        bias_scale = scale * np.float32(input_scale)
        whole = np.clip(np.rint(bias / bias_scale), -(2**31), 2**31 - 1).astype(np.int32)
        w = self.node(
            "DequantizeLinear",
            [
                self.constant(f"{name}_w", quantised),
                self.constant(f"{name}_ws", scale),
                self.constant(f"{name}_wz", np.zeros(len(scale), np.int8)),
            ],
            f"{name}_wdq",
            axis=0,
        )
        b = self.node(
            "DequantizeLinear",
            [
                self.constant(f"{name}_b", whole),
                self.constant(f"{name}_bs", bias_scale),
                self.constant(f"{name}_bz", np.zeros(len(scale), np.int32)),
            ],
            f"{name}_bdq",
            axis=0,
        )
        return self.node("Conv", [x, w, b], name, **shape)

    # -- shapes -----------------------------------------------------------------------------------------------------
    def reshape(self, x: str, shape: list[int], name: str) -> str:
        return self.node(
            "Reshape",
            [x, self.constant(f"shape_{'_'.join(map(str, shape))}", np.array(shape, np.int64))],
            name,
        )

    def split(self, x: str, count: int, axis: int, name: str) -> list[str]:
        """`count` equal parts."""
        parts = [f"{name}_{index}" for index in range(count)]
        self.nodes.append(helper.make_node("Split", [x], parts, name=name, axis=axis))
        return parts

    def space_to_depth(self, x: str, block: int, channels: int, name: str) -> str:
        """NHWC [N, H, W, C] to NCHW [N, bbC, H/b, W/b]; channels ordered (dy, dx, c)."""
        row = block * channels
        x = self.reshape(x, [0, 0, 1, -1, row], f"{name}_columns")  # [N, H, 1, W/b, bC]
        x = self.reshape(x, [0, -1, block, 0, row], f"{name}_rows")  # [N, H/b, b, W/b, bC]
        parts = [self.reshape(part, [0, 0, -1, row], f"{part}_row") for part in self.split(x, block, 2, f"{name}_dy")]
        x = self.node("Concat", parts, f"{name}_blocks", axis=3)
        return self.node("Transpose", [x], f"{name}_nchw", perm=[0, 3, 1, 2])

    def depth_to_space(self, x: str, block: int, channels: int, name: str) -> str:
        """NCHW [N, bbC, h, w] to NHWC [N, bh, bw, C]; the inverse of `space_to_depth`."""
        row = block * channels
        x = self.node("Transpose", [x], f"{name}_nhwc", perm=[0, 2, 3, 1])
        x = self.reshape(x, [0, 0, -1, block * row], f"{name}_blocks")
        parts = [
            self.reshape(part, [0, 0, 1, -1, row], f"{part}_row") for part in self.split(x, block, 3, f"{name}_dy")
        ]
        x = self.node("Concat", parts, f"{name}_rows", axis=2)  # [N, h, b, w, bC]
        x = self.reshape(x, [0, 0, block, -1, channels], f"{name}_columns")  # [N, h, b, bw, C]
        x = self.reshape(x, [0, -1, 1, 0, channels], f"{name}_lines")  # [N, bh, 1, bw, C]
        return self.reshape(x, [0, 0, -1, channels], f"{name}_picture")


def shuffle_order(block: int, channels: int) -> NDArray[np.int64]:
    """Index of PyTorch's (c, dy, dx) channel for each of the graph's (dy, dx, c) channels."""
    return np.arange(channels * block * block).reshape(channels, block, block).transpose(1, 2, 0).ravel()


def weights_of(conv: nn.Conv2d) -> tuple[Floats, Floats]:
    return conv.weight.detach().float().numpy(), conv.bias.detach().float().numpy()


class StudentGraph:
    """Writes one student into a `GraphBuilder`. Names of activations equal those `Student.mark` sees."""

    def __init__(self, model: Student, ranges: Mapping[str, Quantisation] | None) -> None:
        self.model, self.ranges = fold(model), ranges
        self.builder = GraphBuilder(ranges)

    def scale(self, name: str) -> float:
        return 1.0 if self.ranges is None else self.ranges[name].scale

    def conv(
        self,
        x: str,
        conv: nn.Conv2d,
        name: str,
        source: str,
        order_in: NDArray | None = None,
        order_out: NDArray | None = None,
    ) -> str:
        weight, bias = weights_of(conv)
        if order_in is not None:
            weight = weight[:, order_in]
        if order_out is not None:
            weight, bias = weight[order_out], bias[order_out]
        return self.builder.conv(
            x, np.ascontiguousarray(weight), bias, f"{name}.conv", self.scale(source), conv.stride[0]
        )

    def relu(self, x: str, name: str) -> str:
        """ReLU, then the QDQ pair: never a pair between convolution and ReLU."""
        return self.builder.mark(self.builder.node("Relu", [x], f"{name}.relu"), name)

    def block(self, x: str, block: nn.Module, name: str, source: str) -> tuple[str, str]:
        inner = self.relu(self.conv(x, block.first, f"{name}.first", source), f"{name}.first")
        second = self.builder.mark(self.conv(inner, block.second, f"{name}.second", f"{name}.first"), f"{name}.second")
        return self.relu(self.builder.node("Add", [x, second], f"{name}.sum"), name), name

    def blocks(self, x: str, blocks: nn.Sequential, name: str, source: str) -> tuple[str, str]:
        for index, block in enumerate(blocks):
            x, source = self.block(x, block, f"{name}.{index}", source)
        return x, source

    def write(self) -> onnx.ModelProto:
        b, shape = self.builder, self.model.shape
        int8 = self.ranges is not None
        pixels, quarter = shuffle_order(BLOCK, 3), shuffle_order(2, shape.a)

        photo = b.space_to_depth("photo", BLOCK, 3, "photo")
        photo = b.dequantise(photo, PICTURE, "picture")
        x = self.relu(self.conv(photo, self.model.stem, "stem", "photo", order_in=pixels), "stem")
        skip, name = self.blocks(x, self.model.before, "before", "stem")
        x = self.relu(self.conv(skip, self.model.down, "down", name), "down")
        x, name = self.blocks(x, self.model.bottom, "bottom", "down")
        x = self.conv(x, self.model.up, "up", name, order_out=quarter)
        if int8:
            x = b.quantise(x, self.ranges["up"], "up")
        x = b.node("Transpose", [b.depth_to_space(x, 2, shape.a, "up")], "up_nchw", perm=[0, 3, 1, 2])
        if int8:
            x = b.dequantise(x, self.ranges["up"], "up")
        x = self.relu(b.node("Add", [x, skip], "join.sum"), "join")
        x, name = self.blocks(x, self.model.after, "after", "join")
        gain = b.mark(self.conv(x, self.model.gain, "gain", name, order_out=pixels), "gain")
        bias = b.mark(self.conv(x, self.model.bias, "bias", name, order_out=pixels), "bias")
        product = b.mark(b.node("Mul", [gain, photo], "product.mul"), "product")
        y = b.node("Add", [product, bias], "cartoon.sum")
        if not int8:  # the INT8 form saturates by itself
            y = b.node(
                "Clip",
                [y, b.constant("zero", np.float32(0)), b.constant("one", np.float32(1))],
                "cartoon.clip",
            )
        y = b.depth_to_space(b.quantise(y, PICTURE, "picture_out"), BLOCK, 3, "cartoon")
        b.node("Identity", [y], "cartoon")

        sides = ["N", "H", "W", 3]
        graph = helper.make_graph(
            b.nodes,
            "dctoon-student",
            [helper.make_tensor_value_info("photo", TensorProto.UINT8, sides)],
            [helper.make_tensor_value_info("cartoon", TensorProto.UINT8, sides)],
            list(b.initialisers.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="dctoon")
        model.ir_version = IR
        onnx.checker.check_model(model)
        return model
