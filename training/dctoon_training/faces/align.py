"""Finds a face, its five points, and the similarity that puts it onto the cartoon template.

Coordinates are pixel-index coordinates everywhere: (0, 0) is the centre of the top left pixel, as in OpenCV
and in the original DCT-Net pipeline, where the template comes from. Pictures are uint8 [H, W, 3], RGB,
0..255. "Left" and "right" are the picture's, not the person's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

SIZE = 288  # side of the head crop in pixels; DCT-Net's head network
BORDER = 255  # DCT-Net fills what lies outside the photo with white

# ArcFace 112 template (the 96 x 112 one shifted by (+1, +1)), `(p - 56) * 0.75 + 56`, times 288 / 112;
# DCT-Net's pipeline. Order: left eye, right eye, nose tip, left and right mouth corner.
TEMPLATE = np.array(
    [
        [111.78243, 137.62857],
        [179.73990, 137.25270],
        [145.97716, 176.27773],
        [118.05936, 216.06203],
        [174.33623, 215.75076],
    ]
)

# Points of the 468-point mesh whose mean is the eye centre: corners and mid lids.
LEFT_EYE = (33, 133, 159, 145)
RIGHT_EYE = (362, 263, 386, 374)
NOSE_TIP, LEFT_MOUTH, RIGHT_MOUTH = 1, 61, 291

DETECTOR_SIZE = 128
MESH_SIZE = 192
SCORE_THRESHOLD = 0.5  # after the sigmoid; detector and mesh
MESH_CROP = 1.5  # side of the mesh crop / larger side of the detector's box
MESH_CROP_WIDE = 1.8  # second try where the mesh is unsure of every face
# A face in a picture whose 288 crop would be enlarged more than this is too small to learn from.
MAX_ENLARGEMENT = 3.0

Points = np.ndarray  # float64 [n, 2], (x, y) in pixels
Similarity = np.ndarray  # float64 [2, 3], source pixel -> target pixel


@dataclass(frozen=True)
class Detection:
    """One face in the source picture."""

    score: float  # 0..1
    centre: np.ndarray  # [2], pixels
    size: np.ndarray  # [2], width and height, pixels
    keypoints: Points  # [6, 2]: left eye, right eye, nose, mouth, left ear, right ear


class SkipError(Exception):
    """The picture has no usable face; the text is the reason."""


def anchors() -> np.ndarray:
    """Anchor centres of BlazeFace short range, float64 [896, 2], (x, y) in 0..1 of the 128 picture.

    Two per cell of the 16 x 16 grid, then six per cell of the 8 x 8 grid; rows first.
    """
    grids = []
    for cells, count in ((16, 2), (8, 6)):
        y, x = np.mgrid[0:cells, 0:cells]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / cells
        grids.append(np.repeat(centres, count, axis=0))
    return np.concatenate(grids)


ANCHORS = anchors()


def fit_similarity(source: Points, target: Points) -> Similarity:
    """Least-squares similarity (scale, rotation, shift; no mirroring) that takes `source` to `target`.

    Both are [n, 2]. Returns [2, 3] of the form [[a, -b, tx], [b, a, ty]].
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    s, t = source - source_mean, target - target_mean
    power = (s * s).sum()
    a = (s * t).sum() / power
    b = (s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum() / power
    linear = np.array([[a, -b], [b, a]])
    return np.column_stack([linear, target_mean - linear @ source_mean])


def similarity_scale(matrix: Similarity) -> float:
    """Target pixels per source pixel."""
    return float(np.hypot(matrix[0, 0], matrix[1, 0]))


def transform(matrix: Similarity, points: Points) -> Points:
    """Applies a [2, 3] matrix to [n, 2] points."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def invert(matrix: Similarity) -> Similarity:
    """The inverse of a [2, 3] matrix."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def shifted(matrix: Similarity, margin: float) -> Similarity:
    """The same similarity onto a canvas with `margin` more pixels on every side."""
    result = matrix.copy()
    result[:, 2] += margin
    return result


def warp(picture: np.ndarray, matrix: Similarity, side: int, border: int = BORDER) -> np.ndarray:
    """Samples `picture` into a square of `side` pixels; `matrix` is source -> target.

    Bicubic. Where the picture shrinks it is first resized (Lanczos, antialiased) to the target's scale, so
    that the bicubic step never skips pixels.
    """
    image = Image.fromarray(picture)
    # Pixel-index to edge coordinates (Pillow: centre of pixel i is at i + 0.5), on both sides.
    edge = matrix.copy()
    edge[:, 2] += 0.5 - matrix[:, :2] @ np.array([0.5, 0.5])
    scale = similarity_scale(matrix)
    if scale < 1:
        width, height = (max(1, round(v * scale)) for v in image.size)
        factors = np.array([width / image.width, height / image.height])
        image = image.resize((width, height), Image.Resampling.LANCZOS)
        edge[:, :2] /= factors
    backward = invert(edge)
    warped = image.transform(
        (side, side),
        Image.Transform.AFFINE,
        tuple(backward.ravel()),
        resample=Image.Resampling.BICUBIC,
        fillcolor=(border, border, border),
    )
    return np.asarray(warped)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Logistic function; clipped where exp would overflow."""
    return 1 / (1 + np.exp(-np.clip(x, -80, 80)))


class FaceFinder:
    """Holds the two ONNX sessions (one thread each, for use in worker processes)."""

    def __init__(self, models: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        provider = ["CPUExecutionProvider"]
        self.detector = onnxruntime.InferenceSession(models / "face-detector.onnx", options, provider)
        self.mesh = onnxruntime.InferenceSession(models / "face-mesh.onnx", options, provider)

    def detect(self, picture: np.ndarray, fill: float = 1.0) -> list[Detection]:
        """All faces, best first. The long side takes `fill` of the detector's 128 pixels."""
        height, width = picture.shape[:2]
        scale = DETECTOR_SIZE * fill / max(height, width)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        offset = np.array([(DETECTOR_SIZE - inner[0]) // 2, (DETECTOR_SIZE - inner[1]) // 2])
        box = np.zeros((1, DETECTOR_SIZE, DETECTOR_SIZE, 3), np.uint8)  # letterbox, black
        resized = Image.fromarray(picture).resize(inner, Image.Resampling.BILINEAR)
        box[0, offset[1] : offset[1] + inner[1], offset[0] : offset[0] + inner[0]] = np.asarray(resized)
        boxes, logits = self.detector.run(["boxes", "scores"], {"image": box})
        per_pixel = np.array([width / inner[0], height / inner[1]])

        found: list[Detection] = []
        scores = sigmoid(logits[0])
        for index in np.argsort(-scores):
            if scores[index] < SCORE_THRESHOLD:
                break
            values = boxes[0, index].astype(np.float64).reshape(8, 2)  # centre, size, six key points
            points = values[[0, 2, 3, 4, 5, 6, 7]] + ANCHORS[index] * DETECTOR_SIZE
            points = (points - offset) * per_pixel - 0.5
            face = Detection(float(scores[index]), points[0], values[1] * per_pixel, points[1:])
            # Non-maximum suppression: too near the centre of a better box.
            if all(np.hypot(*(face.centre - better.centre)) >= better.size[0] / 2 for better in found):
                found.append(face)
        return found

    def landmarks(self, picture: np.ndarray, face: Detection, crop: float = MESH_CROP) -> tuple[np.ndarray, float]:
        """Mesh points [468, 2] in source pixels, and the mesh's face score 0..1."""
        eyes = face.keypoints[1] - face.keypoints[0]
        angle = np.arctan2(eyes[1], eyes[0])
        scale = MESH_SIZE / (crop * face.size.max())
        a, b = scale * np.cos(angle), -scale * np.sin(angle)
        linear = np.array([[a, -b], [b, a]])
        middle = (MESH_SIZE - 1) / 2
        matrix = np.column_stack([linear, middle - linear @ face.centre])
        turned = warp(picture, matrix, MESH_SIZE, border=0)
        points, logit = self.mesh.run(["landmarks", "score"], {"image": turned[None]})
        mesh = points[0].reshape(468, 3)[:, :2].astype(np.float64) - 0.5
        return transform(invert(matrix), mesh), float(sigmoid(logit)[0, 0])

    def faces_by_size(self, picture: np.ndarray) -> list[Detection]:
        """Largest first. Close-ups that fill the picture get a second try at 60 % of the size."""
        faces = self.detect(picture) or self.detect(picture, fill=0.6)
        return sorted(faces, key=lambda face: -face.size.max())

    def five_points(self, picture: np.ndarray) -> Points:
        """The template's five points of the largest face, [5, 2] in source pixels. Raises `SkipError`.

        The detector sometimes takes a shirt for a face; the mesh's score tells, and the next face is tried.
        """
        faces = self.faces_by_size(picture)
        if not faces:
            raise SkipError("no face")
        for crop in (MESH_CROP, MESH_CROP_WIDE):
            for face in faces:
                mesh, score = self.landmarks(picture, face, crop)
                if score >= SCORE_THRESHOLD:
                    return five_points(mesh)
        raise SkipError("mesh unsure")


def five_points(mesh: np.ndarray) -> Points:
    """Left eye, right eye, nose tip, left and right mouth corner from mesh points [468, 2]."""
    return np.stack(
        [
            mesh[list(LEFT_EYE)].mean(axis=0),
            mesh[list(RIGHT_EYE)].mean(axis=0),
            mesh[NOSE_TIP],
            mesh[LEFT_MOUTH],
            mesh[RIGHT_MOUTH],
        ]
    )
