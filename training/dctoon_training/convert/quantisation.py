"""What a quantised activation's bytes stand for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quantisation:
    """Affine u8: `real = (q - zero) * scale`."""

    scale: float
    zero: int


# The picture itself: scale 1/255, zero 0, so the bytes are the quantised values.
PICTURE = Quantisation(1 / 255, 0)


def ranges_to_quantisation(low: float, high: float) -> Quantisation:
    """Covers [low, high] and 0 with 256 levels."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = max(high - low, 1e-6) / 255
    return Quantisation(scale, int(np.clip(round(-low / scale), 0, 255)))
