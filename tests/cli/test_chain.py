"""A study from its first photo to its second model, by commands alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from napari_ctcl.lesion import COLOURS, Lesion

SIDE = 96
RECIPE = """
title = "tiny"
[architecture]
base = 4
depth = 3
global_side = 32
[views]
long_side_px = 96
crop_side = 32
[course]
batch = 2
epochs = 2
iterations = 2
eval_every = 2
precision = "fp32"
"""


def _table(folder: Path) -> Path:
    """Five patients with one drawn lesion each, and the masks that say so."""
    rows = ["file,patient,visit,region,mask"]
    down, across = np.mgrid[:SIDE, :SIDE]
    for number in range(5):
        lesion = Lesion(2 + number % 3)
        disc = (down - 40 - 3 * number) ** 2 + (across - 48) ** 2 < 20**2
        skin = np.random.default_rng(number).integers(120, 150, (SIDE, SIDE, 3), np.uint8)
        skin[disc] = (220, 140 - 40 * int(lesion) + 40, 60)
        Image.fromarray(skin).save(folder / f"{number}.png")
        mask = np.where(disc[..., None], COLOURS[lesion], COLOURS[Lesion.NORMAL]).astype(np.uint8)
        Image.fromarray(mask).save(folder / f"mask{number}.png")
        rows.append(f"{number}.png,P{number},2026-01-01,arms,mask{number}.png")
    (folder / "photos.csv").write_text("\n".join(rows))
    return folder / "photos.csv"


def test_commands_lead_from_photos_to_a_model_in_use_and_back(
    ctcl: Callable[..., Any], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "tiny.toml").write_text(RECIPE)
    study, recipe = tmp_path / "study", ("--recipe", tmp_path / "tiny.toml")

    def done(*words: object) -> Any:
        answer = ctcl(*words)
        assert answer.code == 0, answer.err
        return answer.facts if "--json" in words else answer.out

    done("init", study)
    assert len(done("import", study, "--table", _table(tmp_path), "--json")["photos"]) == 5
    assert "the starter model proposes labels" in done("models", study)

    trained = done("train", study, *recipe, "--name", "first", "--json")
    assert trained["name"] == "first"
    rows = done("models", study, "--json")
    assert [(row["name"], row["fold"]) for row in rows] == [("first", fold) for fold in range(5)]
    done("models", study, "promote", "first")

    segmented = done("segment", study, "--device", "cpu", "--json")
    assert (segmented["photos"], segmented["model"]) == (5, "first")
    digests = {row["fold"]: row["digest"] for row in rows}
    photo = ctcl("list", study, "--json").out.splitlines()[0].split('"')[3]
    shown = done("info", study, photo, "--json")
    assert shown["predicted_by"] == digests[shown["fold"]]

    scores = done("evaluate", study, "--model", "first", "--json")
    assert (scores["how"], scores["model"], scores["photos"], scores["patients"]) == ("out-of-fold", "first", 5, 5)
    assert set(scores["per_class"]) == {"normal", "patch", "plaque", "tumor"}
    assert "macro-lesion Dice" in done("evaluate", study, "--model", "first")

    assert done("finetune", study, *recipe, "--from", "first", "--name", "second", "--json")["name"] == "second"
    shown = done("models", study, "show", "second", "--json")
    assert [(row["fold"], row["parent"]) for row in shown] == [(fold, "first") for fold in range(5)]
    done("models", study, "promote", "second")
    assert {row["name"] for row in done("models", study, "--json") if row["champion"]} == {"second"}
    done("models", study, "rollback")
    assert {row["name"] for row in done("models", study, "--json") if row["champion"]} == {"first"}
    assert done("verify", study, "--json")["ok"]
