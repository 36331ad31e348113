"""New faces from those at hand: parts of one aligned face on another, in the other's light.

The given photos show about 2,300 people, and a student that has seen each of them six times captures a tenth more of
the teacher's change on them than on anybody else. Aligned crops share one template, so eyes, mouth or the whole inner
face of one person fit another; the teacher then draws what is there. Who is mixed with whom is drawn per row, so that
every round has faces that no other has.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Bytes = NDArray[np.uint8]

MIXED_FROM = 6  # first round whose faces are recombined; the earlier ones show people as they are
SHARE = 0.7  # of the faces of such a round
FEATHER = 5.0  # sigma of the seam in template pixels
# Part -> (points whose mean is the centre, offset, radii), in template pixels.
PARTS: dict[str, tuple[tuple[int, ...], tuple[float, float], tuple[float, float]]] = {
    "eyes": ((0, 1), (0.0, -7.0), (64.0, 30.0)),
    "mouth": ((3, 4), (0.0, 4.0), (44.0, 27.0)),
    "face": ((0, 1, 2, 3, 4), (0.0, -2.0), (70.0, 82.0)),
}
CHOICES: list[tuple[str, ...]] = [("eyes",), ("mouth",), ("eyes", "mouth"), ("face",)]


def part_mask(points: NDArray[np.float64], part: str, side: int) -> NDArray[np.float32]:
    """Soft ellipse [side, side, 1], 0 to 1. `points`: five template points in the crop's pixels."""
    members, offset, radii = PARTS[part]
    centre = points[list(members)].mean(0) + offset
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse([*(centre - radii), *(centre + radii)], fill=255)
    soft = mask.filter(ImageFilter.GaussianBlur(FEATHER))
    return np.asarray(soft, np.float32)[..., None] / 255


def recombine(crop: Bytes, donor: Bytes, points: NDArray[np.float64], rng: np.random.Generator) -> Bytes:
    """`crop` with parts of `donor`, each brought to the mean and contrast that the crop has under the part's mask."""
    out = crop.astype(np.float32)
    for part in CHOICES[rng.integers(len(CHOICES))]:
        mask = part_mask(points, part, len(crop))
        total = mask.sum()
        other = donor.astype(np.float32)
        mean, wanted = ((picture * mask).sum((0, 1)) / total for picture in (other, out))
        spread, target = (
            np.sqrt((((picture - centre) ** 2) * mask).sum((0, 1)) / total + 1)
            for picture, centre in ((other, mean), (out, wanted))
        )
        # Contrast within bounds: a smooth donor must not become all grain.
        matched = (other - mean) * np.clip(target / spread, 0.6, 1.5) + wanted
        out += (matched - out) * mask
    return np.clip(out + 0.5, 0, 255).astype(np.uint8)
