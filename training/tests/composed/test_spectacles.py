import numpy as np
import pytest

from dctoon_training.composed.spectacles import spectacles
from dctoon_training.composed.vary import vary
from dctoon_training.faces.align import TEMPLATE

SIDE = 288
POINTS = np.float32(TEMPLATE)


def flat(grey: int) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), grey, np.uint8)


@pytest.mark.parametrize("seed", range(8))
def test_both_pictures_wear_the_same_frame_at_the_eyes(seed):
    photo, target = spectacles(flat(150), flat(90), POINTS, np.random.default_rng(seed))
    # Colours differ where the frame is half transparent, so only the place is compared; a frame may have one's grey.
    worn = (photo != 150).any(2) | (target != 90).any(2)
    rows, columns = np.nonzero(worn)
    eyes = POINTS[:2].mean(0)
    assert abs(rows.mean() - eyes[1]) < 12
    assert abs(columns.mean() - eyes[0]) < 8
    apart = POINTS[1, 0] - POINTS[0, 0]
    assert 1.6 * apart < columns.max() - columns.min() < 3 * apart
    assert worn.mean() < 0.08, "a frame is lines"


@pytest.mark.parametrize("seed", range(8))
def test_pupils_are_seen_through_the_lenses(seed):
    photo, _ = spectacles(flat(150), flat(90), POINTS, np.random.default_rng(seed))
    for x, y in POINTS[:2].round().astype(int):
        assert (photo[y - 3 : y + 4, x - 3 : x + 4] == 150).all()


def test_a_picture_without_a_face_gets_none():
    nobody = np.full((5, 2), np.nan, np.float32)
    for seed in range(20):
        _, target, _ = vary(flat(150), flat(150), nobody, np.random.default_rng(seed))
        assert target.std(axis=(0, 1)).max() == 0
