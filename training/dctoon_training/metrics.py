"""Picture measures. Inputs: uint8 NHWC RGB arrays of equal shape."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
# Face region of the 288 template: rows 95-240, columns 75-217.
FACE_ROWS, FACE_COLUMNS = (95, 240), (75, 217)

LUMA = (0.299, 0.587, 0.114)  # Rec. 601
# SSIM (Wang et al. 2004): side and sigma of the Gaussian window, K1 and K2.
SSIM_WINDOW, SSIM_SIGMA, SSIM_K1, SSIM_K2 = 11, 1.5, 0.01, 0.03


def face_region(side: int = 288) -> tuple[slice, slice]:
    """Rows and columns of the face in a square aligned crop."""
    rows, columns = ([round(v * side / 288) for v in limits] for limits in (FACE_ROWS, FACE_COLUMNS))
    return slice(*rows), slice(*columns)


def captured(photo: Bytes, student: Bytes, teacher: Bytes, region: tuple[slice, slice] | None = None) -> float:
    """`1 - L1(student, teacher) / L1(photo, teacher)` over a set: 0 = the photo itself, 1 = the teacher."""
    rows, columns = region or (slice(None), slice(None))
    p, s, t = (v[:, rows, columns].astype(np.int16) for v in (photo, student, teacher))
    return 1.0 - float(np.abs(s - t).sum(dtype=np.float64) / np.abs(p - t).sum(dtype=np.float64))


def psnr(a: Bytes, b: Bytes) -> float:
    """Mean over pictures, dB."""
    error = ((a.astype(np.float32) - b.astype(np.float32)) ** 2).mean(axis=(1, 2, 3))
    return float(np.mean(10 * np.log10(255.0**2 / np.maximum(error, 1e-4))))


def ssim_each(a: Bytes, b: Bytes) -> NDArray[np.float64]:
    """SSIM of the grey pictures (Wang et al. 2004: 11 x 11 Gaussian, sigma 1.5), one value per picture."""
    axis = torch.arange(SSIM_WINDOW, dtype=torch.float64) - SSIM_WINDOW // 2
    line = torch.exp(-(axis**2) / (2 * SSIM_SIGMA**2))
    window = (line[:, None] * line[None, :] / line.sum() ** 2)[None, None]
    luma = torch.tensor(LUMA, dtype=torch.float64)
    x, y = (torch.from_numpy(v.astype(np.float64)) @ luma for v in (a, b))
    x, y = x[:, None], y[:, None]
    mx, my = F.conv2d(x, window), F.conv2d(y, window)
    vx, vy = F.conv2d(x * x, window) - mx**2, F.conv2d(y * y, window) - my**2
    vxy = F.conv2d(x * y, window) - mx * my
    c1, c2 = (SSIM_K1 * 255) ** 2, (SSIM_K2 * 255) ** 2
    value = ((2 * mx * my + c1) * (2 * vxy + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return value.mean((1, 2, 3)).numpy()


def edge_energy(made: Bytes, wanted: Bytes, region: tuple[slice, slice]) -> float:
    """Mean length of the grey gradient in a region, of `made` over that of `wanted`: 1 = as sharp."""

    def energy(pictures: Bytes) -> float:
        grey = pictures[:, region[0], region[1]].astype(np.float64) @ np.array(LUMA)
        return float(np.hypot(np.diff(grey, axis=1)[:, :, :-1], np.diff(grey, axis=2)[:, :-1]).mean())

    return energy(made) / energy(wanted)


def report(photo: Bytes, student: Bytes, teacher: Bytes) -> dict[str, float]:
    """Likeness to the target of a set of aligned crops, in the face and as a whole, and how sharp the face is."""
    face = face_region(photo.shape[1])
    return {
        "captured_face": round(captured(photo, student, teacher, face), 4),
        "captured": round(captured(photo, student, teacher), 4),
        "psnr": round(psnr(student, teacher), 3),
        "ssim": round(float(ssim_each(student, teacher).mean()), 4),
        "edge": round(edge_energy(student, teacher, face), 4),
    }
