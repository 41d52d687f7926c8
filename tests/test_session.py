from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from napari_ctcl.errors import DiskFull, InputError, NotFound, StudyBusy, StudyError
from napari_ctcl.events import Failed, Finished
from napari_ctcl.lesion import Lesion
from napari_ctcl.mkln import MKLN, Architecture, Card, save
from napari_ctcl.region import Region
from napari_ctcl.session import Session
from napari_ctcl.store import ModelEntry, Study
from napari_ctcl.store.gesture import Step

torch.set_num_threads(1)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two photos of two patients and a small random network as the model in use."""
    with Study.create(tmp_path / "study") as study:
        for number in range(2):
            pixels = np.random.default_rng(number).integers(90, 220, (600, 700, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photo.png")
            study.import_photo(tmp_path / "photo.png", patient=f"P{number}", visit="2026-03-01", region="arms")
        net = MKLN(Architecture(base=2, depth=3, global_side=32)).eval()
        digest = save(net, Card(architecture=net.arch, long_side_px=350), study.models_dir)
        study.models.add(ModelEntry(name="small", digest=digest, fold=None))
        study.models.promote("small")
    return tmp_path / "study"


@pytest.fixture
def session(study: Path) -> Iterator[Session]:
    with Session.open(study, user="reader") as session:
        yield session


def poll(session: Session, happened: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        session.poll()
        time.sleep(0.02)


def paint(session: Session, region: Region, value: Lesion) -> None:
    session.labels.begin("brush")
    session.labels.edit(region.y0, region.x0, np.ones(region.shape, bool), value)
    session.labels.commit()


def test_showing_another_photo_gives_the_first_one_back(session: Session, study: Path) -> None:
    first, second = session.photos()
    session.show(first.id)
    paint(session, Region(10, 20, 10, 20), Lesion.PATCH)
    session.show(second.id)
    assert session.photo is not None
    assert session.photo.id == second.id
    assert first.label_pixels()[Lesion.PATCH] == 100
    first.labels(user="somebody").close()


def test_a_photo_somebody_else_paints_on_is_there_to_look_at_until_it_is_free(session: Session) -> None:
    second = session.photos()[1]
    held = second.labels(user="somebody")
    session.show(second.id)
    assert isinstance(session.only_look, StudyBusy)
    assert not session.look_again()
    with pytest.raises(InputError):
        session.accept_all()
    with pytest.raises(StudyBusy):
        session.labels.undo()
    held.close()
    session.look_again()
    assert session.only_look is None
    paint(session, Region(0, 5, 0, 5), Lesion.TUMOR)


def test_an_unknown_photo_is_named(session: Session) -> None:
    with pytest.raises(NotFound):
        session.show("p-none")


def test_nothing_can_be_segmented_before_a_photo_is_open(session: Session) -> None:
    with pytest.raises(InputError, match="choose a photo"):
        session.segment("cpu")


def test_what_there_is_to_learn_from_counts_what_people_painted(session: Session) -> None:
    session.show(session.photos()[0].id)
    paint(session, Region(0, 10, 0, 10), Lesion.PLAQUE)
    learnable = session.learnable()
    assert (learnable.photos, learnable.patients, learnable.pixels[Lesion.PLAQUE]) == (1, 1, 100)


def test_chunks_are_shown_as_they_are_finished_and_human_pixels_stay(session: Session) -> None:
    photo = session.photos()[0]
    session.show(photo.id)
    paint(session, Region(0, 10, 0, 10), Lesion.TUMOR)
    seen: list[Region] = []
    ends: list[Finished | Failed] = []
    session.region_predicted.connect(lambda _, region: seen.append(region))
    session.job_ended.connect(lambda _, event: ends.append(event))
    assert session.shown is not None
    assert not session.shown.model(level=0, ys=(0, 600), xs=(0, 700)).any()
    session.segment("cpu", first=Region(550, 600, 600, 700))
    with pytest.raises(InputError, match="still running"):
        session.retrain()
    poll(session, lambda: bool(ends))
    assert isinstance(ends[0], Finished), ends
    assert sum(region.area for region in seen) == 600 * 700
    assert (session.shown.model(level=0, ys=(0, 600), xs=(0, 700)) > 4).all()
    assert (session.shown.read(level=0, ys=(0, 10), xs=(0, 10)) == Lesion.TUMOR).all()
    assert session.work is None
    session.accept_all()
    session.painter.wait()
    assert [news.pixels for news in session.painter.news() if news.ended] == [600 * 700 - 100]
    session.painter.do(Step(tool="undo"))
    session.painter.wait()
    assert (session.labels.read(ys=(0, 10), xs=(0, 10)) == Lesion.TUMOR).all()


def test_the_model_in_use_is_listed_first_and_the_one_that_ships_with_the_program_last(session: Session) -> None:
    entry = session.study.models.entries()[0]
    session.study.models.add(ModelEntry(name="newer", digest=entry.digest, fold=None))
    assert session.models() == ["small", "newer", "starter"]


def test_the_model_that_was_asked_for_segments(session: Session) -> None:
    photo = session.photos()[0]
    session.show(photo.id)
    ends: list[Finished | Failed] = []
    session.job_ended.connect(lambda _, event: ends.append(event))
    session.segment("cpu", model="no such model")
    poll(session, lambda: bool(ends))
    assert isinstance(ends[0], Failed)
    assert "no such model" in ends[0].what
    assert photo.predicted_by() is None


def test_a_photo_whose_folder_is_gone_is_not_said_to_be_saved(session: Session) -> None:
    photo = session.photos()[0]
    session.show(photo.id)
    photo.root.rename(photo.root.with_name("elsewhere"))
    with pytest.raises(StudyError, match="put the folder back"):
        session.painted()
    photo.root.with_name("elsewhere").rename(photo.root)
    assert session.painted() is session.labels


def test_a_full_disk_keeps_the_photo_in_hand_and_gives_the_other_one_back(session: Session) -> None:
    first, second = session.photos()
    session.show(first.id)
    paint(session, Region(0, 300, 0, 300), Lesion.PATCH)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(DiskFull):
            session.show(second.id)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert session.photo is not None
    assert session.photo.id == first.id
    session.show(second.id)
    assert first.label_pixels()[Lesion.PATCH] == 300 * 300


def test_a_photo_that_cannot_be_given_back_whole_leaves_no_lock_behind(session: Session, study: Path) -> None:
    first, second = session.photos()
    second.labels(user="somebody").close()
    session.show(first.id)
    session.labels.begin("brush")
    session.labels.paste(0, 0, np.random.default_rng(0).integers(1, 5, (600, 700), np.uint8))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(DiskFull):
            session.show(second.id)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert session.photo is not None
    assert session.photo.id == second.id
    first.labels(user="somebody").close()
    session.close()
    second.labels(user="somebody").close()


def test_signing_off_needs_labels_and_can_be_taken_back(session: Session) -> None:
    photo = session.photos()[0]
    session.show(photo.id)
    with pytest.raises(InputError, match="nothing on this photo is labelled"):
        session.sign_off()
    paint(session, Region(0, 5, 0, 5), Lesion.PATCH)
    session.sign_off()
    assert photo.state == "verified"
    session.reopen()
    assert photo.state == "in work"


def test_a_run_that_was_stopped_is_offered_again_when_the_study_is_opened(study: Path) -> None:
    for name, last in (("20260101-000000-a", "scores.json"), ("20260102-000000-b", "recipe.toml")):
        (study / "runs" / name).mkdir(parents=True)
        for file in ("run.json", last):
            (study / "runs" / name / file).write_text("{}")
    with Session.open(study) as session:
        assert session.stopped_run == "20260102-000000-b"
    (study / "runs" / "20260102-000000-b" / "scores.json").write_text("{}")
    with Session.open(study) as session:
        assert session.stopped_run is None


def test_closing_without_waiting_lets_the_job_end_by_itself(study: Path) -> None:
    session = Session.open(study, user="reader")
    session.show(session.photos()[0].id)
    session.segment("cpu")
    job = session._running._job
    session.close(wait=False)
    end = time.monotonic() + 20
    while job is not None and job.running:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_cancelled_job_says_that_it_was_stopped_and_the_next_one_can_start(session: Session) -> None:
    session.show(session.photos()[0].id)
    ends: list[Finished | Failed] = []
    session.job_ended.connect(lambda _, event: ends.append(event))
    session.segment("cpu")
    session.cancel()
    poll(session, lambda: bool(ends))
    assert isinstance(ends[0], Failed)
    assert ends[0].exit_code == 130
    session.segment("cpu")
    poll(session, lambda: len(ends) == 2)
    assert isinstance(ends[1], Finished)


def test_training_that_cannot_be_says_why_in_a_sentence(session: Session) -> None:
    session.show(session.photos()[0].id)
    ends: list[Finished | Failed] = []
    session.job_ended.connect(lambda _, event: ends.append(event))
    session.retrain("quick")
    poll(session, lambda: bool(ends))
    assert isinstance(ends[0], Failed)
    assert ends[0].exit_code == 2
    assert ends[0].what


def test_the_session_needs_no_screen_and_no_torch() -> None:
    import subprocess
    import sys

    words = "import sys, napari_ctcl.session; print([m for m in ('torch', 'napari', 'qtpy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
