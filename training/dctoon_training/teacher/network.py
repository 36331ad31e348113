"""The teacher: DCT-Net's U-Net and guided filter, rebuilt from the published description of its layers.

Weights come from `../shared/teacher/<style>.npz` (`w0..w17` OIHW, `b0..b17`, fp16, RGB order) and are never committed.
Three traps: TensorFlow SAME padding (stride 2 pads bottom and right), TF1
legacy bilinear upsampling, and a raw output that is not a picture before the guided filter.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

# (in, out, kernel, stride) of the 18 convolutions, in the order of the weight files.
LAYERS: list[tuple[int, int, int, int]] = [
    (3, 32, 7, 1),
    (32, 32, 3, 2),
    (32, 64, 3, 1),
    (64, 64, 3, 2),
    (64, 128, 3, 1),
    *[(128, 128, 3, 1)] * 8,
    (128, 64, 3, 1),
    (64, 64, 3, 1),
    (64, 32, 3, 1),
    (32, 32, 3, 1),
    (32, 3, 7, 1),
]
FILTER_EPSILON = 1e-2


def upsample_legacy(x: Tensor) -> Tensor:
    """TF1 `resize_bilinear` x2 with asymmetric sampling: even = copy, odd = mean of two neighbours, edge clamped."""
    down = torch.cat([x[:, :, 1:], x[:, :, -1:]], dim=2)
    x = torch.stack([x, (x + down) / 2], dim=3).flatten(2, 3)
    right = torch.cat([x[..., 1:], x[..., -1:]], dim=3)
    return torch.stack([x, (x + right) / 2], dim=4).flatten(3, 4)


def guided_filter(guide: Tensor, source: Tensor, epsilon: float = FILTER_EPSILON) -> Tensor:
    """Per-channel guided filter, 3 x 3 boxes over existing pixels; NCHW in [-1, 1], result clipped to [-1, 1]."""

    def mean(v: Tensor) -> Tensor:
        return F.avg_pool2d(v, 3, 1, 1, count_include_pad=False)

    mean_guide, mean_source = mean(guide), mean(source)
    a = (mean(guide * source) - mean_guide * mean_source) / (mean(guide * guide) - mean_guide**2 + epsilon)
    b = mean_source - a * mean_guide
    return (mean(a) * guide + mean(b)).clamp(-1, 1)


class Teacher(nn.Module):
    """DCT-Net of one style. Input and output: NCHW float, RGB in [-1, 1], sides multiples of 4."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(i, o, k, s) for i, o, k, s in LAYERS)

    def conv(self, index: int, x: Tensor, activate: bool = True) -> Tensor:
        _, _, kernel, stride = LAYERS[index]
        before = 0 if stride == 2 else kernel // 2
        after = 1 if stride == 2 else kernel // 2
        x = self.convs[index](F.pad(x, (before, after, before, after)))
        return F.leaky_relu(x, 0.2) if activate else x

    def encoder(self, x: Tensor) -> list[Tensor]:
        """Features of the encoder at full, half and quarter size (after convolutions 0, 2 and 4)."""
        x0 = self.conv(0, x)
        x1 = self.conv(2, self.conv(1, x0))
        return [x0, x1, self.conv(4, self.conv(3, x1))]

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(x0, x1, trunk, hint): skips at full and half size, the 128-channel trunk and convolution 13, both at 1/4."""
        x0 = self.conv(0, x)
        x1 = self.conv(2, self.conv(1, x0))
        trunk = self.conv(4, self.conv(3, x1))
        for block in range(5, 13, 2):
            trunk = trunk + self.conv(block + 1, self.conv(block, trunk), activate=False)
        return x0, x1, trunk, self.conv(13, trunk)

    def decode(self, x: Tensor, x0: Tensor, x1: Tensor, hint: Tensor) -> Tensor:
        y = self.conv(15, self.conv(14, upsample_legacy(hint) + x1))
        y = self.conv(17, self.conv(16, upsample_legacy(y) + x0), activate=False)
        # A variance is a difference of near-equal numbers: the filter needs full precision.
        with torch.autocast(x.device.type, enabled=False):
            return guided_filter(x.float(), y.float())

    def forward(self, x: Tensor) -> Tensor:
        x0, x1, _, hint = self.features(x)
        return self.decode(x, x0, x1, hint)


def load_teacher(path: Path) -> Teacher:
    """Builds the teacher from an `.npz` file, in evaluation mode and without gradients."""
    teacher = Teacher()
    with np.load(path) as arrays, torch.no_grad():
        for index, conv in enumerate(teacher.convs):
            conv.weight.copy_(torch.from_numpy(arrays[f"w{index}"].astype(np.float32)))
            conv.bias.copy_(torch.from_numpy(arrays[f"b{index}"].astype(np.float32)))
    return teacher.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def to_uint8(y: Tensor) -> Tensor:
    """[-1, 1] to bytes the way the original does: `floor((x + 1) * 127.5)` with the ends clipped."""
    return ((y.clamp(-0.999999, 0.999999) + 1) * 127.5).floor().to(torch.uint8)
