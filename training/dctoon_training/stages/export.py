"""Stage `export`: checkpoints of a run become ONNX graphs, and one of them the INT8 `models/<style>.onnx` that ships.

| file in the run's folder | from                                                                        |
|--------------------------|-----------------------------------------------------------------------------|
| fp32.onnx                | student.pt                                                                  |
| pruned-fp32.onnx         | pruned.pt, where pruning was accepted                                       |
| int8-static.onnx         | the smaller of the two, activation ranges from calibration photos (never val) |
| int8-qat.onnx            | qat.pt, with its own ranges, where it exists; ships unless `--ship static`    |

With `--tflite FOLDER` the INT8 networks that ship become TFLite files there instead, with the same weights and ranges.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import onnx

from ..convert.student_graph import StudentGraph
from ..paths import MODELS
from ..runs import QAT, STUDENT, final_float
from ..student.calibration import calibrate
from ..student.fake_quantisation import load_qat
from ..student.network import load_student
from . import sources

# Sides for which TFLite files are made (interpreters may resize them): a head crop; a square photo at 448 pixels with
# its margin of 16.
HEAD_SIDE, SCENE_SIDE = 288, 480


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("export", help="write FP32 and INT8 ONNX graphs of a trained student")
    sources.add_arguments(parser, style=False)
    parser.add_argument("--style", help="needed but with --tflite, which else takes all styles")
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--calibration", type=int, default=96, help="number of calibration photos")
    parser.add_argument("--ship", choices=("qat", "static"), default="qat", help="static where there is no qat.pt")
    parser.add_argument("--tflite", type=Path, metavar="FOLDER", help="write the networks of --models there as TFLite")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Command `export`."""
    if arguments.tflite:
        export_tflite(arguments.models, arguments.tflite, arguments.style)
        return
    if not arguments.style:
        raise SystemExit("export: --style is missing")
    folder = sources.run_folder(arguments)
    model, _ = load_student(folder / STUDENT)
    onnx.save(StudentGraph(model, None).write(), folder / "fp32.onnx")
    final = final_float(folder)
    if final.name != STUDENT:
        model, _ = load_student(final)
        onnx.save(StudentGraph(model, None).write(), folder / "pruned-fp32.onnx")
    source = sources.open_source(arguments, "cpu", arguments.seed)
    ranges = calibrate(model, source.calibration(arguments.calibration))
    onnx.save(StudentGraph(model, ranges).write(), folder / "int8-static.onnx")
    shipped = "int8-static.onnx"
    if (folder / QAT).exists():
        onnx.save(StudentGraph(*load_qat(folder / QAT)).write(), folder / "int8-qat.onnx")
        shipped = "int8-qat.onnx" if arguments.ship == "qat" else shipped
    target = arguments.models / f"{folder.name}.onnx"
    shutil.copyfile(folder / shipped, target)
    print(f"{target.name} from {shipped}: {target.stat().st_size:,} bytes")


def export_tflite(models: Path, target: Path, style: str | None = None) -> list[Path]:
    """Writes the networks of the shipped styles as TFLite, for heads and for scenes.

    Needs the optional dependencies `mobile`.
    """
    from ..convert.onnx_to_tflite import onnx_to_tflite

    manifest = json.loads((models / "manifest.json").read_text())
    entries = [entry for entry in manifest["styles"] if style in (None, entry["id"])]
    if not entries:
        raise SystemExit(f"export: no style {style} in {models}")
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for entry in entries:
        for network, side in ((entry, HEAD_SIDE), (entry.get("scene"), SCENE_SIDE)):
            if network is None:
                continue
            path = target / Path(network["file"]).with_suffix(".tflite")
            path.write_bytes(onnx_to_tflite(onnx.load(models / network["file"]), side, side))
            print(f"{path}: {path.stat().st_size:,} bytes, {side} x {side}")
            written.append(path)
    return written
