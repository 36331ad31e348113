"""The steps around the teachers: light and wrinkles before them, tone and colours after them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .filters import (
    Mask,
    Picture,
    around,
    blur,
    box,
    grow,
    guided,
    luminance,
    median,
    plane,
    shrink,
    sigmoid,
    smooth,
    to_lab,
    to_rgb,
    to_ycc,
)
from .masks import Masks

Floats = NDArray[np.float32]


# --- before the teachers
def lift(
    x: Picture, k: Masks, target: float = 0.60, sigma: float = 18.0, share: float = 0.8, amount: float = 1.0
) -> Picture:
    """Brings the skin to one luminance, whatever its tone and from wherever the light comes: a gamma a place."""
    y = luminance(x)
    whole = float((y * k.inner).sum() / max(float(k.inner.sum()), 1))
    tone = np.clip(whole, 0.05, 0.9) ** (1 - share) * around(y, k.inner, sigma).clip(0.05, 0.9) ** share
    gamma = (np.log(target) / np.log(tone)).clip(1 / 2.6, 1.15) ** amount
    mask = k.skin * (1 - 0.5 * k.brows) * (1 - 0.6 * k.eyes) * (1 - 0.8 * k.beard)
    return (x + (x.clip(1e-3, 1) ** plane(gamma) - x) * plane(mask)).astype(np.float32)


def wrinkled(x: Picture, k: Masks) -> float:
    """0 for a smooth face to 1 for a deeply wrinkled one: mean relief of 3 to 12 pixels of the skin."""
    y = luminance(x)
    relief = np.abs(box(y, 1) - blur(y, 6))
    mean = float((relief * k.inner).sum() / max(float(k.inner.sum()), 1))
    return float(np.clip((mean - 0.045) / 0.03, 0, 1))


def smooth_skin(
    x: Picture,
    k: Masks,
    radius: int = 6,
    epsilon: float = 0.01,
    inner: tuple[int, float] = (9, 0.02),
    wrinkles: float = 0.6,
    keep: float = 0.8,
    outside: float = 0.25,
) -> Picture:
    """Weak outside (`outside`: a share), medium on skin, strong well inside a wrinkled face, little on features."""
    features = np.max([k.eyes, k.lips, k.brows], axis=0)
    skin = k.skin * (1 - features) * (1 - k.beard)
    y = x + (smooth(x) - x) * plane(outside + (1 - outside) * k.skin)
    y = y + (smooth(x, radius, epsilon) - y) * plane(skin)
    depth = wrinkled(x, k) * wrinkles
    if depth > 0:
        strong = smooth(smooth(x, *inner), *inner)
        y = y + (strong - y) * plane(skin * shrink(k.oval, 8) * np.float32(depth))  # the jaw stays sharp
    return (y + (x - y) * plane(features * np.float32(keep))).astype(np.float32)


# --- after them
def tone_of(x: Picture, k: Masks) -> Floats | None:
    """The skin's colour: half the face's median (dull with shadow), half that of cheeks and nose (red, or shine)."""
    whole, spots = median(x, k.inner), median(x, k.cheeks)
    return whole if whole is None or spots is None else np.sqrt(whole * spots)


def weigh(colour: Floats) -> float:
    """Luminance of one colour."""
    return float(luminance(colour[None, None])[0, 0])


def restore(
    y: Picture,
    k: Masks,
    photo: Picture,
    kp: Masks,
    slack: float = 0.04,
    warmth: float = 0.95,
    shade: float = 0.35,
    lips: float = 0.5,
    contrast: float = 0.6,
    iris: float = 0.0,
    blush: float = 0.0,
    sigma: float = 16.0,
) -> Picture:
    """Multiplies the drawn skin by a smooth gain, so that its tone becomes the photo's.

    slack: how far (natural logarithm) the lightness may stay off; warmth: share of the photo's hue, where that is the
    warmer; shade: share of the photo's light that comes back; lips: share of the photo's colour of the lips; contrast:
    how much what is lighter or darker than its surroundings becomes more so where the gain is strong; iris: share of
    the photo's colour of the eyes; blush: share of the drawn cheeks' redness that goes where the photo has none.
    """
    mine, other = tone_of(y, k), tone_of(photo, kp)
    if mine is None or other is None:
        return y
    ratio = (other / np.maximum(mine, 1e-2)).clip(0.1, 3)
    level = weigh(ratio * mine) / weigh(mine)
    hue = ratio / level
    hue = hue ** (0.6 if hue[0] < hue[2] else warmth)  # a cold photo takes only some of the warmth away
    level = np.exp(np.sign(np.log(level)) * max(abs(np.log(level)) - slack, 0))  # may stay a little lighter or darker
    light = (around(luminance(photo), kp.inner, sigma) / weigh(other)).clip(0.4, 1.6) ** shade
    middle = median(plane(light), kp.inner)
    gain = level * hue * plane(light / (1.0 if middle is None else float(middle[0])))
    # Multiplied dark skin is flat: what is lighter or darker than its surroundings becomes more so.
    grey = luminance(y)
    relative = (grey / around(grey, k.inner, sigma)).clip(0.3, 1.5)
    centre = median(plane(relative), k.inner)
    relative = relative / (1.0 if centre is None else float(centre[0]))
    full = gain * plane(relative ** (-np.log(np.clip(weigh(ratio), 0.1, 1)) * contrast))
    if blush:
        full = full * cooler(y, k, photo, kp, blush)
    a, b = median(y, k.lips), median(photo, kp.lips)
    if a is not None and b is not None:
        full = full + (gain * (b / np.maximum(a, 1e-2) / np.maximum(gain, 1e-2)).clip(0.8, 1.2) ** lips - full) * plane(
            k.lips
        )
    lab = to_lab(y)  # eyes keep their white; lids do not
    unlike = 1 - np.exp(-((lab - around(lab, k.inner, sigma)) ** 2).sum(2) / 8**2)
    white = luminance(gain).clip(0.05, 1.2) ** 0.2
    full = full + (plane(white) - full) * plane(k.eyes * unlike)
    out = (y * (1 + (full - 1) * plane(k.skin * (1 - 0.7 * k.beard)))).clip(0, 1).astype(np.float32)
    return iris_colour(out, k, photo, kp, iris) if iris else out


def cooler(y: Picture, k: Masks, photo: Picture, kp: Masks, share: float, sigma: float = 10.0) -> Picture:
    """A gain that takes red patches of the drawn skin towards the face's own colour, unless the photo has them too."""
    gains = []
    for picture, masks in ((y, k), (photo, kp)):
        local, whole = around(picture, masks.inner, sigma), tone_of(picture, masks)
        relative = local / np.maximum(whole if whole is not None else 1.0, 1e-3)
        gains.append(relative / np.maximum(plane(luminance(relative)), 1e-3))  # hue alone
    return (gains[1] / np.maximum(gains[0], 1e-3)).clip(0.7, 1.4) ** share


def iris_colour(y: Picture, k: Masks, photo: Picture, kp: Masks, share: float) -> Picture:
    """Brings what is dark in the drawn eyes to the photo's chroma, and nearer to its darkness."""
    drawn, wanted = to_ycc(y), to_ycc(photo)
    means = []
    for v, masks in ((drawn, k), (wanted, kp)):
        dark = masks.eyes * (sigmoid((0.45 - v[..., 0]) / 0.06) + 1e-6)
        means.append((v * plane(dark)).sum((0, 1)) / max(float(dark.sum()), 1e-6))
    where = share * grow(k.eyes, 2) * sigmoid((0.65 - drawn[..., 0]) / 0.06)
    darker = 1 + (np.clip(means[1][0] / max(float(means[0][0]), 1e-3), 0.3, 1) ** 0.5 - 1) * where
    drawn[..., 1:] += (means[1] - means[0])[1:] * plane(where)
    return to_rgb((drawn * plane(darker)).astype(np.float32))


def colours(
    y: Picture,
    photo: Picture,
    skin: Mask,
    chroma: float = 0.8,
    bound: float = 40.0,
    radius: int = 16,
    epsilon: float = 1e-3,
) -> Picture:
    """Off the skin: low-frequency chroma goes back to the photo's, lightness stays within `bound` levels of it.

    What is low-frequency follows the drawing's own edges, so that nothing bleeds over outlines. Pixels whose lightness
    differs much count little: there the drawing has moved an outline, and the photo shows another thing.
    """
    drawn = to_ycc(y)
    off = to_ycc(photo) - drawn
    weight = (1 - skin) * np.exp(-((box(off[..., 0], 2) / 0.2) ** 2)) + 1e-4
    low = guided(off, drawn[..., 0], radius, epsilon, weight.astype(np.float32))
    low[..., 0] -= low[..., 0].clip(-bound / 255, bound / 255)
    low[..., 1:] *= chroma * plane((drawn[..., 0] / 0.25).clip(0.1, 1))  # black stays black
    return to_rgb((drawn + low * plane(1 - skin)).astype(np.float32))


def paint(y: Picture, radius: int, epsilon: float) -> Picture:
    """Flat between its edges: texture and grain go, outlines stay, and flat colours are what they were."""
    return smooth(y, radius, epsilon).clip(0, 1).astype(np.float32)
