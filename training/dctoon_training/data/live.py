"""Examples made at the moment they are needed: pack pictures, augmentation and teacher, all on the training device.

No variant is ever seen twice, and nothing is written to disk. One step costs a teacher pass more than with cached
rounds: little on a GPU, too much on a CPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..faces.groups import balance
from ..teacher.network import Teacher, load_teacher, to_uint8
from ..teacher.pictures import run_teacher, to_tensor
from .batches import Batch
from .device_augment import Augment
from .pack import Pack

Bytes = NDArray[np.uint8]
BACKGROUND_SHARE = 0.12  # as in the cached rounds
HINT_SAMPLE = 32  # pictures whose features give the hint's scale


class Live:
    """A `Source` over a pack. `pack` may be shared by several styles."""

    def __init__(self, pack: Pack | Path, style: str, device: str, seed: int = 1, balanced: bool = False) -> None:
        self.pack = Pack(pack, device) if isinstance(pack, Path) else pack
        self.device = device
        self.augment = Augment(self.pack.size, self.pack.margin, device, seed)
        self.network = load_teacher(self.pack.teacher_file(style)).to(device)
        shares = balance(self.pack.angles) if balanced else np.ones(len(self.pack.faces))
        self.shares = torch.tensor(shares, dtype=torch.float32, device=device)

    def photos(self, count: int) -> tuple[Tensor, Tensor]:
        """Random finished variants [N, 3, H, W] in whole levels of 1/255, and their points (NaN: background)."""
        backgrounds = round(BACKGROUND_SHARE * count)
        faces = torch.multinomial(self.shares, count - backgrounds, replacement=True, generator=self.augment.random)
        scenes = torch.randint(
            len(self.pack.backgrounds), (backgrounds,), generator=self.augment.random, device=self.device
        )
        wide = torch.cat([self.pack.faces[faces], self.pack.backgrounds[scenes]]).float().div(255)
        matrix, mirror = self.augment.geometry(count)
        points = self.augment.map_points(self.pack.points.expand(count, 5, 2), matrix, mirror)
        points[count - backgrounds :] = float("nan")
        photo = self.augment.occlude(self.augment.warp(wide, matrix), points)
        photo = (self.augment.degrade(photo) * 255).round().div(255)
        return photo.contiguous(memory_format=torch.channels_last), points

    def batches(self, size: int) -> Iterator[Batch]:
        with torch.no_grad():
            _, sample = run_teacher(self.network, 2 * self.photos(HINT_SAMPLE)[0] - 1)
            mean = sample.mean((0, 2, 3), keepdim=True).clone()
            deviation = sample.std((0, 2, 3), keepdim=True).clone() + 1e-3
        while True:
            with torch.no_grad():
                photo, points = self.photos(size)
                picture, hint = run_teacher(self.network, 2 * photo - 1)
                target = to_uint8(picture).float().div(255)
                batch = Batch(photo, target, (hint - mean) / deviation, points)
            yield batch

    def reseed(self, seed: int) -> None:
        self.augment.random.manual_seed(seed)

    def val(self) -> tuple[Bytes, Bytes]:
        # The yardstick is always full precision; CUDA's convolutions would use TF32.
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            pictures = [
                to_uint8(self.network(to_tensor(self.pack.val[i : i + 4]).to(self.device))).cpu()
                for i in range(0, len(self.pack.val), 4)
            ]
        return self.pack.val, torch.cat(pictures).permute(0, 2, 3, 1).numpy()

    def calibration(self, count: int) -> Bytes:
        photo, _ = self.photos(count)
        return (photo * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()

    def teacher(self) -> Teacher:
        return self.network
