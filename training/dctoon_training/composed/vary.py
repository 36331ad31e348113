"""What may still change after a target was composed, so that one target serves many examples.

The composed function is meant to be blind to all of this: a mirrored photo has the mirrored cartoon, a photo in other
light has the same cartoon in that light, and a blurred, noisy or small photo has the cartoon of the good one.
uint8 [H, W, 3] RGB in and out.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .filters import RGB, YCC
from .spectacles import spectacles

Bytes = NDArray[np.uint8]

MIRROR, LIGHT, WORSE, SPECTACLES = 0.5, 0.35, 0.3, 0.2  # shares of the examples
COLOUR = 0.5  # of the scenes
SMALLEST = 3.5  # a small head is enlarged up to so many times


def mirrored(points: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Five points of a mirrored picture, again left eye first."""
    out = points[[1, 0, 2, 4, 3]].copy()
    out[:, 0] = width - 1 - out[:, 0]
    return out


def light_table(rng: np.random.Generator) -> Bytes:
    """A lookup table [256, 1, 3]: gamma and one gain a channel."""
    ramp = np.arange(256, dtype=np.float32)[:, None] / 255
    gain = rng.uniform(0.75, 1.15) * rng.uniform(0.93, 1.07, 3)
    return (255 * (ramp ** rng.uniform(0.75, 1.3) * gain).clip(0, 1)).round().astype(np.uint8)[:, None]


def hue_matrix(rng: np.random.Generator) -> NDArray[np.float32]:
    """[3, 3] for RGB: turns the hue by any angle and changes the saturation; grey and luma stay."""
    angle, saturation = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 1.7)
    cos, sin = saturation * np.cos(angle), saturation * np.sin(angle)
    turn = np.float32([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    return (RGB @ turn @ YCC).astype(np.float32)


def recolour(picture: Bytes, matrix: NDArray[np.float32]) -> Bytes:
    """Through a matrix, clipped."""
    return cv2.transform(picture.astype(np.float32), matrix).clip(0, 255).astype(np.uint8)


def worsen(photo: Bytes, rng: np.random.Generator) -> Bytes:
    """A photo as it would have been small, out of focus, noisy or badly compressed: one or two of these."""
    height, width = photo.shape[:2]
    if rng.random() < 0.6:  # small and enlarged again
        factor = rng.uniform(1.3, SMALLEST)
        size = (max(8, round(width / factor)), max(8, round(height / factor)))
        small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
        if rng.random() < 0.4:
            small = compressed(small, rng)
        photo = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    elif rng.random() < 0.4:
        photo = cv2.GaussianBlur(photo, (0, 0), float(rng.uniform(0.4, 1.3)))
    if rng.random() < 0.35:
        noise = rng.normal(0, rng.uniform(2, 9), photo.shape).astype(np.float32)
        photo = (photo + noise).clip(0, 255).astype(np.uint8)
    return compressed(photo, rng) if rng.random() < 0.25 else photo


def compressed(photo: Bytes, rng: np.random.Generator) -> Bytes:
    """Through a JPEG file and back."""
    _, data = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 90))])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def vary(
    photo: Bytes, target: Bytes, points: NDArray[np.float32], rng: np.random.Generator, scene: bool = False
) -> tuple[Bytes, Bytes, NDArray[np.float32]]:
    """Another example of one: mirrored, with spectacles, in other light, of worse quality, each with its own chance.

    A scene may also get other colours, since its target keeps the photo's, whatever they are.
    """
    if scene and rng.random() < COLOUR:
        matrix = hue_matrix(rng)
        photo, target = recolour(photo, matrix), recolour(target, matrix)
    if rng.random() < MIRROR:
        photo, target, points = photo[:, ::-1], target[:, ::-1], mirrored(points, photo.shape[1])
    if rng.random() < SPECTACLES and not np.isnan(points).any():
        photo, target = spectacles(photo, target, points, rng)
    if rng.random() < LIGHT:
        table = light_table(rng)
        photo, target = cv2.LUT(np.ascontiguousarray(photo), table), cv2.LUT(np.ascontiguousarray(target), table)
    if rng.random() < WORSE:
        photo = worsen(np.ascontiguousarray(photo), rng)
    return photo, target, points
