"""The guide tells the truth about keys, words of the window, and pictures."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from napari_ctcl._widgets.brush import OVER, UNITS, WHERE
from napari_ctcl._widgets.palette import TOOLS

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "painting.md"
PICTURE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")


@pytest.fixture
def guide() -> str:
    return GUIDE.read_text(encoding="utf-8")


def keytable() -> ModuleType:
    spec = importlib.util.spec_from_file_location("keytable", ROOT / "docs" / "keytable.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_guides_table_of_keys_is_the_one_that_keys_are_bound_by(guide: str) -> None:
    assert keytable().written(guide) == guide, "run .venv/bin/python docs/keytable.py"


def test_the_guide_speaks_of_every_tool_by_its_own_name(guide: str) -> None:
    for _, name, _ in TOOLS:
        assert re.search(rf"\*\*{name}( brush)?\*\*", guide), name


def test_the_guide_speaks_of_every_choice_of_the_brush_in_its_own_words(guide: str) -> None:
    told = " ".join(guide.split())
    for words in (*(unit.name for unit in UNITS), *(name for name, _ in OVER[:3]), *WHERE[1:]):
        assert words.removeprefix("in ") in told, words


@pytest.mark.parametrize("page", ["README.md", "docs/painting.md"])
def test_every_picture_of_a_page_is_there_and_small(page: str) -> None:
    found = PICTURE.findall((ROOT / page).read_text(encoding="utf-8"))
    assert found
    for picture in found:
        file = (ROOT / page).parent / picture
        assert file.stat().st_size <= 400 << 10, picture


def test_no_picture_is_kept_that_no_page_shows() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    shown = {Path(picture).name for picture in PICTURE.findall(pages)}
    assert {file.name for file in (ROOT / "docs" / "images").iterdir()} == shown
