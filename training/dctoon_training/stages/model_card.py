"""The table of likeness in `models/README.md`, between its markers; everything else there is written by hand."""

from __future__ import annotations

from pathlib import Path
from statistics import mean
from typing import Any

START, END = "<!-- likeness: written by `python -m dctoon_training report` -->", "<!-- /likeness -->"
HEAD = (
    "style",
    "captured, face",
    "own FP32",
    "captured, whole",
    "PSNR",
    "SSIM",
    "the photo's SSIM",
    "INT8 to own FP32, SSIM",
    "worst group's SSIM",
)
FORMS = ("**{:.3f}**", "{:.3f}", "{:.3f}", "{:.1f} dB", "{:.3f}", "{:.3f}", "{:.4f}", "{:+.4f}")


def figures(evaluation: dict[str, Any]) -> list[float]:
    """One style's figures, in the order of the head."""
    rows = evaluation["rows"]
    made, own = rows[evaluation["shipped"]], rows["pruned" if "pruned" in rows else "fp32"]
    worst = min(group["ssim_to_all"] for group in evaluation["groups"].values() if "ssim_to_all" in group)
    likeness = (made["captured_face"], own["captured_face"], made["captured"], made["psnr"], made["ssim"])
    return [*likeness, rows["photo"]["ssim"], made["ssim_to_fp32"], worst]


def table(found: list[dict[str, Any]]) -> str:
    """Markdown: a row per style, then the mean over them."""
    values = [figures(evaluation) for evaluation in found]
    names = [*(f"`{evaluation['style']}`" for evaluation in found), "mean"]
    rows = [[form.format(v) for form, v in zip(FORMS, row, strict=True)] for row in values]
    means = [form.format(mean(column)) for form, column in zip(FORMS, zip(*values, strict=True), strict=True)]
    rows.append([*means[:-1], ""])  # a mean of worst groups says nothing
    lines = [f"| {name} | {' | '.join(row)} |" for name, row in zip(names, rows, strict=True)]
    return "\n".join([f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|", *lines])


def fill(card: Path, found: list[dict[str, Any]]) -> None:
    """Writes the table into the card. Raises ValueError where the card has no markers."""
    before, _, rest = card.read_text(encoding="utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{card} has no {START} ... {END}")
    card.write_text(f"{before}{START}\n\n{table(found)}\n\n{END}{after}", encoding="utf-8")
