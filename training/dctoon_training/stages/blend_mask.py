"""The mask that blends the cartoon head into the cartoon background. Made by us, from a formula.

A rounded rectangle on the 288 template, upright, over face, hair and neck: 0 outside and at the picture's
border, 255 in the core, and a smooth ramp of constant width between them. DCT-Net blends with a mask of the
same role; ours shares its purpose and rough extent, not its pixels.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from ..faces.align import SIZE, TEMPLATE
from ..paths import MODELS

# All in template pixels, chosen by eye on composites; the height reaches exactly to the border rows.
CENTRE = (float(TEMPLATE[[0, 1, 3, 4], 0].mean()), (SIZE - 1) / 2)  # the face's axis, the picture's middle
HALF_WIDTH = 113.0
HALF_HEIGHT = (SIZE - 1) / 2
CORNER_RADIUS = 100.0
RAMP = 32.0  # width of the way from 0 to 255; below the corner radius, so that the ramp has no creases


def depth(size: int = SIZE) -> np.ndarray:
    """How far each pixel lies inside the shape (negative: outside), float64 [size, size], in pixels."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float64)
    qx = np.abs(x - CENTRE[0]) - (HALF_WIDTH - CORNER_RADIUS)
    qy = np.abs(y - CENTRE[1]) - (HALF_HEIGHT - CORNER_RADIUS)
    outside = np.hypot(np.maximum(qx, 0), np.maximum(qy, 0))
    inside = np.minimum(np.maximum(qx, qy), 0)
    return CORNER_RADIUS - outside - inside


def blend_mask() -> np.ndarray:
    """uint8 [288, 288]: 0 = background, 255 = head crop."""
    t = np.clip(depth() / RAMP, 0, 1)
    # Perlin's quintic: first and second derivative are 0 at both ends.
    smooth = t * t * t * (t * (6 * t - 15) + 10)
    return np.rint(smooth * 255).astype(np.uint8)


def run(arguments: argparse.Namespace) -> None:
    """Command `blend-mask`."""
    arguments.models.mkdir(parents=True, exist_ok=True)
    target = arguments.models / "blend-mask.png"
    Image.fromarray(blend_mask()).save(target, optimize=True)
    data = target.read_bytes()
    print(f"{target.name}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers `blend-mask`."""
    parser = subparsers.add_parser("blend-mask", help="draw the mask for pasting the head crop")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder to write to")
    parser.set_defaults(run=run)
