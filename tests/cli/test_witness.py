"""`ctcl journal` as a person types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from napari_ctcl.store import Study

Ctcl = Callable[..., Any]
FACTS = ("--patient", "P01", "--visit", "2026-03-01", "--region", "forearms")


@pytest.fixture
def painted(tmp_path: Path, ctcl: Ctcl, picture: Callable[..., Path]) -> tuple[Path, str]:
    """A study, and its photo with two strokes, the second of them taken back."""
    study = tmp_path / "study"
    ctcl("init", study)
    photo = ctcl("import", study, picture("arm.png"), *FACTS, "--json").facts["photos"][0]
    with Study.open(study) as opened, opened.photo(photo).labels(user="Dr. Berg") as labels:
        for y, value in ((10, 4), (50, 2)):
            labels.begin("brush")
            labels.edit(y, 20, np.ones((30, 40), bool), value)
            labels.commit()
        labels.undo()
    return study, photo


def test_strokes_are_listed_with_when_who_tool_class_and_pixels(ctcl: Ctcl, painted: tuple[Path, str]) -> None:
    shown = ctcl("journal", *painted)
    assert shown.code == 0, shown.err
    lines = shown.out.splitlines()
    assert len(lines) == 4
    assert all(word in lines[1] for word in ("#1", "Dr. Berg", "stroke", "brush", "tumor", "1200"))
    assert all(word in lines[3] for word in ("#3", "undo", "patch", "#2"))


def test_json_is_one_object_per_stroke(ctcl: Ctcl, painted: tuple[Path, str]) -> None:
    rows = [json.loads(line) for line in ctcl("journal", *painted, "--json").out.splitlines()]
    assert [(row["stroke"], row["kind"], row["class"], row["pixels"], row["of"]) for row in rows] == [
        (1, "stroke", "tumor", 1200, None),
        (2, "stroke", "patch", 1200, None),
        (3, "undo", "patch", 1200, 2),
    ]
    assert {row["user"] for row in rows} == {"Dr. Berg"}
    assert all(row["time"].endswith("+00:00") for row in rows)


def test_labels_of_a_moment_become_a_file(ctcl: Ctcl, painted: tuple[Path, str], tmp_path: Path) -> None:
    out = tmp_path / "then.png"
    done = ctcl("journal", *painted, "--at", "#2", "--out", out, "--json")
    assert done.code == 0, done.err
    assert done.facts["px"] == {"unlabelled": 96 * 128 - 2400, "normal": 0, "patch": 1200, "plaque": 0, "tumor": 1200}
    assert np.unique(np.asarray(Image.open(out))).tolist() == [0, 2, 4]
    spoken = ctcl("journal", *painted, "--at", "2020-01-01", "--out", tmp_path / "before.tif")
    assert spoken.code == 0, spoken.err
    assert "local time" in spoken.err
    assert "before the first stroke" in spoken.err
    assert "before.tif" in spoken.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--at", "noon", "--out", "OUT"), "ISO 8601"),
        (("--at", "#9", "--out", "OUT"), "#1 to #3"),
        (("--at", "#1"), "--out"),
        (("--out", "OUT"), "--at"),
        (("--label", "reader-x"), "no journal"),
        (("--label", "prediction"), "no journal"),
    ],
)
def test_what_cannot_be_looked_back_at_is_one_line_and_exit_2(
    ctcl: Ctcl, painted: tuple[Path, str], tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    out = tmp_path / "then.png"
    refused = ctcl("journal", *painted, *(out if word == "OUT" else word for word in words))
    assert refused.code == 2
    assert says in refused.err
    assert refused.err.count("\n") == 1
    assert not out.exists()


def test_an_unknown_photo_has_no_journal(ctcl: Ctcl, painted: tuple[Path, str]) -> None:
    refused = ctcl("journal", painted[0], "p-nobody")
    assert (refused.code, "p-nobody" in refused.err) == (2, True)


def test_a_lost_journal_begins_anew_under_a_readers_name(ctcl: Ctcl, painted: tuple[Path, str]) -> None:
    study, photo = painted
    (study / "photos" / photo / "journal.sqlite").unlink()
    wrong = ctcl("verify", study)
    assert wrong.code == 2
    assert "--adopt" in wrong.out
    assert ctcl("journal", *painted).code == 2
    done = ctcl("journal", *painted, "--adopt", "Dr. Berg")
    assert done.code == 0, done.err
    assert "1200" in done.out
    assert ctcl("verify", study).code == 0
    assert ctcl("journal", *painted, "--adopt", "Dr. Berg").code == 2
    assert "adopt" in ctcl("journal", *painted).out
