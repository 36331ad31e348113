"""Training losses. Pictures are RGB in [0, 1], NCHW float; weights are [N, 1, H, W] with mean 1."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

# Gaussians of the weight map in template pixels: (indices of the five points whose mean is the centre, sigma, height).
# People look at eyes and mouth, and the style's geometry is learned there last (issue 1).
FOCUS: list[tuple[tuple[int, ...], float, float]] = [
    ((0, 1, 3, 4), 55.0, 4.0),
    ((0,), 17.0, 8.0),
    ((1,), 17.0, 8.0),
    ((3, 4), 22.0, 3.0),
]
TEMPLATE_EYE_DISTANCE = 67.96


def weight_map(points: Tensor, height: int, width: int) -> Tensor:
    """[N, 5, 2] points in pixels (NaN = no face) to [N, 1, H, W] weights, mean 1 per picture."""
    y = torch.arange(height, dtype=torch.float32, device=points.device)[None, :, None]
    x = torch.arange(width, dtype=torch.float32, device=points.device)[None, None, :]
    scale = (points[:, 0] - points[:, 1]).norm(dim=1) / TEMPLATE_EYE_DISTANCE
    total = torch.ones(len(points), height, width, device=points.device)
    for members, sigma, peak in FOCUS:
        centre = points[:, list(members)].mean(1)
        distance = (x - centre[:, 0, None, None]) ** 2 + (y - centre[:, 1, None, None]) ** 2
        total = total + peak * torch.exp(-distance / (2 * (sigma * scale)[:, None, None] ** 2)).nan_to_num(0.0)
    return (total / total.mean((1, 2), keepdim=True))[:, None]


def gradient_l1(y: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """L1 of horizontal and vertical differences: edges in the right place."""
    error = y - target
    dx = (error[..., 1:] - error[..., :-1]).abs() * weight[..., 1:]
    dy = (error[..., 1:, :] - error[..., :-1, :]).abs() * weight[..., 1:, :]
    return dx.mean() + dy.mean()


def dct_matrix(size: int = 8) -> Tensor:
    """Orthonormal DCT-II basis."""
    k, n = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    basis = torch.cos(math.pi * (2 * n + 1) * k / (2 * size)) * math.sqrt(2 / size)
    basis[0] /= math.sqrt(2)
    return basis


def block_dct_l1(y: Tensor, target: Tensor, basis: Tensor) -> Tensor:
    """L1 of 8 x 8 block-DCT coefficients of the grey picture: frequency-domain guidance."""
    grey = (y - target).mean(1, keepdim=True)
    blocks = F.unfold(grey, 8, stride=8).transpose(1, 2).unflatten(2, (8, 8))
    return (basis @ blocks @ basis.T).abs().mean()


def hint_l1(predicted: Tensor, hint: Tensor) -> Tensor:
    """Smooth L1 between the adapted trunk and the teacher's normalised features."""
    return F.smooth_l1_loss(predicted, hint)
