from pathlib import Path

import numpy as np

from dctoon_training.composed.source import SCENES, ComposedRounds

SIDE, CROP = 32, 32


def write_round(data: Path, k: int, greys: list[int], faces: list[bool], targets: int | None = None) -> None:
    """A round of flat pictures; only the first `targets` have a target."""
    photos = np.repeat(np.uint8(greys), SIDE * SIDE * 3).reshape(-1, SIDE, SIDE, 3)
    points = np.full((len(greys), 5, 2), np.nan, np.float32)
    points[faces] = 12
    np.save(data / f"photos-{k}.npy", photos)
    np.save(data / f"points-{k}.npy", points)
    folder = data / "3d-composed"
    folder.mkdir(exist_ok=True)
    np.save(folder / f"target-{k}.npy", photos[:targets])


def test_a_round_that_was_cut_short_gives_its_first_rows_only(tmp_path):
    write_round(tmp_path, 0, [10, 20, 250, 250], [True] * 4, targets=2)
    source = ComposedRounds(tmp_path, "3d", "cpu", tmp_path, crop=CROP)
    source.refresh()
    photos, targets, points, shares = source.rounds[0]
    assert len(photos) == len(targets) == len(points) == len(shares) == 2
    np.testing.assert_allclose(shares, 0.5)


def test_every_round_is_weighed_by_its_own_rows(tmp_path):
    write_round(tmp_path, 0, [10, 20], [True, True])
    write_round(tmp_path, 1, [30, 40, 50, 60], [False, True, False, True])
    source = ComposedRounds(tmp_path, "3d", "cpu", tmp_path, crop=CROP)
    source.refresh()
    np.testing.assert_allclose(source.rounds[1][3], [SCENES / 2, (1 - SCENES) / 2] * 2)
    batch = next(source.batches(4))
    assert batch.photo.shape == batch.target.shape == (4, 3, CROP, CROP)


def test_a_long_round_is_drawn_from_more_often(tmp_path):
    write_round(tmp_path, 0, [10], [True])
    write_round(tmp_path, 1, [200] * 9, [True] * 9)
    source = ComposedRounds(tmp_path, "3d", "cpu", tmp_path, crop=CROP)
    source.refresh()
    bright = np.mean([source._one()[1].mean() > 100 for _ in range(300)])
    assert 0.8 < bright < 0.97
