"""The student, its graphs and one training step. Small shapes: these are tests of form, not of quality."""

import collections

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
import torch.nn.functional as F

from dctoon_training import losses
from dctoon_training.dequantise import dequantised
from dctoon_training.export import calibrate
from dctoon_training.graph import StudentGraph, shuffle_order
from dctoon_training.metrics import captured, psnr, report, ssim_each
from dctoon_training.student import Shape, Student
from dctoon_training.train import Batch, predict, step_loss

SMALL = Shape(a=16, b=32, before=1, bottom=2, after=1)


@pytest.fixture
def model() -> Student:
    torch.manual_seed(0)
    student = Student(SMALL).eval()
    for head in (student.gain, student.bias):  # as a trained one: the head really depends on the features
        head.weight.data.mul_(4)
    return student


def photos(count=2, height=64, width=48, seed=0):
    coarse = torch.from_numpy(np.random.default_rng(seed).random((count, 3, 8, 6), np.float32))
    smooth = F.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    return (smooth * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def session(graph: onnx.ModelProto, path=None) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    if path:
        options.optimized_model_filepath = str(path)
    return ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])


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


def test_report_has_the_figures_of_issue_1():
    a = photos(2, 288, 288)
    assert set(report(a, a, photos(2, 288, 288, seed=5))) == {"captured_face", "captured", "psnr", "ssim"}


def test_block_dct_is_orthonormal():
    basis = losses.dct_matrix()
    torch.testing.assert_close(basis @ basis.T, torch.eye(8), atol=1e-6, rtol=0)


def test_weight_map_favours_eyes_and_survives_missing_faces():
    points = torch.tensor([[[112.0, 138], [180, 137], [146, 176], [118, 216], [174, 216]]])
    weight = losses.weight_map(torch.cat([points, torch.full_like(points, float("nan"))]), 288, 288)
    assert weight.mean((1, 2, 3)).tolist() == pytest.approx([1, 1], abs=1e-4)
    assert weight[0, 0, 138, 112] > 3 * weight[0, 0, 10, 10]
    assert torch.allclose(weight[1], torch.ones_like(weight[1]))


def test_a_training_step_lowers_the_loss():
    torch.manual_seed(0)
    student, adapter = Student(SMALL), torch.nn.Conv2d(SMALL.a, 64, 1)
    photo = torch.from_numpy(photos(4, 64, 64)).permute(0, 3, 1, 2).float() / 255
    points = torch.tensor([[20.0, 25], [44, 25], [32, 35], [24, 45], [40, 45]]).expand(4, 5, 2)
    batch = Batch(photo, 1 - photo, torch.randn(4, 64, 16, 16), points)
    optimiser = torch.optim.Adam([*student.parameters(), *adapter.parameters()], lr=2e-3)
    history = []
    for _ in range(12):
        loss = sum(step_loss(student, adapter, batch, losses.dct_matrix(), 0.5).values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(float(loss.detach()))
    assert history[-1] < 0.9 * history[0]
