"""Loss terms: each is zero where it should be, sees what it is for, and passes gradients."""

import numpy as np
import pytest
import torch
from support import POINTS, batch, write_teacher

from dctoon_training import metrics
from dctoon_training.losses import terms as losses
from dctoon_training.losses.objective import Objective, Weights
from dctoon_training.losses.squeezenet import SqueezeNet
from dctoon_training.teacher.network import Teacher, load_teacher

FACE = POINTS[None].expand(2, 5, 2)
NOBODY = torch.full((1, 5, 2), float("nan"))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory) -> Teacher:
    path = tmp_path_factory.mktemp("teacher") / "teacher" / "x.npz"
    write_teacher(path)
    return load_teacher(path)


@pytest.fixture(scope="module")
def squeezenet(tmp_path_factory):
    """A file in the given one's form, with random weights."""
    rng, arrays = np.random.default_rng(0), {}

    def add(name, out, into, kernel):
        arrays[f"{name}.weight"] = rng.normal(0, (into * kernel**2) ** -0.5, (out, into, kernel, kernel)).astype("f4")
        arrays[f"{name}.bias"] = np.zeros(out, "f4")

    add("conv1", 96, 3, 7)
    into = 96
    for number, (squeeze, wide) in enumerate(
        [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)], start=2
    ):
        add(f"fire{number}/conv1x1_1", squeeze, into, 1)
        add(f"fire{number}/conv1x1_2", wide, squeeze, 1)
        add(f"fire{number}/conv3x3_2", wide, squeeze, 3)
        into = 2 * wide
    path = tmp_path_factory.mktemp("features") / "squeezenet.npz"
    np.savez(path, **arrays)
    return path


def test_patches_see_eyes_and_mouth_only():
    y = torch.rand(2, 3, 64, 64)
    assert losses.patch_l1(y, y, FACE) == 0
    elsewhere, eye = y.clone(), y.clone()
    elsewhere[:, :, :10] += 0.5
    eye[:, :, 23:28, 18:23] += 0.5
    assert losses.patch_l1(elsewhere, y, FACE) == 0
    assert losses.patch_l1(eye, y, FACE) > 0.01
    assert losses.patch_l1(eye[:1], y[:1], NOBODY) == 0
    outside = FACE - 30  # the crop has cut the eyes off
    assert losses.patch_l1(eye, y, outside) == 0


def test_a_patch_is_sampled_where_the_point_is():
    """A picture whose value is its own coordinate."""
    x = torch.arange(64.0).expand(1, 1, 64, 64)
    grid = losses.patch_grid(FACE[:1], 64, 64)[0, 0]
    sampled = torch.nn.functional.grid_sample(x, grid[None], align_corners=False)
    assert sampled.mean() == pytest.approx(20, abs=0.05)
    assert sampled.max() - sampled.min() == pytest.approx(2 * 0.42 * 24 * 39 / 40, abs=0.1)


def test_skin_statistics_ignore_what_is_not_skin():
    y = torch.rand(2, 3, 64, 64)
    mask = losses.skin_mask(FACE, 64, 64)
    assert mask[0, 0, 35, 22] > 0.9  # left cheek
    assert mask[0, 0, 2, 2] < 1e-3
    assert losses.skin_mask(NOBODY, 64, 64).max() == 0
    lighter, hat = y + 0.2 * (mask > 0.05), y.clone()
    hat[:, :, :8] = 0
    assert losses.skin_l1(lighter, y, mask) == pytest.approx(0.2, abs=0.03)
    assert losses.skin_l1(hat, y, mask) < 1e-3


def test_keeping_the_skin_moves_its_tone_and_nothing_else():
    photo = torch.full((1, 3, 64, 64), 0.3)
    target = torch.full((1, 3, 64, 64), 0.7)  # a style that bleaches
    target[:, 0, 40:50, 26:38] = 1.0  # red lips
    target[:, 1:, 40:50, 26:38] = 0.1
    kept = losses.keep_skin(target, photo, FACE[:1], 1.0)
    assert kept[0, :, 35, 22].mean() == pytest.approx(0.3, abs=0.1)
    assert (kept - target)[0, :, 45, 32].abs().max() < 0.05
    assert torch.equal(losses.keep_skin(target, photo, NOBODY, 1.0), target)
    torch.testing.assert_close(losses.keep_skin(target, photo, FACE[:1], 0.0), target)


def test_the_soft_term_is_zero_for_the_same_attention_and_blind_to_an_offset():
    hint = torch.randn(2, 8, 6, 6)
    assert losses.soft_channels(hint, hint, 6.0) == pytest.approx(0, abs=1e-5)
    assert losses.soft_channels(hint + 3, hint, 6.0) == pytest.approx(0, abs=1e-4)
    assert losses.soft_channels(torch.randn(2, 8, 6, 6), hint, 6.0) > 0.1


@pytest.mark.parametrize(
    ("weights", "names"),
    [
        (Weights(), {"l1", "gradient", "dct", "hint"}),
        (Weights(encoder=0.1, patches=0.3), {"l1", "gradient", "dct", "hint", "encoder", "patches"}),
        (Weights(skin=1, keep_skin=0.5, hint=0), {"l1", "gradient", "dct", "skin"}),
        (Weights(squeeze=0.05).without_hint(), {"l1", "gradient", "dct", "squeeze"}),
        (Weights(classic=True), {"l1", "gradient", "dct", "soft"}),
    ],
)
def test_every_switch_adds_its_term_and_passes_gradients(weights, names, teacher, squeezenet):
    objective = Objective(weights, "cpu", teacher, squeezenet)
    one = batch(2)
    y = (one.photo * 0.9).requires_grad_()
    hint = torch.randn_like(one.hint).requires_grad_()
    parts = objective(y, one, hint)
    assert set(parts) == names
    for name, part in parts.items():
        leaf = hint if name in ("hint", "soft") else y
        (gradient,) = torch.autograd.grad(part, leaf, retain_graph=True)
        assert gradient.abs().max() > 0, name
        assert gradient.isfinite().all(), name


def test_terms_that_need_weights_say_so():
    with pytest.raises(ValueError, match="teacher"):
        Objective(Weights(encoder=0.1), "cpu")
    with pytest.raises(ValueError, match="SqueezeNet"):
        Objective(Weights(squeeze=0.1), "cpu")


def test_squeezenet_distance_knows_a_shift_from_another_picture(shared):
    net = SqueezeNet(shared / "features" / "squeezenet_v1.0.npz")
    torch.manual_seed(0)
    a = torch.nn.functional.interpolate(torch.rand(1, 3, 12, 12), 96, mode="bicubic").clamp(0, 1)
    b = torch.nn.functional.interpolate(torch.rand(1, 3, 12, 12), 96, mode="bicubic").clamp(0, 1)
    assert [tap.shape[1] for tap in net(a)] == [96, 128, 256, 384, 512]
    assert net.distance(a, a) == 0
    assert 0 < net.distance(a.roll(1, 3), a) < net.distance(b, a)


def test_dssim_is_what_the_evaluation_measures():
    rng = np.random.default_rng(3)
    target = rng.integers(0, 256, (2, 48, 40, 3)).astype(np.uint8)
    y = (target * 0.7 + rng.integers(0, 60, target.shape)).astype(np.uint8)
    mine, other = (torch.from_numpy(v).permute(0, 3, 1, 2).float() / 255 for v in (y, target))
    assert losses.dssim(mine, other) == pytest.approx(1 - metrics.ssim_each(y, target).mean(), abs=1e-4)
    assert losses.dssim(other, other) == pytest.approx(0, abs=1e-5)
