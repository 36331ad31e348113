"""Photo variants: rounds of randomly turned, scaled, lit and degraded crops, made once and shared by all styles.

Geometry follows the original trainer (flip, scale 0.8-1.1, rotation +-10 degrees) plus a small
shift, so that imperfect landmarks are harmless. The teacher runs on the finished variant: no symmetry is assumed.
"""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

SIZE = 288
MARGIN = 32
Bytes = NDArray[np.uint8]


def random_geometry(rng: np.random.Generator, strength: float) -> tuple[NDArray[np.float64], bool]:
    """A similarity (2 x 3, output pixel -> pixel of the 352 crop) and whether to mirror; strength 0..1."""
    angle = math.radians(float(np.clip(rng.normal(0, 4.5), -10, 10))) * strength
    scale = 1.0 + float(np.clip(rng.normal(-0.02, 0.07), -0.2, 0.1)) * strength
    shift = rng.normal(0, 4, 2) * strength
    cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
    centre_out = np.array([SIZE / 2, SIZE / 2]) + shift
    centre_in = np.array([SIZE / 2 + MARGIN, SIZE / 2 + MARGIN])
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.hstack([linear, (centre_in - linear @ centre_out)[:, None]]), bool(rng.random() < 0.5 * strength)


def warp(crop: Bytes, matrix: NDArray[np.float64], mirror: bool) -> Image.Image:
    """Samples a 288 x 288 picture from a 352 x 352 crop (bicubic, white outside as in the original pipeline)."""
    image = Image.fromarray(crop)
    out = image.transform(
        (SIZE, SIZE),
        Image.Transform.AFFINE,
        tuple(matrix.ravel()),
        Image.Resampling.BICUBIC,
        fillcolor=(255, 255, 255),
    )
    return out.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirror else out


def map_points(points: NDArray[np.float64], matrix: NDArray[np.float64], mirror: bool) -> NDArray[np.float64]:
    """Five template points (picture order: left eye, right eye, nose, mouth corners) carried into the variant."""
    linear = np.linalg.inv(matrix[:, :2])
    mapped = (points + MARGIN - matrix[:, 2]) @ linear.T
    if mirror:
        mapped[:, 0] = SIZE - 1 - mapped[:, 0]
        mapped = mapped[[1, 0, 2, 4, 3]]
    return mapped


def degrade(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Bad light, colour casts, blur, noise and JPEG, each with its own chance."""
    if rng.random() < 0.35:  # exposure and contrast: low light and over-exposure
        image = ImageEnhance.Brightness(image).enhance(float(rng.uniform(0.35, 1.5)))
        image = ImageEnhance.Contrast(image).enhance(float(rng.uniform(0.7, 1.3)))
    if rng.random() < 0.3:
        image = ImageEnhance.Color(image).enhance(float(rng.uniform(0.3, 1.5)))
    pixels = np.asarray(image).astype(np.float32)
    if rng.random() < 0.3:
        pixels *= rng.uniform(0.82, 1.18, 3).astype(np.float32)
    if rng.random() < 0.2:
        pixels = 255 * (np.clip(pixels, 0, 255) / 255) ** rng.uniform(0.6, 1.7)
    if rng.random() < 0.25:
        pixels += rng.normal(0, rng.uniform(2, 10), pixels.shape).astype(np.float32)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if rng.random() < 0.2:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 1.4))))
    if rng.random() < 0.3:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(rng.integers(30, 85)))
        image = Image.open(buffer).convert("RGB")
    return image


def occlude(image: Image.Image, points: NDArray[np.float64], rng: np.random.Generator) -> Image.Image:
    """Something in front of the face: a skin-toned or dark blob, a bar (microphone, arm) or a mask over the mouth."""
    from PIL import ImageDraw

    layer = image.copy()
    draw = ImageDraw.Draw(layer)
    pixels = np.asarray(image)
    x, y = (int(v) for v in np.clip(points[2] + rng.normal(0, 8, 2), 0, SIZE - 1))
    skin = pixels[y, x].astype(np.float64) * rng.uniform(0.75, 1.1)
    colour = tuple(int(v) for v in np.clip(skin if rng.random() < 0.5 else rng.uniform(0, 255, 3), 0, 255))
    kind = rng.integers(3)
    if kind == 0:  # hand: a few overlapping fingers from a side
        anchor = points[rng.integers(5)] + rng.normal(0, 14, 2)
        direction = rng.uniform(0.2 * math.pi, 0.8 * math.pi)
        for finger in range(int(rng.integers(2, 5))):
            start = anchor + finger * np.array([math.sin(direction), -math.cos(direction)]) * 15
            end = start + np.array([math.cos(direction), math.sin(direction)]) * 220
            draw.line([*start, *end], fill=colour, width=int(rng.integers(12, 18)), joint="curve")
            radius = 8
            draw.ellipse([*(start - radius), *(start + radius)], fill=colour)
    elif kind == 1:  # microphone, cup
        centre = (points[3] + points[4]) / 2 + rng.normal(0, 14, 2)
        radius = rng.uniform(14, 30)
        draw.line([*centre, centre[0] + rng.normal(0, 40), SIZE], fill=colour, width=int(radius))
        draw.ellipse([*(centre - radius), *(centre + radius)], fill=colour)
    else:  # mask
        left, right = points[3] - [34, 24], points[4] + [34, 34]
        draw.rounded_rectangle([*left, *right], radius=18, fill=colour)
    return layer.filter(ImageFilter.GaussianBlur(0.6))
