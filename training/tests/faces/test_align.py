import numpy as np
import pytest

from dctoon_training.faces import align
from dctoon_training.stages.prepare import centre_square, load

ANGLE, SCALE, SHIFT = 0.3, 1.7, np.array([12.5, -40.25])
KNOWN = np.column_stack(
    [
        SCALE * np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]]),
        SHIFT,
    ]
)


def test_there_are_896_anchors_in_the_order_of_the_detector():
    anchors = align.anchors()
    assert anchors.shape == (896, 2)
    np.testing.assert_allclose(anchors[0], [0.5 / 16, 0.5 / 16])
    np.testing.assert_allclose(anchors[2], [1.5 / 16, 0.5 / 16])  # two per cell, x runs first
    np.testing.assert_allclose(anchors[512], [0.5 / 8, 0.5 / 8])  # then six per cell
    np.testing.assert_allclose(anchors[518], [1.5 / 8, 0.5 / 8])
    np.testing.assert_allclose(anchors[-1], [7.5 / 8, 7.5 / 8])


def test_fit_recovers_a_known_similarity():
    source = align.transform(align.invert(KNOWN), align.TEMPLATE)
    fitted = align.fit_similarity(source, align.TEMPLATE)
    np.testing.assert_allclose(fitted, KNOWN, atol=1e-9)
    assert align.similarity_scale(fitted) == pytest.approx(SCALE)


def test_fit_is_least_squares():
    rng = np.random.default_rng(1)
    source = rng.uniform(0, 300, (5, 2))
    target = align.transform(KNOWN, source) + rng.normal(0, 3, (5, 2))

    def error(matrix):
        return ((align.transform(matrix, source) - target) ** 2).sum()

    best = align.fit_similarity(source, target)
    a, b, tx, ty = best[0, 0], best[1, 0], best[0, 2], best[1, 2]
    for da, db, dx, dy in rng.normal(0, 1e-3, (50, 4)):
        assert error(np.array([[a + da, -b - db, tx + dx], [b + db, a + da, ty + dy]])) > error(best)


def test_warp_by_the_identity_changes_nothing():
    picture = np.random.default_rng(2).integers(0, 256, (40, 40, 3), np.uint8)
    identity = np.array([[1.0, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(align.warp(picture, identity, 40), picture)


def test_warp_uses_pixel_index_coordinates_and_a_white_border():
    picture = np.zeros((40, 40, 3), np.uint8)
    shift = np.array([[1.0, 0, 5], [0, 1, 0]])
    warped = align.warp(picture, shift, 40)
    assert (warped[:, :5] == 255).all()
    assert (warped[:, 5:] == 0).all()


@pytest.mark.parametrize("scale", [0.3, 0.61, 1.0, 2.5])
def test_warp_puts_a_blob_where_the_matrix_says(scale):
    y, x = np.mgrid[0:200, 0:200]
    blob = 255 * np.exp(-((x - 120) ** 2 + (y - 70) ** 2) / (2 * 6.0**2))
    picture = np.repeat(np.rint(blob).astype(np.uint8)[..., None], 3, axis=2)
    matrix = np.array([[scale, -0.2 * scale, 20.0], [0.2 * scale, scale, -10.0]])
    warped = align.warp(picture, matrix, 400, border=0)[..., 0].astype(np.float64)
    rows, columns = np.mgrid[0:400, 0:400]
    found = np.array([(warped * columns).sum(), (warped * rows).sum()]) / warped.sum()
    np.testing.assert_allclose(found, align.transform(matrix, np.array([[120.0, 70.0]]))[0], atol=0.1)


def test_centre_square_keeps_the_middle():
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[:, 140:160] = 200
    square = centre_square(picture, 50, 50)
    assert square.shape == (50, 50, 3)
    assert square[25, 25, 0] == 200
    assert square[25, 5, 0] == 0


def test_every_val_face_lands_on_the_template(finder, val_photos):
    for path in val_photos:
        picture = load(path)
        points = finder.five_points(picture)
        matrix = align.fit_similarity(points, align.TEMPLATE)
        assert np.abs(align.transform(matrix, points) - align.TEMPLATE).max() < 35, path.name
        # Two models that know nothing of each other agree on where the eyes are.
        eyes = finder.faces_by_size(picture)[0].keypoints[:2]
        span = np.hypot(*(points[1] - points[0]))
        assert np.abs(eyes - points[:2]).max() < 0.3 * span, path.name


def test_a_picture_without_a_face_is_skipped(finder):
    with pytest.raises(align.SkipError, match="no face"):
        finder.five_points(np.full((200, 300, 3), 90, np.uint8))


def test_the_mesh_batch_is_free(finder):
    crops = np.random.default_rng(3).integers(0, 256, (3, 192, 192, 3), np.uint8)
    together = finder.mesh.run(["landmarks"], {"image": crops})[0]
    alone = np.concatenate([finder.mesh.run(["landmarks"], {"image": crop[None]})[0] for crop in crops])
    assert together.shape == (3, 1404)
    np.testing.assert_allclose(together, alone, atol=1e-2)
