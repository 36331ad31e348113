"""Stages `styles`, `thumbnails` and `contact-sheet`: what people read and see of a style.

`styles` puts every style whose network exists into `models/manifest.json`, with the texts of `training/styles.json` and
the figures of its evaluation. `thumbnails` draws a small picture of each and names it there too. Pictures are made from
the photo that the tests use (public domain), never from ../shared.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..evaluation.footprint import open_session
from ..faces import align
from ..paths import MODELS, REPOSITORY, RUNS, TRAINING
from ..runs import EVALUATION, read_json
from .manifest import MANIFEST, renew

Bytes = NDArray[np.uint8]
TEXTS = TRAINING / "styles.json"
PHOTO = REPOSITORY / "test" / "fixtures" / "astronaut.png"
THUMBNAILS = "thumbnails"
MEASURED_ON = "{} aligned validation crops of 288 x 288 against {}; python -m dctoon_training evaluate --recipe {}"
AGAINST = {"plain": "the teacher in FP32", "composed": "the composed targets in FP32"}
# Per network, then once: names in evaluation.json.
LIKENESS = ("captured_face", "captured", "psnr", "ssim")
MORE = ("frechet", "identity_distance")


def quality(evaluation: dict[str, Any] | None) -> dict[str, float | str]:
    """Flat figures of what ships (`int8_`), of its own float form and of the photo itself."""
    if not evaluation:
        return {}
    rows, shipped = evaluation["rows"], evaluation["shipped"]
    own = {"int8": shipped, "fp32": "pruned" if "pruned" in rows else "fp32", "photo": "photo"}
    recipe = evaluation.get("recipe", "plain")
    measured = MEASURED_ON.format(evaluation["pictures"], AGAINST[recipe], recipe)
    found: dict[str, float | str] = {"measuredOn": measured}
    found["quantisation"] = shipped.removeprefix("int8_")
    found["gmac_512"] = rows[shipped]["gmac_512"]
    for prefix, row in own.items():
        found |= {f"{prefix}_{name}": rows[row][name] for name in LIKENESS}
    found |= {f"int8_to_fp32_{n}": rows[shipped][f"{n}_to_fp32"] for n in ("psnr", "ssim")}
    for prefix, row in (("int8", shipped), ("teacher", "teacher")):
        found |= {f"{prefix}_{name}": rows[row][name] for name in MORE if name in rows[row]}
    return found


def evaluation_of(run: Path) -> dict[str, Any] | None:
    """What a run was measured at; what was trained on composed targets is judged by those."""
    return read_json(run / EVALUATION["composed"]) or read_json(run / EVALUATION["plain"])


def thumbnail(name: str, texts: dict[str, Any], models: Path) -> dict[str, Any]:
    """What the manifest says about the picture of a style; nothing where there is none. `renew` adds the facts."""
    file = f"{THUMBNAILS}/{name}.jpg"
    return {"thumbnail": {"file": file, **texts["thumbnail"]}} if (models / file).exists() else {}


def scene(name: str, texts: dict[str, Any], models: Path) -> dict[str, Any]:
    """What the manifest says about a style's network for whole pictures; nothing where there is none."""
    file = f"{name}-scene.onnx"
    if not (models / file).exists():
        return {}
    return {"scene": {"file": file, "origin": texts["origin"].format(id=name), "licence": texts["licence"]}}


def merge(manifest: dict[str, Any], texts: dict[str, Any], models: Path, runs: Path) -> dict[str, Any]:
    """The manifest with an entry for each style that has a network, in the order of the texts."""
    known = {entry["id"]: entry for entry in manifest["styles"]}
    styles = []
    for style in texts["styles"]:
        name = style["id"]
        if not (models / f"{name}.onnx").exists():
            continue
        old = known.get(name, {})
        styles.append(
            {
                "id": name,
                "file": f"{name}.onnx",
                "title": style["titles"]["en"],
                "titles": style["titles"],
                "description": style["descriptions"]["en"],
                "descriptions": style["descriptions"],
                **thumbnail(name, texts, models),
                **scene(name, texts, models),
                "origin": texts["origin"].format(id=name),
                "licence": texts["licence"],
                **({"monochrome": True} if style.get("monochrome") else {}),
                "quality": quality(evaluation_of(runs / name)) or old.get("quality", {}),
            }
        )
    return renew({**manifest, "styles": styles}, models)


def head(photo: Bytes, models: Path) -> Bytes:
    """The largest face on the 288 template."""
    points = align.FaceFinder(models).five_points(photo)
    return align.warp(photo, align.fit_similarity(points, align.TEMPLATE), align.SIZE)


def cartoon_of(crop: Bytes, network: Path) -> Bytes:
    return open_session(network).run(None, {"photo": np.ascontiguousarray(crop)[None]})[0][0]


def grey(picture: Bytes) -> Bytes:
    return np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))


def tile(pictures: list[tuple[str, Bytes]], columns: int, side: int = 288) -> Image.Image:
    """Pictures with their names beneath, in rows."""
    label, rows = 30, -(-len(pictures) // columns)
    canvas = Image.new("RGB", (columns * side, rows * (side + label)), (255, 255, 255))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(18)
    for index, (name, picture) in enumerate(pictures):
        x, y = index % columns * side, index // columns * (side + label)
        canvas.paste(Image.fromarray(picture), (x, y))
        draw.text((x + side / 2, y + side + label / 2), name, fill=(40, 40, 40), font=font, anchor="mm")
    return canvas


def is_monochrome(style: str) -> bool:
    """Whether the service takes all colour out of this style's cartoons."""
    return any(entry["id"] == style and entry.get("monochrome", False) for entry in _texts()["styles"])


def _texts() -> dict[str, Any]:
    return json.loads(TEXTS.read_text("utf-8"))


def _write(manifest: dict[str, Any], target: Path) -> None:
    target.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def run_styles(arguments: argparse.Namespace) -> None:
    """Command `styles`."""
    target = arguments.models / MANIFEST
    manifest = merge(read_json(target), _texts(), arguments.models, arguments.runs)
    _write(manifest, target)
    print(f"{target.name}: {', '.join(style['id'] for style in manifest['styles'])}")


def _pictures(arguments: argparse.Namespace) -> tuple[Bytes, list[tuple[dict[str, Any], Bytes]]]:
    with Image.open(arguments.photo) as image:
        crop = head(np.asarray(image.convert("RGB")), arguments.models)
    styles = read_json(arguments.models / MANIFEST)["styles"]
    made = [(style, cartoon_of(crop, arguments.models / style["file"])) for style in styles]
    return crop, [(style, grey(picture) if style.get("monochrome") else picture) for style, picture in made]


def run_thumbnails(arguments: argparse.Namespace) -> None:
    """Command `thumbnails`."""
    models, texts, styles = arguments.models, _texts(), []
    (models / THUMBNAILS).mkdir(exist_ok=True)
    for style, picture in _pictures(arguments)[1]:
        small = Image.fromarray(picture).resize((arguments.side,) * 2, Image.Resampling.LANCZOS)
        target = models / THUMBNAILS / f"{style['id']}.jpg"
        # The page shows them all at once: seven must stay small.
        small.save(target, quality=76, optimize=True, progressive=True)
        styles.append({**style, **thumbnail(style["id"], texts, models)})
        print(f"{target.name}: {target.stat().st_size} bytes")
    manifest = models / MANIFEST
    _write(renew({**read_json(manifest), "styles": styles}, models), manifest)


def run_contact_sheet(arguments: argparse.Namespace) -> None:
    """Command `contact-sheet`."""
    crop, made = _pictures(arguments)
    sheet = tile([("photo", crop), *((style["title"], picture) for style, picture in made)], arguments.columns)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(arguments.out, quality=88, optimize=True)
    print(f"{arguments.out.name}: {sheet.width} x {sheet.height}")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("styles", help="put every trained style into models/manifest.json")
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.set_defaults(run=run_styles)
    parser = subparsers.add_parser("thumbnails", help="a small picture of every style in the manifest, named there")
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--side", type=int, default=224)
    # Always this photo: its origin is what the manifest says.
    parser.set_defaults(run=run_thumbnails, photo=PHOTO)
    parser = subparsers.add_parser("contact-sheet", help="one photo in every style")
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--photo", type=Path, default=PHOTO)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "images" / "styles.jpg")
    parser.add_argument("--columns", type=int, default=4)
    parser.set_defaults(run=run_contact_sheet)
