"""What the teacher draws, in batches."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .network import Teacher


def to_tensor(photos: NDArray[np.uint8]) -> Tensor:
    """uint8 NHWC RGB to float NCHW in [-1, 1], channels last."""
    x = torch.from_numpy(np.ascontiguousarray(photos)).permute(0, 3, 1, 2)
    return x.float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)


def run_teacher(teacher: Teacher, x: Tensor) -> tuple[Tensor, Tensor]:
    """Final picture in [-1, 1] and the 64-channel hint, both float."""
    with torch.inference_mode(), torch.autocast(x.device.type, dtype=torch.bfloat16):
        x0, x1, _, hint = teacher.features(x)
        return teacher.decode(x, x0, x1, hint), hint.float()
