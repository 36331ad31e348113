"""What a network costs: bytes, parameters, operations, milliseconds and memory, all in ONNX Runtime on one thread."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

# Only what a service would import, in a process of its own: peak memory cannot be measured beside PyTorch.
_PROBE = """
import re, sys
import numpy, onnxruntime
# Not ru_maxrss: that starts from the peak of the process that started this one.
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
before = peak()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
picture = numpy.zeros((1, 512, 512, 3), numpy.uint8)
for _ in range(3):
    session.run(None, {"photo": picture})
print(before, peak())
"""


def open_session(path: Path, threads: int = 1) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def interleaved_ms(sessions: dict[str, ort.InferenceSession], size: int, runs: int) -> dict[str, float]:
    """Median milliseconds per picture of each session, measured in turns so that a busy moment hits all alike."""
    picture = np.random.default_rng(0).integers(0, 255, (1, size, size, 3), np.uint8)
    times: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(runs + 2):
        for name, session in sessions.items():
            start = time.perf_counter()
            session.run(None, {"photo": picture})
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: round(float(np.median(values[2:])), 2) for name, values in times.items()}


def peak_memory(path: Path) -> dict[str, float]:
    """Peak resident megabytes of a process that runs 512 x 512 pictures, and what of it the network adds; Linux."""
    done = subprocess.run([sys.executable, "-c", _PROBE, str(path)], capture_output=True, text=True, check=True)
    before, peak = map(float, done.stdout.split())
    return {"rss_mb": round(peak, 1), "rss_added_mb": round(peak - before, 1)}


def size_of(path: Path, side: int = 512) -> dict[str, float]:
    """Bytes of the file, parameters of its convolutions, and their GMAC for a square picture."""
    model = onnx.load(path)
    shapes = {t.name: tuple(t.dims) for t in model.graph.initializer}
    made_of = {n.output[0]: n.input[0] for n in model.graph.node if n.op_type == "DequantizeLinear"}
    at = _scales(model)
    parameters, macs = 0, 0.0
    for node in model.graph.node:
        if node.op_type == "Conv":
            weight, bias = (shapes[made_of.get(name, name)] for name in node.input[1:3])
            parameters += int(np.prod(weight) + np.prod(bias))
            macs += float(np.prod(weight)) * (side * at[node.output[0]]) ** 2
    return {"bytes": path.stat().st_size, "parameters": parameters, "gmac_512": round(macs / 1e9, 2)}


def _scales(model: onnx.ModelProto) -> dict[str, float]:
    """Side of every NCHW tensor relative to the picture, from one real run's shapes."""
    side = 64
    extended = onnx.ModelProto()
    extended.CopyFrom(model)
    outputs = [n.output[0] for n in model.graph.node if n.op_type == "Conv"]
    del extended.graph.output[:]
    extended.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs
    )
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(extended.SerializeToString(), options, providers=["CPUExecutionProvider"])
    values = session.run(outputs, {"photo": np.zeros((1, side, side, 3), np.uint8)})
    return {name: value.shape[-1] / side for name, value in zip(outputs, values, strict=True)}
