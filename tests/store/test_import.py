"""Photos come in as a whole or not at all, and whatever is wrong is said in one line that names it."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from PIL import Image
from study_ground import FACTS, look, noise, rows, save

from napari_ctcl.errors import DiskFull, FoldError, ImageError, InputError, MaskError, NotFound
from napari_ctcl.events import Finished, Note, Progress, Started
from napari_ctcl.lesion import Lesion
from napari_ctcl.store import Study


def table(tmp_path, text):
    (tmp_path / "photos.csv").write_text(textwrap.dedent(text).lstrip())
    return tmp_path / "photos.csv"


def finished(steps):
    *_, last = steps
    assert isinstance(last, Finished)
    return last.result


def test_the_same_file_of_the_same_patient_is_refused_with_the_photo_it_is(study, tmp_path):
    path = save(tmp_path / "a.png", noise())
    photo_id = study.import_photo(path, **FACTS)
    before = look(study)
    with pytest.raises(InputError, match=f"already, as {photo_id} of patient P01"):
        study.import_photo(path, **{**FACTS, "visit": "2026-04-01"})
    assert look(study) == before


@pytest.mark.parametrize("how", ["the same file", "the same pixels in another file"])
def test_a_picture_of_one_patient_is_refused_as_another_patients(study, tmp_path, how):
    path = save(tmp_path / "a.png", noise())
    photo_id = study.import_photo(path, **FACTS)
    if how != "the same file":
        path = save(tmp_path / "again.tif", noise())
    before = look(study)
    with pytest.raises(FoldError, match=f"already, as {photo_id} of patient P01"):
        study.import_photo(path, **{**FACTS, "patient": "P02"})
    assert look(study) == before


def test_one_table_cannot_give_a_picture_to_two_patients(study, tmp_path):
    save(tmp_path / "a.png", noise(0, (20, 30)))
    save(tmp_path / "b.tif", noise(0, (20, 30)))
    before = look(study)
    with pytest.raises(FoldError, match=r"row 3: b\.tif is in the study already, as p-\w+ of patient P1"):
        list(
            study.import_table(
                table(tmp_path, "file,patient,visit,region\na.png,P1,2026-01-01,feet\nb.tif,P2,2026-01-01,feet")
            )
        )
    assert look(study) == before


def test_a_pseudonym_spelt_otherwise_is_refused_with_the_spelling_that_is_there(study, tmp_path):
    study.import_photo(save(tmp_path / "a.png", noise()), **FACTS)
    before = look(study)
    with pytest.raises(FoldError, match="patient 'p01' is in the study as 'P01'"):
        study.import_photo(save(tmp_path / "b.png", noise(1)), **{**FACTS, "patient": "p01"})
    assert look(study) == before


def test_blanks_around_a_pseudonym_make_no_other_patient(study, tmp_path):
    study.import_photo(save(tmp_path / "a.png", noise()), **FACTS)
    study.import_photo(save(tmp_path / "b.png", noise(1)), **{**FACTS, "patient": " P01 "})
    assert {photo.patient for photo in study.photos()} == {"P01"}


def test_one_table_cannot_spell_a_patient_in_two_ways(study, tmp_path):
    save(tmp_path / "a.png", noise(0, (20, 30)))
    save(tmp_path / "b.png", noise(1, (20, 30)))
    before = look(study)
    with pytest.raises(FoldError, match=r"row 3: patient 'p1' is in the study as 'P1'"):
        list(
            study.import_table(
                table(tmp_path, "file,patient,visit,region\na.png,P1,2026-01-01,feet\nb.png,p1,2026-01-01,feet")
            )
        )
    assert look(study) == before


def test_an_id_depends_on_patient_and_file_alone(tmp_path):
    path = save(tmp_path / "a.png", noise())
    ids = set()
    for name in "ab":
        with Study.create(tmp_path / name) as study:
            ids.add(study.import_photo(path, **FACTS))
    assert len(ids) == 1


def bad_imports(tmp_path):
    """What is wrong, the arguments that do it, the error and its words."""
    good = save(tmp_path / "good.png", noise(7))
    cut = tmp_path / "cut.jpg"
    save(tmp_path / "whole.jpg", noise(8, (900, 900)))
    cut.write_bytes((tmp_path / "whole.jpg").read_bytes()[:150_000])
    (tmp_path / "text.png").write_text("no image")
    wrong = np.zeros((300, 400, 3), np.uint8)
    wrong[5, 9] = 1, 2, 3
    colours = save(tmp_path / "colours.png", wrong)
    small = save(tmp_path / "small.png", np.zeros((3, 4), np.uint8))
    grey = save(tmp_path / "grey.png", np.zeros((300, 400), np.uint8))
    return {
        "no file": ({"path": tmp_path / "none.png"}, NotFound, "none.png: no such file"),
        "a folder": ({"path": tmp_path}, NotFound, "no such file"),
        "not an image": ({"path": tmp_path / "text.png"}, ImageError, "text.png: not an image"),
        "truncated": ({"path": cut}, ImageError, "cut.jpg: broken or cut short"),
        "no mask": ({"mask": tmp_path / "none.png"}, NotFound, "mask .*no such file"),
        "mask size": ({"mask": small}, MaskError, "4 x 3 pixels, expected 400 x 300"),
        "mask colour": ({"mask": colours}, MaskError, "#010203 at row 5, column 9"),
        "grey mask": ({"mask": grey}, MaskError, "0=normal,255=tumor"),
        "mask value": ({"mask": grey, "mask_map": {1: "tumor"}}, MaskError, "value 0 at row 0, column 0"),
        "mask map": ({"mask": grey, "mask_map": "0=skin"}, InputError, "'skin' is not a class"),
        "region": ({"region": "elbow"}, InputError, "'elbow' is not a body region, expected one of head, neck"),
        "side": ({"side": "up"}, InputError, "side 'up'"),
        "day": ({"visit": "2026-02-30"}, InputError, "2026-02-30.*YYYY-MM-DD"),
        "day to come": ({"visit": "3026-03-01"}, InputError, "lies ahead"),
        "day order": ({"visit": "01.02.2026"}, InputError, "YYYY-MM-DD"),
        "patient": ({"patient": "  "}, InputError, "patient ' '"),
        "long patient": ({"patient": "x" * 65}, InputError, "1 to 64"),
    }, good


BAD_IMPORTS = [
    *("no file", "a folder", "not an image", "truncated", "no mask", "mask size", "mask colour", "grey mask"),
    *("mask value", "mask map", "region", "side", "day", "day order", "patient", "long patient"),
]


@pytest.mark.parametrize("case", BAD_IMPORTS)
def test_a_bad_import_says_what_is_wrong_and_changes_nothing(study, tmp_path, case):
    study.import_photo(save(tmp_path / "before.png", noise()), **FACTS)
    before = look(study)
    cases, good = bad_imports(tmp_path)
    changes, error, words = cases[case]
    with pytest.raises(error, match=words) as refused:
        study.import_photo(**{"path": good, **FACTS, "patient": "P02", **changes})
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
    assert look(study) == before


@pytest.mark.parametrize("words", [{"side": "L", "colour": "red"}, {"region": None}])
def test_a_fact_that_nobody_knows_or_that_is_missing_is_no_import(study, tmp_path, words):
    path = save(tmp_path / "a.png", noise())
    given = {key: value for key, value in {**FACTS, **words}.items() if value is not None}
    for steps in (study.import_steps(path, **given), study.import_files([path], **given)):
        with pytest.raises(TypeError, match=r"colour|region"):
            list(steps)


def test_an_import_that_is_cancelled_leaves_nothing(study, tmp_path):
    before = look(study)
    steps = study.import_steps(save(tmp_path / "a.png", noise(shape=(1500, 30))), **FACTS)
    while not list(study.photos_dir.iterdir()):
        next(steps)
    steps.close()
    assert look(study) == before
    study.import_photo(tmp_path / "a.png", **FACTS)


def test_files_that_share_their_facts_come_in_together_or_not_at_all(study, tmp_path):
    paths = [save(tmp_path / f"{i}.png", noise(i, (20, 30))) for i in range(3)]
    (tmp_path / "bad.png").write_text("no image")
    before = look(study)
    with pytest.raises(ImageError, match=r"bad\.png"):
        list(study.import_files([*paths, tmp_path / "bad.png"], **FACTS))
    assert look(study) == before
    with pytest.raises(InputError, match="in the study already"):
        list(study.import_files([*paths, paths[0]], **FACTS))
    assert look(study) == before
    assert len(finished(study.import_files(paths, **FACTS))["photos"]) == len(study.photos()) == 3


def test_the_steps_count_rows_up_to_the_end(study, tmp_path):
    events = list(study.import_steps(save(tmp_path / "a.png", noise(shape=(1500, 30))), **FACTS))
    assert events[0] == Started(work="import 1 photo", total=1500, unit="rows")
    done = [event.done for event in events if isinstance(event, Progress)]
    assert done == [512, 1024, 1500]


def test_a_colour_mask_without_normal_gets_a_hint(study, tmp_path):
    red = np.zeros((300, 400, 3), np.uint8)
    red[:50] = 255, 0, 0
    mask = save(tmp_path / "m.png", red)
    notes = [
        event.text
        for event in study.import_steps(save(tmp_path / "a.png", noise()), mask=mask, **FACTS)
        if isinstance(event, Note)
    ]
    assert len(notes) == 1
    assert "rest=normal" in notes[0]
    steps = study.import_steps(save(tmp_path / "b.png", noise(1)), mask=mask, mask_map="rest=normal", **FACTS)
    assert not [event for event in steps if isinstance(event, Note)]
    assert study.photos()[1].label_pixels()[Lesion.NORMAL] == 250 * 400


def test_a_table_brings_all_its_photos_with_masks_in_its_order(study, tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(3):
        save(tmp_path / "in" / f"{i}.png", noise(i, (40, 50)))
    save(tmp_path / "in" / "m.png", np.full((40, 50), 255, np.uint8))
    path = table(
        tmp_path,
        """
        file,patient,visit,region,side,aspect,mask
        in/0.png,P1,2026-01-01,feet,L,dorsal,in/m.png
        in/1.png,P2,2026-01-02,anterior trunk,,,

        in/2.png,P1,2026-01-01,HANDS,right,,
        """,
    )
    ids = finished(study.import_table(path, mask_map={255: "tumor"}))["photos"]
    photos = study.photos()
    assert [photo.id for photo in photos] == ids
    assert [(p.patient, p.visit, p.region.value, p.side, p.aspect) for p in photos] == [
        ("P1", "2026-01-01", "feet", "L", "dorsal"),
        ("P2", "2026-01-02", "anterior trunk", None, None),
        ("P1", "2026-01-01", "hands", "R", None),
    ]
    assert photos[0].label_pixels()[Lesion.TUMOR] == 2000
    assert rows(study)["visits"] == 2


def test_a_table_that_grew_brings_only_what_is_new(study, tmp_path):
    for i in range(2):
        save(tmp_path / f"{i}.png", noise(i, (40, 50)))
    first = finished(study.import_table(table(tmp_path, "file,patient,visit,region\n0.png,P1,2026-01-01,feet")))
    text = "file,patient,visit,region\n0.png,P1,2026-01-01,feet\n1.png,P1,2026-01-01,feet"
    events = list(study.import_table(table(tmp_path, text)))
    assert [event.text for event in events if isinstance(event, Note)] == [
        f"0.png is in the study as {first['photos'][0]} already and was left as it is"
    ]
    assert events[-1].result["photos"][0] == first["photos"][0]
    assert len(study.photos()) == 2


def test_a_patients_worst_photo_of_the_table_decides_its_stratum(study, tmp_path):
    rows = ["file,patient,visit,region,mask"]
    for patient in range(5):
        for photo, value in enumerate((1, 4)):
            save(tmp_path / f"{patient}{photo}.png", noise(10 * patient + photo, (8, 8)))
            save(tmp_path / f"m{value}.png", np.full((8, 8), value, np.uint8))
            rows.append(f"{patient}{photo}.png,P{patient},2026-01-01,feet,m{value}.png")
    finished(study.import_table(table(tmp_path, "\n".join(rows)), mask_map={1: "normal", 4: "tumor"}))
    from sqlalchemy import select

    from napari_ctcl.store.catalogue import FoldRow

    with study.catalogue.reading() as session:
        assert {row.stratum for row in session.scalars(select(FoldRow))} == {4}
    assert {photo.fold for photo in study.photos()} == set(range(5))


HEADER = "file,patient,visit,region,side,mask\n"
GOOD = "a.png,P1,2026-01-01,feet,,\n"
BAD_TABLES = {
    "unknown column": ("file,patient,visit,region,age\na.png,P1,2026-01-01,feet,70\n", r"unknown column 'age'"),
    "missing column": ("file,patient,visit\na.png,P1,2026-01-01\n", r"no column 'region'"),
    "double column": ("file,file,patient,visit,region\n", r"twice the column 'file'"),
    "no rows": (HEADER, r"no photo in it"),
    "nothing": ("", r"no column 'file'"),
    "file": (HEADER + GOOD + "b.png,P1,2026-01-01,feet,,\n", r"row 3, column file: no file 'b.png'"),
    "mask": (HEADER + "a.png,P1,2026-01-01,feet,,no.png\n", r"row 2, column mask: no file 'no.png'"),
    "patient": (HEADER + GOOD + "a.png,,2026-01-01,feet,,\n", r"row 3, column patient: nothing in it"),
    "day": (HEADER + "a.png,P1,2026-13-01,feet,,\n", r"row 2, column visit: visit '2026-13-01'"),
    "region": (HEADER + "a.png,P1,2026-01-01,knee,,\n", r"row 2, column region: 'knee' is not a body region"),
    "side": (HEADER + "a.png,P1,2026-01-01,feet,X,\n", r"row 2, column side: side 'X'"),
    "short row": (HEADER + "a.png,P1\n", r"row 2 has another number of fields"),
    "long row": (HEADER + "a.png,P1,2026-01-01,feet,,,,\n", r"row 2 has another number of fields"),
    "broken photo": (HEADER + GOOD + "text.png,P1,2026-01-01,feet,,\n", r"row 3: text.png: not an image"),
    "cut photo": (HEADER + GOOD + "cut.png,P1,2026-01-01,feet,,\n", r"row 3: cut.png: broken or cut short"),
    "wrong mask": (HEADER + GOOD + "c.png,P1,2026-01-01,feet,,a.png\n", r"row 3: a.png: the mask is 50 x 40"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_is_refused_with_its_row_and_nothing_of_it_comes_in(study, tmp_path, case):
    text, words = BAD_TABLES[case]
    save(tmp_path / "a.png", noise(0, (40, 50)))
    save(tmp_path / "c.png", noise(1, (30, 30)))
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:3000])
    before = look(study)
    with pytest.raises(InputError, match=words) as refused:
        list(study.import_table(table(tmp_path, text)))
    assert "\n" not in str(refused.value)
    assert look(study) == before


def test_a_table_from_a_spreadsheet_is_read(study, tmp_path):
    save(tmp_path / "a,b.png", noise(0, (4, 5)))
    (tmp_path / "photos.csv").write_bytes(
        b'\xef\xbb\xbffile, patient ,visit,region\r\n"a,b.png", P1 ,2026-01-01,feet\r\n,,,\r\n'
    )
    finished(study.import_table(tmp_path / "photos.csv"))
    assert [photo.patient for photo in study.photos()] == ["P1"]
    (tmp_path / "photos.csv").write_bytes("file,patient,visit,region\nä,P1,2026-01-01,feet".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        list(study.import_table(tmp_path / "photos.csv"))


FULL_DISK = """
import resource, signal, sys
from napari_ctcl.errors import DiskFull
from napari_ctcl.store import Study
study = Study.open(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    facts = {"patient": "P02", "visit": "2026-01-01", "region": "feet"}
    study.import_photo(sys.argv[2], mask=sys.argv[4], mask_map="rest=normal,0=tumor", **facts)
except DiskFull as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("limit", [0, 2_000, 60_000, 200_000, 1_000_000])
def test_a_full_disk_is_said_and_leaves_the_study_as_it_was(study, tmp_path, limit):
    study.import_photo(save(tmp_path / "before.png", noise(1, (30, 30))), **FACTS)
    save(tmp_path / "big.png", noise(2, (1100, 1100)))
    mask = save(tmp_path / "mask.png", noise(3, (1100, 1100))[..., 0])
    before = look(study)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, study.root, tmp_path / "big.png", str(limit), mask],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "no room" in done.stdout
    assert "free some space" in done.stdout
    assert look(study) == before
    study.import_photo(tmp_path / "big.png", **FACTS)


def test_a_disk_that_fills_up_while_publishing_takes_the_folders_back(study, tmp_path, monkeypatch):
    import errno
    from pathlib import Path

    for i in range(3):
        save(tmp_path / f"{i}.png", noise(i, (20, 20)))
    rows = "".join(f"{i}.png,P{i},2026-01-01,feet\n" for i in range(3))
    before, rename, moved = look(study), Path.rename, []

    def rename_twice(path, target):
        if ".tmp-" in path.name and "photos" in path.parts[-2]:
            moved.append(path)
            if len(moved) == 3:
                raise OSError(errno.ENOSPC, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_twice)
    with pytest.raises(DiskFull):
        list(study.import_table(table(tmp_path, "file,patient,visit,region\n" + rows)))
    assert len(moved) == 3
    assert look(study) == before


def test_a_killed_import_leaves_a_study_that_opens_clean(study, tmp_path):
    path = save(tmp_path / "a.png", noise(shape=(3000, 600)))
    before = look(study)
    code = (
        "import os, signal, sys; from napari_ctcl.store import Study\n"
        "study = Study.open(sys.argv[1])\n"
        "for event in study.import_steps(sys.argv[2], patient='P', visit='2026-01-01', region='feet'):\n"
        "    if type(event).__name__ == 'Progress': os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, study.root, path], check=False)
    assert list(study.photos_dir.iterdir())
    with Study.open(study.root) as again:
        assert look(again) == before
        again.import_photo(path, **FACTS)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_turned_photo_takes_a_mask_of_its_upright_size(study, tmp_path, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    save(tmp_path / "a.jpg", noise(0, (40, 60)), exif=exif)
    shape = (60, 40) if orientation == 6 else (40, 60)
    mask = save(tmp_path / "m.png", np.full(shape, 1, np.uint8))
    photo = study.photo(study.import_photo(tmp_path / "a.jpg", mask=mask, mask_map={1: "normal"}, **FACTS))
    assert (photo.height, photo.width) == shape
    assert photo.label_pixels()[Lesion.NORMAL] == 2400
