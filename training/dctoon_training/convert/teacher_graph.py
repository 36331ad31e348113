"""The teacher as an FP32 ONNX graph, so that times are compared in one runtime. Never shipped, never committed."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

from ..teacher.network import FILTER_EPSILON, LAYERS, Teacher
from .student_graph import IR, OPSET, GraphBuilder, weights_of


class TeacherGraph:
    """Input and output as the student's: uint8 NHWC, any size whose sides are multiples of 4."""

    def __init__(self, teacher: Teacher) -> None:
        self.teacher, self.builder = teacher, GraphBuilder(None)

    def conv(self, x: str, index: int, activate: bool = True) -> str:
        b, (_, _, kernel, stride) = self.builder, LAYERS[index]
        weight, bias = weights_of(self.teacher.convs[index])
        before, after = 0 if stride == 2 else kernel // 2, 1 if stride == 2 else kernel // 2
        inputs = [x, b.constant(f"w{index}", weight), b.constant(f"b{index}", bias)]
        shape = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [before, before, after, after]}
        y = b.node("Conv", inputs, f"conv{index}", **shape)
        return b.node("LeakyRelu", [y], f"leaky{index}", alpha=0.2) if activate else y

    def upsample(self, x: str, name: str) -> str:
        scales = self.builder.constant("scales", np.array([1, 1, 2, 2], np.float32))
        return self.builder.node(
            "Resize", [x, "", scales], name, mode="linear", coordinate_transformation_mode="asymmetric"
        )

    def guided_filter(self, guide: str, source: str) -> str:
        b, count = self.builder, 0

        def op(kind: str, *inputs: str) -> str:
            nonlocal count
            count += 1
            return b.node(kind, list(inputs), f"filter{count}")

        def mean(x: str) -> str:
            nonlocal count
            count += 1
            return b.node("AveragePool", [x], f"filter{count}", kernel_shape=[3, 3], pads=[1] * 4)

        mean_guide, mean_source = mean(guide), mean(source)
        covariance = op("Sub", mean(op("Mul", guide, source)), op("Mul", mean_guide, mean_source))
        variance = op("Sub", mean(op("Mul", guide, guide)), op("Mul", mean_guide, mean_guide))
        a = op("Div", covariance, op("Add", variance, b.constant("epsilon", np.float32(FILTER_EPSILON))))
        offset = op("Sub", mean_source, op("Mul", a, mean_guide))
        return op("Add", op("Mul", mean(a), guide), mean(offset))

    def write(self) -> onnx.ModelProto:
        b = self.builder
        half, one = b.constant("half", np.float32(127.5)), b.constant("one", np.float32(1))
        x = b.node("Cast", ["photo"], "float", to=TensorProto.FLOAT)
        x = b.node("Sub", [b.node("Div", [x, half], "scaled"), one], "centred")
        photo = b.node("Transpose", [x], "nchw", perm=[0, 3, 1, 2])
        x0 = self.conv(photo, 0)
        x1 = self.conv(self.conv(x0, 1), 2)
        x = self.conv(self.conv(x1, 3), 4)
        for block in range(5, 13, 2):
            x = b.node("Add", [x, self.conv(self.conv(x, block), block + 1, activate=False)], f"block{block}")
        x = b.node("Add", [self.upsample(self.conv(x, 13), "up1"), x1], "skip1")
        x = b.node("Add", [self.upsample(self.conv(self.conv(x, 14), 15), "up2"), x0], "skip0")
        y = self.guided_filter(photo, self.conv(self.conv(x, 16), 17, activate=False))
        low, high = b.constant("low", np.float32(-0.999999)), b.constant("high", np.float32(0.999999))
        y = b.node("Add", [b.node("Clip", [y, low, high], "clipped"), one], "positive")
        y = b.node("Floor", [b.node("Mul", [y, half], "bytes")], "whole")
        b.node("Cast", [b.node("Transpose", [y], "nhwc", perm=[0, 2, 3, 1])], "cartoon", to=TensorProto.UINT8)
        sides = ["N", "H", "W", 3]
        values = [helper.make_tensor_value_info(name, TensorProto.UINT8, sides) for name in ("photo", "cartoon")]
        graph = helper.make_graph(b.nodes, "teacher", values[:1], values[1:], list(b.initialisers.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="dctoon")
        model.ir_version = IR
        onnx.checker.check_model(model)
        return model
