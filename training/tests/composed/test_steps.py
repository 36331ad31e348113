"""Composed targets on drawn faces: light, tone and colours, without teachers and photos."""

import numpy as np
import pytest

from dctoon_training.composed.filters import around, luminance, to_lab, to_rgb, to_ycc
from dctoon_training.composed.masks import Masks
from dctoon_training.composed.mesh import polygon
from dctoon_training.composed.steps import colours, lift, paint, restore, smooth_skin, tone_of
from dctoon_training.composed.vary import hue_matrix, mirrored, recolour, vary

SIDE = 288
SKIN = np.float32([0.75, 0.56, 0.45])
DARK = np.float32([0.30, 0.19, 0.14])
WALL = np.float32([0.70, 0.10, 0.12])


def ellipse(x: float, y: float, across: float, down: float) -> np.ndarray:
    ys, xs = np.mgrid[0:SIDE, 0:SIDE]
    return ((((xs - x) / across) ** 2 + ((ys - y) / down) ** 2) < 1).astype(np.float32)


def drawn_masks() -> Masks:
    oval = ellipse(144, 170, 70, 95)
    eyes = np.maximum(ellipse(112, 138, 14, 8), ellipse(180, 138, 14, 8))
    lips, nothing = ellipse(146, 216, 26, 9), np.zeros((SIDE, SIDE), np.float32)
    inner = oval * (1 - eyes) * (1 - lips)
    cheeks = np.maximum(ellipse(115, 177, 12, 12), ellipse(177, 177, 12, 12))
    return Masks(oval, eyes, lips, nothing, nothing, nothing, inner, cheeks, oval, np.zeros((468, 2)))


def face(skin: np.ndarray) -> np.ndarray:
    """A flat face before a red wall, with white eyes and dark lips."""
    k = drawn_masks()
    picture = np.broadcast_to(WALL, (SIDE, SIDE, 3)).copy()
    for mask, colour in (
        (k.oval, skin),
        (k.eyes, np.float32([0.95] * 3)),
        (k.lips, skin * np.float32([0.8, 0.5, 0.5])),
    ):
        picture = picture + (colour - picture) * mask[..., None]
    return picture.astype(np.float32)


def test_polygons_lie_where_the_points_say():
    mesh = np.zeros((468, 2))
    mesh[[0, 1, 2, 3]] = [[50, 60], [90, 60], [90, 80], [50, 80]]
    mask = polygon(mesh, [[0, 1, 2, 3]], SIDE)
    assert mask[70, 70] == 1
    assert mask[70, 40] == 0
    assert mask.sum() == pytest.approx(41 * 21, rel=0.05)  # the outline's own pixels count
    assert polygon(mesh, [[0, 1, 2, 3]], SIDE, wider=4).sum() > 1.3 * mask.sum()


def test_a_light_even_face_is_nearly_unchanged_by_lift():
    x, k = face(SKIN / luminance(SKIN[None, None])[0, 0] * 0.6), drawn_masks()
    assert np.abs(lift(x, k) - x).max() < 0.02


def test_lift_brings_dark_and_side_lit_skin_to_one_brightness():
    k = drawn_masks()
    shade = np.linspace(0.5, 1.3, SIDE, dtype=np.float32)[None, :, None]
    for x in (face(DARK), face(SKIN) * shade):
        lifted = luminance(lift(x.clip(0, 1), k))
        cheeks = [lifted[177, 115], lifted[177, 177]]
        assert cheeks == pytest.approx([0.6, 0.6], abs=0.08)
    wall = lift(face(DARK), k)[20, 20]
    assert wall == pytest.approx(WALL, abs=1e-3)


@pytest.mark.parametrize("skin", [SKIN, DARK])
def test_restore_gives_a_pale_drawing_the_photos_tone(skin: np.ndarray):
    k, photo, pale = drawn_masks(), face(skin), face(np.float32([0.95, 0.86, 0.82]))
    back = restore(pale, k, photo, k, slack=0.0)
    assert tone_of(back, k) == pytest.approx(tone_of(photo, k), abs=0.03)
    away = np.linalg.norm(to_lab(back)[177, 115] - to_lab(photo)[177, 115])
    assert away < 4
    # The whites of the eyes stay white.
    assert luminance(back)[138, 112] > 0.6


def test_slack_leaves_a_drawing_lighter():
    k, photo, pale = drawn_masks(), face(DARK), face(np.float32([0.95, 0.86, 0.82]))
    exact, slack = (luminance(restore(pale, k, photo, k, slack=s))[177, 115] for s in (0.0, 0.24))
    assert slack == pytest.approx(exact * np.exp(0.24), rel=0.05)


def test_colours_come_back_on_flat_areas_and_lightness_stays_within_its_bound():
    photo, k = face(SKIN), drawn_masks()
    violet = photo.copy()
    violet[k.oval < 0.5] = [0.25, 0.16, 0.42]
    back = colours(violet, photo, k.skin, chroma=1.0)
    assert to_ycc(back)[20, 20, 1:] == pytest.approx(to_ycc(photo)[20, 20, 1:], abs=0.05)
    assert back[177, 115] == pytest.approx(photo[177, 115], abs=0.02)
    black = photo.copy()
    black[k.oval < 0.5] = 0.9
    lighter = luminance(colours(black, photo, k.skin))[20, 20] - luminance(photo)[20, 20]
    assert lighter == pytest.approx(40 / 255, abs=0.03)


def test_smoothing_takes_relief_from_skin_and_leaves_eyes():
    k, rng = drawn_masks(), np.random.default_rng(1)
    x = (face(SKIN) + rng.normal(0, 0.03, (SIDE, SIDE, 1))).astype(np.float32).clip(0, 1)
    y = smooth_skin(x, k)
    cheek, eye = (slice(170, 185), slice(108, 122)), (slice(134, 142), slice(106, 118))
    assert luminance(y)[cheek].std() < 0.4 * luminance(x)[cheek].std()
    assert luminance(y)[eye].std() > 0.6 * luminance(x)[eye].std()


def test_painting_takes_texture_keeps_edges_and_leaves_flat_colours():
    rng = np.random.default_rng(3)
    flat = np.where(np.arange(96)[None, :, None] < 48, np.float32([0.8, 0.1, 0.1]), np.float32([0.1, 0.2, 0.7]))
    flat = np.repeat(flat, 96, 0).astype(np.float32)
    np.testing.assert_allclose(paint(flat, 4, 0.004)[:, 12:36], flat[:, 12:36], atol=1e-4)
    textured = (flat + rng.normal(0, 0.03, flat.shape)).clip(0, 1).astype(np.float32)
    painted = paint(textured, 4, 0.004)
    assert painted[:, 12:36].std((0, 1)).max() < 0.5 * textured[:, 12:36].std((0, 1)).min()
    edge = np.abs(painted[:, 47] - painted[:, 48]).mean(0)
    assert (edge[[0, 2]] > 0.75 * np.abs(flat[0, 47] - flat[0, 48])[[0, 2]]).all()  # green hardly has one


def test_colour_spaces_and_local_means():
    x = np.random.default_rng(2).random((32, 32, 3), np.float32)
    assert to_rgb(to_ycc(x)) == pytest.approx(x, abs=1e-4)
    mask = np.zeros((64, 64), np.float32)
    mask[:32] = 1
    flat = np.where(mask[..., None] > 0, np.float32(0.8), np.float32(0.1)) * np.ones(3, np.float32)
    assert around(flat, mask, 10)[10, 10] == pytest.approx(0.8, abs=0.01)


def test_variations_keep_photo_and_target_together():
    rng = np.random.default_rng(3)
    photo = rng.integers(0, 256, (64, 64, 3), np.uint8)
    points = np.float32([[10, 20], [40, 21], [25, 30], [15, 50], [38, 49]])
    assert mirrored(mirrored(points, 64), 64) == pytest.approx(points)
    assert (mirrored(points, 64)[0, 0], mirrored(points, 64)[0, 1]) == (64 - 1 - 40, 21)
    matrix = hue_matrix(rng)
    grey = np.full((4, 4, 3), 120, np.uint8)
    assert np.abs(recolour(grey, matrix).astype(int) - 120).max() <= 1
    for _ in range(20):
        a, b, _ = vary(photo, photo, points, rng, scene=True)
        assert a.shape == b.shape == photo.shape
