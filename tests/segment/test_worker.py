"""The worker labels what it was asked to, with weights that may look at it, and stops when it is told to."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from small_models import enter, network

from napari_ctcl.errors import ContractMismatch, FoldError, InputError, NotFound
from napari_ctcl.events import Failed, Finished, Note, RegionDone, Started
from napari_ctcl.jobs import Job
from napari_ctcl.lesion import contract
from napari_ctcl.mkln import Card, Plan, save
from napari_ctcl.mkln.predict import predict
from napari_ctcl.mkln.weights import patient_hash
from napari_ctcl.region import Region
from napari_ctcl.segment import worker
from napari_ctcl.segment.choice import Model
from napari_ctcl.segment.protocol import Request, command
from napari_ctcl.segment.segmenter import device_named, segment
from napari_ctcl.store import ModelEntry
from napari_ctcl.store.level import PhotoLevel


def read(photo):
    return photo.read_labels("prediction", ys=(0, photo.height), xs=(0, photo.width))


def test_a_command_line_carries_the_whole_request(tmp_path):
    request = Request(study=tmp_path, photos=("-a", "b"), model="deep", device="cpu", first=Region(1, 20, 300, 4000))
    argv = command(request)
    assert argv[:4] == [sys.executable, "-P", "-m", "napari_ctcl.segment.worker"]
    assert worker.parsed(argv[4:]) == request
    assert worker.parsed(command(Request(study=tmp_path))[4:]) == Request(study=tmp_path)


def test_asking_needs_no_torch():
    code = "import sys, napari_ctcl.segment.protocol, napari_ctcl.jobs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_process_labels_every_photo_of_the_study(study):
    (digest,) = enter(study, "first", [0])
    study.models.promote("first")
    events = list(Job(command(Request(study=study.root, device="cpu"))).events())
    assert isinstance(events[0], Started)
    assert isinstance(events[1], Note)
    assert "first" in events[1].text
    assert "cpu" in events[1].text
    finished = events[-1]
    assert isinstance(finished, Finished), finished
    assert finished.result["photos"] == 2
    assert finished.result["model"] == "first"
    assert finished.result["device"] == "cpu"
    for photo in study.photos():
        assert photo.predicted_by() == digest
        assert read(photo).min() >= 1
        assert not photo.read_labels(ys=(0, photo.height), xs=(0, photo.width)).any()
        done = [Region(e.y0, e.y1, e.x0, e.x1) for e in events if isinstance(e, RegionDone) and e.photo == photo.id]
        assert sum(region.area for region in done) == photo.height * photo.width


def test_the_labels_are_those_of_the_networks_at_their_own_scale(study):
    enter(study, "first", [0], long_side_px=600)  # 1100 px: nearest to the half-size level
    list(segment(Request(study=study.root, model="first", device="cpu", photos=(study.photos()[0].id,))))
    photo = study.photos()[0]
    kept = {}

    class Sink:
        def write(self, region, labels, _uncertainty):
            kept[region] = labels

        def done(self):
            return set()

    how = {"scale": 2, "full_shape": (700, 1100), "plan": Plan()}
    list(predict([network(0)], PhotoLevel(photo, 1), Sink(), **how))
    assert photo.shape(1) == (350, 550)
    assert all(np.array_equal(read(photo)[region.slices], labels) for region, labels in kept.items())


def test_a_second_run_finds_nothing_to_do_and_another_model_starts_anew(study):
    first, second = enter(study, "first", [0])[0], enter(study, "second", [1])[0]
    ask = {"study": study.root, "device": "cpu", "photos": (study.photos()[1].id,)}

    def regions(model):
        return sum(isinstance(event, RegionDone) for event in segment(Request(**ask, model=model)))

    assert (regions("first"), regions("first"), regions("second")) == (1, 0, 1)
    assert study.photos()[1].predicted_by() == second != first


def test_each_patient_is_seen_by_the_fold_that_never_saw_them(study):
    photos = study.photos()
    patients = [(photo.fold, patient_hash(study.id, photo.patient)) for photo in photos]
    digests = enter(study, "folds", range(5), patients=patients)
    model = Model.find(study, "folds")
    for photo in photos:
        assert model.for_photo(photo, study.id).digest == digests[photo.fold]


def test_a_patient_that_no_fold_has_seen_is_segmented_by_the_mean_of_all(study):
    digests = enter(study, "folds", range(5), patients=[(0, "0" * 64)])
    choice = Model.find(study, "folds").for_photo(study.photos()[0], study.id)
    assert [weights.digest for weights in choice.weights] == digests
    assert choice.digest not in digests


def test_a_patient_whose_fold_is_missing_is_refused_rather_than_shown_to_weights_that_know_them(study):
    photos = study.photos()
    known, missing = photos[0], photos[1]
    assert known.fold != missing.fold
    enter(study, "half", [0], folds=[known.fold], patients=[(-1, patient_hash(study.id, missing.patient))])
    assert Model.find(study, "half").for_photo(known, study.id)
    with pytest.raises(FoldError, match=missing.patient):
        list(segment(Request(study=study.root, model="half", device="cpu")))
    assert all(photo.predicted_by() is None for photo in photos)


def test_without_a_model_of_its_own_the_study_gets_the_starter(study):
    assert study.models.champion() is None
    model = Model.find(study, None)
    assert model.name == "starter"
    assert len(model.weights) == 1


def test_an_unknown_model_ends_with_exit_code_2(study):
    job = Job(command(Request(study=study.root, model="nobody")))
    (failed,) = job.events()
    assert failed.exit_code == job.returncode == 2
    assert "nobody" in failed.what


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"device": "tpu"}, InputError),
        ({"photos": ("no-such-photo",)}, NotFound),
        ({"model": "nobody"}, NotFound),
    ],
)
def test_a_bad_request_is_refused(study, request_, error):
    with pytest.raises(error):
        list(segment(Request(**{"study": study.root, "device": "cpu", **request_})))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_no_cpu_in_silence():
    with pytest.raises(InputError, match="cuda"):
        device_named("cuda")


def test_weights_for_other_classes_are_refused(study):
    (digest,) = enter(study, "foreign", [0])
    card = study.models.weights_folder(digest) / "card.json"
    card.write_text(card.read_text().replace('"plaque": 3', '"plaque": 4').replace('"tumor": 4', '"tumor": 3'))
    with pytest.raises(ContractMismatch, match="plaque"):
        list(segment(Request(study=study.root, model="foreign", device="cpu")))
    assert contract()["plaque"] == 3


def test_sigterm_stops_it_and_the_next_run_goes_on(study):
    (digest,) = enter(study, "first", [0], long_side_px=1100)
    photo = study.photos()[0]
    job = Job(command(Request(study=study.root, model="first", device="cpu", photos=(photo.id,))), patience_s=60)
    events = job.events()
    first = next(event for event in events if isinstance(event, RegionDone))
    job.cancel()
    rest = list(events)
    assert job.returncode in (130, 0)  # 0 where the last chunk was faster than the signal
    assert isinstance(rest[-1], Failed if job.returncode else Finished)
    again = [
        event
        for event in segment(Request(study=study.root, model="first", device="cpu", photos=(photo.id,)))
        if isinstance(event, RegionDone)
    ]
    written = 1 + sum(isinstance(event, RegionDone) for event in rest)
    assert written + len(again) == first.total
    assert photo.predicted_by() == digest


def test_a_person_may_paint_while_the_worker_writes(study):
    enter(study, "first", [0])
    photo = study.photos()[1]
    labels = photo.labels(user="ann")
    try:
        events = list(segment(Request(study=study.root, model="first", device="cpu", photos=(photo.id,))))
    finally:
        labels.close()
    assert isinstance(events[-1], Finished)


def test_sigterm_before_the_first_event_leaves_no_process(study):
    enter(study, "first", [0])
    job = Job(command(Request(study=study.root, model="first", device="cpu")), patience_s=60)
    job.cancel()
    assert job.returncode in (-signal.SIGTERM, 130, 143)
    assert [event.exit_code for event in job.events() if isinstance(event, Failed)] == [130]


def test_weights_tuned_elsewhere_from_weights_that_knew_a_patient_know_them_still(study):
    photo = study.photos()[0]
    net = network(0)
    seen = [patient_hash(study.id, photo.patient)]
    card = Card(architecture=net.arch, long_side_px=600, study="elsewhere", fold=photo.fold, patients_sha256=seen)
    study.models.add(ModelEntry(name="returned", digest=save(net, card, study.models_dir)))
    with pytest.raises(FoldError, match=photo.patient):
        Model.find(study, "returned").for_photo(photo, study.id)
