"""What the house promises as a whole: who imports what, and what a wheel holds."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _loaded(statement: str, *suspects: str) -> list[str]:
    code = f"import sys\n{statement}\nprint(*(name for name in {suspects!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-P", "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    "statement",
    [
        "import napari_ctcl.cli",
        "import napari_ctcl.store, napari_ctcl.phantom, napari_ctcl.sample, napari_ctcl.demo, napari_ctcl.session",
        "import napari_ctcl.segment.protocol, napari_ctcl.jobs, napari_ctcl._reader",
    ],
)
def test_opening_and_asking_load_neither_torch_nor_the_screen(statement: str) -> None:
    assert _loaded(statement, "torch", "napari", "qtpy") == []


@pytest.mark.gui
def test_the_window_never_loads_torch() -> None:
    assert _loaded("import napari_ctcl._layers, napari_ctcl._widgets", "torch", "napari") == ["napari"]


def test_help_loads_nothing_heavy() -> None:
    suspects = ("numpy", "zarr", "sqlalchemy", "tensorstore", "PIL", "skimage")
    assert _loaded("import napari_ctcl.cli", *suspects) == []


def test_a_wheel_holds_all_that_the_program_needs(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        manifest = wheel.read("napari_ctcl/napari.yaml")
    assert manifest == (ROOT / "napari.yaml").read_bytes()
    assert names >= {
        "napari_ctcl/py.typed",
        "napari_ctcl/report/templates/demo.html",
        "napari_ctcl/mkln/starter/weights.safetensors",
        "napari_ctcl/mkln/starter/card.json",
        "training/recipes/quick.toml",
        "training/recipes/paper.toml",
        "training/recipes/strong.toml",
    }
    assert not any(name.startswith(("tests/", "sample_data/", "benchmarks/")) for name in names)


def test_the_installed_manifest_is_the_real_file() -> None:
    from npe2 import PluginManifest

    manifest = PluginManifest.from_distribution("napari-ctcl")
    assert manifest.name == "napari-ctcl"
    for command in manifest.contributions.commands or []:
        assert command.python_name is not None
        module, name = command.python_name.split(":")
        assert hasattr(__import__(module, fromlist=[name]), name)
