"""Distances between sets of pictures, and between faces, from the features of `external.py`.

Names matter: these are *nsfwjs-InceptionV3* KID and Frechet distance. They compare our own sets with each other and are
not comparable with any published FID or KID.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .external import Face

Floats = NDArray[np.float64]


def kid(a: Floats, b: Floats) -> float:
    """Unbiased squared MMD with the kernel (x.y / d + 1)^3; may be slightly negative."""

    def kernel(x: Floats, y: Floats) -> Floats:
        return (x @ y.T / x.shape[1] + 1) ** 3

    n, m = len(a), len(b)
    aa, bb, ab = kernel(a, a), kernel(b, b), kernel(a, b)
    inside = (aa.sum() - np.trace(aa)) / (n * (n - 1)) + (bb.sum() - np.trace(bb)) / (m * (m - 1))
    return float(inside - 2 * ab.mean())


def frechet(a: Floats, b: Floats) -> float:
    """Frechet distance of the two Gaussians; biased upwards while a set is smaller than the number of features."""
    x, y = a - a.mean(0), b - b.mean(0)
    scale = np.sqrt((len(a) - 1) * (len(b) - 1))
    # With C = X'X, the trace of sqrt(Ca Cb) is the sum of the singular values of X Y'.
    shared = np.linalg.svd(x @ y.T, compute_uv=False).sum() / scale
    spread = (x**2).sum() / (len(a) - 1) + (y**2).sum() / (len(b) - 1)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + spread - 2 * shared)


def ridge_probe(features: Floats, labels: Floats, strength: float = 10.0) -> tuple[Floats, Floats, Floats, float]:
    """Ridge regression in dual form on standardised features: (mean, deviation, weights, offset)."""
    mean, deviation = features.mean(0), features.std(0) + 1e-6
    x = (features - mean) / deviation
    offset = float(labels.mean())
    dual = np.linalg.solve(x @ x.T + strength * x.shape[1] / 100 * np.eye(len(x)), labels - offset)
    return mean, deviation, x.T @ dual, offset


def apply_probe(probe: tuple[Floats, Floats, Floats, float], features: Floats) -> Floats:
    mean, deviation, weights, offset = probe
    return (features - mean) / deviation @ weights + offset


def cartoon_score(photo: Floats, teacher: Floats, made: Floats) -> float:
    """0 = looks like the photos, 1 = like the teacher's pictures; people of the other half train the probe."""
    scores = []
    for held in (0, 1):
        train = np.arange(len(photo)) % 2 != held
        labels = np.repeat([0.0, 1.0], train.sum())
        probe = ridge_probe(np.concatenate([photo[train], teacher[train]]), labels)
        low, high, mine = (apply_probe(probe, part[~train]).mean() for part in (photo, teacher, made))
        scores.append((mine - low) / (high - low))
    return float(np.mean(scores))


def identity(photo: list[Face | None], made: list[Face | None]) -> dict[str, float]:
    """How well the person is recognised, among the pictures where both faces are found (`found` of all)."""
    pairs = [(p, m) for p, m in zip(photo, made, strict=True) if p and m]
    found = {"faces_found": len(pairs) / len(photo)}
    if len(pairs) < 2:
        return found
    p, m = (np.stack([face.descriptor for face in side]) for side in zip(*pairs, strict=True))
    distance = np.linalg.norm(m[:, None] - p[None], axis=-1)
    eyes = [np.linalg.norm(f.points[36:42].mean(0) - f.points[42:48].mean(0)) for f, _ in pairs]
    errors = [np.linalg.norm(a.points - b.points, axis=1).mean() / e for (a, b), e in zip(pairs, eyes, strict=True)]
    return {
        **found,
        "identity_distance": round(float(np.diag(distance).mean()), 4),
        "identity_rank1": round(float((distance.argmin(1) == np.arange(len(pairs))).mean()), 4),
        "landmark_nme": round(float(np.mean(errors)), 4),
    }
