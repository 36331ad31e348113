"""Measures, groups, tables and texts of the evaluation."""

import json
import shutil

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from support import SMALL, photos, session, small_student, write_arrays, write_teacher

from dctoon_training.__main__ import main
from dctoon_training.convert.student_graph import StudentGraph
from dctoon_training.convert.teacher_graph import TeacherGraph
from dctoon_training.evaluation import distances, external
from dctoon_training.evaluation.external import Face
from dctoon_training.evaluation.footprint import peak_memory, size_of
from dctoon_training.evaluation.stress import seldom, stress_sets
from dctoon_training.faces.groups import face_groups
from dctoon_training.paths import MODELS, STYLES, TRAINING
from dctoon_training.runs import write_json
from dctoon_training.stages.chain import Chain
from dctoon_training.stages.evaluate import group_rows, save_sheets
from dctoon_training.stages.model_card import END, START
from dctoon_training.stages.styles import merge, quality, tile
from dctoon_training.student.calibration import calibrate
from dctoon_training.student.network import load_student, parameters, save_student
from dctoon_training.teacher.network import load_teacher, to_uint8

TEMPLATE = np.array([[111.8, 137.6], [179.7, 137.3], [146.0, 176.3], [118.1, 216.1], [174.3, 215.8]])


def normal(count, shift=0.0, width=20, seed=0):
    return np.random.default_rng(seed).normal(shift, 1, (count, width))


def test_kid_is_unbiased_and_grows_with_the_distance():
    same = [distances.kid(normal(40, seed=k), normal(40, seed=100 + k)) for k in range(30)]
    assert abs(np.mean(same)) < 3 * np.std(same) / 30**0.5 + 1e-3
    values = [distances.kid(normal(60, seed=1), normal(60, shift, seed=2)) for shift in (0.2, 0.5, 1.0)]
    assert values == sorted(values)
    assert values[-1] > 1


def test_frechet_matches_its_definition():
    a, b = normal(300, width=5, seed=3), normal(200, 0.7, width=5, seed=4) * [1, 2, 1, 0.5, 1]
    ca, cb = np.cov(a.T), np.cov(b.T)
    values, vectors = np.linalg.eigh(ca)
    root = vectors * np.sqrt(values) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ cb @ root)).sum()
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca) + np.trace(cb) - 2 * shared
    assert distances.frechet(a, b) == pytest.approx(expected)
    assert distances.frechet(a, a) == pytest.approx(0, abs=1e-8)


def test_the_cartoon_score_lies_between_photo_and_teacher():
    photo, teacher = normal(30, 0, 40, 5), normal(30, 1.5, 40, 6)
    assert distances.cartoon_score(photo, teacher, photo) == pytest.approx(0, abs=0.01)
    assert distances.cartoon_score(photo, teacher, teacher) == pytest.approx(1, abs=0.01)
    assert 0.3 < distances.cartoon_score(photo, teacher, (photo + teacher) / 2) < 0.7


def test_identity_counts_missing_faces_and_knows_people_apart():
    rng = np.random.default_rng(0)
    people = [Face(rng.random((68, 2)) * 100, rng.normal(size=128)) for _ in range(5)]
    found = distances.identity(people, people)
    assert found == {"faces_found": 1.0, "identity_distance": 0.0, "identity_rank1": 1.0, "landmark_nme": 0.0}
    strangers = [*people[1:], people[0]]
    assert distances.identity(people, strangers)["identity_rank1"] == 0
    missing = [people[0], None, *people[2:]]
    assert distances.identity(people, missing)["faces_found"] == 0.8


def test_the_teachers_graph_equals_the_teacher(tmp_path):
    write_teacher(tmp_path / "teacher.npz")
    teacher = load_teacher(tmp_path / "teacher.npz")
    picture = photos(2, 40, 56)
    made = session(TeacherGraph(teacher).write()).run(None, {"photo": picture})[0]
    x = torch.from_numpy(picture).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        expected = to_uint8(teacher(x)).permute(0, 2, 3, 1).numpy()
    assert np.abs(made.astype(int) - expected).max() <= 1
    onnx.save(TeacherGraph(teacher).write(), tmp_path / "teacher.onnx")
    assert size_of(tmp_path / "teacher.onnx")["parameters"] == 1_467_075
    assert size_of(tmp_path / "teacher.onnx")["gmac_512"] == pytest.approx(32.7, abs=0.05)


def test_sizes_are_read_off_the_graph_in_both_number_formats(tmp_path):
    model = small_student()
    for name, ranges in (("fp32", None), ("int8", calibrate(model, photos(4)))):
        onnx.save(StudentGraph(model, ranges).write(), tmp_path / f"{name}.onnx")
        found = size_of(tmp_path / f"{name}.onnx")
        assert found["parameters"] == parameters(model)
        assert found["gmac_512"] == round(SMALL.macs() / 1e9, 2)
        assert 20 < peak_memory(tmp_path / f"{name}.onnx")["rss_mb"] < 600


def test_groups_split_by_skin_pose_and_light():
    tones = [(245, 215, 195), (200, 150, 120), (70, 45, 35), (40, 25, 20)]
    pictures = np.stack([np.full((288, 288, 3), tone, np.uint8) for tone in tones])
    points = np.tile(TEMPLATE, (4, 1, 1))
    points[1, 2, 0] += 30  # the nose far to one side
    groups = face_groups(pictures, points)
    assert groups["skin light (ITA > 41)"].tolist() == [True, False, False, False]
    assert groups["skin dark (ITA < 10)"].tolist() == [False, False, True, True]
    assert groups["pose turned"].tolist() == [False, True, False, False]
    assert groups["light low or from one side"].tolist() == [False, False, True, True]


def test_small_groups_have_no_mean():
    photo, teacher = photos(4, 288, 288, 1), photos(4, 288, 288, 2)
    masks = {"two": np.array([True, True, False, False]), "all": np.ones(4, bool)}
    rows = group_rows(masks, photo, teacher, teacher)
    assert rows["two"] == {"count": 2}
    assert rows["all"] == {"count": 4, "captured_face": 1.0, "ssim": 1.0, "ssim_to_all": 0.0}


def test_stress_sets_change_every_photo_and_are_the_same_each_time():
    pictures, points = photos(3, 288, 288), np.tile(TEMPLATE, (3, 1, 1))
    first, second = stress_sets(pictures, points), stress_sets(pictures, points)
    for name, made in first.items():
        assert np.array_equal(made, second[name])
        assert all(np.abs(a.astype(int) - b).mean() > 0.5 for a, b in zip(made, pictures, strict=True)), name


def test_people_whom_validation_lacks_are_found_by_their_origin(tmp_path):
    write_arrays(tmp_path / "data", faces=6)
    (tmp_path / "faces").mkdir()
    grids = ["Glasses_Style_r0", "Age_top_r1", "hair", "Glasses_Style_r2", "hair", "Glasses_Style_r3"]
    lines = [f"train/train-{row}.jpg,{grid}" for row, grid in enumerate(grids)]
    assert seldom(tmp_path / "data", tmp_path) is None
    (tmp_path / "faces" / "SOURCES.csv").write_text("\n".join(["file,origin", *lines]))
    found = seldom(tmp_path / "data", tmp_path, each=2)
    crops = np.load(tmp_path / "data" / "train.npy")[:, 32:-32, 32:-32]
    assert np.array_equal(found, crops[[0, 5, 1]])
    save_sheets(tmp_path / "sheet", [found, 255 - found])
    with Image.open(tmp_path / "sheet-0.png") as picture:
        assert picture.size == (3 * 288, 2 * 288)


def test_texts_of_all_styles_are_complete():
    texts = json.loads((TRAINING / "styles.json").read_text("utf-8"))
    languages = {"en", "zh", "es", "pt-BR", "ru", "de", "uk"}
    assert [style["id"] for style in texts["styles"]] == list(STYLES)
    for style in texts["styles"]:
        assert set(style["titles"]) == set(style["descriptions"]) == languages
        assert all(0 < len(title) <= 32 for title in style["titles"].values())
        assert all(0 < len(text) <= 120 for text in style["descriptions"].values())
    for language in languages:
        titles = [style["titles"][language] for style in texts["styles"]]
        assert len(set(titles)) == len(titles)


def evaluation(style, face):
    row = {"bytes": 900_000, "parameters": 880_000, "gmac_512": 6.0, "captured_face": face, "captured": face}
    row |= {"psnr": 30.0, "ssim": 0.95, "ms_512": 20.0, "rss_mb": 90.0, "kid": 0.0004, "frechet": 1.0}
    rows = {"photo": {"captured_face": 0.0, "captured": 0.0, "psnr": 20.0, "ssim": 0.85}}
    rows["teacher"] = {**row, "captured_face": 1.0, "ms_512": 400.0, "identity_distance": 0.5}
    rows |= {"fp32": row, "int8_static": {**row, "ssim_to_fp32": 0.99, "psnr_to_fp32": 45.0}}
    groups = {"skin dark (ITA < 10)": {"count": 5, "captured_face": face, "ssim": 0.92, "ssim_to_all": -0.03}}
    return {
        "style": style,
        "pictures": 50,
        "shipped": "int8_static",
        "rows": rows,
        "groups": groups,
        "glasses_probe_accuracy": 0.9,
        "stress": {"occluded": {"captured_face": 0.5, "captured": 0.5, "psnr": 25.0, "ssim": 0.9}},
    }


def reported_text(tmp_path, runs):
    """RESULTS.md, from the runs and what was kept in `tmp_path`; the model card gets its table."""
    (tmp_path / "README.md").write_text(f"before\n{START}\nold\n{END}\nafter")
    options = {"runs": runs, "checkpoints": tmp_path, "out": tmp_path / "RESULTS.md", "card": tmp_path / "README.md"}
    main(["report", *(part for name, path in options.items() for part in (f"--{name}", str(path)))])
    return (tmp_path / "RESULTS.md").read_text()


def test_the_report_says_what_was_reached_and_what_was_not(tmp_path):
    for style, face in (("3d", 0.8), ("anime", 0.55)):
        (tmp_path / style).mkdir()
        write_json(tmp_path / style / "evaluation.json", evaluation(style, face))
    rows = [{"parameters": n, "captured_face": c} for n, c in ((1_000_000, 0.8), (600_000, 0.79))]
    pruning = {"kind": "taylor", "rows": rows, "chosen": 1, "smaller": 0.4, "accepted": True}
    write_json(tmp_path / "3d" / "prune.json", pruning)
    text = reported_text(tmp_path, runs=tmp_path)
    assert "| captured change in the face, worst style | 0.6 | 0.550 | **no** |" in text
    assert "| SSIM, mean over styles | 0.93 | 0.950 | yes |" in text
    assert "-0.0300 (" in text
    assert "Chosen: round 1, 40 % fewer parameters" in text and "280,000 parameters more in what ships" in text
    assert "| 20.0 | 20.0 |" in text  # 20 ms, 20 times the teacher's speed
    card = (tmp_path / "README.md").read_text()
    assert card.startswith("before\n") and card.endswith("\nafter") and "old" not in card
    assert "| mean | **0.675** | 0.675 | 0.675 | 30.0 dB | 0.950 | 0.850 | 0.9900 |  |" in card
    for plot in ("quality-size", "quality-time", "prune-3d"):
        with Image.open(tmp_path / "plots" / f"{plot}.png") as picture:
            assert picture.width > 400


def test_what_is_kept_of_a_run_is_enough_to_go_on_and_to_report(tmp_path):
    run, checkpoints, models = tmp_path / "runs" / "3d", tmp_path / "kept", tmp_path / "models"
    for folder in (run, checkpoints, models):
        folder.mkdir(parents=True)
    student = small_student()
    save_student(run / "student.pt", student, figures={"ssim": 0.9})
    write_json(run / "evaluation.json", {**evaluation("3d", 0.7), "shipped": "int8_qat"})
    (run / "log.jsonl").write_text('{"minutes": 3}\n')
    (checkpoints / "3d-log.jsonl").write_text('{"minutes": 1}\n')
    (models / "3d.onnx").write_bytes(b"from QAT")
    common = ["--style", "3d", "--checkpoints", str(checkpoints)]
    for _ in range(2):  # keeping twice adds no line twice
        main(["keep", *common, "--runs", str(tmp_path / "runs"), "--label", "more faces"])
    lines = [json.loads(line) for line in (checkpoints / "3d-log.jsonl").read_text().splitlines()]
    assert lines == [{"minutes": 1}, {"minutes": 3, "run": "more faces"}]

    main(["restore", *common, "--runs", str(tmp_path / "elsewhere"), "--models", str(models)])
    again, rest = load_student(tmp_path / "elsewhere" / "3d" / "student.pt")
    assert rest["figures"] == {"ssim": 0.9}
    for mine, other in zip(student.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=2e-3, atol=1e-4)
    assert (tmp_path / "elsewhere" / "3d" / "evaluation.json").exists()
    assert (tmp_path / "elsewhere" / "3d" / "int8-qat.onnx").read_bytes() == b"from QAT"


def test_the_report_of_a_clone_comes_from_what_was_kept(tmp_path):
    write_json(tmp_path / "3d-evaluation.json", evaluation("3d", 0.7))
    (tmp_path / "3d-ablation.md").write_text("| variant |")
    text = reported_text(tmp_path, runs=tmp_path / "none")
    assert "| 3d | 900,000 |" in text
    assert "### Ablation\n\n| variant |" in text


def test_styles_join_the_manifest_with_texts_and_figures(tmp_path):
    models, runs = tmp_path / "models", tmp_path / "runs"
    models.mkdir()
    graph = StudentGraph(small_student(), None).write()
    for name in ("3d", "sketch", "net"):
        onnx.save(graph, models / f"{name}.onnx")
    (models / "mask.png").write_bytes(b"mask")
    (runs / "sketch").mkdir(parents=True)
    write_json(runs / "sketch" / "evaluation.json", evaluation("sketch", 0.7))
    network = {"file": "net.onnx"}
    manifest = {
        "styles": [{"id": "3d", "file": "3d.onnx", "quality": {"ssim": 0.9}}],
        "faceDetector": network,
        "faceMesh": network,
        "blendMask": {"file": "mask.png"},
    }
    texts = json.loads((TRAINING / "styles.json").read_text("utf-8"))
    merged = merge(manifest, texts, models, runs)
    assert [style["id"] for style in merged["styles"]] == ["3d", "sketch"]
    assert merged["styles"][0]["quality"] == {"ssim": 0.9}  # not evaluated anew: the old figures stay
    assert merged["styles"][1]["quality"]["int8_captured_face"] == 0.7
    assert "sketch style of DCT-Net" in merged["styles"][1]["origin"]
    assert merge(merged, texts, models, runs) == merged
    assert quality(None) == {}


def test_a_contact_sheet_has_every_picture():
    sheet = tile([(f"{k}", np.full((288, 288, 3), 40 * k, np.uint8)) for k in range(5)], columns=3)
    assert sheet.size == (3 * 288, 2 * 318)
    assert sheet.getpixel((288 + 10, 318 + 10)) == (160, 160, 160)


def test_the_chain_skips_what_is_done(tmp_path):
    import argparse
    import os

    run = tmp_path / "runs" / "sketch"
    run.mkdir(parents=True)
    arguments = argparse.Namespace(
        style="sketch",
        data=tmp_path / "data",
        pack=tmp_path / "pack",
        runs=tmp_path / "runs",
        models=tmp_path,
        shared=tmp_path,
        threads=1,
        data_rounds=6,
        minutes=90,
        warm=None,
        branches=True,
        timing_runs=0,
        dry_run=False,
    )
    chain = Chain(arguments)
    names = ["train", "prune", "qat", "export", "evaluate", "styles"]
    assert [command[0] for command in chain.commands()] == names
    (run / "student.pt").touch()
    (run / "log.jsonl").write_text('{"minutes": 30.0}\n')
    assert chain.commands()[0][0] == "train"
    (run / "log.jsonl").write_text('{"minutes": 90.0}\n')
    assert [command[0] for command in chain.commands()] == names[1:]
    write_json(run / "prune.json", {"accepted": True})
    (run / "pruned.pt").touch()
    qat = chain.commands()[0]
    assert qat[0] == "qat"
    assert qat[qat.index("--checkpoint") + 1] == "pruned.pt"
    (run / "qat.pt").touch()
    assert chain.commands()[0][0] == "export"
    os.utime(run / "student.pt", (2e9, 2e9))  # trained again: everything behind it is stale
    assert chain.commands()[0][0] == "prune"
    arguments.pack = None
    assert [command[0] for command in chain.commands()][:3] == ["prepare", "variants", "targets"]


def test_javascript_measures_run(finder):  # noqa: ARG001 - skips without the face models
    if not external.installed() or not shutil.which("node"):
        pytest.skip("training/node: npm ci was not run")
    with Image.open(TRAINING.parent / "test" / "fixtures" / "astronaut.png") as image:
        from dctoon_training.stages.styles import head

        crop = head(np.asarray(image.convert("RGB")), MODELS)
    face = external.faces({"one": np.stack([crop, np.full_like(crop, 128)])})["one"]
    assert face[1] is None
    assert np.abs(face[0].points[36:42].mean(0) - TEMPLATE[0]).max() < 12
