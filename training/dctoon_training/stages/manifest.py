"""Writes models/manifest.json: facts that can be read off the files, around texts that people wrote.

The facts (size, SHA-256, parameters, opset, inputs, outputs) are renewed on every run; everything else in an existing
manifest is kept. `src/inference/models/manifest.ts` holds the schema and reads the file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import onnx

from ..paths import MODELS

Entry = dict[str, Any]

MANIFEST = "manifest.json"


def tensor_facts(value: onnx.ValueInfoProto) -> Entry:
    """Element type and shape; a name stands for a size that varies."""
    kind = value.type.tensor_type
    return {
        "type": onnx.TensorProto.DataType.Name(kind.elem_type).lower(),
        "shape": [d.dim_param if d.HasField("dim_param") else d.dim_value for d in kind.shape.dim],
    }


def file_facts(path: Path) -> Entry:
    """What is true of any file."""
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def network_facts(path: Path) -> Entry:
    """What is true of an ONNX file; parameters are weights and biases, not shapes, scales and zero points."""
    model = onnx.load(path)
    weights = {
        onnx.TensorProto.FLOAT,
        onnx.TensorProto.FLOAT16,
        onnx.TensorProto.INT8,
        onnx.TensorProto.UINT8,
        onnx.TensorProto.INT32,  # biases of quantised convolutions
    }
    quantisers = [n for n in model.graph.node if n.op_type in ("QuantizeLinear", "DequantizeLinear")]
    scales = {name for node in quantisers for name in node.input[1:]}
    parameters = [t for t in model.graph.initializer if t.data_type in weights and t.name not in scales]
    return {
        **file_facts(path),
        "parameters": sum(math.prod(t.dims) for t in parameters),
        "opset": next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx")),
        "inputs": {value.name: tensor_facts(value) for value in model.graph.input},
        "outputs": {value.name: tensor_facts(value) for value in model.graph.output},
    }


def renew(manifest: Entry, models: Path) -> Entry:
    """The manifest with the facts of the files in `models`. Raises where a file is missing."""

    def network(entry: Entry) -> Entry:
        return {**entry, **network_facts(models / entry["file"])}

    def picture(entry: Entry) -> Entry:
        return {**entry, **file_facts(models / entry["file"])}

    def style(entry: Entry) -> Entry:
        more = {"thumbnail": picture(entry["thumbnail"])} if "thumbnail" in entry else {}
        if "scene" in entry:
            more["scene"] = network(entry["scene"])
        return network(entry) | more

    return {
        **manifest,
        "styles": [style(entry) for entry in manifest["styles"]],
        "faceDetector": network(manifest["faceDetector"]),
        "faceMesh": network(manifest["faceMesh"]),
        **({"personMask": network(manifest["personMask"])} if "personMask" in manifest else {}),
        "blendMask": picture(manifest["blendMask"]),
    }


def run(arguments: argparse.Namespace) -> None:
    """Command `manifest`."""
    target = arguments.models / MANIFEST
    manifest = renew(json.loads(target.read_text(encoding="utf-8")), arguments.models)
    target.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    rest = [manifest[name] for name in ("faceDetector", "faceMesh", "personMask", "blendMask") if name in manifest]
    for entry in [*manifest["styles"], *rest]:
        print(f"{entry['file']}: {entry['bytes']} bytes, SHA-256 {entry['sha256']}")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers `manifest`."""
    parser = subparsers.add_parser("manifest", help="renew the facts in models/manifest.json")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder to read and write")
    parser.set_defaults(run=run)
