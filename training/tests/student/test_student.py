"""The student, its graphs and one training step. Small shapes: these are tests of form, not of quality."""

import collections
import itertools

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from support import SMALL, batch, photos, session, small_student

from dctoon_training.convert.student_graph import StudentGraph, shuffle_order
from dctoon_training.losses import terms as losses
from dctoon_training.losses.objective import Objective, Weights
from dctoon_training.metrics import captured, psnr, report, ssim_each
from dctoon_training.stages.baselines import dequantised
from dctoon_training.student.calibration import calibrate
from dctoon_training.student.distil import Distillation, Schedule, predict
from dctoon_training.student.muon import as_matrix
from dctoon_training.student.network import Shape, Student, load_student, save_student


@pytest.fixture
def model() -> Student:
    return small_student(Shape(a=16, b=32, before=1, bottom=2, after=1))


def test_an_untrained_student_returns_the_photo():
    student = Student(SMALL)
    x = torch.rand(1, 3, 32, 32)
    assert (student(x) - x).abs().mean() < 0.2


def test_shuffle_order_matches_pixel_unshuffle():
    x = torch.arange(3 * 8 * 8).reshape(1, 3, 8, 8)
    ours = x.reshape(3, 2, 4, 2, 4).permute(1, 3, 2, 4, 0).reshape(2, 2, 48)
    theirs = F.pixel_unshuffle(x, 4)[0].permute(1, 2, 0)
    assert torch.equal(ours, theirs[..., torch.from_numpy(shuffle_order(4, 3))])


@pytest.mark.parametrize(("height", "width"), [(64, 48), (40, 136)])
def test_fp32_graph_equals_the_model(model, height, width):
    picture = photos(2, height, width)
    made = session(StudentGraph(model, None).write()).run(None, {"photo": picture})[0]
    expected = predict(model, picture, "cpu")
    assert made.shape == picture.shape
    assert np.abs(made.astype(int) - expected.astype(int)).max() <= 1  # rounding of ties


def test_int8_graph_is_close_and_fully_fused(model, tmp_path):
    calibration = photos(8)
    graph = StudentGraph(model, calibrate(model, calibration)).write()
    optimised = tmp_path / "optimised.onnx"
    made = session(graph, optimised).run(None, {"photo": calibration})[0]
    assert psnr(made, predict(model, calibration, "cpu")) > 30
    kinds = collections.Counter(node.op_type for node in onnx.load(optimised).graph.node)
    convolutions = sum(isinstance(m, torch.nn.Conv2d) for m in model.modules())
    assert kinds["QLinearConv"] == convolutions
    assert not {"Conv", "Relu", "Add", "Mul", "QuantizeLinear", "DequantizeLinear"} & set(kinds), kinds


def test_float_form_of_an_int8_graph_computes_the_same_without_quantisation(model):
    calibration = photos(8)
    int8 = StudentGraph(model, calibrate(model, calibration)).write()
    float_form = dequantised(int8)
    assert not [n for n in float_form.graph.node if "QuantizeLinear" in n.op_type and n.name != "picture_out_q"]
    made = session(float_form).run(None, {"photo": calibration})[0]
    assert psnr(made, predict(model, calibration, "cpu")) > 40  # only the weights are rounded
    assert psnr(made, session(int8).run(None, {"photo": calibration})[0]) > 30


def test_captured_is_zero_for_the_photo_and_one_for_the_teacher():
    photo, teacher = photos(seed=1), photos(seed=2)
    assert captured(photo, photo, teacher) == 0
    assert captured(photo, teacher, teacher) == 1
    half = ((photo.astype(int) + teacher) // 2).astype(np.uint8)
    assert captured(photo, half, teacher) == pytest.approx(0.5, abs=0.02)


def test_ssim_and_psnr_know_equal_pictures_from_others():
    a, b = photos(seed=1), photos(seed=2)
    assert ssim_each(a, a) == pytest.approx(1)
    assert ssim_each(a, b).max() < 0.9
    assert psnr(a, a) > 80


def test_report_has_its_figures():
    a = photos(2, 288, 288)
    assert set(report(a, a, photos(2, 288, 288, seed=5))) == {"captured_face", "captured", "psnr", "ssim", "edge"}


def test_block_dct_is_orthonormal():
    basis = losses.dct_matrix()
    torch.testing.assert_close(basis @ basis.T, torch.eye(8), atol=1e-6, rtol=0)


def test_weight_map_favours_eyes_and_survives_missing_faces():
    points = torch.tensor([[[112.0, 138], [180, 137], [146, 176], [118, 216], [174, 216]]])
    weight = losses.weight_map(torch.cat([points, torch.full_like(points, float("nan"))]), 288, 288)
    assert weight.mean((1, 2, 3)).tolist() == pytest.approx([1, 1], abs=1e-4)
    assert weight[0, 0, 138, 112] > 3 * weight[0, 0, 10, 10]
    assert torch.allclose(weight[1], torch.ones_like(weight[1]))


@pytest.mark.parametrize("muon", [False, True])
def test_training_steps_lower_the_loss(muon: bool):
    torch.manual_seed(0)
    distillation = Distillation(Student(SMALL), Objective(Weights(), "cpu"), 2e-3, muon=muon)
    history = []
    one = batch()
    distillation.run(
        itertools.repeat(one), Schedule(2e-3, steps=12, warm_up=1), lambda p: history.append(sum(p.terms.values())), 0
    )
    assert distillation.step == 13
    assert history[-1] < 0.9 * history[0]
    assert {"l1", "gradient", "dct"} <= set(distillation._update(one, 0.0, 0.0))


@pytest.mark.parametrize("muon", [False, True])
def test_a_resumed_run_goes_on_where_it_stopped(tmp_path, muon: bool):
    objective = Objective(Weights(), "cpu")
    first = Distillation(small_student(), objective, 1e-3, muon=muon)
    first.run(itertools.repeat(batch()), Schedule(1e-3, steps=4, warm_up=1))
    save_student(tmp_path / "last.pt", first.model, **first.state())
    model, rest = load_student(tmp_path / "last.pt")
    second = Distillation(model, objective, 1e-3, muon=muon)
    second.resume(rest)
    assert second.step == first.step
    one = batch(seed=3)
    for distillation in (first, second):
        distillation._update(one, 1e-3, 1.0)
    for a, b in zip(first.ema.parameters(), second.ema.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_muon_gives_every_direction_of_a_convolution_the_same_step():
    distillation = Distillation(small_student(), Objective(Weights(), "cpu"), 1e-3, muon=True)
    before = {name: weight.clone() for name, weight in distillation.model.named_parameters()}
    distillation._update(batch(), 1e-3, 1.0)
    after = dict(distillation.model.named_parameters())
    assert all(not torch.equal(after[name], weight) for name, weight in before.items())
    step = as_matrix(after["bottom.0.first.weight"] - before["bottom.0.first.weight"])
    values = torch.linalg.svdvals(step)
    assert values.median() > 0.5 * values.max()  # Adam's: 0.07


def test_the_schedule_ends_by_time_or_by_steps_with_a_small_rate():
    schedule = Schedule(1.0, minutes=1, steps=100, warm_up=10)
    assert schedule.progress(30, 10) == 0.5
    assert schedule.progress(6, 90) == 0.9
    assert schedule.progress(600, 0) == 1
    assert schedule.rate_at(0, 0) == pytest.approx(0.1)
    assert schedule.rate_at(1, 1000) == pytest.approx(0.01)
