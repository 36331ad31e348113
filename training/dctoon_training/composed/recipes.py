"""How each style's target is composed, and why. Chosen from sheets: dark, old, bearded, turned, lit from a side.

A share of the 3d teacher's drawing in what a style's own teacher is shown opens the eyes and takes the wrinkles, so
that no lines are drawn over nose and brow; more of it makes all styles look alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Between the two teachers: chroma is the photo's, lightness within 20 levels.
FIRST: dict[str, Any] = {"chroma": 1.0, "bound": 20.0}


@dataclass(frozen=True)
class Recipe:
    """`first` draws the lit and smoothed photo; the style's teacher draws a mix of that photo and that drawing.

    mixes: shares of the first drawing, tried in this order until the change of the face, photo to target, is within
    `near` of the style's `usual` one (mean absolute difference in the face, 0..255); else the nearest wins.
    paint: radius and epsilon of the smoothing of what is no head. Teachers leave backgrounds, clothes and arms as they
    are in the photo; next to a drawn head they look pasted.
    """

    mixes: tuple[float, ...]
    usual: float
    first: str = "3d"
    near: float = 0.15
    paint: tuple[int, float] | None = (4, 0.004)
    lift: dict[str, Any] = field(default_factory=dict)
    smooth: dict[str, Any] = field(default_factory=dict)
    restore: dict[str, Any] | None = field(default_factory=dict)
    colours: dict[str, Any] | None = field(default_factory=dict)


RECIPES: dict[str, Recipe] = {
    # Twice: once leaves old and dark faces as photos. Wrinkles are smoothed little, or noses and jaws go with them. Six
    # tenths of the photo's light come back, because an even face looks flat in 3d. Two passes turn brown eyes grey.
    "3d": Recipe((1.0, 0.6), 28.5, smooth={"wrinkles": 0.3}, restore={"iris": 0.8, "shade": 0.6}),
    # Everybody in their own skin colour, a good deal lighter as the style is, and not quite as warm: light faces came
    # out orange with the photo's whole hue. No contrast: the style is flat.
    "anime": Recipe(
        (0.5, 1.0, 0.0),
        45.0,
        restore={"lips": 0.2, "contrast": 0.0, "slack": 0.24, "warmth": 0.8},
        colours={"chroma": 0.7},
    ),
    "handdrawn": Recipe((0.5, 1.0, 0.0), 30.0),
    "illustration": Recipe((0.5, 1.0, 0.0), 28.0),
    # Three quarters: with half of it lines still cross the noses of old faces and eyes are unequal.
    "design": Recipe((0.75, 1.0, 0.25), 33.0),
    # Its charm is hard light: lifting leaves patches on dark skin, and the 3d teacher first makes it a second 3d. So it
    # draws twice itself, on nearly the photo's light; who changes little that way is drawn twice in full.
    "artstyle": Recipe(
        (0.6, 1.0, 0.0),
        19.0,
        "artstyle",
        lift={"amount": 0.25, "share": 0.5},
        smooth={"radius": 4, "epsilon": 0.006, "wrinkles": 0.8},
        restore={"shade": 0.3, "contrast": 0.2, "slack": 0.1, "lips": 0.2, "warmth": 0.8},
    ),
    # Grey: no tone and no colours to give back. Half of a first pass takes noise and blotches, lines stay.
    "sketch": Recipe(
        (0.5,),
        80.0,
        "sketch",
        lift={"amount": 0.25},
        smooth={"radius": 4, "epsilon": 0.006},
        restore=None,
        colours=None,
        paint=None,  # pencil strokes are texture
    ),
}
