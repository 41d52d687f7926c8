"""A command line to call, and small files to call it with."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from napari_ctcl.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def ctcl(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run one command in this process."""

    def call(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["ctcl", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return Answer(int(ended.value.code or 0), shown.out, shown.err)

    return call


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    """Make a PNG of noise, or of one value."""

    def make(name: str, *, height: int = 96, width: int = 128, value: object = None) -> Path:
        path = tmp_path / name
        noise = np.random.default_rng(len(name)).integers(0, 255, (height, width, 3), dtype=np.uint8)
        pixels = noise if value is None else np.full((height, width, *np.shape(value)), value, np.uint8)
        Image.fromarray(pixels).save(path)
        return path

    return make


@pytest.fixture
def census() -> Callable[[Path], dict[str, bytes]]:
    """Give every file of a study that a refused command must leave alone, with its bytes."""

    def count(folder: Path) -> dict[str, bytes]:
        passing = (".lock", "-wal", "-shm")
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.endswith(passing)
        }

    return count
