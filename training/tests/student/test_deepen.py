import itertools

import torch
from support import batch, small_student

from dctoon_training.losses.objective import Objective, Weights
from dctoon_training.student.deepen import deepen
from dctoon_training.student.distil import Distillation, Schedule
from dctoon_training.student.network import Shape


def test_a_deeper_student_computes_the_same_and_keeps_inner_widths():
    model = small_student(Shape(a=16, b=32, before=1, bottom=2, after=1, inner=(16, 16, 32, 16)))
    deeper = deepen(model, 2)
    assert deeper.shape == Shape(a=16, b=32, before=1, bottom=4, after=1, inner=(16, 16, 32, 32, 32, 16))
    x = torch.rand(2, 3, 64, 48)
    assert torch.equal(deeper(x), model(x))


def test_new_blocks_learn():
    deeper = deepen(small_student(), 1)
    before = {name: weight.clone() for name, weight in deeper.bottom[-1].named_parameters()}
    distillation = Distillation(deeper, Objective(Weights(), "cpu"), 1e-3, muon=True)
    distillation.run(itertools.repeat(batch()), Schedule(1e-3, steps=3, warm_up=1))
    assert all(not torch.equal(before[name], weight) for name, weight in deeper.bottom[-1].named_parameters())
