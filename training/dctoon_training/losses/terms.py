"""Training losses. Pictures are RGB in [0, 1], NCHW float; weights are [N, 1, H, W] with mean 1."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..metrics import LUMA, SSIM_K1, SSIM_K2, SSIM_SIGMA, SSIM_WINDOW
from ..teacher.network import Teacher

# Gaussians of the weight map in template pixels: (indices of the five points whose mean is the centre, sigma, height).
# People look at eyes and mouth, and the style's geometry is learned there last.
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


C1, C2 = SSIM_K1**2, SSIM_K2**2


BAND = 64  # results that one product of `blur` gives


def blur_matrix(size: int, device: torch.device) -> Tensor:
    """[size, size - 10]: times this, a row is blurred."""
    axis = torch.arange(size, device=device)[:, None] - torch.arange(size - SSIM_WINDOW + 1, device=device)
    axis = axis - SSIM_WINDOW // 2
    line = torch.exp(-(axis**2) / (2 * SSIM_SIGMA**2)) * (axis.abs() <= SSIM_WINDOW // 2)
    return line / line.sum(0)


def blur(maps: Tensor) -> Tensor:
    """SSIM's window over the last axis, where it fits. On a CPU matrix products are far faster than a convolution of
    one channel; the matrix is zero outside of a band, so it goes piece by piece.
    """
    matrix = blur_matrix(maps.shape[-1], maps.device)
    starts = range(0, matrix.shape[1], BAND)
    pieces = ((slice(s, s + BAND + SSIM_WINDOW - 1), slice(s, s + BAND)) for s in starts)
    return torch.cat([maps[..., rows] @ matrix[rows, columns] for rows, columns in pieces], dim=-1)


def dssim(y: Tensor, target: Tensor) -> Tensor:
    """1 - SSIM of the grey pictures: local contrast and structure, where L1 would rather blur than be wrong."""
    luma = torch.tensor(LUMA, device=y.device)[:, None, None]
    a, b = ((picture * luma).sum(1) for picture in (y, target))
    maps = torch.stack([a, b, a * a, b * b, a * b])
    mean_a, mean_b, aa, bb, ab = blur(blur(maps).mT.contiguous())  # transposed: a mean does not mind
    both, square = mean_a * mean_b, mean_a**2 + mean_b**2
    value = (2 * both + C1) * (2 * (ab - both) + C2) / ((square + C1) * (aa + bb - square + C2))
    return 1 - value.mean()


UNSHARP_SIGMA, UNSHARP_REACH = 1.2, 4  # pixels


def unsharp(picture: Tensor, amount: float) -> Tensor:
    """Unsharp mask, not clipped. Blur and mean commute, so a student of sharpened targets is its own unsharp mask."""
    axis = torch.arange(-UNSHARP_REACH, UNSHARP_REACH + 1.0, device=picture.device)
    line = torch.exp(-(axis**2) / (2 * UNSHARP_SIGMA**2))
    line = (line / line.sum()).to(picture.dtype).expand(picture.shape[1], 1, 1, -1)
    padded = F.pad(picture, (UNSHARP_REACH,) * 4, mode="replicate")
    groups = picture.shape[1]
    soft = F.conv2d(F.conv2d(padded, line, groups=groups), line.transpose(2, 3), groups=groups)
    return picture + amount * (picture - soft)


def encoder_l1(teacher: Teacher, y: Tensor, target: Tensor) -> Tensor:
    """L1 between the teacher's encoder features (convolutions 0 to 4) of two pictures, each layer in units of its mean.

    Licence-clean and already loaded, where VGG and LPIPS are neither.
    """
    with torch.no_grad():
        reference = teacher.encoder(2 * target - 1)
    parts = [
        (mine - other).abs().mean() / other.abs().mean().clamp_min(1e-6)
        for mine, other in zip(teacher.encoder(2 * y - 1), reference, strict=True)
    ]
    return torch.stack(parts).mean()


# Eyes and mouth: (indices of the points whose mean is the centre, half side in eye distances).
PATCHES: list[tuple[tuple[int, ...], float]] = [((0,), 0.42), ((1,), 0.42), ((3, 4), 0.55)]
PATCH_SIZE = 40


def patch_grid(points: Tensor, height: int, width: int) -> Tensor:
    """Sampling grids [N, 3, P, P, 2] of eyes and mouth for `grid_sample` (align_corners=False); NaN without a face."""
    line = (torch.arange(PATCH_SIZE, device=points.device) + 0.5) / PATCH_SIZE * 2 - 1
    unit = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)
    distance = (points[:, 0] - points[:, 1]).norm(dim=1)
    grids = []
    for members, half in PATCHES:
        centre = points[:, list(members)].mean(1)
        grids.append(centre[:, None, None] + unit * (half * distance)[:, None, None, None])
    pixels = torch.stack(grids, dim=1)
    size = torch.tensor([width, height], device=points.device)
    return (2 * pixels + 1) / size - 1


def patch_l1(y: Tensor, target: Tensor, points: Tensor) -> Tensor:
    """L1 plus gradient L1 of eyes and mouth, each sampled to one size, so that a small face counts like a large one."""
    grid = patch_grid(points, *y.shape[2:])
    inside = (grid.abs().amax((2, 3, 4)) <= 1).float()  # False for NaN: no face, or a patch that the crop cut
    grid = grid.nan_to_num(0.0).flatten(0, 1)
    both = torch.cat([y, target]).repeat_interleave(len(PATCHES), 0)
    mine, other = F.grid_sample(both, grid.repeat(2, 1, 1, 1), align_corners=False).chunk(2)
    error = mine - other
    steps = (error, error.diff(dim=3), error.diff(dim=2))
    each = torch.stack([step.abs().mean((1, 2, 3)) for step in steps]).sum(0)
    return (each * inside.flatten()).sum() / inside.sum().clamp_min(1)


SKIN_SIGMA = 0.17  # of the three skin spots, in eye distances


def skin_mask(points: Tensor, height: int, width: int) -> Tensor:
    """Soft mask [N, 1, H, W] of cheeks and nose bridge, 0 to 1 (the spots of `groups.skin_spots`); 0 without a face."""
    y = torch.arange(height, dtype=torch.float32, device=points.device)[None, None, :, None]
    x = torch.arange(width, dtype=torch.float32, device=points.device)[None, None, None, :]
    spots = torch.stack(
        [
            (points[:, 0] + points[:, 3]) / 2,
            (points[:, 1] + points[:, 4]) / 2,
            (points[:, 0] + points[:, 1] + 2 * points[:, 2]) / 4,
        ],
        dim=1,
    )[..., None, None]
    sigma = SKIN_SIGMA * (points[:, 0] - points[:, 1]).norm(dim=1)[:, None, None, None]
    distance = (x - spots[:, :, 0]) ** 2 + (y - spots[:, :, 1]) ** 2
    return torch.exp(-distance / (2 * sigma**2)).nan_to_num(0.0).amax(1, keepdim=True)


def skin_colour(picture: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel under the mask, [N, 3] each."""
    total = mask.sum((2, 3)).clamp_min(1e-3)
    mean = (picture * mask).sum((2, 3)) / total
    variance = ((picture - mean[:, :, None, None]) ** 2 * mask).sum((2, 3)) / total
    return mean, (variance + 1e-6).sqrt()


def skin_l1(y: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """L1 between the skin's colour statistics: the tone as a whole, whatever single pixels do."""
    mine, other = skin_colour(y, mask), skin_colour(target, mask)
    return (mine[0] - other[0]).abs().mean() + (mine[1] - other[1]).abs().mean()


def keep_skin(target: Tensor, photo: Tensor, points: Tensor, share: float) -> Tensor:
    """The teacher's picture with the skin's mean colour moved towards the photo's by `share`.

    Only tone moves, drawing stays. The shift fades with the distance from the skin's colour, so that lips, brows and
    eyes keep theirs, and from the face, so that the background does.
    """
    mask = skin_mask(points, *target.shape[2:])
    mean, deviation = skin_colour(target, mask)
    wanted, _ = skin_colour(photo, mask)
    away = ((target - mean[:, :, None, None]) / (3 * deviation + 0.05)[:, :, None, None]).pow(2).sum(1, keepdim=True)
    near = (weight_map(points, *target.shape[2:]) > 1).float()
    near = F.avg_pool2d(near, 31, 1, 15, count_include_pad=False) * (mask.amax((2, 3), keepdim=True) > 0)
    shift = (share * (wanted - mean))[:, :, None, None]
    return (target + shift * torch.exp(-away / 2) * near).clamp(0, 1)


def soft_channels(predicted: Tensor, hint: Tensor, temperature: float) -> Tensor:
    """Classic distillation's soft term for pictures: KL of each channel's softmax *over positions*, times T squared.

    A picture has no classes to soften; what can be softened is *where* a feature is active (channel-wise distillation,
    Shu et al. 2021). Divided by the number of channels.
    """
    mine = F.log_softmax(predicted.flatten(2) / temperature, dim=2)
    other = F.softmax(hint.flatten(2) / temperature, dim=2)
    return temperature**2 * F.kl_div(mine, other, reduction="none").sum(2).mean()


def hint_l1(predicted: Tensor, hint: Tensor) -> Tensor:
    """Smooth L1 between the adapted trunk and the teacher's normalised features."""
    return F.smooth_l1_loss(predicted, hint)
