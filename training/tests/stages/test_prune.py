"""Structured pruning: right channels, valid shapes, right surgery, and graphs that still fuse."""

import collections
import itertools
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from support import SMALL, batch, photos, session, small_student

from dctoon_training.convert.student_graph import StudentGraph
from dctoon_training.losses.objective import Objective, Weights
from dctoon_training.metrics import psnr
from dctoon_training.stages.prune import (
    KINDS,
    Plan,
    all_channels,
    block_names,
    choose,
    cut,
    iterate,
    sensitivity,
    shape_parameters,
    summary,
    trunk_names,
    verdict,
)
from dctoon_training.student.calibration import calibrate
from dctoon_training.student.distil import Schedule, predict
from dctoon_training.student.network import Shape, Student, load_student, parameters, save_student

UNEVEN = Shape(a=48, b=64, before=1, bottom=3, after=2, inner=(16, 64, 32, 48, 16, 80))


class Fixed:
    """A source of the same few batches."""

    def batches(self, size):
        return itertools.cycle([batch(size, seed) for seed in range(3)])

    def val(self):
        photo = photos(2, 64, 64, seed=9)
        photo = np.tile(photo, (1, 5, 5, 1))[:, :288, :288]
        return photo, 255 - photo

    def calibration(self, count):
        return photos(count, 64, 64)


@pytest.mark.parametrize("shape", [Shape(), SMALL, UNEVEN])
def test_parameters_and_macs_are_counted_without_building(shape):
    model = Student(shape)
    assert shape_parameters(shape) == parameters(model)
    macs = 0

    def count(module, _inputs, output):
        nonlocal macs
        macs += module.weight.numel() * output.shape[2] * output.shape[3]

    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    model(torch.zeros(1, 3, 64, 32))
    assert shape.macs(64, 32) == macs


def test_a_checkpoint_keeps_uneven_widths_and_one_without_them_loads(tmp_path):
    save_student(tmp_path / "uneven.pt", Student(UNEVEN))
    assert load_student(tmp_path / "uneven.pt")[0].shape == UNEVEN
    checkpoint = torch.load(tmp_path / "uneven.pt", weights_only=True)
    old = {"shape": {"a": 32, "b": 32, "before": 1, "bottom": 2, "after": 1}, "state": Student(SMALL).state_dict()}
    torch.save(old, tmp_path / "old.pt")
    assert load_student(tmp_path / "old.pt")[0].shape == SMALL
    assert checkpoint["shape"]["inner"] == UNEVEN.inner
    with pytest.raises(ValueError, match="inner widths"):
        replace(SMALL, inner=(16, 16))


def test_a_pruned_student_computes_what_the_dense_one_does_with_those_channels_silent():
    """Also the trunk: a channel that no convolution writes stays zero through ReLU and Add."""
    model = small_student(Shape(a=32, b=48, before=1, bottom=2, after=1))
    kept = all_channels(model.shape)
    torch.manual_seed(3)
    for name, stay in (("before.0", 16), ("bottom.1", 32), ("a", 16), ("b", 32)):
        kept[name] = torch.randperm(len(kept[name]))[:stay].sort().values
    silent = small_student(model.shape)
    silent.load_state_dict(model.state_dict())
    blocks = dict(zip(block_names(model.shape), [*silent.before, *silent.bottom, *silent.after], strict=True))
    writers = {name: [block.first] for name, block in blocks.items()}
    writers["a"] = [silent.stem, silent.before[0].second, silent.after[0].second]
    writers["b"] = [silent.down, *(block.second for block in silent.bottom)]
    for name, convs in writers.items():
        gone = torch.tensor(sorted(set(range(len(all_channels(model.shape)[name]))) - set(kept[name].tolist())))
        for conv in convs:
            if len(gone):
                conv.weight.data[gone], conv.bias.data[gone] = 0, 0
        if name == "a" and len(gone):
            rows = (4 * gone[:, None] + torch.arange(4)).flatten()
            silent.up.weight.data[rows], silent.up.bias.data[rows] = 0, 0
    small = cut(model, kept)
    assert small.shape == Shape(16, 32, 1, 2, 1, (16, 48, 32, 32))
    x = torch.from_numpy(photos()).permute(0, 3, 1, 2).float() / 255
    torch.testing.assert_close(small(x), silent(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_sensitivity_finds_a_channel_that_does_nothing(kind):
    model = small_student()
    block = model.after[0]
    block.second.weight.data[:, 5] = 0  # nobody reads it
    found = sensitivity(model, iter([batch(2), batch(2, 1)]), Objective(Weights().without_hint(), "cpu"), 2, kind)
    assert {name: len(value) for name, value in found.items()} == {
        name: len(value) for name, value in all_channels(model.shape).items()
    }
    assert found["after.0"].argmin() == 5
    assert found["after.0"][5] == pytest.approx(0, abs=1e-12)


def test_the_taylor_estimate_ranks_channels_as_their_removal_does():
    model, goal = small_student(), Objective(Weights().without_hint(), "cpu")
    model.after[0].second.weight.data.mul_(0.1)  # first order holds for small changes
    one = batch(1)
    found = sensitivity(model, iter([one]), goal, 1, "taylor")["after.0"]

    def loss():
        with torch.no_grad():
            return float(sum(goal(model(one.photo), one).values()))

    dense, costs = loss(), []
    weight = model.after[0].second.weight.data
    for channel in range(len(found)):
        column = weight[:, channel].clone()
        weight[:, channel] = 0
        costs.append(abs(loss() - dense))
        weight[:, channel] = column
    ranks = np.argsort(np.argsort(np.array([costs, found.tolist()]), axis=1), axis=1)
    assert np.corrcoef(ranks)[0, 1] > 0.9


def test_choice_keeps_multiples_of_16_and_meets_its_share():
    model = small_student(Shape(a=48, b=64, before=1, bottom=2, after=1))
    torch.manual_seed(0)
    found = {name: torch.rand(len(value)) for name, value in all_channels(model.shape).items()}
    small = cut(model, choose(model, found, 0.3))
    assert all(width % 16 == 0 and width >= 16 for width in (small.shape.a, small.shape.b, *small.shape.inner_widths))
    assert 0.2 <= 1 - parameters(small) / parameters(model) <= 0.36
    least = cut(model, choose(model, found, 0.999))
    assert {least.shape.a, least.shape.b, *least.shape.inner_widths} == {16}


def test_trunks_cover_every_block_once():
    names = trunk_names(UNEVEN)
    assert sorted(names["a"] + names["b"]) == sorted(["stem", "join", "down", *block_names(UNEVEN)])


def test_an_uneven_graph_is_fully_fused(tmp_path):
    model, calibration = small_student(UNEVEN), photos(8)
    graph = StudentGraph(model, calibrate(model, calibration)).write()
    made = session(graph, tmp_path / "optimised.onnx").run(None, {"photo": calibration})[0]
    assert psnr(made, predict(model, calibration, "cpu")) > 30
    kinds = collections.Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    assert kinds["QLinearConv"] == sum(isinstance(m, torch.nn.Conv2d) for m in model.modules())
    assert not {"Conv", "Relu", "Add", "Mul", "QuantizeLinear", "DequantizeLinear"} & set(kinds), kinds


def test_rounds_shrink_the_student_and_fine_tuning_helps():
    model = small_student()
    plan = Plan(rounds=2, share=0.08, observed=1, batch=2, schedule=Schedule(1e-3, steps=6, warm_up=1))
    rows = [row for _, row in iterate(model, Fixed(), Objective(Weights().without_hint(), "cpu"), plan)]
    sizes = [row["parameters"] for row in rows]
    assert len(rows) == 3
    assert sizes[0] == parameters(model)
    assert sizes[1] <= 0.93 * sizes[0]
    assert sizes[2] <= 0.93 * sizes[1]
    assert rows[1]["captured_face"] > rows[1]["captured_before_finetuning"]
    assert {"parameters", "gmac_512", "captured_face", "ssim", "inner"} <= set(rows[2])
    assert summary(rows, plan)["rows"] == rows


def test_the_verdict_takes_the_smallest_that_is_good_enough():
    rows = [{"captured": 0.5}, {"captured": 0.499}, {"captured": 0.495}, {"captured": 0.45}]
    assert verdict(rows) == 2
    assert verdict([{**row, "frechet": f} for row, f in zip(rows, (0.90, 0.95, 0.95, 0.91), strict=True)]) == 3
    assert verdict([{"captured": 0.5}, {"captured": 0.3}]) == 0
