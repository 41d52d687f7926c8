"""A study holds what was put in, refuses what it cannot trust and is never left half-changed."""

import hashlib
import json
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import tomli_w
from PIL import Image
from study_ground import FACTS, look, noise, save

from napari_ctcl.anatomy import BodyRegion, Side
from napari_ctcl.errors import ContractMismatch, InputError, NotFound, StudyBusy, StudyError
from napari_ctcl.lesion import COLOURS, Lesion
from napari_ctcl.store import Study


def test_a_photo_comes_back_pixel_for_pixel(study, tmp_path):
    pixels = noise(shape=(1100, 700))
    photo_id = study.import_photo(save(tmp_path / "a.png", pixels), side="L", aspect="volar", **FACTS)
    photo = study.photo(photo_id)
    np.testing.assert_array_equal(photo.read(ys=(0, 1100), xs=(0, 700)), pixels)
    np.testing.assert_array_equal(photo.read(ys=(500, 530), xs=(600, 700)), pixels[500:530, 600:])
    assert (photo.patient, photo.visit, photo.region, photo.side, photo.aspect) == (
        "P01",
        "2026-03-01",
        BodyRegion.FOREARMS,
        Side.LEFT,
        "volar",
    )
    assert photo.digest == hashlib.sha256(pixels.tobytes()).hexdigest()
    assert [photo.shape(level) for level in range(photo.levels)] == [(1100, 700), (550, 350), (275, 175)]
    assert photo.thumbnail().shape == (275, 175, 3)
    assert photo.state == "new"


def test_a_study_opened_again_is_the_same(study, tmp_path):
    photo_id = study.import_photo(save(tmp_path / "a.png", noise()), **FACTS)
    with Study.open(study.root) as again:
        assert again.id == study.id
        assert again.photos() == study.photos()
        assert again.photo(photo_id).fold == study.folds.fold_of("P01")


def test_photos_are_listed_in_the_order_they_came(study, tmp_path):
    ids = [
        study.import_photo(save(tmp_path / f"{i}.png", noise(i, (20, 20))), **{**FACTS, "patient": f"P{9 - i}"})
        for i in range(4)
    ]
    assert [photo.id for photo in study.photos()] == ids


def test_coarser_levels_are_the_mean_of_the_finer(study, tmp_path):
    photo = study.photo(study.import_photo(save(tmp_path / "a.png", noise(shape=(1030, 1027))), **FACTS))
    for level in range(1, photo.levels):
        (height, width), (fine_height, fine_width) = photo.shape(level), photo.shape(level - 1)
        fine = photo.read(level=level - 1, ys=(0, fine_height), xs=(0, fine_width)).astype(int)
        fine = np.pad(fine, [(0, fine_height % 2), (0, fine_width % 2), (0, 0)], mode="edge")
        mean = (fine[0::2, 0::2] + fine[1::2, 0::2] + fine[0::2, 1::2] + fine[1::2, 1::2] + 2) // 4
        np.testing.assert_array_equal(photo.read(level=level, ys=(0, height), xs=(0, width)), mean)


def test_an_image_is_valid_ome_ngff_and_laid_out_as_promised(study, tmp_path):
    import zarr
    from ome_zarr_models.v05 import Image as NgffImage

    photo = study.photo(study.import_photo(save(tmp_path / "a.png", noise(shape=(2100, 600))), **FACTS))
    image = NgffImage.from_zarr(zarr.open_group(photo.image_path, mode="r"))
    multiscale = image.ome_attributes.multiscales[0]
    assert [axis.name for axis in multiscale.axes] == ["c", "y", "x"]
    assert all(axis.unit is None for axis in multiscale.axes)
    for level, dataset in enumerate(multiscale.datasets):
        scale, translation = dataset.coordinateTransformations
        assert scale.scale == [1, 2**level, 2**level]
        assert translation.translation == [0, (2**level - 1) / 2, (2**level - 1) / 2]
    array = zarr.open_array(photo.image_path / "0", mode="r")
    assert (array.dtype, array.shape, array.chunks, array.shards) == (
        "uint8",
        (3, 2100, 600),
        (3, 512, 512),
        (3, 2048, 2048),
    )
    codecs = json.loads((photo.image_path / "0" / "zarr.json").read_text())["codecs"][0]["configuration"]
    assert codecs["codecs"][1]["configuration"] == {"level": 1, "checksum": True}
    assert codecs["index_codecs"][1]["name"] == "crc32c"
    np.testing.assert_array_equal(np.moveaxis(array[:], 0, -1), photo.read(ys=(0, 2100), xs=(0, 600)))


def test_pixels_that_are_gone_are_an_error_and_never_black(study, tmp_path):
    photo = study.photo(study.import_photo(save(tmp_path / "a.png", np.zeros((2500, 300, 3), np.uint8)), **FACTS))
    assert not photo.read(ys=(0, 2500), xs=(0, 300)).any()
    study.close()
    shards = sorted(path for path in (photo.image_path / "0" / "c").rglob("*") if path.is_file())
    assert len(shards) == 2
    shards[1].unlink()
    with Study.open(study.root) as again, pytest.raises(StudyError, match="missing"):
        again.photo(photo.id).read(ys=(0, 2500), xs=(0, 300))


def test_a_read_that_leaves_the_photo_is_refused(study, tmp_path):
    photo = study.photo(study.import_photo(save(tmp_path / "a.png", noise()), **FACTS))
    for ys, xs in (((0, 301), (0, 10)), ((-1, 5), (0, 10)), ((5, 4), (0, 10))):
        with pytest.raises(InputError, match="300 x 400"):
            photo.read(ys=ys, xs=xs)
    with pytest.raises(InputError, match="a level from 0 to 0"):
        photo.read(level=1, ys=(0, 1), xs=(0, 1))


def test_a_mask_becomes_the_annotation_and_one_stroke_of_the_journal(study, tmp_path):
    labels = np.random.default_rng(4).integers(0, 5, (700, 900), dtype=np.uint8)
    colours = np.array([COLOURS[lesion] for lesion in Lesion], np.uint8)
    mask = save(tmp_path / "m.png", colours[labels])
    photo = study.photo(study.import_photo(save(tmp_path / "a.png", noise(shape=(700, 900))), mask=mask, **FACTS))
    np.testing.assert_array_equal(photo.read_labels(ys=(0, 700), xs=(0, 900)), labels)
    assert photo.label_pixels() == {lesion: int((labels == lesion).sum()) for lesion in Lesion}
    assert photo.state == "in work"
    with photo.labels(user="reader") as annotation:
        strokes = annotation.journal.strokes()
        assert [(stroke.tool, stroke.user, stroke.pixels) for stroke in strokes] == [
            ("import", "import", int((labels > 0).sum()))
        ]
        assert annotation.can_undo
    assert json.loads((photo.image_path / "labels" / "zarr.json").read_text())["attributes"]["ome"]["labels"] == [
        "annotation"
    ]


def test_the_state_tells_how_far_a_photo_is(study, tmp_path):
    photo = study.photo(study.import_photo(save(tmp_path / "a.png", noise(shape=(600, 600))), **FACTS))
    assert photo.state == "new"
    with photo.prediction() as writer:
        writer.start("m" * 64)
        for y in (0, 512):
            for x in (0, 512):
                from napari_ctcl.region import Region

                region = Region(y, min(y + 512, 600), x, min(x + 512, 600))
                quarter = tuple(-(-side // 4) for side in region.shape)
                writer.write(region, np.full(region.shape, 1, np.uint8), np.zeros(quarter, np.uint8))
    assert photo.predicted_by() == "m" * 64
    assert photo.state == "proposed"
    with photo.labels(user="reader") as labels:
        labels.begin("brush")
        labels.edit(3, 3, np.ones((1, 1), bool), Lesion.PATCH)
        labels.commit()
    assert photo.state == "in work"
    photo.verify("reader")
    assert photo.state == "verified" == study.photos()[0].state
    photo.reopen()
    assert photo.state == "in work"


def test_only_a_model_writes_predictions(study, tmp_path):
    photo = study.photo(study.import_photo(save(tmp_path / "a.png", noise()), **FACTS))
    for name in ("prediction", "../photos", "", "annotations", "reader-", "reader-../x", "Annotation", "skin"):
        with pytest.raises(InputError, match="label image"):
            photo.labels(name, user="reader")
    with pytest.raises(InputError, match="reader's name"):
        photo.labels(user=" ")
    photo.labels("reader-Zoë_2", user="reader").close()


def test_two_who_paint_one_photo_are_kept_apart(study, tmp_path):
    photo = study.photo(study.import_photo(save(tmp_path / "a.png", noise()), **FACTS))
    with photo.labels(user="first"), pytest.raises(StudyBusy, match="painting annotation"):
        photo.labels(user="second")
    photo.labels(user="second").close()


def test_an_unknown_photo_is_not_found(study):
    with pytest.raises(NotFound, match="no photo 'p-1'"):
        study.photo("p-1")


def test_a_study_is_not_made_where_something_is(tmp_path):
    Study.create(tmp_path / "study").close()
    with pytest.raises(StudyError, match="a study already"):
        Study.create(tmp_path / "study")
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.tex").write_text("...")
    with pytest.raises(StudyError, match="something else already"):
        Study.create(tmp_path / "papers")
    assert [path.name for path in (tmp_path / "papers").iterdir()] == ["thesis.tex"]
    (tmp_path / "empty").mkdir()
    Study.create(tmp_path / "empty").close()


def test_a_study_that_cannot_be_made_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match=r"cannot be written \(Not a directory\)"):
        Study.create(tmp_path / "file" / "study")
    with pytest.raises(StudyError, match="something else already"):
        Study.create(tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def rewritten(study, **changes):
    path = study.root / "study.toml"
    path.write_text(tomli_w.dumps({**tomllib.loads(path.read_text()), **changes}))


def test_a_folder_that_is_no_study_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"no study there.*study\.toml.*ctcl init"):
        Study.open(tmp_path)
    (tmp_path / "study.toml").write_text("schema = [")
    with pytest.raises(StudyError, match="not readable"):
        Study.open(tmp_path)
    (tmp_path / "study.toml").write_text("schema = 1")
    with pytest.raises(StudyError, match="not readable"):
        Study.open(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.toml"]


def test_a_newer_study_is_refused_untouched(study):
    rewritten(study, schema=2)
    study.close()
    before = look(study)
    study.close()
    with pytest.raises(StudyError, match="schema 2, expected schema 1; update napari-ctcl"):
        Study.open(study.root)
    assert look(study) == before


def test_a_study_of_other_classes_is_refused(study):
    rewritten(study, contract="0" * 64, classes={"unlabelled": 0, "skin": 1})
    with pytest.raises(ContractMismatch, match="'skin'"):
        Study.open(study.root)


def test_a_study_without_its_catalogue_is_refused_and_gets_no_new_one(study):
    study.close()
    (study.root / "catalogue.sqlite").unlink()
    with pytest.raises(StudyError, match="catalogue is missing"):
        Study.open(study.root)
    assert not (study.root / "catalogue.sqlite").exists()


def test_opening_clears_away_what_a_killed_import_left(study, tmp_path):
    kept = study.import_photo(save(tmp_path / "a.png", noise()), **FACTS)
    before = look(study)
    for left in ("p-1.tmp-77/image.ome.zarr", "p-2"):
        (study.photos_dir / left).mkdir(parents=True)
    (study.photos_dir / "p-2" / ".unpublished").touch()
    (study.photos_dir / kept / ".unpublished").touch()
    Study.open(study.root).close()
    assert look(study) == before
    assert study.photo(kept).read(ys=(0, 1), xs=(0, 1)).shape == (1, 1, 3)


def test_a_folder_that_no_import_marked_is_never_cleared_away(study):
    (study.photos_dir / "p-3" / "image.ome.zarr").mkdir(parents=True)
    (study.photos_dir / "p-1.tmp-77").mkdir()
    Study.open(study.root).close()
    assert [path.name for path in study.photos_dir.iterdir()] == ["p-3"]


def test_opening_leaves_alone_what_is_being_imported(study, tmp_path):
    steps = study.import_steps(save(tmp_path / "a.png", noise(shape=(1500, 40))), **FACTS)
    while not list(study.photos_dir.iterdir()):
        next(steps)
    with Study.open(study.root) as other:
        assert list(other.photos_dir.iterdir())
        with pytest.raises(StudyBusy, match="an import"):
            other.import_photo(save(tmp_path / "b.png", noise(1)), **FACTS)
    *_, finished = steps
    assert study.photo(finished.result["photo"]).height == 1500


def test_opening_leaves_alone_what_a_model_and_a_painter_are_making(study, tmp_path):
    photo = study.photo(study.import_photo(save(tmp_path / "a.png", noise()), **FACTS))
    making = [
        photo.root / "uncertainty.zarr.tmp-1" / "c",
        photo.image_path / "labels" / "annotation.tmp-2" / "0",
        photo.image_path / "labels" / "prediction.tmp-3" / "0",
    ]
    for path in [*making, study.photos_dir / "p-1.tmp-4"]:
        path.mkdir(parents=True)
    Study.open(study.root).close()
    assert all(path.is_dir() for path in making)
    assert [path.name for path in study.photos_dir.iterdir()] == [photo.id]


def test_what_a_killed_painter_or_model_left_is_cleared_away_by_the_next_one(study, tmp_path):
    photo = study.photo(study.import_photo(save(tmp_path / "a.png", noise()), **FACTS))
    labels = photo.image_path / "labels"
    for left in (labels / "annotation.tmp-2", labels / "prediction.tmp-3", photo.root / "uncertainty.zarr.tmp-1"):
        (left / "0").mkdir(parents=True)
    for name in ("annotation", "prediction"):
        (labels / f"zarr.json.{name}.partial").touch()
    photo.labels(user="reader").close()
    assert sorted(path.name for path in labels.iterdir()) == [
        *("annotation", "prediction.tmp-3", "zarr.json", "zarr.json.prediction.partial"),
    ]
    photo.prediction().close()
    assert sorted(path.name for path in labels.iterdir()) == ["annotation", "prediction", "zarr.json"]
    assert not list(photo.root.glob("*.tmp-*"))


def test_reading_a_study_needs_no_network_library(tmp_path):
    save(tmp_path / "a.png", noise())
    code = (
        "import sys; from napari_ctcl.store import Study; "
        f"s = Study.create({str(tmp_path / 's')!r}); "
        f"s.import_photo({str(tmp_path / 'a.png')!r}, patient='P', visit='2026-01-01', region='feet'); "
        "s.photos()[0].thumbnail(); print(sorted({'torch', 'napari', 'qtpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_of_a_file_but_its_pixels_gets_into_the_study(study, tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif[0x013B], exif[0xA431] = "SecretCamera", "Doe^Jane", "SERIAL4711"
    exif.get_ifd(0x8825)[29] = "1999:12:31"
    exif.get_ifd(0x9286)
    xmp = b"<x:xmpmeta><dc:creator>Doe^Jane-XMP</dc:creator></x:xmpmeta>"
    pixels = np.zeros((600, 600, 3), np.uint8)  # compresses to nearly nothing, so that no chance match can hide
    save(tmp_path / "Jane Doe 1961.jpg", pixels, exif=exif, xmp=xmp, comment=b"born 1961")
    study.import_photo(tmp_path / "Jane Doe 1961.jpg", **FACTS)
    study.close()
    planted = [
        b"SecretCamera",
        b"Doe^Jane",
        b"SERIAL4711",
        b"1999:12:31",
        b"xmpmeta",
        b"born 1961",
        b"Jane Doe",
        b"Exif",
    ]
    for path in study.root.rglob("*"):
        text = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
        assert [word for word in planted if word in text] == [], path
