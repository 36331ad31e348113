"""Stage `pack`: everything a GPU machine needs to train, in one folder of at most 52 MB; and the reader of that folder.

| file               | content                                                                                  |
|--------------------|------------------------------------------------------------------------------------------|
| pictures.bin       | WebP pictures back to back, faces and backgrounds with margin; validation photos as PNG    |
| index.json         | size, margin, template, and per picture offset, length and (faces) skin tone angle         |
| teacher/, features/| DCT-Net's weights of the chosen styles, SqueezeNet                                        |
| warm/<style>.pt    | students to start from, fp16                                                              |
| code/              | this package, so that the folder alone is enough: `PYTHONPATH=code python -m dctoon_training` |
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..faces.groups import ita
from ..paths import CHECKPOINTS, DATA, RUNS, SHARED, STYLES
from ..runs import STUDENT
from ..student.network import load_student, save_student

Bytes = NDArray[np.uint8]
LIMIT = 52_000_000  # a call takes 64 MiB along, and the repository with seven networks needs its share
CODE = Path(__file__).resolve().parent.parent


def encode(picture: Bytes, quality: int | None) -> bytes:
    """WebP (40 % smaller than JPEG at equal PSNR on these crops), or PNG without a quality."""
    buffer = io.BytesIO()
    if quality is None:
        Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    else:
        Image.fromarray(picture).save(buffer, "WEBP", quality=quality)
    return buffer.getvalue()


def cut(picture: Bytes, side: int) -> Bytes:
    """The centre square of `side` pixels; a smaller picture is enlarged."""
    if picture.shape[0] < side:
        return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))
    start = (picture.shape[0] - side) // 2
    return picture[start : start + side, start : start + side]


class Writer:
    """Appends pictures to `pictures.bin`; each call returns their (offset, length) rows."""

    def __init__(self, folder: Path) -> None:
        self.file = (folder / "pictures.bin").open("wb")

    def add(self, pictures: Iterable[Bytes], quality: int | None) -> list[tuple[int, int]]:
        rows = []
        for picture in pictures:
            data = encode(picture, quality)
            rows.append((self.file.tell(), len(data)))
            self.file.write(data)
        return rows


def evenly(count: int, most: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))


def write_pack(
    out: Path, data: Path, *, size: int, margin: int, quality: int, faces: int, backgrounds: int
) -> dict[str, Any]:
    """Writes pictures and index from the arrays of `prepare`; returns the index."""
    described = json.loads((data / "train.json").read_text())
    template = np.array(described["template"])
    crops = np.load(data / "train.npy", mmap_mode="r")
    side, wide = size + 2 * margin, crops.shape[1]
    chosen = evenly(len(crops), faces)
    points = template + (wide - 288) / 2
    pools = [np.load(data / f"{name}.npy", mmap_mode="r") for name in ("scenes", "whole")]
    writer = Writer(out)
    with writer.file:
        index: dict[str, Any] = {"size": size, "margin": margin}
        index["points"] = (template + margin - (288 - size) / 2).tolist()  # in the wide crop
        index["angles"] = [round(ita(crops[row], points), 1) for row in chosen]
        index["faces"] = writer.add((cut(crops[row], side) for row in chosen), quality)
        index["backgrounds"] = writer.add(
            (cut(pool[row], side) for pool in pools for row in evenly(len(pool), backgrounds // 2)), quality
        )
        index["val"] = writer.add((cut(photo, size) for photo in np.load(data / "val.npy")), None)
    (out / "index.json").write_text(json.dumps(index))
    return index


class Pack:
    """A pack's pictures, decoded, as uint8 tensors [N, 3, H, W] on a device (0.9 GB for all faces)."""

    def __init__(self, folder: Path, device: str) -> None:
        self.folder, self.device = folder, device
        self.index = json.loads((folder / "index.json").read_text())
        self.size, self.margin = self.index["size"], self.index["margin"]
        self.points = torch.tensor(self.index["points"], dtype=torch.float32, device=device)
        self.angles = np.array(self.index["angles"])
        data = (folder / "pictures.bin").read_bytes()

        def decode(row: tuple[int, int]) -> Bytes:
            with Image.open(io.BytesIO(data[row[0] : row[0] + row[1]])) as image:
                return np.asarray(image.convert("RGB"))

        def load(rows: list[tuple[int, int]]) -> Bytes:
            with ThreadPoolExecutor(max_workers=16) as pool:
                return np.stack(list(pool.map(decode, rows)))

        self.faces, self.backgrounds = (self._tensor(load(self.index[name])) for name in ("faces", "backgrounds"))
        self.val = load(self.index["val"])

    def _tensor(self, pictures: Bytes) -> Tensor:
        return torch.from_numpy(pictures).to(self.device).permute(0, 3, 1, 2).contiguous()

    def teacher_file(self, style: str) -> Path:
        return self.folder / "teacher" / f"{style}.npz"


def copy_weights(out: Path, shared: Path, runs: Path, styles: Sequence[str], warm: Sequence[str]) -> None:
    """Teachers, SqueezeNet, fp16 students to start from, and this package."""
    for folder in ("teacher", "features", "warm"):
        (out / folder).mkdir(exist_ok=True)
    for style in styles:
        shutil.copy(shared / "teacher" / f"{style}.npz", out / "teacher")
    shutil.copy(shared / "features" / "squeezenet_v1.0.npz", out / "features")
    for style in warm:
        own = runs / style / STUDENT
        model, _ = load_student(own if own.exists() else CHECKPOINTS / f"{style}.pt")
        save_student(out / "warm" / f"{style}.pt", model, half=True)
    code = out / "code" / CODE.name
    shutil.rmtree(code, ignore_errors=True)
    shutil.copytree(CODE, code, ignore=shutil.ignore_patterns("__pycache__"))


def run(arguments: argparse.Namespace) -> None:
    """Command `pack`."""
    out: Path = arguments.out
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    torch.set_num_threads(1)
    index = write_pack(
        out,
        arguments.data,
        size=arguments.size,
        margin=arguments.margin,
        quality=arguments.quality,
        faces=arguments.faces,
        backgrounds=arguments.backgrounds,
    )
    copy_weights(out, arguments.shared, arguments.runs, arguments.styles, arguments.warm)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {len(index['faces'])} faces, {len(index['backgrounds'])} backgrounds, {size / 1e6:.1f} MB")
    if size > LIMIT:
        raise SystemExit(f"over {LIMIT / 1e6:.0f} MB: fewer styles, a lower --quality or a smaller --margin")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("pack", help="write the folder that a GPU machine trains from")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--out", type=Path, default=RUNS / "pack")
    parser.add_argument("--styles", nargs="+", default=list(STYLES))
    parser.add_argument("--warm", nargs="*", default=[], help="styles whose student goes along, to start from")
    parser.add_argument("--size", type=int, default=288)
    parser.add_argument("--margin", type=int, default=24, help="room for shifts, turns and scaling; up to 32")
    parser.add_argument("--quality", type=int, default=74, help="WebP")
    parser.add_argument("--faces", type=int, default=10_000)
    parser.add_argument("--backgrounds", type=int, default=300)
    parser.set_defaults(run=run)
