"""Spectacles, drawn onto a photo and onto its target alike.

Too few of the training photos show any, and a network that has seen few of them rubs out the eyes behind the frame.
Teachers leave frames where they are, so what is drawn over both pictures is what the target of the bespectacled photo
would be.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

SHIFT = 4  # fractional bits of the coordinates that OpenCV draws with
CORNERS = 48  # of a lens's outline


def lens(centre: Floats, across: Floats, width: float, height: float, roundness: float) -> Floats:
    """Outline [CORNERS, 2] of one lens, a superellipse: half as wide as `width` along the unit vector `across`."""
    angle = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False, dtype=np.float32)
    cos, sin = np.cos(angle), np.sin(angle)
    x = np.sign(cos) * np.abs(cos) ** (2 / roundness) * width
    y = np.sign(sin) * np.abs(sin) ** (2 / roundness) * height
    down = np.float32([-across[1], across[0]])
    return centre + x[:, None] * across + y[:, None] * down


def frame_colour(rng: np.random.Generator) -> Floats:
    """RGB, 0..255: mostly black or brown, some of metal, some of any colour."""
    kind = rng.random()
    if kind < 0.65:
        return np.float32(rng.uniform(5, 60) + rng.uniform(-5, 25, 3) * np.float32([1, 0.5, 0]))
    if kind < 0.85:
        return np.float32(rng.uniform(110, 200) + np.float32([rng.uniform(0, 25), rng.uniform(0, 12), 0]))
    return np.float32(rng.uniform(20, 200, 3))


def spectacles(
    photo: Bytes, target: Bytes, points: NDArray[np.float32], rng: np.random.Generator
) -> tuple[Bytes, Bytes]:
    """Both pictures with the same frame on the face with these five points [5, 2]; uint8 [H, W, 3] RGB."""
    left, right = np.float32(points[0]), np.float32(points[1])
    apart = float(np.hypot(*(right - left)))
    across = (right - left) / max(apart, 1e-3)
    down = np.float32([-across[1], across[0]])
    width = float(rng.uniform(0.34, 0.47)) * apart
    height, roundness = width * float(rng.uniform(0.5, 0.95)), float(rng.uniform(2, 4.5))
    low = down * float(rng.uniform(0.0, 0.12)) * apart
    lenses = [lens(eye + low, across, width, height, roundness) for eye in (left, right)]
    up = down * -0.3 * height
    inner = [left + low + across * width * 0.97 + up, right + low - across * width * 0.97 + up]
    bridge = np.stack([inner[0], (inner[0] + inner[1]) / 2 + down * -0.06 * apart, inner[1]])
    side = across * float(rng.uniform(0.3, 0.5)) * apart
    temples = [
        np.stack([eye + low + sign * across * width + up, eye + low + sign * (across * width + side) + up * 0.6])
        for eye, sign in ((left, -1), (right, 1))
    ]

    thickness = float(rng.choice([rng.uniform(0.7, 1.6), rng.uniform(1.6, 5.5)])) * apart / 68
    alpha = np.zeros(photo.shape[:2], np.uint8)
    for line, closed in [*((one, True) for one in lenses), (bridge, False), *((one, False) for one in temples)]:
        fixed = (line * 2**SHIFT).round().astype(np.int32)[:, None]
        cv2.polylines(alpha, [fixed], closed, 255, max(1, round(thickness)), cv2.LINE_AA, SHIFT)
    share = alpha.astype(np.float32)[..., None] / 255 * float(rng.uniform(0.7, 1.0) * min(1.0, thickness))
    colour = frame_colour(rng)

    def worn(picture: Bytes) -> Bytes:
        return (picture + (colour - picture) * share).round().clip(0, 255).astype(np.uint8)

    return worn(photo), worn(target)
