"""A student that computes what its INT8 graph computes, and trains like any other module.

Rounds exactly where the exported graph rounds: every marked activation to u8 per tensor, every weight to s8 per output
channel, with straight-through gradients.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..convert.quantisation import PICTURE, Quantisation, ranges_to_quantisation
from .network import Student, conv_inputs, load_student, save_student

EMA = 0.99  # of the ranges, per step
LEVELS = 255


def straight_round(x: Tensor) -> Tensor:
    """Rounds; the gradient passes as if it had not."""
    return x + (x.round() - x).detach()


def weight_scale(weight: Tensor) -> Tensor:
    """[out], as `GraphBuilder.conv` quantises: s8, symmetric, largest magnitude of the channel = 127."""
    return weight.detach().abs().amax((1, 2, 3)).clamp_min(1e-8) / 127


def fake_weight(weight: Tensor) -> Tensor:
    """The value that the s8 weight stands for."""
    scale = weight_scale(weight)[:, None, None, None]
    return straight_round(weight / scale) * scale


class Ranges(nn.Module):
    """[low, high] of every marked activation; `stretch` is learned, as a logarithm, so that one rate suits them all."""

    def __init__(self, found: dict[str, Quantisation], learned: bool) -> None:
        super().__init__()
        self.names = sorted(name for name in found if name != "photo")
        rows = [[-q.zero * q.scale, (LEVELS - q.zero) * q.scale] for q in (found[name] for name in self.names)]
        self.register_buffer("base", torch.tensor(rows, dtype=torch.float32))
        self.stretch = nn.Parameter(torch.zeros(len(rows), 2), requires_grad=learned)
        self.index = {name: row for row, name in enumerate(self.names)}

    def limits(self) -> Tensor:
        """[n, 2]; low is never positive, high never negative."""
        return self.base * self.stretch.exp()

    @torch.no_grad()
    def observe(self, name: str, x: Tensor) -> None:
        """Moves the range towards the extremes of this batch, without the outermost 1 in 10,000."""
        sample = x.detach().float().flatten()[::37]
        tail = max(1, round(len(sample) * 1e-4))
        low = (-(-sample).topk(tail).values[-1]).clamp_max(0)
        high = sample.topk(tail).values[-1].clamp_min(0)
        row = self.base[self.index[name]]
        row.lerp_(torch.stack([low, high]), 1 - EMA)

    def quantise(self, name: str, x: Tensor) -> Tensor:
        """Fake u8: the value that the INT8 graph would hold."""
        low, high = self.limits()[self.index[name]].unbind()
        scale = ((high - low) / LEVELS).clamp_min(1e-6 / LEVELS)
        zero = straight_round(-low / scale)
        return ((straight_round(x.float() / scale) + zero).clamp(0, LEVELS) - zero) * scale

    def quantisation(self) -> dict[str, Quantisation]:
        """For `StudentGraph`."""
        rows = self.limits().detach().cpu().tolist()
        found = {name: ranges_to_quantisation(*rows[row]) for name, row in self.index.items()}
        return {"photo": PICTURE, **found}


class QatStudent(nn.Module):
    """A plain student that computes what its INT8 graph computes; trains like any other module."""

    def __init__(self, student: Student, found: dict[str, Quantisation], learned: bool = True) -> None:
        super().__init__()
        self.student, self.ranges, self.learned = student, Ranges(found, learned), learned
        self.inputs = conv_inputs(student.shape)

    def forward(self, x: Tensor) -> Tensor:
        def mark(name: str, value: Tensor) -> Tensor:
            if self.training and not self.learned:
                self.ranges.observe(name, value)
            return self.ranges.quantise(name, value)

        return functional_call(self.student, self.rounded(), (x, mark))

    def rounded(self) -> dict[str, Tensor]:
        """Weights as s8 and biases as s32 hold them.

        A bias is a multiple of input scale x weight scale; measured, that rounding moves one output byte in ten.
        """
        spans = (self.ranges.limits().detach().diff(dim=1) / LEVELS)[:, 0]
        found = {}
        for conv, source in self.inputs.items():
            module = self.student.get_submodule(conv)
            span = PICTURE.scale if source == "photo" else spans[self.ranges.index[source]]
            found[f"{conv}.weight"] = fake_weight(module.weight)
            found[f"{conv}.bias"] = straight_round(module.bias / (fine := weight_scale(module.weight) * span)) * fine
        return found


def save_qat(path: Path, model: QatStudent, half: bool = False, **more: Any) -> None:
    """A student's checkpoint with its ranges; `load_student` reads the student alone."""
    ranges = {name: [q.scale, q.zero] for name, q in model.ranges.quantisation().items()}
    save_student(path, model.student, half, ranges=ranges, **more)


def load_qat(path: Path) -> tuple[Student, dict[str, Quantisation]]:
    """Student and ranges for the graph builder."""
    student, rest = load_student(path)
    return student, {name: Quantisation(scale, zero) for name, (scale, zero) in rest["ranges"].items()}
