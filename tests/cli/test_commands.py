"""Commands as a person types them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from napari_ctcl.store import Study

Ctcl = Callable[..., Any]
Census = Callable[[Path], dict[str, bytes]]
FACTS = ("--patient", "P01", "--visit", "2026-03-01", "--region", "forearms")


@pytest.fixture
def study(tmp_path: Path, ctcl: Ctcl) -> Path:
    path = tmp_path / "study"
    assert ctcl("init", path).code == 0
    return path


def test_an_imported_photo_is_listed_with_what_was_said_of_it(
    study: Path, ctcl: Ctcl, picture: Callable[..., Path]
) -> None:
    made = ctcl("import", study, picture("arm.png"), *FACTS, "--side", "L", "--json")
    assert made.code == 0, made.err
    row = ctcl("list", study, "--json").facts
    assert {key: row[key] for key in ("patient", "visit", "region", "side", "height", "width", "state")} == {
        "patient": "P01",
        "visit": "2026-03-01",
        "region": "forearms",
        "side": "L",
        "height": 96,
        "width": 128,
        "state": "new",
    }
    assert row["photo"] == made.facts["photos"][0]
    assert row["fold"] in range(5)
    assert set(row["labelled_px"]) == {"normal", "patch", "plaque", "tumor"}
    assert ctcl("info", study, row["photo"], "--json").facts["levels"] == 1
    assert ctcl("verify", study, "--json").facts == {"ok": True, "faults": []}


def test_the_scale_of_a_photo_is_told_once_somebody_has_measured_it(
    study: Path, ctcl: Ctcl, picture: Callable[..., Path]
) -> None:
    photo = ctcl("import", study, picture("arm.png"), *FACTS, "--json").facts["photos"][0]
    assert ctcl("list", study, "--json").facts["mm_per_px"] is None
    with Study.open(study) as opened:
        opened.photo(photo).set_scale(0.05125, "reader-1")
    assert ctcl("info", study, photo, "--json").facts["mm_per_px"] == 0.05125
    assert "0.05125" in ctcl("info", study, photo).out
    assert "0.05125" in ctcl("list", study).out


def test_a_grey_mask_becomes_labels_only_through_a_map(
    study: Path, ctcl: Ctcl, picture: Callable[..., Path], census: Census
) -> None:
    photo, mask = picture("foot.png"), picture("mask.png", value=0)
    pixels = np.zeros((96, 128), np.uint8)
    pixels[10:20, 30:50] = 255
    Image.fromarray(pixels).save(mask)
    before = census(study)
    refused = ctcl("import", study, photo, *FACTS, "--mask", mask)
    assert refused.code == 2
    assert census(study) == before
    done = ctcl("import", study, photo, *FACTS, "--mask", mask, "--mask-map", "0=normal,255=tumor")
    assert done.code == 0, done.err
    labelled = ctcl("list", study, "--json").facts["labelled_px"]
    assert labelled == {"normal": 96 * 128 - 200, "patch": 0, "plaque": 0, "tumor": 200}


def _not_an_image(make: Callable[..., Path]) -> list[object]:
    path = make("words.png")
    path.write_text("these are words")
    return [path, *FACTS]


def _truncated(make: Callable[..., Path]) -> list[object]:
    path = make("cut.png")
    path.write_bytes(path.read_bytes()[:2000])
    return [path, *FACTS]


def _empty(make: Callable[..., Path]) -> list[object]:
    path = make("empty.png")
    path.write_bytes(b"")
    return [path, *FACTS]


def _mask_of_another_size(make: Callable[..., Path]) -> list[object]:
    return [make("a.png"), *FACTS, "--mask", make("mask.png", height=40, value=(255, 255, 0))]


def _mask_of_a_foreign_colour(make: Callable[..., Path]) -> list[object]:
    return [make("a.png"), *FACTS, "--mask", make("mask.png", value=(12, 200, 34))]


def _mask_value_without_a_name(make: Callable[..., Path]) -> list[object]:
    return [make("a.png"), *FACTS, "--mask", make("mask.png", value=7), "--mask-map", "0=normal,255=tumor"]


def _map_to_a_foreign_class(make: Callable[..., Path]) -> list[object]:
    return [make("a.png"), *FACTS, "--mask", make("mask.png", value=7), "--mask-map", "7=eczema"]


def _unknown_region(make: Callable[..., Path]) -> list[object]:
    return [make("a.png"), *FACTS[:4], "--region", "elbow"]


def _impossible_day(make: Callable[..., Path]) -> list[object]:
    return [make("a.png"), "--patient", "P01", "--visit", "2026-02-30", "--region", "feet"]


def _no_patient(make: Callable[..., Path]) -> list[object]:
    return [make("a.png"), *FACTS[2:]]


def _map_without_a_mask(make: Callable[..., Path]) -> list[object]:
    return [make("a.png"), *FACTS, "--mask-map", "0=normal"]


def _facts_beside_a_table(make: Callable[..., Path]) -> list[object]:
    return ["--table", _table_of(make("a.png")), "--side", "L", "--visit", "2026-03-01"]


def _mask_beside_a_table(make: Callable[..., Path]) -> list[object]:
    return ["--table", _table_of(make("a.png")), "--mask", make("mask.png", value=7), "--mask-map", "7=normal"]


def _table_of(photo: Path) -> Path:
    table = photo.with_name("photos.csv")
    table.write_text(f"file,patient,visit,region\n{photo.name},P01,2026-03-01,feet\n")
    return table


def _no_file(make: Callable[..., Path]) -> list[object]:
    return [make("a.png").with_name("absent.png"), *FACTS]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_not_an_image, "words.png"),
        (_truncated, "cut.png"),
        (_empty, "empty.png"),
        (_mask_of_another_size, "40"),
        (_mask_of_a_foreign_colour, "#0cc822"),
        (_mask_value_without_a_name, "7"),
        (_map_to_a_foreign_class, "patch, plaque, tumor"),
        (_unknown_region, "posterior trunk"),
        (_impossible_day, "2026-02-30"),
        (_no_patient, "--patient"),
        (_no_file, "absent.png"),
        (_map_without_a_mask, "--mask-map without a mask"),
        (_facts_beside_a_table, "--visit, --side beside --table"),
        (_mask_beside_a_table, "--mask beside --table"),
    ],
)
def test_a_bad_import_is_one_line_exit_2_and_leaves_the_study_as_it_was(
    study: Path,
    ctcl: Ctcl,
    picture: Callable[..., Path],
    census: Census,
    make: Callable[[Callable[..., Path]], list[object]],
    says: str,
) -> None:
    words = make(picture)
    before = census(study)
    answer = ctcl("import", study, *words)
    assert answer.code == 2
    assert says in answer.err
    assert answer.err.count("\n") == 1
    assert census(study) == before


def test_errors_are_json_where_json_was_asked_for(study: Path, ctcl: Ctcl) -> None:
    answer = ctcl("info", study, "p-none", "--json")
    assert answer.code == 2
    assert set(json.loads(answer.err)["error"]) == {"what", "expected", "do"}


@pytest.mark.parametrize(
    "words",
    [
        ("list", "nowhere"),
        ("bogus",),
        ("list", "--bogus"),
        ("train", "nowhere", "--recipe", "quick"),
        ("sample", "out", "--size", "12by40"),
        ("sample", "out", "--photos", "0"),
        ("annotate", "nowhere"),
        ("segment", "nowhere"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    ctcl: Ctcl, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = ctcl(*words)
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [(("schema = 1", "schema = 99"), "a study of schema 99"), (("tumor = 4", "tumor = 3"), "labels of the classes")],
)
@pytest.mark.parametrize("command", ["list", "verify", "import", "models", "train"])
def test_a_study_of_a_newer_schema_or_of_other_classes_is_refused_untouched(
    study: Path,
    ctcl: Ctcl,
    picture: Callable[..., Path],
    census: Census,
    command: str,
    change: tuple[str, str],
    says: str,
) -> None:
    settings = study / "study.toml"
    settings.write_text(settings.read_text().replace(*change))
    before = census(study)
    answer = ctcl(command, study, *([picture("a.png"), *FACTS] if command == "import" else []))
    assert answer.code == 2
    assert says in answer.err
    assert answer.err.count("\n") == 1
    assert census(study) == before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_a_window_without_a_display_is_refused_in_one_line(
    study: Path, ctcl: Ctcl, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    answer = ctcl("annotate", study)
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "needs a display" in answer.err


def test_a_window_without_a_qt_binding_is_refused_in_one_line(study: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('PyQt6', 'PySide6', 'PyQt5', 'PySide2'): raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Without())\n"
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda n: None if n in ('PyQt6', 'PySide6', 'PyQt5', 'PySide2') else find(n)\n"
        "from napari_ctcl.cli import main\n"
        "main()\n"
    )
    words = [sys.executable, "-c", code, "annotate", str(study)]
    answer = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert answer.returncode == 2, answer.stderr
    assert answer.stderr.startswith("ctcl: the window needs one of PyQt6, PySide6")
    assert answer.stderr.count("\n") == 1


HOLDER = """
import sys
from pathlib import Path
from napari_ctcl.store import Study
from napari_ctcl.store.lock import Lock
lock = Lock(Path(sys.argv[1])).acquire(sys.argv[2], user="Dr. A")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(lock: Path, what: str) -> Iterator[None]:
    """Another process that holds a lock meanwhile."""
    words = [sys.executable, "-c", HOLDER, str(lock), what]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate()


@pytest.mark.parametrize("command", ["segment", "import"])
def test_what_another_process_is_writing_is_refused_in_one_line_and_left_as_it_was(
    study: Path, ctcl: Ctcl, picture: Callable[..., Path], census: Census, command: str
) -> None:
    photo = ctcl("import", study, picture("a.png"), *FACTS, "--json").facts["photos"][0]
    lock = study / "photos" / photo / ".prediction.lock" if command == "segment" else study / ".import.lock"
    before = census(study)
    with held(lock, "work of its own"):
        answer = ctcl(command, study, *([picture("bb.png"), *FACTS] if command == "import" else ["--device", "cpu"]))
        assert census(study) == before
    assert answer.code == 2, answer.err
    assert "Dr. A" in answer.err
    assert "holds it for work of its own" in answer.err
    assert [line.startswith("ctcl: ") for line in answer.err.splitlines()].count(True) == 1
    assert "Traceback" not in answer.err


def test_training_needs_five_patients_and_labels(
    study: Path, ctcl: Ctcl, picture: Callable[..., Path], census: Census
) -> None:
    ctcl("import", study, picture("a.png"), *FACTS)
    before = census(study)
    answer = ctcl("train", study, "--recipe", "quick")
    assert answer.code == 2
    assert "label" in answer.err
    assert census(study) == before


def test_a_sample_study_holds_exact_masks_and_verifies(ctcl: Ctcl, tmp_path: Path) -> None:
    out = tmp_path / "sample"
    made = ctcl("sample", out, "--photos", "2", "--size", "96x128", "--seed", "3", "--json")
    assert made.code == 0, made.err
    assert made.facts["photos"] == 2
    with pytest.raises(ValueError, match="Extra data"):
        _ = ctcl("list", out, "--json").facts
    rows = [json.loads(line) for line in ctcl("list", out, "--json").out.splitlines()]
    assert all(sum(row["labelled_px"].values()) == 96 * 128 for row in rows)
    assert ctcl("verify", out).code == 0
