"""A deeper student from a trained one: more residual blocks at the bottom, where depth is cheap and sees far."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from .network import Shape, Student


def deeper_shape(shape: Shape, blocks: int) -> Shape:
    """The shape with so many more blocks at the bottom, each as wide inside as outside."""
    at = shape.before + shape.bottom
    inner = shape.inner and (*shape.inner[:at], *[shape.b] * blocks, *shape.inner[at:])
    return replace(shape, bottom=shape.bottom + blocks, inner=inner)


def deepen(model: Student, blocks: int) -> Student:
    """A student with more blocks that computes exactly the same until it is trained; the model must be folded.

    The second convolution of a new block is zero, and what a block reads is never negative, so that its ReLU changes
    nothing (Net2DeeperNet; Chen et al. 2016).
    """
    deeper = Student(deeper_shape(model.shape, blocks)).to(next(model.parameters()).device)
    deeper.load_state_dict({**deeper.state_dict(), **model.state_dict()})
    for block in deeper.bottom[model.shape.bottom :]:
        nn.init.zeros_(block.second.weight)
    return deeper
