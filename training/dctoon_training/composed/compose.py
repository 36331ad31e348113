"""Puts the steps together: the composed target of one aligned photo, and of a picture without a face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ..faces.align import FaceFinder
from ..metrics import face_region
from ..teacher.network import Teacher, load_teacher
from .filters import Mask, Picture, grow, plane, smooth
from .masks import Masks, find_masks
from .mesh import Points
from .recipes import FIRST, RECIPES, Recipe
from .steps import colours, lift, paint, restore, smooth_skin

# Area between the lips, in squares of the eye distance, from which a mouth counts as open; at twice that, wholly.
OPEN_FROM = 0.02


class Composer:
    """Holds the teachers and the face models that composing needs; one for each process."""

    def __init__(self, teachers: Path, models: Path, precise: bool = False) -> None:
        self.folder, self.finder, self.precise = teachers, FaceFinder(models), precise
        self.teachers: dict[str, Teacher] = {}

    def draw(self, x: Picture, style: str) -> Picture:
        """One teacher's picture; in bf16 unless `precise`."""
        if style not in self.teachers:
            self.teachers[style] = load_teacher(self.folder / f"{style}.npz")
        batch = torch.from_numpy(np.ascontiguousarray(x, np.float32)).permute(2, 0, 1)[None].mul(2).sub(1)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=not self.precise):
            y = self.teachers[style](batch.contiguous(memory_format=torch.channels_last))
        return ((y.float().clamp(-1, 1) + 1) / 2)[0].permute(1, 2, 0).contiguous().numpy()

    def face(self, x: Picture, points: Points, style: str) -> Picture:
        """The target of an aligned photo; `points`: its five points [5, 2] in pixels."""
        return Face(self, x, points).compose(style)

    def scene(self, x: Picture, style: str) -> Picture:
        """The target of a picture without a face (or of a whole photo): teacher, colours of the photo, painted."""
        recipe = RECIPES[style]
        y = self.draw(x, style)
        if recipe.colours is not None:
            y = colours(y, x, np.zeros(x.shape[:2], np.float32), **recipe.colours)
        return y if recipe.paint is None else paint(y, *recipe.paint)


def smile(k: Masks, points: Points) -> Mask:
    """Where an open mouth is: teachers that are asked twice close it, so the second is shown the photo's there."""
    eye = float(np.hypot(*(points[1] - points[0])))
    opened = float(np.clip((k.mouth.sum() / eye**2 - OPEN_FROM) / OPEN_FROM, 0, 1))
    return grow(np.maximum(k.lips, k.mouth), 3) * np.float32(opened)


class Face:
    """One aligned photo with what all styles share: its masks, and the lit and smoothed photo's first drawing."""

    def __init__(self, composer: Composer, x: Picture, points: Points) -> None:
        self.composer, self.x, self.points = composer, x, points
        self.masks: Masks = find_masks(composer.finder, x, points)
        self.smile = smile(self.masks, points)
        self.drawings: dict[tuple, tuple[Picture, Picture]] = {}

    def _first(self, recipe: Recipe) -> tuple[Picture, Picture]:
        """The prepared photo, and the first teacher's drawing of it in the photo's colours."""
        key = (tuple(sorted(recipe.lift.items())), tuple(sorted(recipe.smooth.items())), recipe.first)
        if key not in self.drawings:
            lifted = lift(self.x, self.masks, **recipe.lift)
            prepared = smooth_skin(lifted, self.masks, **recipe.smooth)
            drawn = self.composer.draw(prepared, recipe.first)
            if recipe.colours is not None:  # the next teacher gets the photo's colours
                drawn = colours(drawn, lifted, self.masks.skin, **FIRST)
                drawn = drawn + (smooth(drawn) - drawn) * plane(self.masks.skin)
            self.drawings[key] = (prepared, drawn)
        return self.drawings[key]

    def compose(self, style: str) -> Picture:
        """The style's target: the drawing whose change is nearest to the style's usual one (`Recipe.mixes`)."""
        recipe = RECIPES[style]
        prepared, once = self._first(recipe)
        best: tuple[float, Picture] | None = None
        for share in recipe.mixes:
            y = self.composer.draw(prepared + (once - prepared) * plane(share * (1 - self.smile)), style)
            y = self.finish(y, recipe)
            off = abs(self.change(y) / recipe.usual - 1)
            if best is None or off < best[0]:
                best = (off, y)
            if off < recipe.near:
                break
        assert best is not None
        return best[1]

    def finish(self, y: Picture, recipe: Recipe) -> Picture:
        """Tone and colours of the photo back into a drawing."""
        if recipe.restore is None:
            return y
        k = find_masks(self.composer.finder, y, self.points, self.masks)
        y = restore(y, k, self.x, self.masks, **recipe.restore)
        return colours(y, self.x, np.maximum(k.skin, self.masks.skin), **(recipe.colours or {}))

    def change(self, y: Picture) -> float:
        """Mean absolute difference from the photo in the face, 0..255."""
        rows, columns = face_region(self.x.shape[0])
        return float(np.abs(y - self.x)[rows, columns].mean() * 255)
