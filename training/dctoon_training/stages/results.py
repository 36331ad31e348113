"""Stage `report`: `training/RESULTS.md`, its plots and the model card's table, from the JSON that the runs left, or
that was kept of them. Nothing is measured here.

Plots (`training/plots/`): quality against file size, quality against time, and per style the pruning curve (parameters
against captured change and, where measured, KID).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

from ..paths import CHECKPOINTS, MODELS, RUNS, STYLES, TRAINING
from ..runs import read_json, reported
from .costs import FILE as CONVOLUTION_COSTS
from .costs import rows_by_width
from .model_card import fill
from .prune import ALLOWED_WORSE, WANTED_SMALLER

NAMES = {
    "photo": "the photo itself",
    "teacher": "teacher, FP32",
    "fp32": "student, FP32",
    "pruned": "pruned, FP32",
    "int8_static": "INT8, static",
    "int8_qat": "INT8, QAT",
}
MARKERS = {"teacher": "*", "fp32": "o", "pruned": "s", "int8_static": "^", "int8_qat": "D"}
# Column -> (key, format). A figure that was not measured is a dash.
COSTS = {
    "bytes": ("bytes", "{:,.0f}"),
    "parameters": ("parameters", "{:,.0f}"),
    "GMAC at 512": ("gmac_512", "{:.1f}"),
    "ms at 512": ("ms_512", "{:.1f}"),
    "times the teacher's speed": ("speed_512", "{:.1f}"),
    "ms at 288": ("ms_288", "{:.1f}"),
    "peak RSS, MB": ("rss_mb", "{:.0f}"),
}
LIKENESS = {
    "captured, face": ("captured_face", "{:.3f}"),
    "captured": ("captured", "{:.3f}"),
    "PSNR": ("psnr", "{:.2f}"),
    "SSIM": ("ssim", "{:.4f}"),
    "SSIM to own FP32": ("ssim_to_fp32", "{:.4f}"),
    "KID x 1000": ("kid_1000", "{:.2f}"),
    "Frechet": ("frechet", "{:.2f}"),
}
MEANING = {
    "cartoon score": ("cartoon_score", "{:.2f}"),
    "faces found": ("faces_found", "{:.2f}"),
    "identity distance": ("identity_distance", "{:.3f}"),
    "rank-1": ("identity_rank1", "{:.2f}"),
    "landmark NME": ("landmark_nme", "{:.3f}"),
}
GOALS = (
    ("captured change in the face, mean over styles", "captured_face", "mean", 0.70),
    ("captured change in the face, worst style", "captured_face", "min", 0.60),
    ("SSIM, mean over styles", "ssim", "mean", 0.93),
    ("SSIM of INT8 to own FP32, worst style", "ssim_to_fp32", "min", 0.985),
)
WANTED_BYTES, MOST_BYTES, GROUP_SLACK = 1_000_000, 2_000_000, -0.02
INTRODUCTION = """# Results

Written by `python -m dctoon_training report`; do not edit. All figures are on the {pictures} validation photos, which
no network was trained on, aligned to the 288 template. *Captured* is `1 - L1(student, teacher) / L1(photo, teacher)`:
0 is the photo itself, 1 the teacher; SSIM alone rewards copying the photo. *KID* and *Frechet* are distances to the
teacher's set on nsfwjs-InceptionV3 features: they compare our own sets with each other and are **not comparable with
any published FID or KID**; with so few pictures the Frechet distance is biased upwards. The *cartoon score* is a
linear probe: 0 looks like photos, 1 like the teacher's pictures. Identity is the face-api descriptor distance to the
photo: read it beside the teacher's, who changes faces by design. Milliseconds: ONNX Runtime, one thread, medians of
interleaved runs.
"""


GROUPS = """
## How groups were found

Automatically, by rough measures (`groups.py`, `stress.py`): skin tone by the individual typology angle of cheeks and
nose bridge, pose by the nose's distance from the middle of the eyes, light by the luma of the same skin spots, glasses
by a probe on SqueezeNet features. The harder photos are made from the validation photos, and the teacher drew each of
them anew.
"""
DASH = "\u2013"  # not measured


def cell(row: dict[str, Any], key: str, form: str) -> str:
    if key == "kid_1000":
        return form.format(1000 * row["kid"]) if "kid" in row else DASH
    return form.format(row[key]) if isinstance(row.get(key), (int, float)) else DASH


def markdown_table(rows: dict[str, dict[str, Any]], columns: dict[str, tuple[str, str]], first: str = "network") -> str:
    used = {name: c for name, c in columns.items() if any(cell(row, *c) != DASH for row in rows.values())}
    if not used:
        return ""
    lines = [f"| {first} | {' | '.join(used)} |", "|---|" + "---|" * len(used)]
    lines += [f"| {name} | " + " | ".join(cell(row, *c) for c in used.values()) + " |" for name, row in rows.items()]
    return "\n".join(lines) + "\n"


def with_speed(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    teacher = rows.get("teacher", {}).get("ms_512")
    return {
        k: {**row, "speed_512": teacher / row["ms_512"]} if teacher and "ms_512" in row else row
        for k, row in rows.items()
    }


def pruning_section(pruning: dict[str, Any], style: str, shipped: int) -> str:
    """`shipped`: parameters of what ships, which may have been deepened since it was pruned."""
    columns = {
        "parameters": ("parameters", "{:,.0f}"),
        "GMAC at 512": ("gmac_512", "{:.1f}"),
        "captured, face": ("captured_face", "{:.3f}"),
        "before fine-tuning": ("captured_before_finetuning", "{:.3f}"),
        "SSIM": ("ssim", "{:.4f}"),
        "KID x 1000": ("kid_1000", "{:.2f}"),
        "Frechet": ("frechet", "{:.2f}"),
    }
    rows = {("dense" if k == 0 else f"round {k}"): row for k, row in enumerate(pruning["rows"])}
    judged = (
        f"Chosen: round {pruning['chosen']}, {100 * pruning['smaller']:.0f} % fewer parameters"
        if pruning["accepted"]
        else "No round was good enough: the dense student stays"
    )
    judged += f" (wanted: {100 * WANTED_SMALLER:.0f} % at no more than {100 * ALLOWED_WORSE:.1f} % worse)."
    if shipped > (chosen := pruning["rows"][pruning["chosen"]]["parameters"]):
        judged += f" Deepened since (`train --deepen`): {shipped - chosen:,} parameters more in what ships."
    table = markdown_table(rows, columns, "round")
    return f"\n### Pruning ({pruning['kind']})\n\n{judged}\n\n{table}\n![curve](plots/prune-{style}.png)\n"


def style_section(evaluation: dict[str, Any], folder: Path, checkpoints: Path) -> str:
    """Tables of one style."""
    style = evaluation["style"]
    rows = with_speed(evaluation["rows"])
    named = {NAMES[k]: rows[k] for k in NAMES if k in rows}
    costs = {name: row for name, row in named.items() if "bytes" in row}
    parts = [f"\n## {style}\n\nShips: {NAMES[evaluation['shipped']]}.\n", markdown_table(costs, COSTS)]
    parts += [markdown_table(named, columns) for columns in (LIKENESS, MEANING)]
    columns = {
        "photos": ("count", "{:.0f}"),
        "captured, face": ("captured_face", "{:.3f}"),
        "SSIM": ("ssim", "{:.4f}"),
        "SSIM against all": ("ssim_to_all", "{:+.4f}"),
    }
    parts.append("### Groups, shipped network\n\n" + markdown_table(evaluation["groups"], columns, "group"))
    if evaluation["stress"]:
        hard = {k: LIKENESS[k] for k in ("captured, face", "captured", "PSNR", "SSIM")}
        parts.append(markdown_table(evaluation["stress"], hard, "harder photos"))
    if pruning := read_json(reported(folder, "prune.json", checkpoints)):
        parts.append(pruning_section(pruning, style, rows[evaluation["shipped"]]["parameters"]))
    if (ablation := reported(folder, "ablation.md", checkpoints)).exists():
        parts.append("\n### Ablation\n\n" + ablation.read_text(encoding="utf-8"))
    return "\n".join(parts)


CONVOLUTIONS = """## What a convolution costs

`dt costs`: 3 x 3 convolutions in INT8 with as many channels in as out, one thread, at a head's two sides (72 and 36
pixels).
A network of such takes their sum and 6 % (`costs.predict`).
"""
CONVOLUTION_COLUMNS = {
    "ms at 72": ("quarter_ms", "{:.2f}"),
    "GMAC/s at 72": ("quarter_speed", "{:.0f}"),
    "ms at 36": ("eighth_ms", "{:.2f}"),
    "GMAC/s at 36": ("eighth_speed", "{:.0f}"),
}

COMPOSED = """## Composed targets

Since version 0.1 five styles are not asked to copy the teacher any more, but a better cartoon made of it (README, "A
better cartoon than the teacher's"); `sketch` and `artstyle` ship as above. Likeness is measured against those targets.
*Edge*: mean gradient in the face, of the cartoon over its target. *Change*: mean absolute difference of photo and
cartoon in the face, 0..255; *least*: that of the five faces that change least, relative to the mean; *light, medium,
dark*: that of each group of skin tones. *Tone*: median CIELAB distance of the skin between photo and cartoon; *of dark
skin* the same of the darkest group. Rows: the plain teacher, the composed target, and the INT8 network that ships.
"""
COMPOSED_COLUMNS = {
    "captured, face": ("captured_face", "{:.3f}"),
    "SSIM": ("ssim", "{:.3f}"),
    "edge": ("edge", "{:.2f}"),
    "change": ("change", "{:.1f}"),
    "least": ("least", "{:.2f}"),
    "light": ("change_light", "{:.2f}"),
    "medium": ("change_medium", "{:.2f}"),
    "dark": ("change_dark", "{:.2f}"),
    "tone": ("tone", "{:.1f}"),
    "of dark skin": ("tone_dark", "{:.1f}"),
}


def composed_section(found: list[dict[str, Any]]) -> str:
    """The table of composed targets, three rows a style."""
    rows = {}
    for evaluation in found:
        names = {"teacher": "plain teacher", "composed": "composed target", evaluation["shipped"]: "INT8"}
        for row, name in names.items():
            rows[f"{evaluation['style']}: {name}"] = evaluation["rows"][row]
    return COMPOSED + "\n" + markdown_table(rows, COMPOSED_COLUMNS, "style")


def goals_section(found: list[dict[str, Any]]) -> str:
    """The aims of the project against what ships."""
    shipped = [e["rows"][e["shipped"]] for e in found]
    lines = ["\n## Aims\n", "| aim | wanted | reached | met |", "|---|---|---|---|"]

    def add(aim: str, wanted: str, reached: str, met: bool) -> None:
        lines.append(f"| {aim} | {wanted} | {reached} | {'yes' if met else '**no**'} |")

    for text, key, how, wanted in GOALS:
        values = [row[key] for row in shipped if key in row]
        value = min(values) if how == "min" else sum(values) / len(values)
        add(text, str(wanted), f"{value:.3f}", value >= wanted)
    largest = max(row["bytes"] for row in shipped)
    add("largest file, bytes", "1,000,000 if quality allows", f"{largest:,}", largest <= WANTED_BYTES)
    add("largest file, bytes", "never over 2,000,000", f"{largest:,}", largest <= MOST_BYTES)
    groups = [(g["ssim_to_all"], e["style"], n) for e in found for n, g in e["groups"].items() if "ssim_to_all" in g]
    if groups:
        worst, style, name = min(groups)
        add("worst group's SSIM against all", str(GROUP_SLACK), f"{worst:+.4f} ({style}, {name})", worst >= GROUP_SLACK)
    return "\n".join(lines) + "\n"


# -- plots ------------------------------------------------------------------------------------------------------------
def scatter(found: list[dict[str, Any]], key: str, scale: float, label: str, path: Path) -> None:
    """Captured change in the face over a cost, one colour per style, one marker per network."""
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for index, evaluation in enumerate(found):
        points = [(n, r[key] / scale, r["captured_face"]) for n, r in evaluation["rows"].items() if key in r]
        for name, x, y in points:
            axes.scatter(x, y, marker=MARKERS[name], color=f"C{index}", s=45)
        student = [(x, y) for name, x, y in points if name != "teacher"]
        axes.plot(*zip(*student, strict=True), color=f"C{index}", linewidth=0.7, label=evaluation["style"])
    for name, marker in MARKERS.items():
        axes.scatter([], [], marker=marker, color="grey", label=NAMES[name])
    axes.set(xscale="log", xlabel=label, ylabel="captured change, face", ylim=(0, 1.05))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, ncols=2)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def pruning_curve(pruning: dict[str, Any], style: str, path: Path) -> None:
    """Parameters against captured change, and KID where it was measured."""
    rows = pruning["rows"]
    figure, axes = plt.subplots(figsize=(6, 4))
    sizes = [row["parameters"] / 1e6 for row in rows]
    axes.plot(sizes, [row["captured_face"] for row in rows], "o-", label="captured change, face")
    chosen = pruning["chosen"]
    axes.scatter(
        sizes[chosen], rows[chosen]["captured_face"], s=160, facecolors="none", edgecolors="C3", label="chosen"
    )
    axes.set(xlabel="million parameters", ylabel="captured change, face", title=style)
    axes.grid(alpha=0.3)
    if all("kid" in row for row in rows):
        right = axes.twinx()
        right.plot(sizes, [1000 * row["kid"] for row in rows], "s--", color="C1")
        right.set_ylabel("KID x 1000 to the teacher (dashed)")
    axes.legend(loc="lower right", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def run(arguments: argparse.Namespace) -> None:
    """Command `report`."""
    files = [reported(arguments.runs / style, "evaluation.json", arguments.checkpoints) for style in STYLES]
    found = [e for path in files if (e := read_json(path)) and "rows" in e]
    if not found:
        raise SystemExit("no run was evaluated yet")
    plots: Path = arguments.out.parent / "plots"
    plots.mkdir(parents=True, exist_ok=True)
    text = [INTRODUCTION.format(pictures=max(e["pictures"] for e in found)), goals_section(found)]
    shipped = {e["style"]: with_speed(e["rows"])[e["shipped"]] for e in found}
    text += ["\n## Networks that copy the teacher\n", markdown_table(shipped, {**COSTS, **LIKENESS}, "style")]
    scatter(found, "bytes", 1e6, "file size, MB", plots / "quality-size.png")
    text.append("![quality against size](plots/quality-size.png)\n")
    if any("ms_512" in row for e in found for row in e["rows"].values()):
        scatter(found, "ms_512", 1, "ms at 512 x 512, one thread", plots / "quality-time.png")
        text.append("![quality against time](plots/quality-time.png)\n")
    for evaluation in found:
        folder = arguments.runs / evaluation["style"]
        if pruning := read_json(reported(folder, "prune.json", arguments.checkpoints)):
            pruning_curve(pruning, evaluation["style"], plots / f"prune-{evaluation['style']}.png")
        text.append(style_section(evaluation, folder, arguments.checkpoints))
    text.append(GROUPS)
    for evaluation in found:
        if accuracy := evaluation["glasses_probe_accuracy"]:
            text.append(f"Balanced accuracy of the glasses probe on held-out train photos: {accuracy}.\n")
            break
    files = [reported(arguments.runs / style, "composed.json", arguments.checkpoints) for style in STYLES]
    if composed := {e["style"]: e for path in files if (e := read_json(path))}:
        text.append(composed_section(list(composed.values())))
    if costs := read_json(arguments.checkpoints / CONVOLUTION_COSTS):
        rows = rows_by_width(costs)
        text.append(CONVOLUTIONS + "\n" + markdown_table(rows, CONVOLUTION_COLUMNS, "channels"))
    text.append((TRAINING / "history.md").read_text("utf-8"))
    arguments.out.write_text("\n".join(text), encoding="utf-8")
    # What ships was trained on composed targets where there is such a network.
    fill(arguments.card, [composed.get(e["style"], e) for e in found])
    print(f"{arguments.out.name}: {', '.join(e['style'] for e in found)}")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("report", help="write RESULTS.md and its plots")
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="for what the runs do not hold")
    parser.add_argument("--out", type=Path, default=TRAINING / "RESULTS.md")
    parser.add_argument("--card", type=Path, default=MODELS / "README.md", help="gets the table of likeness")
    parser.set_defaults(run=run)
