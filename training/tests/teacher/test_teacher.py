"""The teacher against an independent NumPy reading of the layer table and the guided filter (dct-net.md, 2 and 4)."""

import numpy as np
import pytest
import torch

from dctoon_training.teacher.network import LAYERS, Teacher, guided_filter, load_teacher, to_uint8, upsample_legacy


def conv_numpy(x, weight, bias, stride):
    """x: [C, H, W]; TensorFlow SAME padding, straight from its definition."""
    _, height, width = x.shape
    kernel = weight.shape[2]
    out_height, out_width = -(-height // stride), -(-width // stride)
    pad_y = max((out_height - 1) * stride + kernel - height, 0)
    pad_x = max((out_width - 1) * stride + kernel - width, 0)
    padded = np.pad(x, ((0, 0), (pad_y // 2, pad_y - pad_y // 2), (pad_x // 2, pad_x - pad_x // 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("chwij,ocij->ohw", windows, weight, optimize=True) + bias[:, None, None]


def upsample_numpy(x):
    _, height, width = x.shape
    rows, columns = np.arange(2 * height) / 2, np.arange(2 * width) / 2
    y0, x0 = np.floor(rows).astype(int), np.floor(columns).astype(int)
    y1, x1 = np.minimum(y0 + 1, height - 1), np.minimum(x0 + 1, width - 1)
    fy, fx = (rows - y0)[None, :, None], (columns - x0)[None, None, :]
    top = x[:, y0][:, :, x0] * (1 - fx) + x[:, y0][:, :, x1] * fx
    bottom = x[:, y1][:, :, x0] * (1 - fx) + x[:, y1][:, :, x1] * fx
    return top * (1 - fy) + bottom * fy


def mean_numpy(x):
    total, count = np.zeros_like(x), np.zeros_like(x)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    ones = np.pad(np.ones_like(x), ((0, 0), (1, 1), (1, 1)))
    for dy in range(3):
        for dx in range(3):
            total += padded[:, dy : dy + x.shape[1], dx : dx + x.shape[2]]
            count += ones[:, dy : dy + x.shape[1], dx : dx + x.shape[2]]
    return total / count


def teacher_numpy(x, arrays):
    w = [arrays[f"w{i}"].astype(np.float64) for i in range(18)]
    b = [arrays[f"b{i}"].astype(np.float64) for i in range(18)]

    def conv(index, v, activate=True):
        y = conv_numpy(v, w[index], b[index], LAYERS[index][3])
        return np.where(y > 0, y, 0.2 * y) if activate else y

    x0 = conv(0, x)
    x1 = conv(2, conv(1, x0))
    v = conv(4, conv(3, x1))
    for block in range(5, 13, 2):
        v = v + conv(block + 1, conv(block, v), activate=False)
    v = conv(15, conv(14, upsample_numpy(conv(13, v)) + x1))
    y = conv(17, conv(16, upsample_numpy(v) + x0), activate=False)
    a = (mean_numpy(x * y) - mean_numpy(x) * mean_numpy(y)) / (mean_numpy(x * x) - mean_numpy(x) ** 2 + 0.01)
    return np.clip(mean_numpy(a) * x + mean_numpy(mean_numpy(y) - a * mean_numpy(x)), -1, 1)


def test_layer_table_has_the_published_size():
    assert sum(i * o * k * k + o for i, o, k, _ in LAYERS) == 1_467_075
    assert sum(p.numel() for p in Teacher().parameters()) == 1_467_075


def test_upsampling_is_asymmetric_like_tf1():
    x = np.random.default_rng(0).normal(size=(2, 5, 7))
    ours = upsample_legacy(torch.from_numpy(x)[None])[0].numpy()
    np.testing.assert_allclose(ours, upsample_numpy(x), atol=1e-12)


def test_guided_filter_returns_the_guide_when_source_is_the_guide_with_strong_edges():
    guide = torch.randn(1, 3, 16, 16, dtype=torch.float64).clamp(-1, 1)
    filtered = guided_filter(guide, guide, epsilon=1e-9)
    torch.testing.assert_close(filtered, guide, atol=1e-5, rtol=0)


@pytest.mark.parametrize("style", ["3d", "anime", "sketch"])
def test_parity_with_numpy(shared, style):
    path = shared / "teacher" / f"{style}.npz"
    picture = np.random.default_rng(3).integers(0, 256, (3, 40, 48)).astype(np.float64) / 127.5 - 1
    with np.load(path) as arrays:
        expected = teacher_numpy(picture, arrays)
    ours = load_teacher(path)(torch.from_numpy(picture).float()[None])
    difference = to_uint8(ours)[0].int() - to_uint8(torch.from_numpy(expected)).int()
    assert difference.abs().max() <= 1
