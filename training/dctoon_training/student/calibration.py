"""Ranges of a student's activations, from calibration photos."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..convert.quantisation import PICTURE, Quantisation, ranges_to_quantisation
from ..data.batches import to_pictures
from .network import Student


class RangeObserver:
    """Collects the least and the greatest value of every marked activation.

    Not percentiles: eyes are a few pixels of a picture, and the whites of cartoon eyes are its most extreme
    activations. Cutting off 0.01 % on either side cost 1.6 points of captured change in the eye region, and 5 dB
    against FP32; the full range costs nothing (measured on 3d).
    """

    def __init__(self) -> None:
        self.ranges: dict[str, tuple[float, float]] = {}

    def __call__(self, name: str, x: Tensor) -> Tensor:
        low, high = self.ranges.get(name, (0.0, 0.0))
        self.ranges[name] = (min(low, float(x.min())), max(high, float(x.max())))
        return x

    def quantisation(self) -> dict[str, Quantisation]:
        return {"photo": PICTURE} | {name: ranges_to_quantisation(*span) for name, span in self.ranges.items()}


def calibrate(model: Student, photos: NDArray[np.uint8], batch: int = 8) -> dict[str, Quantisation]:
    observer = RangeObserver()
    device = str(next(model.parameters()).device)
    with torch.inference_mode():
        for start in range(0, len(photos), batch):
            model(to_pictures(photos[start : start + batch], device), observer)
    return observer.quantisation()
