"""Where skin, eyes, lips, brows and beard are, in a photo and in a drawing of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..faces.align import FaceFinder
from .filters import (
    Mask,
    Picture,
    around,
    blur,
    box,
    closed,
    grow,
    guided,
    luminance,
    median,
    most,
    plane,
    shrink,
    sigmoid,
    smooth,
    to_lab,
)
from .mesh import BROWS, CHIN, EYES, JAW, LIDS, LIPS, MOUTH, OVAL, TEMPLES, UNDER_NOSE, Points, find_mesh, polygon

# Radius in eye distances, and threshold, of the spots on cheeks and nose bridge where the tone is read.
SPOT, SPOT_FROM = 0.17, 0.6
# Least spread of skin in L*, a*, b*: what is nearer to the face's colour than this is skin for sure.
LEAST_SPREAD = np.float32([9.0, 4.0, 4.0])


@dataclass(frozen=True)
class Masks:
    """All float32 [H, W] in 0..1."""

    oval: Mask  # the mesh's outline of the face
    eyes: Mask
    lips: Mask
    mouth: Mask  # between the lips: teeth and dark
    brows: Mask
    beard: Mask  # hair on jaw, chin and over the lips
    inner: Mask  # what is surely skin: inside the oval, off eyes, lips, brows and beard
    cheeks: Mask  # of that, both cheeks and the bridge of the nose
    skin: Mask  # all of it, with neck and ears; eyes, lips and brows included
    mesh: Points


def skin_spots(points: Points, side: int) -> Mask:
    """Soft spots on both cheeks and the bridge of the nose, 1 in their middle."""
    ys, xs = np.mgrid[0:side, 0:side].astype(np.float32)
    sigma = SPOT * float(np.hypot(*(points[1] - points[0])))
    centres = [(points[0] + points[3]) / 2, (points[1] + points[4]) / 2, (points[0] + points[1] + 2 * points[2]) / 4]
    return np.max([np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * sigma**2)) for x, y in centres], axis=0).astype(
        np.float32
    )


def find_masks(finder: FaceFinder, x: Picture, points: Points, photo: Masks | None = None) -> Masks:
    """Masks of a photo or, with the photo's masks given, of a drawing of it; each from its own mesh.

    `points`: the five points [5, 2] of the photo in pixels of the crop, which is square.
    """
    side = x.shape[0]
    m = find_mesh(finder, x, points)
    chin, (left, right) = m[CHIN], m[list(TEMPLES)]
    ys, xs = np.mgrid[0:side, 0:side].astype(np.float32)

    def shape(rings: list[list[int]], soft: float = 0.0, wider: float = 0.0) -> Mask:
        return polygon(m, rings, side, soft, wider)

    def taller(share: float, soft: float, wider: float = 0.0) -> Mask:
        higher = np.stack([m[:, 0], chin[1] + (m[:, 1] - chin[1]) * share], 1)
        return polygon(higher, [OVAL], side, soft, wider)

    oval, brows = shape([OVAL], 1.5), shape(BROWS, 2, 2)
    eyes, lips, mouth = shape(EYES, 1, 0.5), shape([LIPS], 1.5, 0.5), shape([MOUTH], 1)
    inner = oval * (1 - shape(LIDS, 2)) * (1 - shape([LIPS], 1.5, 2)) * (1 - brows)
    # Where skin can be: the oval grown for ears and bald foreheads, and the neck below.
    upwards = taller(1.3, 2, 4)
    across = sigmoid((0.55 * (right[0] - left[0]) - np.abs(xs - (left[0] + right[0]) / 2)) / 6)
    neck = across * sigmoid((ys - m[list(JAW), 1].mean()) / 4)
    place = np.maximum(blur(np.maximum(shape([OVAL], 0, 14), upwards), 5), neck)
    # Colour: distance in Lab from the face's own skin nearby, in units of its spread; the neck lies in shadow.
    lab = to_lab(smooth(x))
    known = inner > 0.5
    middle = median(lab, inner)
    spread = LEAST_SPREAD if middle is None else np.quantile(np.abs(lab[known] - middle), 0.7, axis=0)
    spread = np.maximum(spread, LEAST_SPREAD).astype(np.float32)
    shadow = plane(1 + 1.5 * neck * (1 - oval))
    nearby = around(lab, inner, 25)
    scale = spread * np.concatenate([shadow, shadow**0.5, shadow**0.5], 2)
    mine = (((lab - nearby) / scale) ** 2).sum(2)
    tight, loose = np.exp(-((mine / 8) ** 2)), np.exp(-((mine / 24) ** 2))
    outside = np.zeros_like(oval)
    if photo is None:
        skin = np.maximum(place * tight, oval * loose)
    else:
        # A drawing is pale, and so may be what is behind it: skin is where the photo has it or the drawn oval is, and
        # nearer in colour to the face than to the surroundings.
        face, whole = np.maximum(oval, taller(1.1, 1.5)), closed(photo.skin)
        outside = (1 - grow(np.maximum(photo.skin, face), 4)).clip(0, 1)
        other = (((lab - around(lab, outside, 10)) / spread) ** 2).sum(2)
        deep = np.maximum(shape([OVAL], 3), shrink(whole, 5))
        nearer = sigmoid((other - mine) / (0.12 * (other + mine) + 0.3) + 6 * deep - 3)
        reach = np.maximum(grow(whole, 3), face)
        skin = np.maximum(place * tight * nearer, shrink(oval, 5) * loose) * reach
    shine = sigmoid((lab[..., 0] - nearby[..., 0]) / 3 - 1)  # highlights are skin
    skin = np.maximum(skin, np.maximum(shrink(oval, 8), closed(skin) * upwards) * shine)
    skin = guided(skin.astype(np.float32), luminance(x), 3, 5e-4).clip(0, 1)
    upper = sigmoid((float(m[UNDER_NOSE, 1]) - 6 - ys) / 3)
    light = luminance(x)
    darker = box(light, 2) / around(light, inner * upper, 25)
    beard = blur(oval * (1 - upper) * (1 - lips) * sigmoid((0.45 - darker) / 0.04), 2)
    if photo is not None:
        beard = beard * photo.beard
        # No pale rim along the hair: dark pixels may be multiplied as well.
        skin = np.maximum(skin, most(skin, 2) * np.minimum(np.maximum(photo.skin, oval), 1 - most(outside, 1)))
    every = np.max([skin, eyes, lips, brows], axis=0)
    inner = inner * skin * (1 - beard)
    cheeks = np.maximum(inner, 0.55 * oval) * (skin_spots(points, side) > SPOT_FROM)
    return Masks(oval, eyes, lips, mouth, brows, beard, inner, cheeks.astype(np.float32), every, m)
