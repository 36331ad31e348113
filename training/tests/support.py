"""Pictures, sessions and small packs that several tests use."""

from __future__ import annotations

import json

import numpy as np
import onnxruntime as ort
import torch
import torch.nn.functional as F

from dctoon_training.data.batches import Batch
from dctoon_training.student.network import Shape, Student
from dctoon_training.teacher.network import LAYERS

SMALL = Shape(a=32, b=32, before=1, bottom=2, after=1)
POINTS = torch.tensor([[20.0, 25], [44, 25], [32, 35], [24, 45], [40, 45]])  # a face in a 64 x 64 picture


def small_student(shape: Shape = SMALL, seed: int = 0) -> Student:
    """Untrained, but as a trained one: the head really depends on the features."""
    torch.manual_seed(seed)
    student = Student(shape).eval()
    for head in (student.gain, student.bias):
        head.weight.data.mul_(4)
    return student


def photos(count=2, height=64, width=48, seed=0):
    """Smooth random pictures, uint8 NHWC."""
    coarse = torch.from_numpy(np.random.default_rng(seed).random((count, 3, 8, 6), np.float32))
    smooth = F.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    return (smooth * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def batch(count=4, seed=0) -> Batch:
    """Faces whose cartoon is their negative."""
    photo = torch.from_numpy(photos(count, 64, 64, seed)).permute(0, 3, 1, 2).float() / 255
    return Batch(photo, 1 - photo, torch.randn(count, 64, 16, 16), POINTS.expand(count, 5, 2))


def session(graph, path=None) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    if path:
        options.optimized_model_filepath = str(path)
    return ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])


def write_arrays(data, faces=6):
    """What `prepare` leaves, with random smooth pictures in place of people."""
    data.mkdir(parents=True)
    template = [[111.8, 137.6], [179.7, 137.3], [146.0, 176.3], [118.1, 216.1], [174.3, 215.8]]
    for name, count, side in (("train", faces, 352), ("val", 2, 288), ("scenes", 2, 352), ("whole", 2, 288)):
        np.save(data / f"{name}.npy", photos(count, side, side, seed=len(name)))
    for name, count in (("train", faces), ("val", 2)):
        rows = [{"file": f"{name}-{k}.jpg"} for k in range(count)]
        (data / f"{name}.json").write_text(json.dumps({"template": template, "rows": rows, "skipped": []}))


def write_teacher(path, seed=0):
    """Random weights in the teacher's shape."""
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for index, (into, out, kernel, _) in enumerate(LAYERS):
        deviation = 0.7 / (into * kernel * kernel) ** 0.5
        arrays[f"w{index}"] = rng.normal(0, deviation, (out, into, kernel, kernel)).astype(np.float16)
        arrays[f"b{index}"] = np.zeros(out, np.float16)
    np.savez(path, **arrays)
