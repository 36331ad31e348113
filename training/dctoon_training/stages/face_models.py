"""Face detector, face mesh and the mask of people: fetched from npm packages, checked, converted to ONNX.

Sources (all Apache-2.0, by Google): the npm packages `@mediapipe/face_detection` (BlazeFace, short range),
`@mediapipe/face_mesh` (468 points) and `@mediapipe/selfie_segmentation` (general model). The weights are theirs; the
converter is ours.

All take `image`, uint8 [N, side, side, 3], RGB, 0..255, and give float32:

| file                      | side | outputs                                                             |
|---------------------------|------|---------------------------------------------------------------------|
| models/face-detector.onnx | 128  | boxes [N, 896, 16], pixels of the 128 picture, relative to anchors  |
|                           |      | scores [N, 896], logits                                             |
| models/face-mesh.onnx     | 192  | landmarks [N, 1404] = 468 x (x, y, z), pixels of the 192 picture    |
|                           |      | score [N, 1], logit                                                 |
| models/person-mask.onnx   | 256  | mask [N, 256, 256], 0 background .. 1 person                        |

Score logits go through a sigmoid outside; logit > 0 is score > 0.5.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import onnx

from ..convert.tflite_graph import read_graph
from ..convert.tflite_to_onnx import Converter, Output
from ..paths import CACHE, MODELS


@dataclass(frozen=True)
class MediaPipeModel:
    """Where a model comes from and how its ONNX form looks."""

    package: str
    archive: str  # file name that `npm pack` gives
    archive_sha256: str
    member: str  # path inside the package
    byte_range: tuple[int, int] | None  # inside the member; None: the whole member
    tflite: str
    tflite_sha256: str
    onnx: str
    scale: float  # network input = v * scale + offset, v in 0..255
    offset: float
    outputs: tuple[Output, ...]  # in the order of the TFLite file


DETECTOR = MediaPipeModel(
    package="@mediapipe/face_detection@0.4.1657300184",
    archive="mediapipe-face_detection-0.4.1657300184.tgz",
    archive_sha256="a118cde74923dc4435257fbfbb613464a0f58d115dff6314d4ff96c8aebf6419",
    member="package/face_detection_short_range.tflite",
    byte_range=None,
    tflite="face_detection_short_range.tflite",
    tflite_sha256="3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    onnx="face-detector.onnx",
    scale=1 / 127.5,
    offset=-1.0,
    outputs=(Output("boxes", (896, 16)), Output("scores", (896,))),
)

# Byte range: `face_mesh_solution_packed_assets_loader.js` of the package lists the four packed files.
MESH = MediaPipeModel(
    package="@mediapipe/face_mesh@0.4.1657299874",
    archive="mediapipe-face_mesh-0.4.1657299874.tgz",
    archive_sha256="c08a7e0742a326285da666cf81d77c8b6f3a181a2ee948cadaf166008e0d3bc7",
    member="package/face_mesh_solution_packed_assets.data",
    byte_range=(2495952, 3737848),
    tflite="face_landmark.tflite",
    tflite_sha256="c603fa6149219a3e9487dc9abd7a0c24474c77263273d24868378cdf40aa26d1",
    onnx="face-mesh.onnx",
    scale=1 / 255,
    offset=0.0,
    outputs=(Output("landmarks", (1404,)), Output("score", (1,))),
)


PERSON = MediaPipeModel(
    package="@mediapipe/selfie_segmentation@0.1.1675465747",
    archive="mediapipe-selfie_segmentation-0.1.1675465747.tgz",
    archive_sha256="7767b33eaa68990ee06c28bbb89f39a13a47ebb07ff0f1fd4947d9e817bb9bf9",
    member="package/selfie_segmentation.tflite",
    byte_range=None,
    tflite="selfie_segmentation.tflite",
    tflite_sha256="8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27",
    onnx="person-mask.onnx",
    scale=1 / 255,
    offset=0.0,
    outputs=(Output("mask", (256, 256)),),
)


def check_sha256(name: str, data: bytes, expected: str) -> None:
    """Raises where `data` is not what was pinned."""
    actual = hashlib.sha256(data).hexdigest()
    if actual != expected:
        raise ValueError(f"{name}: SHA-256 is {actual}, expected {expected}")


def fetch(model: MediaPipeModel, cache: Path = CACHE) -> Path:
    """Returns the path of the TFLite file in `cache`; calls `npm pack` if the package is not there yet."""
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / model.archive
    if not archive.exists():
        subprocess.run(["npm", "pack", model.package], cwd=cache, check=True, capture_output=True)
    check_sha256(archive.name, archive.read_bytes(), model.archive_sha256)
    with tarfile.open(archive) as tar:
        member = tar.extractfile(model.member)
        if member is None:
            raise ValueError(f"{archive.name}: {model.member} is not a file")
        data = member.read()
    if model.byte_range is not None:
        data = data[slice(*model.byte_range)]
    check_sha256(model.tflite, data, model.tflite_sha256)
    target = cache / model.tflite
    target.write_bytes(data)
    return target


def convert(model: MediaPipeModel, source: Path) -> onnx.ModelProto:
    """Converts the TFLite file `source`; see the table at the top for inputs and outputs."""
    result = Converter(read_graph(source)).convert(Path(model.onnx).stem, model.scale, model.offset, model.outputs)
    result.doc_string = f"Converted from {model.member} of the npm package {model.package}, Apache-2.0."
    return result


def run(arguments: argparse.Namespace) -> None:
    """Fetches, converts and writes the models."""
    arguments.models.mkdir(parents=True, exist_ok=True)
    for model in (DETECTOR, MESH, PERSON):
        data = convert(model, fetch(model)).SerializeToString(deterministic=True)
        target = arguments.models / model.onnx
        target.write_bytes(data)
        print(f"{target.name}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers `face-models`."""
    parser = subparsers.add_parser("face-models", help="fetch and convert face detector, face mesh and person mask")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder to write to")
    parser.set_defaults(run=run)
