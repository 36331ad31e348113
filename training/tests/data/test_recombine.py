"""Recombined faces: the part comes from the donor, in the light of the crop; all else stays; rounds differ."""

import numpy as np
import pytest

from dctoon_training.data.recombine import CHOICES, MIXED_FROM, PARTS, part_mask, recombine
from dctoon_training.faces import align
from dctoon_training.stages.variants import _face

MARGIN, SIDE = 32, 352
POINTS = np.array(align.TEMPLATE) + MARGIN


class Fixed:
    """A generator that always chooses the same parts."""

    def __init__(self, parts):
        self.choice = CHOICES.index(parts)

    def integers(self, _count):
        return self.choice


@pytest.fixture
def faces():
    rng = np.random.default_rng(0)
    dark = rng.integers(30, 60, (SIDE, SIDE, 3)).astype(np.uint8)
    light = rng.integers(150, 210, (SIDE, SIDE, 3)).astype(np.uint8)
    return dark, light


@pytest.mark.parametrize("part", PARTS)
def test_a_mask_covers_its_part_and_ends_inside_of_the_crop(part):
    mask = part_mask(POINTS, part, SIDE)[..., 0]
    members, offset, _ = PARTS[part]
    x, y = (POINTS[list(members)].mean(0) + offset).round().astype(int)
    assert mask[y, x] > 0.99
    assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) == 0


@pytest.mark.parametrize("parts", CHOICES)
def test_only_the_parts_change_and_keep_the_light(faces, parts):
    crop, donor = faces
    made = recombine(crop, donor, POINTS, Fixed(parts))
    touched = np.max([part_mask(POINTS, part, SIDE)[..., 0] for part in parts], axis=0)
    assert np.array_equal(made[touched == 0], crop[touched == 0])
    inside = touched > 0.99
    assert abs(made[inside].mean() - crop[inside].mean()) < 2  # not as light as the donor
    own, others = (np.corrcoef(made[inside].ravel(), other[inside].ravel())[0, 1] for other in (crop, donor))
    assert others > 0.95 > 0.2 > abs(own)


def test_rounds_from_the_first_mixed_one_show_people_that_others_do_not(tmp_path):
    rng = np.random.default_rng(1)
    np.save(tmp_path / "train.npy", rng.integers(0, 255, (4, SIDE, SIDE, 3)).astype(np.uint8))
    template = align.TEMPLATE.tolist()
    made = [_face((str(tmp_path / "train.npy"), 0, index, template))[0] for index in (MIXED_FROM, MIXED_FROM + 1)]
    again = _face((str(tmp_path / "train.npy"), 0, MIXED_FROM, template))[0]
    assert np.array_equal(made[0], again)
    assert not np.array_equal(made[0], made[1])
