"""A study: a folder that holds photos, their labels, the patients' folds and the models made from them.

`study.toml` says which schema and which classes the folder speaks; nothing else is touched before that is checked.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self, Unpack

from sqlalchemy import select

from napari_ctcl.anatomy import BodyRegion, Side
from napari_ctcl.errors import NotFound, StudyBusy, StudyError
from napari_ctcl.events import Event, Finished
from napari_ctcl.lesion import Lesion
from napari_ctcl.store.catalogue import Catalogue, FoldRow, PhotoRow, VisitRow
from napari_ctcl.store.closing import Closing
from napari_ctcl.store.disk import room_on, write_text
from napari_ctcl.store.folds import FoldLedger, fold_number
from napari_ctcl.store.ingest import Ingest
from napari_ctcl.store.intake import Intake, Words, checked, read_table
from napari_ctcl.store.lock import Lock
from napari_ctcl.store.manifest import MARK, described, require_known
from napari_ctcl.store.masks import MaskMap
from napari_ctcl.store.photo import Photo
from napari_ctcl.store.pixels import PhotoPixels
from napari_ctcl.store.publish import needs_sweep, sweep
from napari_ctcl.store.registry import Registry
from napari_ctcl.store.verify import verify

GivenMap = Mapping[int | str, str | Lesion] | str | MaskMap | None


class Study(Closing):
    """An open study; a context manager.

    Attributes
    ----------
    root : its folder
    id : made when it was created, the same for ever
    catalogue, folds, models : what it knows of patients and photos, folds and models
    """

    def __init__(self, root: Path, study_id: str) -> None:
        self.root, self.id = root, study_id
        self.catalogue = Catalogue.at(root / "catalogue.sqlite")
        self.folds = FoldLedger(self.catalogue)
        self.models = Registry(self.catalogue, self.models_dir)
        self._pixels = PhotoPixels()

    @classmethod
    def create(cls, path: Path | str) -> Self:
        """Make an empty study in a folder that is absent or empty.

        Raises
        ------
        StudyError
            If something is there already.
        DiskFull
            If there is no room.
        """
        root = Path(path).absolute()
        if root.is_file() or (root.is_dir() and any(root.iterdir())):
            there = "a study" if (root / MARK).is_file() else "something else"
            raise StudyError(f"{path}: there is {there} already", do="choose a new folder, or open the study")
        fresh = not root.exists()
        try:
            with room_on(f"the disk of {path}"):
                for folder in ("photos", "models", "runs"):
                    (root / folder).mkdir(parents=True, exist_ok=True)
                study = cls(root, uuid.uuid4().hex)
                study.catalogue.create()
                write_text(root / MARK, described(study.id))
        except BaseException:
            shutil.rmtree(root, ignore_errors=True)
            if not fresh:
                root.mkdir()
            raise
        return study

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open a study.

        Raises
        ------
        StudyError
            If the folder is no study, or one of a newer schema.
        ContractMismatch
            If its labels speak of other classes.
        """
        root = Path(path).absolute()
        study = cls(root, require_known(root))
        if not study.read_only and needs_sweep(study.photos_dir):
            study._sweep()
        return study

    @property
    def read_only(self) -> bool:
        """Whether it lies where nothing may be written: on a disk of that kind, or without the right to."""
        return self.catalogue.read_only

    @property
    def photos_dir(self) -> Path:
        """Folder of the photos."""
        return self.root / "photos"

    @property
    def models_dir(self) -> Path:
        """Folder of the weights."""
        return self.root / "models"

    @property
    def runs_dir(self) -> Path:
        """Folder of the training runs."""
        return self.root / "runs"

    def import_photo(  # noqa: PLR0913 - the facts of a photo are what they are
        self,
        path: Path | str,
        *,
        patient: str,
        visit: str,
        region: str | BodyRegion,
        side: str | Side | None = None,
        aspect: str | None = None,
        mask: Path | str | None = None,
        mask_map: GivenMap = None,
    ) -> str:
        """Import a photo and give its id; see `import_steps`."""
        words = Words(patient=patient, visit=visit, region=region, side=side, aspect=aspect)
        steps = self.import_steps(path, mask=mask, mask_map=mask_map, **words)
        return next(str(event.result["photo"]) for event in steps if isinstance(event, Finished))

    def import_steps(
        self, path: Path | str, *, mask: Path | str | None = None, mask_map: GivenMap = None, **words: Unpack[Words]
    ) -> Iterator[Event]:
        """Import a photo step by step; ends with `Finished(result={"photo": id})`.

        Only pixels get into the study: upright, in sRGB, without a word of the file's metadata or name.

        Parameters
        ----------
        path : a JPEG, PNG or TIFF file
        patient : pseudonym
        visit : day, "YYYY-MM-DD"
        region : one of the twelve body regions, or its name
        side : "L", "R" or nothing
        aspect : from where the region is seen, in the clinic's own words
        mask : image file with labels for the whole photo, upright
        mask_map : what the mask's values mean, e.g. "0=normal,255=tumor"; by default the class table's colours

        Raises
        ------
        InputError
            If anything is wrong with what was given; the study is as it was.
        StudyBusy
            If another import runs.
        DiskFull
            If there is no room; the study is as it was.
        """
        ids = yield from self._ingest().batch([checked(path, words, mask)], MaskMap.of(mask_map), skip_known=False)
        yield Finished(result={"photo": ids[0]})

    def import_files(self, paths: Sequence[Path | str], **words: Unpack[Words]) -> Iterator[Event]:
        """Import photos that share their facts, all or none; ends with `Finished(result={"photos": [id, ...]})`.

        See `import_steps` for the facts and the errors.
        """
        intakes = [checked(path, words) for path in paths]
        ids = yield from self._ingest().batch(intakes, None, skip_known=False)
        yield Finished(result={"photos": ids})

    def import_table(self, table: Path | str, *, mask_map: GivenMap = None) -> Iterator[Event]:
        """Import all photos of a CSV table, or none; ends with `Finished(result={"photos": [id, ...]})`.

        Parameters
        ----------
        table : columns file, patient, visit, region, and maybe side, aspect, mask; paths relative to it. Photos that
            the study has already are passed over with a note, so that a table may grow and be imported again.
        mask_map : what the values of the masks mean

        Raises
        ------
        InputError
            If the table or a photo in it is wrong; the message names the row, the study is as it was.
        """
        intakes: list[Intake] = read_table(Path(table))
        ids = yield from self._ingest().batch(intakes, MaskMap.of(mask_map), skip_known=True)
        yield Finished(result={"photos": ids})

    def photo(self, photo_id: str) -> Photo:
        """The photo of that id.

        Raises
        ------
        NotFound
            If the study has no such photo.
        """
        for photo in self._photos(photo_id):
            return photo
        raise NotFound(f"no photo {photo_id!r} in the study", do="list the study to see the ids")

    def photos(self) -> list[Photo]:
        """All photos, in the order they came."""
        return self._photos()

    def verify(self) -> Iterator[Event]:
        """Check every hash, chunk, journal and fold; ends with `Finished(result={"ok": ..., "faults": [...]})`.

        A fault is `{"where", "what", "do"}`, in words.
        """
        return verify(self.catalogue, self.models, self.photos(), self.photos_dir)

    def close(self) -> None:
        """Let go of the catalogue and the cached pixels; label images are closed by whoever opened them."""
        self._pixels.forget()
        self.catalogue.close()

    def _ingest(self) -> Ingest:
        return Ingest(catalogue=self.catalogue, photos=self.photos_dir, lock=self._import_lock)

    @property
    def _import_lock(self) -> Path:
        return self.root / ".import.lock"

    def _sweep(self) -> None:
        try:
            with Lock(self._import_lock).acquire("tidying up"):
                sweep(self.catalogue, self.photos_dir)
        except StudyBusy:
            return  # somebody is importing: what looks left behind is being written

    def _photos(self, photo_id: str | None = None) -> list[Photo]:
        rows = select(PhotoRow, FoldRow.fold).join(PhotoRow.visit).join(FoldRow, FoldRow.patient == VisitRow.patient)
        if photo_id is not None:
            rows = rows.where(PhotoRow.id == photo_id)
        with self.catalogue.reading() as session:
            return [self._photo(row, fold) for row, fold in session.execute(rows.order_by(PhotoRow.number))]

    def _photo(self, row: PhotoRow, fold: str) -> Photo:
        return Photo(
            id=row.id,
            patient=row.visit.patient,
            visit=row.visit.date,
            region=BodyRegion(row.region),
            side=Side(row.side) if row.side else None,
            aspect=row.aspect,
            fold=fold_number(fold),
            height=row.height,
            width=row.width,
            levels=row.levels,
            digest=row.digest,
            root=self.photos_dir / row.id,
            catalogue=self.catalogue,
            pixels=self._pixels,
        )
