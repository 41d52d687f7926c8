"""The committed sample is what its script makes."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ctcl.lesion import CLASSES, COLOURS, Lesion

SAMPLE = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    subprocess.run([sys.executable, SAMPLE / "make_sample.py", folder], check=True, capture_output=True)
    return folder


def names(folder: Path, kind: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob(f"*/*.{kind}"))


def test_the_table_of_the_sample_regenerates_byte_for_byte(remade: Path) -> None:
    assert (remade / "photos.csv").read_bytes() == (SAMPLE / "photos.csv").read_bytes()


@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_the_pictures_of_the_sample_regenerate_pixel_for_pixel(remade: Path, kind: str) -> None:
    assert names(remade, kind) == names(SAMPLE, kind) != []
    for name in names(SAMPLE, kind):  # pixels, not bytes: another pillow may compress the same pixels otherwise
        with Image.open(SAMPLE / name) as kept, Image.open(remade / name) as made:
            assert kept.mode == made.mode
            assert kept.getpalette() == made.getpalette()
            np.testing.assert_array_equal(np.asarray(kept), np.asarray(made), err_msg=name)


def test_the_sample_is_small_and_holds_every_class_and_five_patients() -> None:
    with (SAMPLE / "photos.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len({row["patient"] for row in rows}) == 5
    found: set[int] = set()
    for row in rows:
        with Image.open(SAMPLE / row["mask"]) as mask, Image.open(SAMPLE / row["file"]) as photo:
            assert mask.size == photo.size
            found |= set(np.unique(np.asarray(mask)))
            colours = {colour for _, colour in mask.convert("RGB").getcolors() or []}
        assert colours <= {COLOURS[lesion] for lesion in Lesion}
    assert found == set(CLASSES)
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 1_500_000
