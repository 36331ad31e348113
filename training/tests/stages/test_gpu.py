"""The GPU path on the CPU with tiny sizes: pack, augmentation on the device, live teacher, and the way home."""

import json

import numpy as np
import pytest
import torch
from support import POINTS, photos, small_student, write_arrays, write_teacher

from dctoon_training.__main__ import main
from dctoon_training.data.device_augment import Augment
from dctoon_training.data.live import Live
from dctoon_training.data.pack import Pack, write_pack
from dctoon_training.faces.groups import balance, ita
from dctoon_training.student.fake_quantisation import load_qat
from dctoon_training.student.network import load_student, save_student

SIZE, MARGIN = 64, 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pack of 64-pixel pictures with one random teacher and one student to start from."""
    root = tmp_path_factory.mktemp("gpu")
    write_arrays(root / "data")
    out = root / "pack"
    out.mkdir()
    write_pack(out, root / "data", size=SIZE, margin=MARGIN, quality=90, faces=10, backgrounds=4)
    write_teacher(out / "teacher" / "sketch.npz")
    write_teacher(out / "teacher" / "anime.npz", seed=1)
    (out / "warm").mkdir()
    save_student(out / "warm" / "3d.pt", small_student(), half=True)
    return out


def test_a_pack_keeps_pictures_and_points(folder):
    pack = Pack(folder, "cpu")
    assert pack.faces.shape == (6, 3, SIZE + 2 * MARGIN, SIZE + 2 * MARGIN)
    assert pack.backgrounds.shape[0] == 4
    original = np.load(folder.parent / "data" / "train.npy")[0]
    start = (352 - SIZE - 2 * MARGIN) // 2
    centre = original[start:-start, start:-start].transpose(2, 0, 1)
    assert np.abs(centre.astype(int) - pack.faces[0].numpy()).mean() < 3  # WebP
    start = (288 - SIZE) // 2
    val = np.load(folder.parent / "data" / "val.npy")[:, start : start + SIZE, start : start + SIZE]
    assert np.array_equal(pack.val, val)  # the yardstick travels without loss
    template = np.array(json.loads((folder.parent / "data" / "train.json").read_text())["template"])
    assert np.allclose(pack.points.numpy() - MARGIN, template - (288 - SIZE) / 2, atol=1e-3)


def test_points_travel_with_the_pixels():
    """Bright dots at the points of a wide crop must lie at the mapped points of every variant, mirrored or not."""
    augment = Augment(SIZE, MARGIN, "cpu", seed=4)
    wide = torch.zeros(12, 3, SIZE + 2 * MARGIN, SIZE + 2 * MARGIN)
    points = POINTS + MARGIN
    for x, y in points.long():
        wide[:, :, y - 1 : y + 2, x - 1 : x + 2] = 1
    matrix, mirror = augment.geometry(12)
    assert 0 < mirror.sum() < 12
    made = augment.warp(wide, matrix)
    mapped = augment.map_points(points.expand(12, 5, 2), matrix, mirror)
    for picture, five in zip(made, mapped, strict=True):
        assert five[0, 0] < five[1, 0]  # left stays left in the picture
        for x, y in five.round().long():
            assert picture[:, y, x].min() > 0.5
    scale = matrix[:, :, :2].det().abs().sqrt()
    assert scale.min() > 1 / 1.11
    assert scale.max() < 1 / 0.79


def test_outside_the_photo_is_white():
    augment = Augment(SIZE, 0, "cpu", seed=0)
    made = augment.warp(torch.zeros(1, 3, SIZE, SIZE), torch.tensor([[[1.0, 0, -20], [0, 1, 0]]]))
    assert made[0, :, :, :15].min() == pytest.approx(1, abs=1e-4)
    assert made[0, :, :, 25:].max() == pytest.approx(0, abs=1e-4)


def test_occluders_cover_some_faces_and_never_backgrounds():
    augment = Augment(SIZE, MARGIN, "cpu", seed=1)
    photo = torch.rand(30, 3, SIZE, SIZE)
    points = POINTS.expand(30, 5, 2).clone()
    points[20:] = float("nan")
    made = augment.occlude(photo, points, 0.5)
    changed = (made - photo).abs().amax((1, 2, 3)) > 0.05
    assert 4 <= changed[:20].sum() <= 16
    assert not changed[20:].any()
    share = ((made - photo).abs().amax(1) > 0.05)[changed].float().mean((1, 2))
    assert share.max() < 0.8


def test_device_jpeg_is_like_real_jpeg():
    import io

    from PIL import Image

    picture = photos(1, 64, 64)[0]
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=40, subsampling=0)
    real = np.asarray(Image.open(buffer)).astype(int)
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    ours = (Augment(64, 0, "cpu", 0).jpeg(x, torch.tensor([40.0]))[0].permute(1, 2, 0) * 255).round().numpy()
    damage, same = np.abs(picture.astype(int) - real).mean(), np.abs(picture - ours).mean()
    assert np.abs(real - ours).mean() < 2
    assert same == pytest.approx(damage, rel=0.3)


def test_degrading_changes_about_its_share_and_stays_in_range():
    augment = Augment(SIZE, 0, "cpu", seed=2)
    photo = torch.rand(60, 3, SIZE, SIZE)
    made = augment.degrade(photo)
    assert made.min() >= 0
    assert made.max() <= 1
    assert 0.3 < ((made - photo).abs().amax((1, 2, 3)) > 1e-3).float().mean() < 0.75


def test_live_batches_hold_the_teachers_pictures(folder):
    source = Live(folder, "sketch", "cpu", seed=3, balanced=True)
    one = next(source.batches(8))
    assert one.photo.shape == one.target.shape == (8, 3, SIZE, SIZE)
    assert one.hint.shape == (8, 64, SIZE // 4, SIZE // 4)
    assert one.points.isnan().any((1, 2)).sum() == 1  # 12 % backgrounds
    whole = one.photo * 255
    torch.testing.assert_close(whole, whole.round(), atol=1e-3, rtol=0)
    with torch.inference_mode():
        expected = (source.teacher()(2 * one.photo - 1) + 1) / 2
    assert (one.target - expected).abs().mean() < 0.02  # bf16, and 256 levels
    assert abs(float(one.hint.mean())) < 0.5
    again = next(Live(folder, "sketch", "cpu", seed=3, balanced=True).batches(8))
    assert torch.equal(one.photo, again.photo)
    val, teacher = source.val()
    assert val.shape == teacher.shape == (2, SIZE, SIZE, 3)
    assert source.calibration(4).dtype == np.uint8


def test_balance_gives_rare_tones_more_but_not_endlessly():
    weights = balance(np.array([60.0] * 96 + [-45.0] * 4))
    assert weights.mean() == pytest.approx(1)
    assert weights[-1] == pytest.approx(4 * weights[0])


def test_ita_orders_skin_from_light_to_dark():
    points = POINTS.numpy().astype(float)
    tones = [(245, 215, 195), (200, 150, 120), (150, 100, 70), (70, 45, 35)]
    angles = [ita(np.full((64, 64, 3), tone, np.uint8), points) for tone in tones]
    assert angles == sorted(angles, reverse=True)
    assert angles[0] > 55
    assert angles[-1] < -30


def test_several_styles_in_one_call_and_home_again(folder, tmp_path):
    out, runs = tmp_path / "out", tmp_path / "runs"
    options = ["--minutes", "1", "--steps", "2", "--batch", "2", "--rounds", "1", "--threads", "1"]
    main(["gpu", "--pack", str(folder), "--styles", "sketch", "anime", "--out", str(out), *options])
    assert sorted(p.name for p in out.iterdir()) == ["anime.pt", "sketch.pt"]
    main(["gpu-import", str(out), "--runs", str(runs)])
    for style in ("sketch", "anime"):
        model, _ = load_student(runs / style / "student.pt")
        assert all(p.dtype == torch.float32 for p in model.parameters())
        assert (out / f"{style}.pt").stat().st_size < 0.75 * sum(p.stat().st_size for p in (runs / style).glob("*.pt"))
        quantised, ranges = load_qat(runs / style / "qat.pt")
        assert {"photo", "stem", "product"} <= set(ranges)
        pruning = json.loads((runs / style / "prune.json").read_text())
        assert len(pruning["rows"]) == 2
        expected = model.shape if not pruning["accepted"] else load_student(runs / style / "pruned.pt")[0].shape
        assert quantised.shape == expected
        stages = [json.loads(line)["stage"] for line in (runs / style / "gpu-log.jsonl").read_text().splitlines()]
        assert {"train", "prune", "qat"} == set(stages)


def test_train_and_qat_run_from_a_pack_and_train_resumes(folder, tmp_path):
    common = ["--style", "sketch", "--pack", str(folder), "--runs", str(tmp_path), "--threads", "1", "--batch", "2"]
    train = ["train", *common, "--warm", str(folder / "warm" / "3d.pt"), "--branches", "--minutes", "5"]
    main([*train, "--steps", "2"])
    main([*train, "--steps", "4"])
    steps = [json.loads(line)["step"] for line in (tmp_path / "sketch" / "log.jsonl").read_text().splitlines()]
    assert steps == [3, 5]
    assert load_student(tmp_path / "sketch" / "last.pt")[1]["step"] == 5
    with pytest.raises(SystemExit, match="branches"):
        main([argument for argument in train if argument != "--branches"])
    main(["qat", *common, "--steps", "1", "--minutes", "5", "--ranges", "ema"])
    assert (tmp_path / "sketch" / "qat.pt").exists()


def test_ablation_ranks_variants_from_one_start_and_goes_on_where_it_was(folder, tmp_path):
    options = ["--style", "sketch", "--pack", str(folder), "--runs", str(tmp_path), "--threads", "1", "--batch", "2"]
    options += ["--steps", "1", "--shape", "16", "16", "1", "1", "1"]
    main(["ablate", *options, "--variants", "base", "patches 0.3"])
    main(["ablate", *options, "--variants", "base", "branches"])
    rows = json.loads((tmp_path / "sketch" / "ablation.json").read_text())
    assert list(rows) == ["base", "patches 0.3", "branches"]
    assert all(row["steps"] == 2 for row in rows.values())
    table = (tmp_path / "sketch" / "ablation.md").read_text().splitlines()
    assert len(table) == 5
    assert "| +0.000 |" in table[2]
