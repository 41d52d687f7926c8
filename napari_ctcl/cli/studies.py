"""Commands about a study and its photos."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import Parameter

from napari_ctcl.cli.answers import Json, answer, as_json, looked_at, tell
from napari_ctcl.errors import InputError
from napari_ctcl.lesion import CLASSES

if TYPE_CHECKING:
    from napari_ctcl.events import Event
    from napari_ctcl.store import Photo, Study
    from napari_ctcl.store.intake import Words


def init(study: Path, /, *, json: Json = False) -> None:
    """Make an empty study in a new folder."""
    from napari_ctcl.store import Study

    with Study.create(study) as made:
        tell({"study": str(study), "id": made.id}, f"{study} is ready for photos", json)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Said:
    """What is said of the photos given.

    Parameters
    ----------
    patient
        Pseudonym of the patient; a name is not wanted here.
    visit
        Day of the visit, YYYY-MM-DD.
    region
        One of the twelve body regions, such as forearms.
    side
        L or R, for paired regions.
    aspect
        Which side of the region faces the camera, such as dorsal.
    mask
        Label image of the one photo given.
    """

    patient: str | None = None
    visit: str | None = None
    region: str | None = None
    side: str | None = None
    aspect: str | None = None
    mask: Path | None = None

    def given(self) -> list[str]:
        """Options that were given."""
        return [f"--{field.name}" for field in fields(self) if getattr(self, field.name) is not None]

    def missing(self) -> list[str]:
        """Options that every photo needs and that were not given."""
        return [f"--{name}" for name in ("patient", "visit", "region") if not getattr(self, name)]


def import_photos(
    study: Path,
    /,
    *files: Path,
    said: Said = Said(),
    mask_map: str | None = None,
    table: Path | None = None,
    json: Json = False,
) -> None:
    """Bring photos in, and masks with them: upright, sRGB, without metadata.

    Parameters
    ----------
    files
        Photos: JPEG, PNG or TIFF.
    mask_map
        What a mask's values mean, such as 0=normal,255=tumor or rest=normal.
    table
        A photos.csv with the columns file, patient, visit, region and, if wanted, side, aspect, mask.
    """
    from napari_ctcl.store import Study

    _require_one_way(files, said, table)
    if mask_map is not None and said.mask is None and table is None:
        raise InputError("--mask-map without a mask", expected="--mask, or a --table with masks", do="name the mask")
    with Study.open(study) as opened:
        if table is not None:
            steps = opened.import_table(table, mask_map=mask_map)
        else:
            steps = _import(opened, files, said, mask_map)
        found = answer(steps, json)
    photos = list(found["photos"]) if "photos" in found else [found["photo"]]
    tell({"photos": photos}, f"{len(photos)} photos imported", json)


def _require_one_way(files: tuple[Path, ...], said: Said, table: Path | None) -> None:
    """Refuse an import that says things twice, or too little."""
    if bool(files) == (table is not None):
        raise InputError("either photos or --table is needed, not both", do="see ctcl import --help")
    if table is not None and said.given():
        what = f"{', '.join(said.given())} beside --table"
        raise InputError(
            what, expected="the table to say it of each photo", do="leave it out, or write it in the table"
        )
    if files and said.missing():
        raise InputError(f"{', '.join(said.missing())} missing", expected="every photo to have them", do="add them")
    if said.mask is not None and len(files) != 1:
        raise InputError(f"one mask for {len(files)} photos", expected="one photo", do="use --table for many")


def _import(study: Study, files: tuple[Path, ...], said: Said, mask_map: str | None) -> Iterator[Event]:
    words: Words = {
        "patient": said.patient or "",
        "visit": said.visit or "",
        "region": said.region or "",
        "side": said.side,
        "aspect": said.aspect,
    }
    if said.mask is None:
        return study.import_files(files, **words)
    return study.import_steps(files[0], mask=said.mask, mask_map=mask_map, **words)


def list_photos(study: Path, /, *, json: Json = False) -> None:
    """List the photos of a study, one per line."""
    from napari_ctcl.console import table

    with looked_at(study) as opened:
        facts = [_facts(photo) for photo in opened.photos()]
    if json:
        for row in facts:
            print(as_json(row))
        return
    columns = ("photo", "patient", "visit", "region", "side", "fold", "height", "width", "mm_per_px", "state")
    table("", columns, ([_printed(row[column]) for column in columns] for row in facts))


def info(study: Path, photo: str, /, *, json: Json = False) -> None:
    """Tell what is known about one photo: its size in pixels, its labels and the model behind its proposal."""
    from napari_ctcl.console import table

    with looked_at(study) as opened:
        found = opened.photo(photo)
        facts = {**_facts(found), "levels": found.levels, "predicted_by": found.predicted_by()}
    if json:
        print(as_json(facts))
        return
    labelled = facts.pop("labelled_px")
    rows = [*facts.items(), *((f"{name} px", count) for name, count in labelled.items())]
    table("", ("", ""), [(name, _printed(value, absent="-")) for name, value in rows])


def _printed(value: object, *, absent: str = "") -> object:
    """A fact as a table shows it; a scale may be so fine that a table's three decimals would round it away."""
    if value is None:
        return absent
    return f"{value:.4g}" if isinstance(value, float) else value


def _facts(photo: Photo) -> dict[str, Any]:
    counts = photo.label_pixels("annotation")
    return {
        "photo": photo.id,
        "patient": photo.patient,
        "visit": photo.visit,
        "region": str(photo.region),
        "side": None if photo.side is None else str(photo.side),
        "fold": photo.fold,
        "height": photo.height,
        "width": photo.width,
        "mm_per_px": photo.mm_per_px,
        "labelled_px": {lesion.title: counts.get(lesion, 0) for lesion in CLASSES},
        "state": photo.state,
    }


def verify(study: Path, /, *, json: Json = False) -> None:
    """Check every hash, journal, chunk and fold; exit 2 if anything is wrong."""
    with looked_at(study) as opened:
        found = answer(opened.verify(), json)
    if json:
        print(as_json(found))
    for fault in [] if json else found["faults"]:
        print(f"{fault['where']}: {fault['what']}; {fault['do']}")
    if found["ok"] and not json:
        print("nothing wrong found")
    if not found["ok"]:
        sys.exit(2)


def sample(
    out: Path,
    /,
    *,
    photos: int = 12,
    size: str = "768x1024",
    seed: int = 1,
    preset: Literal["ctcl-synth-57"] | None = None,
    json: Json = False,
) -> None:
    """Make a synthetic study with exact masks.

    Parameters
    ----------
    photos
        How many; a patient has up to three.
    size
        Height x width of each photo, px.
    seed
        The clinic: its light, camera and patients. The same seed gives the same pixels.
    preset
        ctcl-synth-57: 57 photos of 25 patients and 12 regions, about 3255 x 2535 px each.
    """
    from napari_ctcl.sample import make_sample

    found = answer(make_sample(out, photos=photos, size=_size(size), seed=seed, preset=preset), json)
    tell(dict(found), f"{found['photos']} photos of {found['patients']} patients in {out}", json)


def _size(text: str) -> tuple[int, int]:
    try:
        height, width = (int(number) for number in text.lower().split("x"))
    except ValueError:
        raise InputError(f"size {text!r}", expected="HxW in pixels, such as 768x1024", do="correct it") from None
    return height, width
