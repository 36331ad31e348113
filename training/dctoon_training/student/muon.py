"""Muon for the trunk's convolutions, Adam for everything else, behind one optimiser's interface.

Muon (Jordan et al. 2024, `torch.optim.Muon`) replaces a weight matrix's momentum by the nearest orthogonal matrix, so
that every direction is learned at one rate. PyTorch's takes matrices only; a convolution's weights are seen here as the
matrix [out, in * height * width], in place. Stem, heads, biases and the hint's adapter stay with Adam, as its authors
advise for first and last layers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

ENDS = ("stem", "gain", "bias")  # first and last layers of the student


def as_matrix(weight: Tensor) -> Tensor:
    """[out, in, h, w], channels last, as [out, h * w * in] without a copy."""
    return weight.permute(0, 2, 3, 1).view(len(weight), -1)


class MuonAdam:
    """What `Distillation` needs of an optimiser. The rate is Adam's: Muon's updates are scaled to Adam's usual size."""

    def __init__(self, model: nn.Module, others: list[nn.Parameter], rate: float) -> None:
        self.weights = [
            parameter
            for name, parameter in model.named_parameters()
            if parameter.ndim == 4 and name.split(".")[0] not in ENDS
        ]
        mine = {id(weight) for weight in self.weights}
        self.others = [p for p in model.parameters() if id(p) not in mine] + others
        self.matrices = [nn.Parameter(as_matrix(weight.detach())) for weight in self.weights]
        self.muon = torch.optim.Muon(self.matrices, lr=rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
        self.adam = torch.optim.Adam(self.others, lr=rate)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [*self.muon.param_groups, *self.adam.param_groups]

    def zero_grad(self) -> None:
        for parameter in (*self.weights, *self.others):
            parameter.grad = None

    def step(self) -> None:
        for matrix, weight in zip(self.matrices, self.weights, strict=True):
            if weight.grad is not None:
                matrix.grad = weight.grad.permute(0, 2, 3, 1).reshape(len(weight), -1)
        self.muon.step()
        self.adam.step()

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
