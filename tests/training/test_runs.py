"""Runs under one roof: one trainer at a time, a name for one run alone, and nothing lost when a run is stopped."""

import resource
import threading
from contextlib import closing, contextmanager

import pytest
from training_ground import drain, finished, order, runs, stop_when

from napari_ctcl.errors import Cancelled, DiskFull, InputError, StudyBusy
from napari_ctcl.events import Epoch, Finished, FoldDone, Note, Progress
from napari_ctcl.store import ModelEntry
from training import checkpoint
from training.__main__ import _until
from training.crossval import FOLDS, crossval
from training.runs import RunFolder


def stopped(study, wanted):
    """A run that was stopped after the first epoch of fold 0, and its order."""
    stop_when(crossval(study, wanted), lambda event: isinstance(event, Epoch))
    return RunFolder.open(study, next(run.name for run in runs(study) if run.name.endswith(f"-{wanted.name}")))


@contextmanager
def room_for(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_second_training_is_refused_while_the_first_one_works(study):
    run, wanted = stopped(study, order("held"))
    with closing(crossval(study, order("first"))) as work:
        next(event for event in work if isinstance(event, Epoch))
        for second in (crossval(study, order("second")), crossval(study, wanted, resume=run)):
            with pytest.raises(StudyBusy, match="training first"):
                drain(second)
    assert {RunFolder.open(study, path.name)[1].name for path in runs(study)} == {"held", "first"}


def test_the_name_of_a_stopped_run_is_not_given_to_another(study):
    stopped(study, order("m"))
    with pytest.raises(InputError, match="'m' already"):
        drain(crossval(study, order("m")))
    assert len(runs(study)) == 1


def test_a_run_never_puts_another_runs_weights_into_use_under_its_own_name(veteran):
    run, wanted = stopped(veteran, order("m"))
    foreign = veteran.models.named("first")[0]
    veteran.models.add(ModelEntry(name="m", digest=foreign.digest, fold=0, run="another"))
    with pytest.raises(InputError, match="another model 'm', of run another"):
        drain(crossval(veteran, wanted, resume=run))
    assert veteran.models.champion() == "first"
    assert [entry.digest for entry in veteran.models.named("m")] == [foreign.digest]


def test_a_resumed_run_is_compared_with_the_model_that_was_in_use_when_it_began(veteran):
    run, wanted = stopped(veteran, order("m"))
    assert run.champion == "first"
    result, _ = finished(crossval(veteran, wanted, resume=run))
    assert result["start_macro_lesion"] is not None


def test_a_model_put_into_use_meanwhile_keeps_its_place(veteran):
    run, wanted = stopped(veteran, order("m"))
    for entry in veteran.models.named("first"):
        veteran.models.add(ModelEntry(name="chosen", digest=entry.digest, fold=entry.fold))
    veteran.models.promote("chosen")
    result, _ = finished(crossval(veteran, wanted, resume=run))
    assert not result["promoted"]
    assert "'chosen' was put into use meanwhile" in result["why"]
    assert veteran.models.champion() == "chosen"


def test_a_finished_fold_keeps_no_checkpoint(study):
    work = crossval(study, order())
    for event in work:
        if isinstance(event, FoldDone):
            assert not (runs(study)[0] / f"fold-{event.fold}" / checkpoint.NAME).exists()
    assert all((runs(study)[0] / f"fold-{fold}" / "result.json").is_file() for fold in FOLDS)


def test_closing_a_record_closes_the_work_though_somebody_holds_it(study):
    run, closed = RunFolder.create(study, order(), []), []

    def work():
        try:
            yield Note(text="one")
        finally:
            closed.append(True)

    held = work()
    record = run.recorded(held)
    next(record)
    record.close()
    assert closed == [True]


def test_a_full_disk_is_said_when_a_stopped_run_cannot_be_kept(study):
    work = crossval(study, order())
    next(event for event in work if isinstance(event, Epoch) and event.epoch == 1)
    with room_for(4096), pytest.raises(DiskFull, match="no room left"):
        work.close()
    (run,) = runs(study)
    assert not list(run.rglob("*.partial"))
    again, wanted = RunFolder.open(study, run.name)
    finished(crossval(study, wanted, resume=again))


def test_a_run_that_finds_no_room_for_its_folder_leaves_none(study):
    study.models.champion()  # the catalogue makes its own files at the first look
    with room_for(64), pytest.raises(DiskFull):
        RunFolder.create(study, order(), [])
    assert [path.name for path in study.runs_dir.iterdir()] == []


def test_a_signal_that_comes_with_the_end_cancels_nothing():
    stop, done = threading.Event(), Finished(result={"promoted": True})

    def work():
        yield Progress(done=1, total=1)
        stop.set()
        yield done

    assert list(_until(stop, work()))[-1] == done
    with pytest.raises(Cancelled):
        list(_until(stop, (event for event in [Progress(done=1, total=2)])))
