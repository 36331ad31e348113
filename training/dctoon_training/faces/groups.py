"""Which faces belong together: automatic measures of skin tone, pose, light and glasses, for balance and for reports.

Nobody labelled the photos. Every measure here is computed from the pixels and the five landmark points and is rough; it
serves to notice that a network treats a group worse, not to say anything about a person.

- Skin tone: individual typology angle, `ITA = atan((L* - 50) / b*)` in degrees (Chardon 1991), from the median colour
  of three spots (both cheeks, nose bridge). Bad light moves it: a dark photo counts as darker skin.
- Pose: how far the nose tip lies off the middle of the eyes, in eye distances; about 0.2 is a 3/4 view.
- Light: median luma of the same skin spots, and the difference between the cheeks.
- Glasses: a ridge probe on SqueezeNet features of the eye band (`glasses_probe`), trained on train photos whose name in
  SOURCES.csv tells (figure grids of a search for glasses against searches for age, ethnicity and hair colour).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

# Chardon's limits between very light, light, intermediate, tan, brown and dark.
ITA_LIMITS = (55.0, 41.0, 28.0, 10.0, -30.0)
SPOT = 0.13  # half side of a skin spot in eye distances
TURNED, LOW_LIGHT, SIDE_LIGHT = 0.2, 75.0, 45.0


def lab(rgb: Floats) -> Floats:
    """CIE L*a*b* (D65) of sRGB values 0..255, [..., 3]."""
    v = rgb / 255
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = linear @ matrix.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def skin_spots(points: Floats) -> Floats:
    """Centres of both cheeks and the nose bridge, [..., 3, 2], from five points [..., 5, 2]."""
    left = (points[..., 0, :] + points[..., 3, :]) / 2
    right = (points[..., 1, :] + points[..., 4, :]) / 2
    bridge = (points[..., 0, :] + points[..., 1, :] + 2 * points[..., 2, :]) / 4
    return np.stack([left, right, bridge], axis=-2)


def spot_colours(photo: Bytes, points: Floats) -> Floats:
    """Median RGB of each skin spot, [3, 3]."""
    half = max(1, round(SPOT * float(np.hypot(*(points[1] - points[0])))))
    colours = []
    for x, y in np.rint(skin_spots(points)).astype(int):
        x, y = np.clip(x, half, photo.shape[1] - half - 1), np.clip(y, half, photo.shape[0] - half - 1)
        spot = photo[y - half : y + half + 1, x - half : x + half + 1]
        colours.append(np.median(spot.reshape(-1, 3), axis=0))
    return np.array(colours)


def ita(photo: Bytes, points: Floats) -> float:
    """Individual typology angle in degrees: about 60 for very light, -50 for very dark skin."""
    lightness, _, yellow = lab(np.median(spot_colours(photo, points), axis=0))
    # b* <= 0 is a blue colour cast, not a skin tone; a small positive value keeps the sign of L* - 50.
    return float(np.degrees(np.arctan2(lightness - 50, max(yellow, 1e-3))))


def balance(angles: Floats, most: float = 4.0) -> Floats:
    """Sampling weights (mean 1) that bring the six ITA classes nearer to equal shares, at most `most` times."""
    classes = np.digitize(angles, sorted(ITA_LIMITS))
    counts = np.bincount(classes, minlength=len(ITA_LIMITS) + 1)
    weights = np.minimum(counts.max() / np.maximum(counts, 1), most)[classes]
    return weights / weights.mean()


def face_groups(photos: Bytes, points: Floats) -> dict[str, NDArray[np.bool_]]:
    """Group name -> mask over the photos; points [N, 5, 2] in pixels of the photos."""
    angles = np.array([ita(p, five) for p, five in zip(photos, points, strict=True)])
    colours = np.array([spot_colours(p, five) for p, five in zip(photos, points, strict=True)])
    luma = colours @ np.array([0.299, 0.587, 0.114])
    eyes = points[:, 1] - points[:, 0]
    offset = points[:, 2] - (points[:, 0] + points[:, 1]) / 2
    distance = np.hypot(eyes[:, 0], eyes[:, 1])
    yaw = np.abs((offset * eyes).sum(axis=1)) / distance**2
    low = np.median(luma, axis=1) < LOW_LIGHT
    side = np.abs(luma[:, 0] - luma[:, 1]) > SIDE_LIGHT
    return {
        "skin light (ITA > 41)": angles > 41,
        "skin medium (ITA 10 to 41)": (angles > 10) & (angles <= 41),
        "skin dark (ITA < 10)": angles <= 10,
        "pose frontal": yaw < TURNED,
        "pose turned": yaw >= TURNED,
        "light even": ~low & ~side,
        "light low or from one side": low | side,
    }
