"""The student: a small U-Net shaped after what INT8 on ONNX Runtime runs fast (research note inference.md).

All weight sits at 1/4 and 1/8 resolution; 3 x 3 convolutions, ReLU and Add only; channels are multiples of 16. The
head predicts an affine map of the photo, `y = a * x + b`, which keeps the photo's fine detail the way the teacher's
guided filter does. Pictures are RGB in [0, 1], NCHW, sides multiples of 8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Sees every activation that is quantised in INT8, by name; calibration observes, quantisation-aware training rounds.
Mark = Callable[[str, Tensor], Tensor]
BLOCK = 4  # space-to-depth factor of stem and head
PIXELS = 3 * BLOCK * BLOCK


@dataclass(frozen=True)
class Shape:
    """Widths and depths: `a` channels at 1/4, `b` at 1/8; residual blocks before, at the bottom and after."""

    a: int = 80
    b: int = 128
    before: int = 1
    bottom: int = 4
    after: int = 2


def unmarked(_name: str, x: Tensor) -> Tensor:
    return x


class ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, name: str, mark: Mark) -> Tensor:
        inner = mark(f"{name}.first", F.relu(self.first(x)))
        return mark(name, F.relu(x + mark(f"{name}.second", self.second(inner))))


class Student(nn.Module):
    def __init__(self, shape: Shape = Shape()) -> None:
        super().__init__()
        self.shape = shape
        self.stem = nn.Conv2d(PIXELS, shape.a, 3, padding=1)
        self.before = nn.Sequential(*[ResidualBlock(shape.a) for _ in range(shape.before)])
        self.down = nn.Conv2d(shape.a, shape.b, 3, stride=2, padding=1)
        self.bottom = nn.Sequential(*[ResidualBlock(shape.b) for _ in range(shape.bottom)])
        self.up = nn.Conv2d(shape.b, 4 * shape.a, 1)
        self.after = nn.Sequential(*[ResidualBlock(shape.a) for _ in range(shape.after)])
        self.gain = nn.Conv2d(shape.a, PIXELS, 3, padding=1)
        self.bias = nn.Conv2d(shape.a, PIXELS, 3, padding=1)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
        for block in [*self.before, *self.bottom, *self.after]:
            block.second.weight.data.mul_(0.3)  # near the identity at the start, in place of normalisation
        for head in (self.gain, self.bias):
            head.weight.data.mul_(0.05)
        self.gain.bias.data.fill_(1.0)  # starts as the photo itself

    def _run(self, blocks: nn.Sequential, x: Tensor, name: str, mark: Mark) -> Tensor:
        for index, block in enumerate(blocks):
            x = block(x, f"{name}.{index}", mark)
        return x

    def trunk(self, blocks: Tensor, mark: Mark = unmarked) -> Tensor:
        """[N, 48, H/4, W/4] photo blocks to the last feature map [N, a, H/4, W/4], which the hint regresses."""
        skip = self._run(self.before, mark("stem", F.relu(self.stem(blocks))), "before", mark)
        deep = self._run(self.bottom, mark("down", F.relu(self.down(skip))), "bottom", mark)
        joined = mark("join", F.relu(F.pixel_shuffle(mark("up", self.up(deep)), 2) + skip))
        return self._run(self.after, joined, "after", mark)

    def head(self, blocks: Tensor, features: Tensor, mark: Mark = unmarked) -> Tensor:
        """The cartoon in [0, 1], [N, 3, H, W]; not clipped, so that gradients flow while training."""
        product = mark("product", mark("gain", self.gain(features)) * blocks)
        return F.pixel_shuffle(product + mark("bias", self.bias(features)), BLOCK)

    def forward(self, x: Tensor, mark: Mark = unmarked) -> Tensor:
        blocks = F.pixel_unshuffle(x, BLOCK)
        return self.head(blocks, self.trunk(blocks, mark), mark)


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def save_student(path: Any, model: Student, **more: Any) -> None:
    torch.save({"shape": asdict(model.shape), "state": model.state_dict(), **more}, path)


def load_student(path: Any, device: str = "cpu") -> tuple[Student, dict[str, Any]]:
    """A student and everything else its checkpoint holds."""
    checkpoint = torch.load(path, map_location=device, weights_only=True)
    model = Student(Shape(**checkpoint.pop("shape")))
    model.load_state_dict(checkpoint.pop("state"))
    return model.to(device), checkpoint
