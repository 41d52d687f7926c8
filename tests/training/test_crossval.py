"""Five folds: honest scores, no leak, nothing lost, and nothing written when the order was wrong."""

import json

import numpy as np
import pytest
from training_ground import RECIPE, drain, finished, import_photos, order, runs

from napari_ctcl.agreement import confusion
from napari_ctcl.errors import FoldError, InputError, NoLabels, NotFound
from napari_ctcl.events import Epoch, Finished, FoldDone, Note, decode
from napari_ctcl.lesion import Lesion
from napari_ctcl.mkln import MKLN, Card, save
from napari_ctcl.mkln.weights import patient_hash, read_card
from napari_ctcl.store import ModelEntry, Study
from training import gate, recipe
from training.crossval import FOLDS, crossval
from training.evaluate import evaluate
from training.lineage import find
from training.release import release
from training.runs import FoldResult, RunFolder
from training.scores import PhotoScore


def listing(study):
    return sorted(str(path.relative_to(study.root)) for path in study.root.rglob("*")), len(study.models.entries())


def test_five_folds_are_trained_scored_entered_and_put_into_use(study):
    result, events = finished(crossval(study, order()))
    done = [event for event in events if isinstance(event, FoldDone)]
    assert [event.fold for event in done] == list(FOLDS)
    assert (result["how"], result["photos"], result["patients"]) == ("out-of-fold", 6, 6)
    assert result["promoted"]
    assert study.models.champion() == "m"
    entries = study.models.named("m")
    assert [entry.fold for entry in entries] == list(FOLDS)
    assert {entry.run for entry in entries} == {result["run"]}
    assert set(result["paper"]) == {"ACC", "DSC", "SE", "SP"}
    assert sum(fold["photos"] for fold in result["folds"]) == 6


def test_no_card_lists_a_patient_that_its_fold_holds_out(veteran):
    for entry in veteran.models.named("first"):
        card = read_card(veteran.models.weights_folder(entry.digest))
        everyone = {photo.patient: photo.fold for photo in veteran.photos()}
        trained_on = {patient for patient, fold in everyone.items() if fold != entry.fold}
        assert set(card.patients_sha256) == {patient_hash(veteran.id, patient) for patient in trained_on}
        assert (card.study, card.fold, card.ledger_head) == (veteran.id, entry.fold, veteran.folds.head)
        assert card.recipe_digest == RECIPE.digest


def test_the_run_folder_tells_the_whole_story(veteran):
    (folder,) = runs(veteran)
    assert recipe.parse((folder / "recipe.toml").read_text()) == RECIPE
    events = [decode(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert sum(isinstance(event, Epoch) for event in events) == 2 * len(FOLDS)
    assert isinstance(events[-1], Finished)
    assert json.loads((folder / "scores.json").read_text()) == events[-1].result


def test_evaluate_gives_the_scores_that_training_measured(veteran):
    result, _ = finished(evaluate(veteran))
    (folder,) = runs(veteran)
    trained = json.loads((folder / "scores.json").read_text())
    for key in ("how", "model", "photos", "patients", "macro_lesion", "paper", "per_class", "ci95"):
        assert result[key] == trained[key]
    assert [fold["fold"] for fold in result["folds"]] == list(FOLDS)
    assert set(result["per_class"]["tumor"]) == {"dice", "iou", "se", "sp", "ppv", "pixels"}


def test_each_photo_is_scored_by_the_fold_of_its_patient_alone(veteran):
    result, _ = finished(evaluate(veteran))
    by_fold = {entry.fold: entry.digest for entry in veteran.models.named("first")}
    assert {fold["fold"]: fold["weights"] for fold in result["folds"]} == by_fold


def test_a_stopped_run_goes_on_to_the_weights_of_one_that_was_not(veteran, study):
    straight = {entry.fold: entry.digest for entry in veteran.models.named("first")}
    work = crossval(study, order("first"))
    for event in work:
        if isinstance(event, Epoch) and (event.fold, event.epoch) == (1, 1):
            work.close()
    assert study.models.entries() == []
    (folder,) = runs(study)
    run, again = RunFolder.open(study, folder.name)
    _, events = finished(crossval(study, again, resume=run))
    assert Note(text="fold 0 was finished before") in events
    assert {entry.fold: entry.digest for entry in study.models.named("first")} == straight
    with pytest.raises(InputError, match="finished"):
        RunFolder.open(study, folder.name)


def test_fine_tuning_starts_each_fold_from_its_own_weights_and_compares_like_with_like(veteran):
    result, events = finished(crossval(veteran, order("second", start="first")))
    done = [event for event in events if isinstance(event, FoldDone)]
    first = {entry.fold: entry for entry in veteran.models.named("first")}
    for event in done:
        assert read_card(veteran.models.weights_folder(event.model)).parent == first[event.fold].digest
        assert event.start["macro_lesion"] == first[event.fold].scores["macro_lesion"]
    before = finished(evaluate(veteran, "first"))[0]["macro_lesion"]
    assert result["start_macro_lesion"] == before
    assert result["promoted"] == (result["macro_lesion"] >= before)
    assert veteran.models.champion() == ("second" if result["promoted"] else "first")
    assert {entry.parent for entry in veteran.models.named("second")} == {"first"}


def test_a_start_that_has_seen_the_held_out_patients_is_refused_by_name(veteran):
    entry = veteran.models.named("first")[2]
    before = listing(veteran)
    folder = str(veteran.models.weights_folder(entry.digest))
    held_out = veteran.folds.patients(0)
    with pytest.raises(FoldError, match=held_out[0]):
        drain(crossval(veteran, order("leak", start=folder)))
    assert listing(veteran) == before


def test_weights_of_another_study_may_start_every_fold(veteran, study, tmp_path):
    card = Card(architecture=RECIPE.architecture.built(), long_side_px=96, study="another")
    digest = save(MKLN(card.architecture), card, tmp_path / "shipped")
    result, events = finished(crossval(study, order("tuned", start=str(tmp_path / "shipped" / digest))))
    assert all(event.start for event in events if isinstance(event, FoldDone))
    assert result["start_macro_lesion"] is not None


def test_some_folds_alone_are_entered_but_not_put_into_use(study):
    result, _ = finished(crossval(study, order(folds=(0, 3))))
    assert not result["promoted"]
    assert study.models.champion() is None
    assert [entry.fold for entry in study.models.named("m")] == [0, 3]
    scored, events = finished(evaluate(study, "m"))
    assert {fold["fold"] for fold in scored["folds"]} == {0, 3}
    assert sum(isinstance(event, Note) for event in events) == 3


def test_four_patients_are_too_few_and_the_study_stays_as_it_was(tmp_path):
    with Study.create(tmp_path / "small") as study:
        import_photos(study, tmp_path, ["A", "B", "C", "D"])
        before = listing(study)
        with pytest.raises(FoldError, match=r"4 patients with labels.*five"):
            drain(crossval(study, order()))
        assert listing(study) == before


def test_a_study_without_a_labelled_pixel_has_nothing_to_learn_from(tmp_path, study_path):
    with Study.create(tmp_path / "empty") as study, pytest.raises(NoLabels, match="labelled pixel"):
        drain(crossval(study, order()))


def test_released_weights_start_every_fold_of_another_study_but_no_other_fold_of_their_own(veteran, tmp_path):
    release(veteran, "first", 1, tmp_path / "out", title="starter")
    card = read_card(tmp_path / "out")
    assert (card.title, card.dtype, card.fold) == ("starter", "fp16", 1)
    assert card.scores["how"] == "out-of-fold"
    find(veteran, str(tmp_path / "out")).weights(veteran, 1)
    with pytest.raises(FoldError, match="held out fold 1"):
        find(veteran, str(tmp_path / "out")).weights(veteran, 0)
    with Study.create(tmp_path / "other") as other:
        assert find(other, str(tmp_path / "out")).weights(other, 4).card == card
    with pytest.raises(InputError, match="exists"):
        release(veteran, "first", 1, tmp_path / "out")


def test_an_unknown_start_lists_what_there_is(veteran):
    with pytest.raises(NotFound, match="first, starter"):
        drain(crossval(veteran, order("x", start="frist")))


def test_a_reserved_patient_is_neither_trained_on_nor_scored(tmp_path):
    with Study.create(tmp_path / "reserved") as study:
        study.folds.reserve("P0")
        import_photos(study, tmp_path, [f"P{n}" for n in range(6)])
        result, _ = finished(crossval(study, order()))
        assert result["photos"] == 5
        hashes = {
            name
            for entry in study.models.entries()
            for name in read_card(study.models.weights_folder(entry.digest)).patients_sha256
        }
        assert patient_hash(study.id, "P0") not in hashes


def test_a_model_that_holds_out_another_fold_cannot_be_entered_as_a_start_by_renaming(veteran):
    digests = [entry.digest for entry in veteran.models.named("first")]
    for fold in FOLDS:
        veteran.models.add(ModelEntry(name="mixed", digest=digests[(fold + 1) % 5], fold=fold))
    with pytest.raises(FoldError, match="held out fold 1"):
        find(veteran, "mixed").weights(veteran, 0)


def _photo(photo, truth, answer):
    matrix = confusion(np.array([truth], np.uint8), np.array([answer], np.uint8))
    return PhotoScore(photo=photo, patient=photo, fold=0, matrix=matrix)


def _result(**answers):
    truth = [1, 1, 2, 2]
    lists = {key: [_photo("a", truth, answer)] for key, answer in answers.items()}
    return [FoldResult(fold=0, model="d", **lists)]


def test_the_gate_lets_an_equal_model_pass_and_refuses_a_worse_one():
    good, bad = [1, 1, 2, 2], [1, 1, 1, int(Lesion.PATCH)]
    assert gate.judge(_result(scores=good, start=good), whole=True, reigning="m").promoted
    assert gate.judge(_result(scores=good, start=bad), whole=True, reigning="m").promoted
    refused = gate.judge(_result(scores=bad, start=good), whole=True, reigning="m")
    assert not refused.promoted
    assert "1.000 before" in refused.why


def test_the_gate_compares_with_the_model_in_use_rather_than_with_the_start():
    good, bad = [1, 1, 2, 2], [1, 1, 1, 2]
    refused = gate.judge(_result(scores=bad, start=bad, champion=good), whole=True, reigning="m")
    assert not refused.promoted
