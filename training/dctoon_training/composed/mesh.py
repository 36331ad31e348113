"""The face mesh of an aligned crop, and polygons of it as soft masks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..faces.align import Detection, FaceFinder
from .filters import Mask, Picture

Points = NDArray[np.float64]

# Rings of the 468-point mesh.
OVAL = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
]  # fmt: skip
LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185]
MOUTH = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191]  # between the lips
EYES = [
    [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246],
    [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466],
]
LIDS = [
    [130, 247, 30, 29, 27, 28, 56, 190, 243, 112, 26, 22, 23, 24, 110, 25],
    [359, 467, 260, 259, 257, 258, 286, 414, 463, 341, 256, 252, 253, 254, 339, 255],
]
BROWS = [[46, 53, 52, 65, 55, 107, 66, 105, 63, 70], [276, 283, 282, 295, 285, 336, 296, 334, 293, 300]]
CHIN, TEMPLES, JAW, UNDER_NOSE = 152, (234, 454), (132, 361), 2

SURE = 0.9  # score of the mesh from which its first answer is taken
SUBPIXEL = 4  # bits


def find_mesh(finder: FaceFinder, x: Picture, points: Points) -> Points:
    """468 points [468, 2] in pixels of an aligned crop whose five points are known.

    Looks at the place that the five points name; where the mesh is unsure of it, at the detector's box as well.
    """
    picture = (x.clip(0, 1) * 255).astype(np.uint8)
    eye, centre = float(np.hypot(*(points[1] - points[0]))), points[[0, 1, 3, 4]].mean(0)
    known = Detection(1.0, centre, np.array([2.1, 2.1]) * eye, points[[0, 1, 2, 3, 0, 1]])
    found, score = finder.landmarks(picture, known)
    if score < SURE:
        for face in finder.detect(picture):
            if np.hypot(*(face.centre - centre)) < 0.7 * eye:
                other, better = finder.landmarks(picture, face)
                return other if better > score else found
    return found


def polygon(mesh: Points, rings: list[list[int]], side: int, soft: float = 0.0, wider: float = 0.0) -> Mask:
    """Filled rings, `wider` pixels larger on every side, blurred by `soft`."""
    image = np.zeros((side, side), np.uint8)
    for ring in rings:
        corners = np.rint(mesh[ring] * (1 << SUBPIXEL)).astype(np.int32)
        cv2.fillPoly(image, [corners], 255, cv2.LINE_AA, SUBPIXEL)
        if wider:
            cv2.polylines(image, [corners], True, 255, max(1, round(2 * wider)), cv2.LINE_AA, SUBPIXEL)
    mask = image.astype(np.float32) / 255
    return cv2.GaussianBlur(mask, (0, 0), soft, borderType=cv2.BORDER_REPLICATE) if soft else mask
