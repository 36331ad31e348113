"""Stage `evaluate`: everything we say about a style, measured on the validation crops, and sheets to look at.

Writes `<run>/evaluation.json`, or `composed.json` against composed targets, and `<run>/sheet-<k>.png` (rows: photo,
teacher, own FP32, INT8), and of training photos with glasses, beards, hats, children, profiles and bad light, whom
validation lacks, `sheet-seldom-<k>.png`. Sheets show
photos of `../shared` and stay out of the repository. The teacher stands in every table: no absolute value means
anything alone.

Groups are found by automatic measures (`groups.py`, `stress.py` say how); nobody labelled the photos.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from PIL import Image

from ..composed.judge import judge
from ..composed.rounds import composed_folder
from ..convert.teacher_graph import TeacherGraph
from ..evaluation import distances, external
from ..evaluation.footprint import interleaved_ms, open_session, peak_memory, size_of
from ..evaluation.stress import glasses, seldom, stress_sets
from ..faces.align import TEMPLATE
from ..faces.groups import face_groups
from ..metrics import captured, face_region, psnr, report, ssim_each
from ..paths import DATA, MODELS, RUNS, SHARED
from ..runs import EVALUATION, read_json, write_json
from ..teacher.network import Teacher, load_teacher, to_uint8
from ..teacher.pictures import to_tensor
from .styles import grey, is_monochrome

Bytes = NDArray[np.uint8]
# Rows of every table, in this order, and their files in the run's folder.
ROWS = {
    "teacher": "teacher.onnx",
    "fp32": "fp32.onnx",
    "pruned": "pruned-fp32.onnx",
    "int8_static": "int8-static.onnx",
    "int8_qat": "int8-qat.onnx",
}
SMALLEST_GROUP = 3  # a mean over fewer pictures says nothing


def cartoons(session: ort.InferenceSession, photos: Bytes) -> Bytes:
    return np.concatenate([session.run(None, {"photo": photo[None]})[0] for photo in photos])


def teacher_pictures(teacher: Teacher, photos: Bytes, kept: Path) -> Bytes:
    """The teacher's pictures in full precision, from the file where they are there and fit."""
    if kept.exists() and len(pictures := np.load(kept)) == len(photos):
        return pictures
    with torch.inference_mode():
        parts = [to_uint8(teacher(to_tensor(photos[i : i + 4]))) for i in range(0, len(photos), 4)]
    pictures = torch.cat(parts).permute(0, 2, 3, 1).numpy()
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, pictures)
    return pictures


def group_rows(
    groups: dict[str, NDArray[np.bool_]], photos: Bytes, made: Bytes, teacher: Bytes
) -> dict[str, dict[str, float]]:
    """Per group: number, captured change in the face, mean SSIM and its distance from the mean over all."""
    ssim, face = ssim_each(made, teacher), face_region(photos.shape[1])
    rows = {}
    for name, mask in groups.items():
        if mask.sum() < SMALLEST_GROUP:
            rows[name] = {"count": int(mask.sum())}
            continue
        rows[name] = {
            "count": int(mask.sum()),
            "captured_face": round(captured(photos[mask], made[mask], teacher[mask], face), 4),
            "ssim": round(float(ssim[mask].mean()), 4),
            "ssim_to_all": round(float(ssim[mask].mean() - ssim.mean()), 4),
        }
    return rows


def set_rows(photos: Bytes, made: dict[str, Bytes]) -> dict[str, dict[str, float]]:
    """KID and Frechet distance to the teacher's set, cartoon score, identity and landmarks, per row of `made`."""
    sets = {"photo": photos, **made}
    with ThreadPoolExecutor(2) as pool:  # each waits for a process of one thread
        measured = pool.submit(external.inception, sets), pool.submit(external.faces, sets)
        features, seen = measured[0].result(), measured[1].result()
    rows = {}
    for name in sets:
        rows[name] = {
            "kid": round(distances.kid(features[name], features["teacher"]), 6) if name != "teacher" else 0.0,
            "frechet": round(distances.frechet(features[name], features["teacher"]), 4),
            "kid_from_photos": round(distances.kid(features[name], features["photo"]), 6) if name != "photo" else 0.0,
            "cartoon_score": round(distances.cartoon_score(features["photo"], features["teacher"], features[name]), 4),
            **distances.identity(seen["photo"], seen[name]),
        }
    return rows


def sheet(rows: list[Bytes], columns: slice) -> Image.Image:
    return Image.fromarray(np.concatenate([np.concatenate(list(row[columns]), axis=1) for row in rows]))


def save_sheets(name: Path, rows: list[Bytes]) -> None:
    """`<name>-<k>.png`, ten pictures wide."""
    for index, start in enumerate(range(0, len(rows[0]), 10)):
        sheet(rows, slice(start, start + 10)).save(name.with_name(f"{name.name}-{index}.png"))


def snapshots(folder: Path, photos: Bytes, teacher: Bytes) -> None:
    """Adds KID and Frechet distance to every row of `prune.json` and judges anew."""
    from ..student.distil import predict
    from ..student.network import load_student
    from .prune import Plan, summary

    pruning = read_json(folder / "prune.json")
    if not pruning:
        return
    rows = pruning["rows"]
    files = [folder / f"prune-{index}.pt" for index in range(len(rows))]
    if not all(path.exists() for path in files):
        print("no snapshots of the pruning rounds here; their KID stays unknown")
        return
    made = {path.stem: predict(load_student(path)[0], photos, "cpu") for path in files}
    features = external.inception({"teacher": teacher, **made})
    for row, path in zip(rows, files, strict=True):
        row["kid"] = round(distances.kid(features[path.stem], features["teacher"]), 6)
        row["frechet"] = round(distances.frechet(features[path.stem], features["teacher"]), 4)
    write_json(folder / "prune.json", {**pruning, **summary(rows, Plan(kind=pruning["kind"], share=pruning["share"]))})


def evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    """All figures of one style."""
    folder, kept = arguments.runs / arguments.style, arguments.data / arguments.style
    photos = np.load(arguments.data / "val.npy")[: arguments.most]
    network = load_teacher(arguments.shared / "teacher" / f"{arguments.style}.npz")
    plain = teacher_pictures(network, np.load(arguments.data / "val.npy"), kept / "val.npy")[: arguments.most]
    composed = arguments.recipe == "composed"
    # What the student was asked for, and what every figure is measured against.
    teacher = (
        np.load(composed_folder(arguments.data, arguments.style) / "val.npy")[: arguments.most] if composed else plain
    )
    if not (folder / ROWS["teacher"]).exists():
        onnx.save(TeacherGraph(network).write(), folder / ROWS["teacher"])
    files = {name: folder / file for name, file in ROWS.items() if (folder / file).exists()}
    if not files.keys() & {"int8_static", "int8_qat"}:  # exported elsewhere: what ships is all there is
        files["int8_static"] = arguments.models / f"{arguments.style}.onnx"
    sessions = {name: open_session(path) for name, path in files.items()}
    made = {name: cartoons(s, photos) for name, s in sessions.items() if name != "teacher"}
    if is_monochrome(arguments.style):  # as the service gives them out
        made = {name: np.stack([grey(picture) for picture in pictures]) for name, pictures in made.items()}
    made = {"teacher": plain, **({"composed": teacher} if composed else {}), **made}

    points = np.tile(TEMPLATE, (len(photos), 1, 1))
    rows: dict[str, dict[str, Any]] = {"photo": report(photos, photos, teacher)}
    for name, pictures in made.items():
        costs = {**size_of(files[name]), **peak_memory(files[name])} if name in files else {}
        rows[name] = {**report(photos, pictures, teacher), **judge(photos, pictures, points), **costs}
    own = "pruned" if "pruned" in made else "fp32"
    for name in ("int8_static", "int8_qat"):
        if name in made:
            rows[name]["ssim_to_fp32"] = round(float(ssim_each(made[name], made[own]).mean()), 4)
            rows[name]["psnr_to_fp32"] = round(psnr(made[name], made[own]), 2)
    if arguments.timing_runs:
        for size in (288, 512):
            for name, ms in interleaved_ms(sessions, size, arguments.timing_runs).items():
                rows[name][f"ms_{size}"] = ms
    if external.installed() and not arguments.quick:
        for name, values in set_rows(photos, made).items():
            rows[name].update(values)
        if arguments.snapshots:
            snapshots(folder, photos, teacher)

    shipped = "int8_qat" if "int8_qat" in made else "int8_static"
    groups = face_groups(photos, points)
    probe = None if arguments.quick else glasses(photos, arguments.data, arguments.shared)
    if probe:
        groups |= {"glasses": probe[0], "no glasses": ~probe[0]}
    found = {
        "style": arguments.style,
        "pictures": len(photos),
        "shipped": shipped,
        "recipe": arguments.recipe,
        "rows": rows,
        "groups": group_rows(groups, photos, made[shipped], teacher),
        "glasses_probe_accuracy": probe[1] if probe else None,
        "stress": {},
    }
    if not arguments.quick and not composed:
        for name, hard in stress_sets(photos, points).items():
            reference = teacher_pictures(network, hard, kept / f"stress-{name.replace(' ', '-')}.npy")
            found["stress"][name] = report(hard, cartoons(sessions[shipped], hard), reference)
    shown = (
        [photos, plain, teacher, made[own], made[shipped]] if composed else [photos, teacher, made[own], made[shipped]]
    )
    save_sheets(folder / "sheet", shown)
    if not arguments.quick and (rare := seldom(arguments.data, arguments.shared)) is not None:
        drawn = [
            teacher_pictures(network, rare, kept / "seldom.npy"),
            *(cartoons(sessions[n], rare) for n in (own, shipped)),
        ]
        save_sheets(folder / "sheet-seldom", [rare, *drawn])
    return found


def run(arguments: argparse.Namespace) -> None:
    """Command `evaluate`."""
    torch.set_num_threads(arguments.threads)
    found = evaluate(arguments)
    write_json(arguments.runs / arguments.style / EVALUATION[arguments.recipe], found)
    print(json.dumps(found, indent=2))


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("evaluate", help="measure a style on the validation crops")
    parser.add_argument("--style", required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--recipe", choices=("plain", "composed"), default="plain", help="what to measure against")
    parser.add_argument("--most", type=int, help="only so many of the photos")
    parser.add_argument("--quick", action="store_true", help="no set distances, faces, glasses and stress sets")
    parser.add_argument("--snapshots", action="store_true", help="KID of every pruning round as well")
    parser.add_argument("--timing-runs", type=int, default=0, help="interleaved runs; only on a quiet machine")
    parser.set_defaults(run=run)
