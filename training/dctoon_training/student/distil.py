"""The distillation loop that training, pruning, quantisation-aware training and ablation share.

Adam or Muon, warm-up, cosine, gradient clipping, moving average of the weights. The schedule runs over wall time or
over steps, whichever is further, so that a busy and a fast machine both end with a small learning rate.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..data.batches import Batch, to_pictures
from ..losses.objective import Objective, adapter_for
from .muon import MuonAdam
from .network import BLOCK

HINT_UNTIL = 0.75  # share of the run after which the hint is gone
EMA_DECAY = 0.999
LONGEST_STEP = 5.0  # seconds; what is longer was a suspended process or machine, and does not count as training


@dataclass(frozen=True)
class Schedule:
    """`minutes` and `steps` are limits for the whole run; either may be None, not both."""

    rate: float = 1.5e-3
    minutes: float | None = None
    steps: int | None = None
    warm_up: int = 200
    floor: float = 0.01  # of the rate, at the end

    def progress(self, seconds: float, step: int) -> float:
        by_time = seconds / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(by_time, step / self.steps if self.steps else 0.0))

    def rate_at(self, progress: float, step: int) -> float:
        cosine = (1 + math.cos(math.pi * progress)) / 2
        return self.rate * (self.floor + (1 - self.floor) * cosine) * min(1.0, (step + 1) / max(1, self.warm_up))


def predict(model: nn.Module, photos: NDArray[np.uint8], device: str, batch: int = 10) -> NDArray[np.uint8]:
    """Cartoons of uint8 NHWC pictures, rounded as the exported graph rounds."""
    out = []
    with torch.inference_mode():
        for start in range(0, len(photos), batch):
            y = model(to_pictures(photos[start : start + batch], device))
            out.append((y.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(out)


def forward(model: nn.Module, adapter: nn.Module | None, photo: Tensor) -> tuple[Tensor, Tensor | None]:
    """Cartoon (float) and predicted hint, under bf16 autocast. A model without a trunk of its own gives no hint."""
    with torch.autocast(photo.device.type, dtype=torch.bfloat16):
        if adapter is None:
            return model(photo).float(), None
        blocks = F.pixel_unshuffle(photo, BLOCK)
        features = model.trunk(blocks)
        return model.head(blocks, features).float(), adapter(features)


@dataclass(frozen=True)
class Progress:
    """What a report sees: mean loss terms since the last one."""

    seconds: float
    step: int
    rate: float
    terms: dict[str, float]


class Distillation:
    """A model in training with its moving average `ema`, and, where hints are used, its adapter."""

    def __init__(self, model: nn.Module, objective: Objective, rate: float, muon: bool = False) -> None:
        self.model = model.to(memory_format=torch.channels_last)
        self.objective = objective
        device = next(model.parameters()).device
        self.adapter = adapter_for(model.shape.a).to(device) if objective.weights.uses_hint else None
        self.ema = copy.deepcopy(self.model).requires_grad_(False)
        others = [*self.adapter.parameters()] if self.adapter else []
        self.optimiser = (
            MuonAdam(self.model, others, rate)
            if muon
            else torch.optim.Adam([*self.model.parameters(), *others], lr=rate)
        )
        self.seconds, self.step = 0.0, 0

    def state(self) -> dict[str, Any]:
        """Everything beside the model's own weights that resuming needs."""
        return {
            "ema": self.ema.state_dict(),
            "adapter": self.adapter.state_dict() if self.adapter else None,
            "optimiser": self.optimiser.state_dict(),
            "elapsed": self.seconds,
            "step": self.step,
        }

    def resume(self, state: dict[str, Any]) -> None:
        self.ema.load_state_dict(state["ema"])
        if self.adapter and state["adapter"]:
            self.adapter.load_state_dict(state["adapter"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.seconds, self.step = state["elapsed"], state["step"]

    def averaged(self) -> nn.Module:
        """The moving average, as a model that can be trained on."""
        return copy.deepcopy(self.ema).requires_grad_(True)

    def _update(self, batch: Batch, rate: float, hint_share: float) -> dict[str, Tensor]:
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        y, hint = forward(self.model, self.adapter, batch.photo)
        parts = self.objective(y, batch, hint, hint_share)
        self.optimiser.zero_grad()
        sum(parts.values()).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        decay = min(EMA_DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.ema.parameters()), list(self.model.parameters()), 1 - decay)
            for slow, fast in zip(self.ema.buffers(), self.model.buffers(), strict=True):
                slow.copy_(fast)
        return {name: part.detach() for name, part in parts.items()}

    def run(
        self,
        batches: Iterable[Batch],
        schedule: Schedule,
        report: Callable[[Progress], None] | None = None,
        every: float = math.inf,
    ) -> None:
        """Trains until the schedule ends; `report` is called every `every` seconds and at the end."""
        sums: dict[str, Tensor] = {}
        since, next_report, last = self.step, self.seconds + every, time.monotonic()
        for batch in batches:
            now = time.monotonic()
            self.seconds, last = self.seconds + min(now - last, LONGEST_STEP), now
            progress = schedule.progress(self.seconds, self.step)
            rate = schedule.rate_at(progress, self.step)
            parts = self._update(batch, rate, max(0.0, 1 - progress / HINT_UNTIL))
            for name, part in parts.items():  # tensors: reading one would wait for the GPU
                sums[name] = sums[name] + part if name in sums else part
            over = progress >= 1
            if report and (self.seconds >= next_report or over):
                count = self.step - since
                report(
                    Progress(self.seconds, self.step, rate, {k: round(float(v) / count, 4) for k, v in sums.items()})
                )
                sums, since, next_report = {}, self.step, self.seconds + every
            if over:
                return
