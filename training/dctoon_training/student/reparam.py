"""Structural re-parameterisation: 3 x 3 convolutions that train with a 1 x 1 and an identity branch beside them.

The branches are linear (no normalisation between them and the sum, as this student has none), so their sum is one 3 x 3
convolution at every moment. It is therefore folded *online*, in the forward pass, as OREPA does (Hu et al. 2022):
training costs what a plain convolution costs, and `fold` for export is exact by construction. The plain names `weight`
and `bias` stay, so a plain checkpoint loads into the branch form and computes the same there at the start.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class BranchConv(nn.Conv2d):
    """`scale * conv3x3(x) + conv1x1(x) + identity * x + bias`, per output channel; identity only where shapes agree."""

    def __init__(self, conv: nn.Conv2d) -> None:
        """Takes over a plain 3 x 3 convolution; the new branches add nothing yet."""
        super().__init__(conv.in_channels, conv.out_channels, 3, stride=conv.stride, padding=1)
        self.weight, self.bias = conv.weight, conv.bias
        like = {"dtype": conv.weight.dtype, "device": conv.weight.device}
        self.scale = nn.Parameter(torch.ones(conv.out_channels, **like))
        self.point = nn.Parameter(torch.zeros(conv.out_channels, conv.in_channels, **like))
        whole = conv.in_channels == conv.out_channels and conv.stride == (1, 1)
        self.identity = nn.Parameter(torch.zeros(conv.out_channels, **like)) if whole else None

    def folded_weight(self) -> Tensor:
        """The 3 x 3 weight of the sum of all branches, [out, in, 3, 3]."""
        centre = self.point if self.identity is None else self.point + torch.diag(self.identity)
        return self.weight * self.scale[:, None, None, None] + F.pad(centre[:, :, None, None], (1, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.folded_weight(), self.bias, self.stride, self.padding)

    def branches(self, x: Tensor) -> Tensor:
        """The same sum, branch by branch; only to prove that folding is exact."""
        y = F.conv2d(x, self.weight, None, self.stride, self.padding) * self.scale[:, None, None]
        y = y + F.conv2d(x, self.point[:, :, None, None], self.bias, self.stride)
        return y if self.identity is None else y + x * self.identity[:, None, None]

    def plain(self) -> nn.Conv2d:
        conv = nn.Conv2d(self.in_channels, self.out_channels, 3, stride=self.stride, padding=1)
        conv.weight = nn.Parameter(self.folded_weight().detach().clone())
        conv.bias = nn.Parameter(self.bias.detach().clone())
        return conv


def has_branches(model: nn.Module) -> bool:
    return any(isinstance(module, BranchConv) for module in model.modules())


def expand(model: M) -> M:
    """A copy whose plain 3 x 3 convolutions have branches; it computes the same until it is trained."""
    model = copy.deepcopy(model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Conv2d and child.kernel_size == (3, 3):
                setattr(parent, name, BranchConv(child))
    return model


def fold(model: M) -> M:
    """A copy with plain convolutions only, which computes the same."""
    model = copy.deepcopy(model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, BranchConv):
                setattr(parent, name, child.plain())
    return model
