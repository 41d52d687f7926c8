"""Views: true to the photo, tied by a true box, the same whenever they are drawn."""

import numpy as np
import pytest
import torch
from training_ground import drain

from napari_ctcl.lesion import Lesion
from napari_ctcl.mkln.geometry import sample
from training.album import Album, Held, Sheet, _channels_first, majority, read_labels
from training.annotated import survey
from training.augment import Light, Pose, draw_light, draw_pose, roughen, tint
from training.sections import Augment
from training.views import Cutter, Deck, crop_view, whole_view

STILL = Augment(
    flip=False,
    quarter_turns=False,
    rotate_deg=0,
    magnify=1,
    closer=0,
    brightness=0,
    contrast=0,
    gamma=0,
    illuminant=0,
    noise=0,
    blur_px=0,
)


def _ramp(height=120, width=160, small=64):
    ys, xs = np.mgrid[:height, :width]
    image = np.stack([ys * (255 / height), xs * (255 / width), np.full_like(ys, 99)], -1).astype(np.uint8)
    labels = (1 + 3 * (xs > width // 2)).astype(np.uint8)
    from napari_ctcl.mkln.overview import overview

    return Sheet(image_HWC=image, small_3SS=_channels_first(overview(Held(image), small)), labels_HW=labels)


@pytest.fixture
def album(study):
    filled = Album(long_side_px=96, global_side=32, cache_bytes=1 << 30)
    drain(filled.fill(drain(survey(study))[1]))
    return filled


def test_without_changes_a_crop_is_the_photo_bit_for_bit():
    sheet = _ramp()
    pose = draw_pose(np.random.default_rng(0), sheet.shape, STILL, 32)
    assert pose.shape == sheet.shape
    crop = crop_view(sheet, pose, np.array([10.0, 70.0]), 32)
    expected = sheet.image_HWC[10:42, 70:102].transpose(2, 0, 1)
    assert (np.rint(crop.image_3HW.numpy() * 255) == expected).all()
    assert (crop.labels_HW.numpy() == sheet.labels_HW[10:42, 70:102]).all()


def test_without_changes_the_global_view_is_what_the_predictor_sees():
    sheet = _ramp()
    pose = draw_pose(np.random.default_rng(0), sheet.shape, STILL, 32)
    image = whole_view(sheet, pose, 64).image_3HW
    assert (torch.round(image * 255) == sheet.small_3SS).all()


@pytest.mark.parametrize("seed", range(12))
def test_crop_and_global_view_show_the_same_skin_under_the_box(seed):
    sheet, rng = _ramp(), np.random.default_rng(seed)
    augment = Augment(rotate_deg=20, magnify=1.3, closer=0.3)
    pose = draw_pose(rng, sheet.shape, augment, 40)
    origin = np.rint(rng.uniform(0, 1, 2) * (np.asarray(pose.shape) - 40))
    whole, crop = whole_view(sheet, pose, 64), crop_view(sheet, pose, origin, 40)
    inside = (crop.labels_HW > 0).numpy()
    apart = (sample(whole.image_3HW, crop.box, (40, 40)) - crop.image_3HW).abs().numpy()[:, inside]
    assert inside.any()
    assert apart.max() < 0.03


def test_labels_and_pixels_move_together():
    sheet = _ramp()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        pose = draw_pose(rng, sheet.shape, Augment(rotate_deg=20, magnify=1.3, closer=0.3), 40)
        crop = crop_view(sheet, pose, np.zeros(2), 40)
        column, labels = crop.image_3HW[1].numpy() * 160, crop.labels_HW.numpy()
        clear = (labels > 0) & (np.abs(column - 80) > 2.5)
        assert ((labels == 4) == (column > 80))[clear].all()


def test_what_lies_beyond_the_photo_is_unlabelled():
    sheet = _ramp()
    pose = Pose(shape=(120, 160), turn=np.eye(2), centre=np.array([0.0, 80.0]))
    labels = crop_view(sheet, pose, np.zeros(2), 80).labels_HW
    assert (labels[:60] == 0).all()
    assert (labels[60:] > 0).all()


def test_a_photo_smaller_than_a_crop_is_magnified_until_it_fits():
    pose = draw_pose(np.random.default_rng(0), (20, 50), STILL, 32)
    assert min(pose.shape) == 32


def test_majority_leaves_the_unlabelled_out_and_keeps_area():
    rng = np.random.default_rng(0)
    fine = rng.integers(0, 5, (13, 22), np.uint8)
    coarse = majority(fine, 4)
    assert coarse.shape == (4, 6)
    for y in range(4):
        for x in range(6):
            block = fine[y * 4 : y * 4 + 4, x * 4 : x * 4 + 4]
            counts = np.bincount(block.ravel(), minlength=5)[1:]
            expected = 0 if not counts.any() else 4 - counts[::-1].argmax()
            assert coarse[y, x] == expected


def test_a_speck_of_tumor_does_not_take_over_a_coarser_level():
    fine = np.ones((64, 64), np.uint8)
    fine[::8, ::8] = Lesion.TUMOR
    assert not (majority(fine, 8) == Lesion.TUMOR).any()


def test_labels_read_by_bands_are_those_of_the_whole(study, monkeypatch):
    source = drain(survey(study))[1][0]
    whole = read_labels(source, 0)
    monkeypatch.setattr("training.album.BAND_PX", 96 * 7)
    assert (read_labels(source, 0) == whole).all()
    assert set(np.unique(whole)) > {1}


def test_the_same_iteration_gives_the_same_views_and_another_gives_others(album, tiny):
    deck = Deck(fresh=(0, 1, 2, 3))
    first, again = (drain(Cutter(album, deck, tiny, 0).batch(7))[1] for _ in range(2))
    other, fold = drain(Cutter(album, deck, tiny, 0).batch(8))[1], drain(Cutter(album, deck, tiny, 1).batch(7))[1]
    for name in ("global_B3SS", "local_N3CC", "local_labels_NCC", "box_N4"):
        assert torch.equal(getattr(first, name), getattr(again, name))
    assert not torch.equal(first.local_N3CC, other.local_N3CC)
    assert not torch.equal(first.local_N3CC, fold.local_N3CC)


def test_a_cache_without_room_changes_no_view(album, tiny, study):
    tight = Album(long_side_px=96, global_side=32, cache_bytes=0)
    drain(tight.fill(drain(survey(study))[1]))
    deck = Deck(fresh=(0, 1, 2, 3, 4, 5))
    roomy, cramped = drain(Cutter(album, deck, tiny, 0).batch(3))[1], drain(Cutter(tight, deck, tiny, 0).batch(3))[1]
    assert torch.equal(roomy.local_N3CC, cramped.local_N3CC)
    assert torch.equal(roomy.global_labels_BSS, cramped.global_labels_BSS)


def test_class_aware_crops_hold_their_class(album, tiny):
    aware = tiny.with_fields(["views.class_aware=1.0", "views.crops_per_global=2"])
    cutter = Cutter(album, Deck(fresh=tuple(range(6))), aware, 0)
    batches = [drain(cutter.batch(n))[1] for n in range(5)]
    held = [bool((crop > Lesion.NORMAL).any()) for batch in batches for crop in batch.local_labels_NCC]
    assert np.mean(held) > 0.9
    assert batches[0].local_N3CC.shape == (4, 3, 32, 32)
    assert batches[0].of_N.tolist() == [0, 0, 1, 1]


def test_replay_draws_its_share_from_the_photos_seen_before(album, tiny):
    deck = Deck(fresh=(0, 1), seen=(2, 3, 4), replay=0.5)
    cutter = Cutter(album, deck, tiny, 0)
    rng = np.random.default_rng(0)
    drawn = [cutter._pick(rng)[1] for _ in range(400)]
    assert 0.4 < np.mean([at in deck.seen for at in drawn]) < 0.6


def test_both_views_change_colour_alike_and_stay_in_range():
    light = draw_light(np.random.default_rng(3), Augment(brightness=0.3, illuminant=0.2, noise=0.02))
    image = torch.rand(3, 24, 24, generator=torch.Generator().manual_seed(0))
    changed = tint(image, light, 0.5)
    assert torch.equal(changed[:, :8, :8], tint(image[:, :8, :8], light, 0.5))
    assert not torch.equal(changed, image)
    rough = roughen(changed, light)
    assert rough.min() >= 0
    assert rough.max() <= 1
    assert torch.equal(tint(image, Light(), 0.5), image)
