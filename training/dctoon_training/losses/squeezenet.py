"""SqueezeNet v1.0 as a meter of texture. It is not LPIPS; never call it so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

# BGR means in 0..255, and the layers whose features are compared.
MEAN_BGR = (104.0, 117.0, 123.0)
TAPS = ("conv1", "fire3", "fire5", "fire7", "fire9")
POOL_AFTER = ("conv1", "fire4", "fire8")


class SqueezeNet(nn.Module):
    """Frozen feature extractor; weights of `../shared/features/squeezenet_v1.0.npz`."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        with np.load(path) as arrays:
            self.weights = nn.ParameterDict(
                {
                    name.replace(".", "|"): nn.Parameter(torch.from_numpy(arrays[name]), requires_grad=False)
                    for name in arrays.files
                    if not name.startswith("conv_final")
                }
            )

    def _conv(self, x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        return F.relu(F.conv2d(x, self.weights[f"{name}|weight"], self.weights[f"{name}|bias"], stride, padding))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """RGB NCHW in [0, 1] to the five tapped feature maps."""
        mean = torch.tensor(MEAN_BGR, device=pictures.device)[:, None, None]
        x = pictures.flip(1) * 255 - mean
        taps = []
        for name in ("conv1", *(f"fire{k}" for k in range(2, 10))):
            if name == "conv1":
                x = self._conv(x, name, stride=2)
            else:
                squeezed = self._conv(x, f"{name}/conv1x1_1")
                wide = self._conv(squeezed, f"{name}/conv3x3_2", padding=1)
                x = torch.cat([self._conv(squeezed, f"{name}/conv1x1_2"), wide], dim=1)
            if name in TAPS:
                taps.append(x)
            if name in POOL_AFTER:
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        return taps

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """Mean over taps and positions of the squared difference of unit feature vectors; one value per picture."""
        with torch.no_grad():
            reference = [F.normalize(tap, dim=1) for tap in self(b)]
        each = [
            ((F.normalize(tap, dim=1) - other) ** 2).sum(1).mean((1, 2))
            for tap, other in zip(self(a), reference, strict=True)
        ]
        return torch.stack(each).mean(0)
