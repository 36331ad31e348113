"""How good a cartoon is beyond likeness to its target: how much faces change, how equally, and whose tone is kept.

Likeness to the plain teacher cannot judge a composed student: a better cartoon is farther from it. Pictures here are
uint8 [N, 288, 288, 3], RGB, aligned to the template.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..faces.groups import ita, lab, spot_colours
from ..metrics import face_region

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

FEWEST = 5  # the faces that change least, as a group
# Individual typology angle that parts light, medium and dark skin, in degrees.
LIGHT, DARK = 41.0, 10.0


def change(photos: Bytes, made: Bytes) -> Floats:
    """Mean absolute difference in the face, per picture, 0..255."""
    rows, columns = face_region(photos.shape[1])
    off = made[:, rows, columns].astype(np.int16) - photos[:, rows, columns]
    return np.abs(off).mean((1, 2, 3))


def tones(pictures: Bytes, points: Floats) -> Floats:
    """Mean CIELAB colour of both cheeks and the bridge of the nose, [N, 3]; points [N, 5, 2]."""
    return np.array([lab(spot_colours(p, five)).mean(0) for p, five in zip(pictures, points, strict=True)])


def tone_groups(photos: Bytes, points: Floats) -> dict[str, NDArray[np.bool_]]:
    """Light, medium and dark skin by the photo's typology angle."""
    angles = np.array([ita(p, five) for p, five in zip(photos, points, strict=True)])
    return {"light": angles > LIGHT, "medium": (angles <= LIGHT) & (angles > DARK), "dark": angles <= DARK}


def judge(photos: Bytes, made: Bytes, points: Floats) -> dict[str, float]:
    """Mean change, the same of each tone group and of the least changed faces relative to it, and the tone's distance.

    `tone`: median CIELAB distance of the skin between photo and cartoon; `tone_dark`: the same of dark skin.
    """
    moved, groups = change(photos, made), tone_groups(photos, points)
    mean = float(moved.mean())
    away = np.linalg.norm(tones(photos, points) - tones(made, points), axis=1)
    found = {"change": round(mean, 2), "least": round(float(np.sort(moved)[:FEWEST].mean()) / mean, 3)}
    for name, mask in groups.items():
        if mask.any():
            found[f"change_{name}"] = round(float(moved[mask].mean()) / mean, 3)
            found[f"tone_{name}"] = round(float(np.median(away[mask])), 2)
    return {**found, "tone": round(float(np.median(away)), 2)}
