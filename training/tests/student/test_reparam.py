"""The branch form: folded exactly, started equally, trained and saved like any student."""

import pytest
import torch
from support import photos, small_student

from dctoon_training.student.network import load_student, parameters, save_student
from dctoon_training.student.reparam import BranchConv, expand, fold, has_branches


def randomise(module):
    torch.manual_seed(1)
    for parameter in module.parameters():
        parameter.data.add_(0.1 * torch.randn_like(parameter))
    return module


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("out", "stride"), [(16, 1), (24, 1), (16, 2)])
def test_folding_one_convolution_is_exact(dtype, out, stride):
    conv = randomise(BranchConv(torch.nn.Conv2d(16, out, 3, stride=stride, padding=1).to(dtype)))
    assert (conv.identity is not None) == (out == 16 and stride == 1)
    x = torch.rand(2, 16, 12, 10, dtype=dtype)
    plain = conv.plain()
    assert (conv.branches(x) - plain(x)).abs().max() < 1e-5
    assert torch.equal(conv(x), plain(x))


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_folding_a_student_is_exact(dtype, most):
    student = randomise(expand(small_student().to(dtype)))
    x = torch.from_numpy(photos()).permute(0, 3, 1, 2).to(dtype) / 255
    folded = fold(student)
    assert not has_branches(folded)
    assert parameters(folded) == parameters(small_student())
    assert (student(x) - folded(x)).abs().max() < most


def test_an_expanded_student_computes_the_same_and_every_branch_learns():
    plain = small_student()
    student = expand(plain)
    assert sum(isinstance(m, BranchConv) for m in student.modules()) == 2 * plain.shape.blocks + 4
    x = torch.from_numpy(photos()).permute(0, 3, 1, 2).float() / 255
    assert (student(x) - plain(x)).abs().max() < 1e-5
    (student(x) ** 2).mean().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in student.parameters())
    assert not has_branches(plain)


def test_a_branch_checkpoint_is_loaded_as_one_and_a_plain_one_stays_loadable(tmp_path):
    plain = small_student()
    for model in (plain, randomise(expand(plain))):
        save_student(tmp_path / "student.pt", model, note=1)
        loaded, rest = load_student(tmp_path / "student.pt")
        assert rest == {"note": 1}
        assert has_branches(loaded) == has_branches(model)
        assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), model.parameters(), strict=True))
