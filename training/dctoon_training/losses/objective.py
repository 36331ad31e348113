"""The training objective: which loss terms count how much, with switches on the command line.

The classic distillation mix (`--classic`: alpha 0.7, beta 0.3, T 6) was made for class probabilities: alpha weighs the
softened teacher, beta the true labels. For pictures there are no labels beside the teacher; here alpha weighs the
softened teacher *features* (where each of the hint's channels is active, `losses.soft_channels`) and beta the pixels.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ..data.batches import Batch
from ..teacher.network import Teacher
from . import terms as losses
from .squeezenet import SqueezeNet

ALPHA, BETA, TEMPERATURE = 0.7, 0.3, 6.0


@dataclass(frozen=True)
class Weights:
    """One weight per term; 0 switches a term off."""

    l1: float = 1.0
    gradient: float = 0.5
    dct: float = 0.25
    ssim: float = 0.0  # local contrast and structure
    hint: float = 0.5
    encoder: float = 0.0  # the teacher's own encoder features
    squeeze: float = 0.0  # SqueezeNet features
    patches: float = 0.0  # eyes and mouth at one size
    skin: float = 0.0  # the skin's colour statistics
    keep_skin: float = 0.0  # share of the photo's skin tone that stays, 0..1: changes the target, is no weight
    sharpen: float = 0.0  # amount of an unsharp mask on the target: changes the target, is no weight
    classic: bool = False

    @property
    def uses_hint(self) -> bool:
        """Whether any term reads the teacher's features."""
        return bool(self.hint) or self.classic

    def without_hint(self) -> Weights:
        return replace(self, hint=0.0, classic=False)


HELP = {
    "l1": "face-weighted L1",
    "gradient": "gradient L1",
    "dct": "8 x 8 block-DCT L1",
    "ssim": "1 - SSIM of the grey pictures; 0.1 weighs about a quarter as much as L1",
    "hint": "teacher features after convolution 13, until three quarters of the run",
    "encoder": "perceptual: teacher encoder features; 0.05 is small, 0.2 much",
    "squeeze": "perceptual: SqueezeNet features; a texture meter, keep it under 0.05",
    "patches": "eye and mouth patches; 0.3 is a fair start",
    "skin": "colour statistics of the skin; 1 is a fair start",
    "sharpen": "unsharp mask on the target, sigma 1.2: what L1 blurs, a sharper target gives back; 0.4 is a fair start",
    "keep_skin": "share of the photo's skin tone to keep, 0 to 1",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Registers one option per loss term."""
    group = parser.add_argument_group("loss terms")
    for field in fields(Weights):
        if field.name != "classic":
            option = f"--{field.name.replace('_', '-')}"
            group.add_argument(option, type=float, default=field.default, help=HELP[field.name])
    group.add_argument("--classic", action="store_true", help=f"alpha {ALPHA}, beta {BETA}, T {TEMPERATURE:.0f}")


def weights_from(arguments: argparse.Namespace) -> Weights:
    return Weights(**{field.name: getattr(arguments, field.name) for field in fields(Weights)})


class Objective:
    """Computes the weighted terms. `teacher` is needed for `encoder`, `squeezenet` (a file) for `squeeze`."""

    def __init__(
        self, weights: Weights, device: str, teacher: Teacher | None = None, squeezenet: Path | None = None
    ) -> None:
        self.weights, self.teacher = weights, teacher
        self.basis = losses.dct_matrix().to(device)
        self.squeezenet = SqueezeNet(squeezenet).to(device) if squeezenet and weights.squeeze else None
        if weights.encoder and teacher is None:
            raise ValueError("the encoder term needs the teacher's weights")
        if weights.squeeze and squeezenet is None:
            raise ValueError("the squeeze term needs the SqueezeNet weights")

    def __call__(
        self, y: Tensor, batch: Batch, hint: Tensor | None = None, hint_share: float = 1.0
    ) -> dict[str, Tensor]:
        """Terms of the loss, weighted. `y`: float, not clipped; `hint`: the adapter's prediction, or None."""
        w, target = self.weights, batch.target
        if w.keep_skin:
            target = losses.keep_skin(target, batch.photo, batch.points, w.keep_skin)
        if w.sharpen:
            target = losses.unsharp(target, w.sharpen)
        face = losses.weight_map(batch.points, *y.shape[2:])
        parts = {
            "l1": w.l1 * ((y - target).abs() * face).mean(),
            "gradient": w.gradient * losses.gradient_l1(y, target, face),
            "dct": w.dct * losses.block_dct_l1(y, target, self.basis),
        }
        if w.ssim:
            parts["dssim"] = w.ssim * losses.dssim(y, target)
        if w.patches:
            parts["patches"] = w.patches * losses.patch_l1(y, target, batch.points)
        if w.skin:
            parts["skin"] = w.skin * losses.skin_l1(y, target, losses.skin_mask(batch.points, *y.shape[2:]))
        with torch.autocast(y.device.type, dtype=torch.bfloat16):
            if w.encoder and self.teacher is not None:
                parts["encoder"] = w.encoder * losses.encoder_l1(self.teacher, y, target)
            if self.squeezenet is not None:
                parts["squeeze"] = w.squeeze * self.squeezenet.distance(y, target).mean()
        if w.classic:
            parts = {name: BETA * part for name, part in parts.items()}
            if hint is not None:
                parts["soft"] = ALPHA * losses.soft_channels(hint.float(), batch.hint, TEMPERATURE)
        elif hint is not None and w.hint and hint_share:
            parts["hint"] = w.hint * hint_share * losses.hint_l1(hint.float(), batch.hint)
        return parts


def squeezenet_file(shared: Path) -> Path:
    return shared / "features" / "squeezenet_v1.0.npz"


def adapter_for(channels: int) -> nn.Conv2d:
    """The 1 x 1 convolution from the student's trunk to the teacher's hint."""
    return nn.Conv2d(channels, 64, 1)
