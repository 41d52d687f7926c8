"""Fitting one fold: it learns, stops at any event, and goes on as if it had never stopped."""

import hashlib
import itertools

import pytest
import torch
from training_ground import drain

from napari_ctcl.errors import InputError, WorkFailed
from napari_ctcl.events import Epoch, Progress
from napari_ctcl.mkln import MKLN
from training import checkpoint
from training.album import Album
from training.annotated import survey
from training.fit import Task, fit
from training.sections import Optimiser
from training.steps import rate
from training.views import Deck


@pytest.fixture
def task(study, tiny, tmp_path):
    album = Album(long_side_px=96, global_side=32, cache_bytes=1 << 30)
    drain(album.fill(drain(survey(study))[1]))

    def make(folder="fold-0", **changes):
        fields = {"recipe": tiny, "fold": 0, "deck": Deck(fresh=(0, 1, 2, 3)), "held_out": (4, 5), **changes}
        return Task(album=album, folder=tmp_path / folder, **fields)

    return make


def digest(net):
    """SHA-256 of all weights and statistics."""
    text = hashlib.sha256()
    for name, value in net.state_dict().items():
        text.update(name.encode() + value.contiguous().numpy().tobytes())
    return text.hexdigest()


def run(work):
    return drain(work)[1]


def stop_at(task, epoch):
    """Fit until that epoch has ended, then close."""
    work = fit(task)
    for event in work:
        if isinstance(event, Epoch) and event.epoch == epoch:
            work.close()
            return


def test_loss_falls_and_every_epoch_says_how_it_goes(task, tiny):
    longer = tiny.with_fields(["course.iterations=12", "course.epochs=4", "course.eval_every=4", "optimiser.lr=0.01"])
    events, net = drain(fit(task(recipe=longer)))
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert [event.epoch for event in epochs] == [1, 2, 3, 4]
    assert epochs[-1].loss < 0.8 * epochs[0].loss
    assert epochs[-1].seconds_left == 0
    assert epochs[-1].samples_per_s > 0
    assert set(epochs[-1].dice) == {"patch", "plaque", "tumor", "macro_lesion"}
    assert epochs[0].dice == {}
    assert not net.training


@pytest.mark.parametrize("changes", [[], ["course.precision=bf16"], ["optimiser.name=adam", "optimiser.schedule=step"]])
def test_a_fold_that_was_stopped_ends_with_the_weights_of_one_that_was_not(task, tiny, changes):
    recipe = tiny.with_fields(changes)
    straight = digest(run(fit(task("straight", recipe=recipe))))
    stop_at(task("stopped", recipe=recipe), 1)
    assert checkpoint.read(task("stopped").folder)[0].iteration == 4
    assert digest(run(fit(task("stopped", recipe=recipe)))) == straight


def test_a_fold_stopped_in_the_middle_of_an_epoch_goes_on_from_there(task, monkeypatch):
    straight = digest(run(fit(task("straight"))))
    monkeypatch.setattr("training.fit.BEAT_S", 0.0)
    work = fit(task("stopped"))
    for _ in range(23):
        next(work)
    work.close()
    assert checkpoint.read(task("stopped").folder)[0].iteration % 4
    events, net = drain(fit(task("stopped")))
    assert digest(net) == straight
    whole = [event.loss for event in drain(fit(task("again")))[0] if isinstance(event, Epoch)]
    assert [event.loss for event in events if isinstance(event, Epoch)] == whole[-2:]


@pytest.mark.parametrize("rests", [1, 2, 3, 4])
def test_a_step_that_is_broken_off_leaves_no_trace(task, monkeypatch, rests):
    straight = digest(run(fit(task("straight"))))
    monkeypatch.setattr("training.fit.BEAT_S", -1.0)
    for _ in range(3):
        work = fit(task("broken"))
        signs = [event for event in itertools.islice(work, 4 + rests) if isinstance(event, Progress)]
        work.close()
        assert len(signs) == 4 + rests
    assert checkpoint.read(task("broken").folder)[0].iteration == 3 * ((3 + rests) // 4)
    assert digest(run(fit(task("broken")))) == straight


def test_a_killed_fold_has_lost_no_more_than_the_seconds_it_may(task, monkeypatch):
    monkeypatch.setattr("training.fit.BEAT_S", -1.0)
    monkeypatch.setattr("training.fit.KEEP_S", -1.0)
    for event in fit(task()):
        kept = checkpoint.read(task().folder)
        if isinstance(event, Progress) and event.unit == "iterations":
            assert (kept[0].iteration if kept else 0) == event.done


def test_another_seed_gives_other_weights(task, tiny):
    other = tiny.with_fields(["course.seed=1"])
    assert digest(run(fit(task("a")))) != digest(run(fit(task("b", recipe=other))))


def test_the_checkpoint_of_another_recipe_is_refused(task, tiny):
    stop_at(task(), 1)
    with pytest.raises(InputError, match="another recipe"):
        run(fit(task(recipe=tiny.with_fields(["optimiser.lr=0.01"]))))


def test_a_damaged_checkpoint_is_named(task):
    stop_at(task(), 1)
    path = task().folder / checkpoint.NAME
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="checkpoint"):
        run(fit(task()))


def test_a_loss_that_is_no_number_ends_the_work_and_keeps_the_last_good_checkpoint(task, tiny):
    stop_at(task(), 1)
    before = (task().folder / checkpoint.NAME).read_bytes()
    position, tensors = checkpoint.read(task().folder)
    poisoned = {name: torch.full_like(v, torch.nan) if v.is_floating_point() else v for name, v in tensors.items()}
    checkpoint.write(task("poisoned").folder, position, poisoned)
    bad = (task("poisoned").folder / checkpoint.NAME).read_bytes()
    with pytest.raises(WorkFailed, match=r"fold 0.*loss is nan"):
        run(fit(task("poisoned")))
    assert (task("poisoned").folder / checkpoint.NAME).read_bytes() == bad
    assert (task().folder / checkpoint.NAME).read_bytes() == before


def test_fine_tuning_is_scored_before_its_first_step_and_keeps_batch_statistics(task, tiny):
    start = run(fit(task("start")))
    events, tuned = drain(fit(task("tuned", start=start, start_digest="s")))
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert (epochs[0].epoch, epochs[0].loss) == (0, None)
    assert epochs[0].dice
    assert epochs[-1].epochs == max(1, round(3 * tiny.finetune.share))
    for name, value in tuned.state_dict().items():
        same = torch.equal(value, start.state_dict()[name])
        if "running_" in name:
            assert same, name
    assert digest(tuned) != digest(start)


def test_fine_tuning_leaves_the_start_as_it_was(task, tiny):
    start = MKLN(tiny.architecture.built())
    before = digest(start)
    run(fit(task(start=start, start_digest="s")))
    assert digest(start) == before


def test_the_rate_rises_then_falls_as_the_recipe_says():
    cosine = Optimiser(lr=1.0, warm_up=0.1)
    rates = [rate(cosine, 1.0, at, total=100, per_epoch=10) for at in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == 1.0
    assert rates[-1] < 0.01
    step = Optimiser(schedule="step", step_epochs=2, step_factor=0.1, warm_up=0)
    assert [rate(step, 1.0, at, total=60, per_epoch=10) for at in (0, 19, 20, 45)] == pytest.approx([1, 1, 0.1, 0.01])


@pytest.mark.parametrize(
    "changes",
    [
        ["architecture.branches=global"],
        ["architecture.branches=local", "architecture.lal=false"],
        ["architecture.colearn=concat", "views.crops_per_global=2"],
        ["architecture.colearn=none", "architecture.norm=gn", "architecture.ff_tap=pre_pool"],
    ],
)
def test_every_column_of_the_ablation_trains(task, tiny, changes):
    events, net = drain(fit(task(recipe=tiny.with_fields([*changes, "course.epochs=1", "course.eval_every=1"]))))
    assert events[-1].loss > 0
    assert events[-1].dice
    start = MKLN(net.arch)
    assert digest(net) != digest(start)


def test_an_epoch_of_the_paper_is_one_look_at_every_photo(task, tiny):
    assert task(recipe=tiny.with_fields(["course.iterations=0"])).iterations == 2
