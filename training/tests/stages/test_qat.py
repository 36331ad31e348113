"""Quantisation-aware training computes what the INT8 graph computes, and both kinds of range learn."""

import collections

import numpy as np
import onnx
import pytest
import torch
from support import photos, session, small_student
from test_prune import Fixed

from dctoon_training.convert.student_graph import StudentGraph
from dctoon_training.losses.objective import Objective, Weights
from dctoon_training.stages.qat import finetune
from dctoon_training.student.calibration import calibrate
from dctoon_training.student.distil import Schedule, predict
from dctoon_training.student.fake_quantisation import QatStudent, Ranges, fake_weight, load_qat, save_qat


@pytest.fixture
def found():
    return calibrate(small_student(), photos(8))


def test_the_fake_quantised_student_equals_the_int8_graph(found, tmp_path):
    model, picture = small_student(), photos(4, 96, 64, seed=5)
    qat = QatStudent(model, found).eval()
    with torch.no_grad():  # other ranges than the calibrated ones, as after training
        torch.manual_seed(1)
        qat.ranges.stretch.uniform_(0, 0.1)
    graph = StudentGraph(model, qat.ranges.quantisation()).write()
    made = session(graph, tmp_path / "optimised.onnx").run(None, {"photo": picture})[0]
    difference = np.abs(made.astype(int) - predict(qat, picture, "cpu").astype(int))
    # A tie that falls the other way moves everything behind it; an untrained network damps nothing.
    assert difference.mean() < 0.1
    assert (difference <= 1).mean() > 0.97
    kinds = collections.Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    assert not {"Conv", "QuantizeLinear", "DequantizeLinear"} & set(kinds), kinds
    # And it is not trivially so: the float student differs.
    assert np.abs(predict(model, picture, "cpu").astype(int) - made.astype(int)).mean() > 4 * difference.mean()


def test_weights_are_rounded_to_255_levels_a_channel_and_gradients_pass_straight():
    weight = torch.randn(4, 3, 3, 3, requires_grad=True)
    rounded = fake_weight(weight)
    scale = weight.detach().abs().amax((1, 2, 3), keepdim=True) / 127
    whole = (rounded / scale).detach()
    torch.testing.assert_close(whole, whole.round(), atol=1e-4, rtol=0)
    rounded.sum().backward()
    torch.testing.assert_close(weight.grad, torch.ones_like(weight))


def test_a_range_that_clips_learns_to_widen(found):
    ranges = Ranges(found, learned=True)
    x = torch.linspace(0, 1, 1000) * 2 * ranges.limits()[ranges.index["stem"], 1].detach()
    optimiser = torch.optim.Adam(ranges.parameters(), lr=0.02)
    before = ranges.limits()[ranges.index["stem"], 1].item()
    for _ in range(20):
        loss = ((ranges.quantise("stem", x) - x) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert ranges.limits()[ranges.index["stem"], 1].item() > 1.1 * before


def test_moving_average_ranges_follow_the_data(found):
    ranges = Ranges(found, learned=False)
    high = ranges.limits()[ranges.index["stem"], 1].item()
    for _ in range(300):
        ranges.observe("stem", torch.linspace(0, 3 * high, 5000))
    assert ranges.limits()[ranges.index["stem"], 1].item() == pytest.approx(3 * high, rel=0.1)
    assert ranges.limits()[ranges.index["stem"], 0].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("learned", [True, False])
def test_fine_tuning_lowers_the_loss_and_its_checkpoint_exports(learned, tmp_path):
    source, goal = Fixed(), Objective(Weights().without_hint(), "cpu")
    model = small_student()
    photo, teacher = source.val()
    before = np.abs(predict(QatStudent(model, calibrate(model, photos(8))).eval(), photo, "cpu").astype(int) - teacher)
    qat = finetune(model, source, goal, Schedule(1e-3, steps=8, warm_up=1), 2, learned)
    after = np.abs(predict(qat, photo, "cpu").astype(int) - teacher)
    assert after.mean() < before.mean()
    save_qat(tmp_path / "qat.pt", qat, figures={})
    made = session(StudentGraph(*load_qat(tmp_path / "qat.pt")).write()).run(None, {"photo": photo})[0]
    assert (np.abs(made.astype(int) - predict(qat, photo, "cpu").astype(int)) <= 1).mean() > 0.98
