"""The student: a small U-Net shaped after what INT8 on ONNX Runtime runs fast.

All weight sits at 1/4 and 1/8 resolution; 3 x 3 convolutions, ReLU and Add only; channels are multiples of 16. The
head predicts an affine map of the photo, `y = a * x + b`, which keeps the photo's fine detail the way the teacher's
guided filter does. Pictures are RGB in [0, 1], NCHW, sides multiples of 8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .reparam import expand, has_branches

# Sees every activation that is quantised in INT8, by name; calibration observes, quantisation-aware training rounds.
Mark = Callable[[str, Tensor], Tensor]
BLOCK = 4  # space-to-depth factor of stem and head
PIXELS = 3 * BLOCK * BLOCK


@dataclass(frozen=True)
class Shape:
    """Widths and depths: `a` channels at 1/4, `b` at 1/8; residual blocks before, at the bottom and after.

    `inner` holds the width between the two convolutions of each block, in that order; empty means as wide as the trunk.
    """

    a: int = 80
    b: int = 128
    before: int = 1
    bottom: int = 4
    after: int = 2
    inner: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.inner and len(self.inner) != self.blocks:
            raise ValueError(f"{len(self.inner)} inner widths for {self.blocks} blocks")

    @property
    def blocks(self) -> int:
        return self.before + self.bottom + self.after

    @property
    def outer(self) -> tuple[int, ...]:
        """Trunk width at every residual block."""
        return (self.a,) * self.before + (self.b,) * self.bottom + (self.a,) * self.after

    @property
    def inner_widths(self) -> tuple[int, ...]:
        return self.inner or self.outer

    def macs(self, height: int = 512, width: int = 512) -> int:
        """Multiply-accumulate operations of all convolutions for one picture."""
        quarter, eighth = height * width // BLOCK**2, height * width // (2 * BLOCK) ** 2
        at = (quarter,) * self.before + (eighth,) * self.bottom + (quarter,) * self.after
        residual = sum(18 * o * i * n for o, i, n in zip(self.outer, self.inner_widths, at, strict=True))
        ends = quarter * 9 * 3 * PIXELS * self.a  # stem, gain, bias
        return residual + ends + eighth * (9 * self.a * self.b + 4 * self.a * self.b)


def unmarked(_name: str, x: Tensor) -> Tensor:
    return x


class ResidualBlock(nn.Module):
    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, inner, 3, padding=1)
        self.second = nn.Conv2d(inner, channels, 3, padding=1)

    def forward(self, x: Tensor, name: str, mark: Mark) -> Tensor:
        inner = mark(f"{name}.first", F.relu(self.first(x)))
        return mark(name, F.relu(x + mark(f"{name}.second", self.second(inner))))


class Student(nn.Module):
    def __init__(self, shape: Shape = Shape()) -> None:
        super().__init__()
        self.shape = shape
        blocks = iter([ResidualBlock(*widths) for widths in zip(shape.outer, shape.inner_widths, strict=True)])
        self.stem = nn.Conv2d(PIXELS, shape.a, 3, padding=1)
        self.before = nn.Sequential(*islice(blocks, shape.before))
        self.down = nn.Conv2d(shape.a, shape.b, 3, stride=2, padding=1)
        self.bottom = nn.Sequential(*islice(blocks, shape.bottom))
        self.up = nn.Conv2d(shape.b, 4 * shape.a, 1)
        self.after = nn.Sequential(*islice(blocks, shape.after))
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


def conv_inputs(shape: Shape) -> dict[str, str]:
    """Convolution -> the activation it reads, by the names that `mark` sees; `photo` is the picture."""
    found, last = {"stem": "photo"}, "stem"

    def blocks(part: str, count: int) -> None:
        nonlocal last
        for name in (f"{part}.{k}" for k in range(count)):
            found[f"{name}.first"], found[f"{name}.second"], last = last, f"{name}.first", name

    blocks("before", shape.before)
    found["down"], last = last, "down"
    blocks("bottom", shape.bottom)
    found["up"], last = last, "join"
    blocks("after", shape.after)
    return {**found, "gain": last, "bias": last}


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def save_student(path: Path | IO[bytes], model: Student, half: bool = False, **more: Any) -> None:
    """Writes shape, weights (fp16 where `half`, for transport) and whatever else belongs to the checkpoint."""
    state = {k: v.half() if half else v for k, v in model.state_dict().items()}
    torch.save({"shape": asdict(model.shape), "state": state, **more}, path)


def load_student(path: Path | IO[bytes], device: str = "cpu") -> tuple[Student, dict[str, Any]]:
    """A student, FP32, and everything else its checkpoint holds; in branch form where it was saved so."""
    checkpoint = torch.load(path, map_location=device, weights_only=True)
    model = Student(Shape(**{k: tuple(v) if k == "inner" else v for k, v in checkpoint.pop("shape").items()}))
    state = checkpoint.pop("state")
    if any(name.endswith(".scale") for name in state):
        model = expand(model)
    model.load_state_dict(state)
    return model.to(device), checkpoint


def with_branches(model: Student) -> Student:
    """The student in branch form (`reparam.py`), computing the same."""
    return model if has_branches(model) else expand(model)
