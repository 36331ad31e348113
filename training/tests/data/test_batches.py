"""Examples from cached rounds."""

import numpy as np
from support import photos

from dctoon_training.data.batches import Rounds


def write_round(data, index, hints):
    pictures = photos(4, 288, 288, seed=index)
    (data / "sketch").mkdir(exist_ok=True)
    np.save(data / f"photos-{index}.npy", pictures)
    np.save(data / f"points-{index}.npy", np.full((4, 5, 2), 100, np.float32))
    np.save(data / "sketch" / f"target-{index}.npy", 255 - pictures)
    if hints:
        np.save(data / "sketch" / f"hint-{index}.npy", np.full((4, 64, 72, 72), index, np.uint8))


def test_rounds_give_crops_of_photo_and_cartoon_from_the_same_place(tmp_path):
    write_round(tmp_path, 9, hints=True)
    rounds = Rounds(tmp_path, "sketch", "cpu", tmp_path, crop=224)
    batch = next(rounds.batches(3))
    assert batch.photo.shape == (3, 3, 224, 224)
    assert batch.hint.shape == (3, 64, 56, 56)
    assert (batch.photo + batch.target - 1).abs().max() < 1e-6
    assert ((100 - batch.points) % 4 == 0).all()  # the crop's corner lies on the hint's grid


def test_a_run_that_wants_deleted_hints_cannot_miss_it(tmp_path):
    write_round(tmp_path, 9, hints=False)
    batch = next(Rounds(tmp_path, "sketch", "cpu", tmp_path).batches(2))
    assert batch.hint.isnan().all()
    assert not batch.photo.isnan().any()
