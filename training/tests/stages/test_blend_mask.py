import numpy as np
from conftest import need
from PIL import Image

from dctoon_training.faces.align import SIZE, TEMPLATE
from dctoon_training.paths import MODELS
from dctoon_training.stages.blend_mask import blend_mask


def test_mask_is_zero_at_the_border_and_full_on_the_face():
    mask = blend_mask()
    assert mask.shape == (SIZE, SIZE)
    assert mask.dtype == np.uint8
    for edge in (mask[0], mask[-1], mask[:, 0], mask[:, -1]):
        assert edge.max() == 0
    for x, y in TEMPLATE.round().astype(int):
        assert mask[y, x] == 255


def test_mask_is_smooth():
    mask = blend_mask().astype(int)
    assert max(abs(np.diff(mask, axis=axis)).max() for axis in (0, 1)) <= 16


def test_written_mask_is_the_formula():
    with Image.open(need(MODELS / "blend-mask.png")) as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), blend_mask())
