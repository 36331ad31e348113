"""Filters, colour spaces and statistics of pictures and masks (see the package's docstring for shapes and ranges)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Mask = NDArray[np.float32]

LUMA = np.float32([0.299, 0.587, 0.114])  # Rec. 601
YCC = np.float32([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
RGB = np.linalg.inv(YCC).astype(np.float32)
WIDE = 8.0  # Gaussians from this sigma on are computed on a quarter of the size


def luminance(x: Picture) -> Mask:
    """Rec. 601 luma."""
    return x @ LUMA


def to_ycc(x: Picture) -> Picture:
    """Luma and two colour differences around 0 (JPEG's YCbCr without its offset)."""
    return cv2.transform(x, YCC)


def to_rgb(x: Picture) -> Picture:
    """Inverse of `to_ycc`, clipped to 0..1."""
    return cv2.transform(np.ascontiguousarray(x), RGB).clip(0, 1)


def to_lab(x: Picture) -> Picture:
    """CIE L*a*b* (D65): L* in 0..100."""
    return cv2.cvtColor(x.clip(0, 1), cv2.COLOR_RGB2LAB)


def plane(x: Mask) -> Mask:
    """A mask as a picture of one channel, to be multiplied with pictures."""
    return x[..., None]


def box(x: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Mean over squares of 2 radius + 1, mirrored at the border."""
    return cv2.blur(x, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT_101)


def blur(x: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian, the border repeated."""
    if sigma < WIDE:
        return cv2.GaussianBlur(x, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    height, width = x.shape[:2]
    small = cv2.resize(x, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / 4, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def total(x: NDArray[np.float32], mask: Mask) -> NDArray[np.float32]:
    """Mean of what `mask` holds: a number a channel."""
    weight = mask if x.ndim == 2 else plane(mask)
    return (x * weight).sum((0, 1)) / max(float(mask.sum()), 1e-3)


def around(x: NDArray[np.float32], mask: Mask, sigma: float) -> NDArray[np.float32]:
    """Mean of what `mask` holds near every pixel; far from the mask its mean over the whole picture."""
    weight = mask if x.ndim == 2 else plane(mask)
    near = blur(mask, sigma)
    near = near if x.ndim == 2 else plane(near)
    return ((blur(x * weight, sigma) + 0.02 * total(x, mask)) / (near + 0.02)).astype(np.float32)


def guided(
    x: NDArray[np.float32], guide: NDArray[np.float32], radius: int, epsilon: float, weight: Mask | None = None
) -> NDArray[np.float32]:
    """Guided filter (He et al. 2010), channel by channel; `weight` says how much each pixel counts."""
    if weight is not None:
        weight = weight if x.ndim == 2 else plane(weight)
        norm = box(weight, radius).reshape(weight.shape)

    def mean(v: NDArray[np.float32]) -> NDArray[np.float32]:
        return box(v, radius) if weight is None else box(v * weight, radius).reshape(v.shape) / norm

    if guide.ndim < x.ndim:
        guide = np.repeat(plane(guide), x.shape[2], 2)
    mean_guide, mean_x = mean(guide), mean(x)
    gain = (mean(guide * x) - mean_guide * mean_x) / (mean(guide * guide) - mean_guide**2 + epsilon)
    return mean(gain) * guide + mean(mean_x - gain * mean_guide)


def smooth(x: NDArray[np.float32], radius: int = 3, epsilon: float = 0.003) -> NDArray[np.float32]:
    """Guided filter of a picture by itself: takes wrinkles, pores and noise, keeps edges."""
    return guided(x, x, radius, epsilon)


def most(mask: Mask, radius: int) -> Mask:
    """Largest value within a square."""
    side = 2 * radius + 1
    return cv2.dilate(mask, np.ones((side, side), np.uint8))


def least(mask: Mask, radius: int) -> Mask:
    """Smallest value within a square."""
    side = 2 * radius + 1
    return cv2.erode(mask, np.ones((side, side), np.uint8))


def grow(mask: Mask, radius: int) -> Mask:
    """Wider by `radius`, softly."""
    return blur(most(mask, radius), 1.5)


def shrink(mask: Mask, radius: int) -> Mask:
    """Narrower by `radius`, softly."""
    return blur(least(mask, radius), 2)


def closed(mask: Mask, radius: int = 12) -> Mask:
    """Without holes that are narrower than 2 radius: highlights, glasses."""
    return least(most(mask, radius), radius)


def median(x: Picture, mask: Mask) -> NDArray[np.float32] | None:
    """Of each channel where the mask is over a half; None where that is hardly anything."""
    inside = x[mask > 0.5]
    return np.median(inside, axis=0).astype(np.float32) if len(inside) > 20 else None


def sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logistic function."""
    return (1 / (1 + np.exp(-np.clip(x, -60, 60)))).astype(np.float32)
