"""The augmentation of `augment.py` as batched tensor operations, for a GPU. Pictures: RGB in [0, 1], NCHW float.

Same ranges and chances as there; geometry is drawn from the same distribution, JPEG is its quantisation of 8 x 8
block-DCT coefficients without chroma subsampling, and every occluder is made of capsules (thick lines with round ends).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..losses.terms import dct_matrix

# Quantisation tables of the JPEG standard (ITU-T T.81, annex K.1), luma and chroma.
LUMA = [
    [16, 11, 10, 16, 24, 40, 51, 61],
    [12, 12, 14, 19, 26, 58, 60, 55],
    [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62],
    [18, 22, 37, 56, 68, 109, 103, 77],
    [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101],
    [72, 92, 95, 98, 112, 100, 103, 99],
]
CHROMA = [
    [17, 18, 24, 47, 99, 99, 99, 99],
    [18, 21, 26, 66, 99, 99, 99, 99],
    [24, 26, 56, 99, 99, 99, 99, 99],
    [47, 66, 99, 99, 99, 99, 99, 99],
    *[[99] * 8] * 4,
]
TO_YCC = [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
FLIPPED = [1, 0, 2, 4, 3]  # the five points of a mirrored face
FINGERS = 4


class Augment:
    """Draws from its own generator on the pictures' device; `size` is the side of the finished pictures."""

    def __init__(self, size: int, margin: int, device: str, seed: int) -> None:
        self.size, self.margin, self.device = size, margin, device
        self.random = torch.Generator(device).manual_seed(seed)
        self.basis = dct_matrix().to(device)
        self.tables = torch.tensor([LUMA, CHROMA, CHROMA], device=device, dtype=torch.float32)
        self.ycc = torch.tensor(TO_YCC, device=device)
        self.shift = torch.tensor([128.0, 0, 0], device=device)[:, None, None]
        self.rgb = torch.linalg.inv(self.ycc.cpu()).to(device)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=self.random, device=self.device)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.random, device=self.device)

    def chance(self, count: int, probability: float) -> Tensor:
        """A mask [N, 1, 1, 1]."""
        return self.uniform(count, 1, 1, 1) < probability

    # -- geometry ---------------------------------------------------------------------------------------------------
    def geometry(self, count: int) -> tuple[Tensor, Tensor]:
        """Matrices [N, 2, 3] from output pixel to input pixel, mirroring included, and the mirror mask [N]."""
        angle = (self.normal(count) * math.radians(4.5)).clamp(-math.radians(10), math.radians(10))
        scale = 1 + (self.normal(count) * 0.07 - 0.02).clamp(-0.2, 0.1)
        cos, sin = angle.cos() / scale, angle.sin() / scale
        linear = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)
        middle = (self.size - 1) / 2
        centre_out = middle + 4 * self.normal(count, 2) * self.size / 288
        mirror = self.uniform(count) < 0.5
        flip = torch.where(mirror, -1.0, 1.0)
        start = middle + self.margin - (linear @ centre_out[..., None])[..., 0]
        # Mirrored: x' = size - 1 - x in the output, before the similarity.
        start = start + linear[..., 0] * torch.where(mirror, self.size - 1.0, 0.0)[:, None]
        linear = torch.stack([linear[..., 0] * flip[:, None], linear[..., 1]], -1)
        return torch.cat([linear, start[..., None]], -1), mirror

    def warp(self, wide: Tensor, matrix: Tensor) -> Tensor:
        """Samples [N, 3, size, size] from wide crops; bicubic, white outside."""
        line = torch.arange(self.size, device=self.device, dtype=torch.float32)
        y, x = torch.meshgrid(line, line, indexing="ij")
        pixels = torch.stack([x, y, torch.ones_like(x)], -1)
        source = pixels @ matrix.transpose(1, 2)[:, None]
        grid = (2 * source + 1) / wide.shape[-1] - 1
        return 1 - F.grid_sample(1 - wide, grid, mode="bicubic", align_corners=False).clamp(0, 1)

    def map_points(self, points: Tensor, matrix: Tensor, mirror: Tensor) -> Tensor:
        """Five points of the wide crop [N, 5, 2] into the variant, in picture order."""
        inverse = torch.linalg.inv(matrix[..., :2])
        mapped = (points - matrix[:, None, :, 2]) @ inverse.transpose(1, 2)
        return torch.where(mirror[:, None, None], mapped[:, FLIPPED], mapped)

    # -- something in front of the face -----------------------------------------------------------------------------
    def capsules(self, ends: Tensor, radius: Tensor) -> Tensor:
        """Alpha [N, 1, H, W] of the union of capsules; ends [N, K, 2, 2], radius [N, K] in pixels, negative = none."""
        line = torch.arange(self.size, device=self.device, dtype=torch.float32)
        y, x = torch.meshgrid(line, line, indexing="ij")
        pixel = torch.stack([x, y], -1)
        start, along = ends[:, :, None, None, 0], (ends[:, :, 1] - ends[:, :, 0])[:, :, None, None]
        t = ((pixel - start) * along).sum(-1) / (along**2).sum(-1).clamp_min(1e-6)
        distance = (pixel - start - t.clamp(0, 1)[..., None] * along).norm(dim=-1)
        return torch.sigmoid((radius[:, :, None, None] - distance) / 0.6).amax(1, keepdim=True)

    def occlude(self, photo: Tensor, points: Tensor, probability: float = 0.15) -> Tensor:
        """A hand, a microphone or a mask before some of the faces."""
        chosen = ((self.uniform(len(photo)) < probability) & ~points[:, 0, 0].isnan()).nonzero()[:, 0]
        if not len(chosen):
            return photo
        five, n, unit = points[chosen], len(chosen), self.size / 288
        nose = five[:, 2].round().long().clamp(0, self.size - 1)
        skin = photo[chosen, :, nose[:, 1], nose[:, 0]] * self.uniform(n, 1, low=0.75, high=1.1)
        colour = torch.where(self.uniform(n, 1) < 0.5, skin, self.uniform(n, 3)).clamp(0, 1)
        mouth = (five[:, 3] + five[:, 4]) / 2

        # Fingers: parallel capsules that come from outside the picture.
        direction = self.uniform(n, low=0.2 * math.pi, high=0.8 * math.pi)
        along = torch.stack([direction.cos(), direction.sin()], -1)
        side = torch.stack([direction.sin(), -direction.cos()], -1)
        tip = five[
            torch.arange(n, device=self.device), torch.randint(5, (n,), generator=self.random, device=self.device)
        ]
        tip = tip + 14 * unit * self.normal(n, 2)
        step = torch.arange(FINGERS, device=self.device)[:, None] * 15 * unit
        start = tip[:, None] + step * side[:, None]
        hand = torch.stack([start, start + 220 * unit * along[:, None]], 2)
        hand_radius = self.uniform(n, FINGERS, low=6, high=9) * unit
        count = torch.randint(2, FINGERS + 1, (n, 1), generator=self.random, device=self.device)
        hand_radius = torch.where(torch.arange(FINGERS, device=self.device) < count, hand_radius, -1e3)

        # Microphone: a ball with a stem; mask: one thick capsule across the mouth.
        ball = mouth + 14 * unit * self.normal(n, 2)
        foot = torch.stack([ball[:, 0] + 40 * unit * self.normal(n), torch.full_like(ball[:, 0], self.size)], -1)
        ball_radius = self.uniform(n, low=14, high=30) * unit
        none = torch.full_like(ball_radius, -1e3)
        still = torch.stack([ball, ball], 1)
        microphone = torch.stack([still, torch.stack([ball, foot], 1), still, still], 1)
        microphone_radius = torch.stack([ball_radius, ball_radius / 2, none, none], 1)
        cheek = torch.stack([five[:, 3] - 12 * unit, five[:, 4] + 12 * unit], 1)
        mask = cheek[:, None].expand(-1, FINGERS, -1, -1)
        mask_radius = torch.stack([30 * unit * torch.ones_like(none), none, none, none], 1)

        kind = torch.randint(3, (n,), generator=self.random, device=self.device)
        pick = torch.arange(n, device=self.device)
        ends = torch.stack([hand, microphone, mask])[kind, pick]
        radius = torch.stack([hand_radius, microphone_radius, mask_radius])[kind, pick]
        alpha = self.capsules(ends, radius)
        covered = photo[chosen] * (1 - alpha) + colour[:, :, None, None] * alpha
        return photo.index_copy(0, chosen, covered)

    # -- light, colour, damage --------------------------------------------------------------------------------------
    def jpeg(self, x: Tensor, quality: Tensor) -> Tensor:
        """Quantises 8 x 8 block-DCT coefficients; quality [N] as in libjpeg, 1 to 100. Sides multiples of 8."""
        scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)[:, None, None, None] / 100
        table = (self.tables * scale).round().clamp(1, 255)[:, :, None, :, None, :]  # [N, 3, 1, 8, 1, 8]
        n, _, height, width = x.shape
        ycc = torch.einsum("dc,nchw->ndhw", self.ycc, x * 255) - self.shift  # as the standard shifts levels
        blocks = ycc.reshape(n, 3, height // 8, 8, width // 8, 8)
        basis = self.basis
        coefficients = torch.einsum("ki,nchiwj,lj->nchkwl", basis, blocks, basis)
        kept = (coefficients / table).round() * table
        back = torch.einsum("ki,nchkwl,lj->nchiwj", basis, kept, basis).reshape(n, 3, height, width)
        return (torch.einsum("dc,nchw->ndhw", self.rgb, back + self.shift) / 255).clamp(0, 1)

    def blur(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Gaussian blur with one sigma [N] per picture."""
        axis = torch.arange(-4, 5, device=self.device, dtype=torch.float32)
        kernel = torch.exp(-(axis**2) / (2 * sigma[:, None] ** 2))
        kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, 0)
        flat = x.reshape(1, -1, *x.shape[2:])
        flat = F.conv2d(F.pad(flat, (4, 4, 0, 0), mode="replicate"), kernel[:, None, None, :], groups=len(kernel))
        flat = F.conv2d(F.pad(flat, (0, 0, 4, 4), mode="replicate"), kernel[:, None, :, None], groups=len(kernel))
        return flat.reshape(x.shape)

    def degrade(self, x: Tensor, probability: float = 0.6) -> Tensor:
        """Bad light, colour casts, noise, blur and JPEG for some of the pictures, each with its own chance."""
        n = len(x)
        original = x

        def draw(low: float, high: float) -> Tensor:
            return self.uniform(n, 1, 1, 1, low=low, high=high)

        lit = x * draw(0.35, 1.5)
        mean = lit.mean((1, 2, 3), keepdim=True)
        x = torch.where(self.chance(n, 0.35), mean + (lit - mean) * draw(0.7, 1.3), x)
        grey = (x * self.ycc[0][:, None, None]).sum(1, keepdim=True)
        x = torch.where(self.chance(n, 0.3), grey + (x - grey) * draw(0.3, 1.5), x)
        x = torch.where(self.chance(n, 0.3), x * self.uniform(n, 3, 1, 1, low=0.82, high=1.18), x).clamp(0, 1)
        x = torch.where(self.chance(n, 0.2), (x + 1e-6) ** draw(0.6, 1.7), x)
        x = torch.where(self.chance(n, 0.25), x + self.normal(*x.shape) * draw(2, 10) / 255, x).clamp(0, 1)
        x = torch.where(self.chance(n, 0.2), self.blur(x, self.uniform(n, low=0.4, high=1.4)), x)
        x = torch.where(self.chance(n, 0.3), self.jpeg(x, self.uniform(n, low=30, high=85)), x)
        return torch.where(self.chance(n, probability), x, original)
