import numpy as np
import onnxruntime as ort
import pytest
from conftest import need

from dctoon_training.detail import HIGHEST, detail_graph
from dctoon_training.paths import MODELS


def gain(photo: np.ndarray, cartoon: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(detail_graph().SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"photo": photo[None], "cartoon": cartoon[None]})[0][0, 0]


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(1).integers(20, 180, (40, 56, 1), np.uint8).repeat(3, axis=2)


def test_gain_is_the_slope_where_the_cartoon_follows_the_photo(photo: np.ndarray):
    for slope in (0.5, 1.0, 1.3):
        found = gain(photo, np.rint(photo * slope).astype(np.uint8))
        assert found.shape == photo.shape[:2]
        assert abs(np.median(found) - slope) < 0.05


def test_gain_is_zero_where_it_does_not(photo: np.ndarray):
    assert gain(photo, np.full_like(photo, 120)).max() < 1e-6
    assert gain(photo, 255 - photo).max() < 1e-6
    assert gain(np.full_like(photo, 120), photo).max() < 1e-6
    other = np.random.default_rng(2).integers(20, 180, (40, 56, 1), np.uint8).repeat(3, axis=2)
    assert np.median(gain(photo, other)) < 0.1


def test_gain_is_bounded(photo: np.ndarray):
    dim = (120 + (photo.astype(int) - 120) // 4).astype(np.uint8)
    assert gain(dim, photo).max() == HIGHEST


def test_committed_file_is_the_graph():
    assert need(MODELS / "detail.onnx").read_bytes() == detail_graph().SerializeToString()
