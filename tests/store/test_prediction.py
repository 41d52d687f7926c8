"""A prediction goes to disk core by core, and a killed run goes on where it died."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from label_ground import LEVELS, SHAPE, chunk_files, image_at, open_at

from napari_ctcl.errors import InputError, MaskError, StudyBusy, StudyError
from napari_ctcl.region import Region, grid
from napari_ctcl.store import labelimage
from napari_ctcl.store.chunks import TILE, halved
from napari_ctcl.store.prediction import PredictionWriter, predicted_by, read_record, read_uncertainty
from napari_ctcl.store.shapes import level_shapes

CORES = list(grid(SHAPE, TILE))

PREDICT = """
import itertools, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from test_prediction import CORES, guess, open_prediction, unsure
prediction = open_prediction(Path(sys.argv[1]))
print("predicting", flush=True)
for seed in itertools.count(int(sys.argv[3])):
    done = prediction.start(f"model-{seed}")
    for core in CORES:
        if core not in done:
            prediction.write(core, guess(core, seed), unsure(core))
"""


@pytest.fixture
def folder(tmp_path):
    image_at(tmp_path)
    return tmp_path


def open_prediction(folder, photo_digest="photo"):
    return PredictionWriter(folder, shape=SHAPE, levels=LEVELS, photo_digest=photo_digest)


def guess(core, seed=0):
    return np.random.default_rng([seed, core.y0, core.x0]).integers(1, 5, core.shape).astype(np.uint8)


def unsure(core):
    shape = (-(-core.height // 4), -(-core.width // 4))
    return np.random.default_rng([7, core.y0, core.x0]).integers(0, 256, shape).astype(np.uint8)


def write_all(folder, model="model-a", cores=CORES, *, seed=0):
    with open_prediction(folder) as prediction:
        done = prediction.start(model)
        for core in cores:
            if core not in done:
                prediction.write(core, guess(core, seed), unsure(core))
    return done


def stored(folder, level=0):
    shape = level_shapes(SHAPE, LEVELS)[level]
    return labelimage.read(folder / "image.ome.zarr", "prediction", level=level, ys=(0, shape[0]), xs=(0, shape[1]))


def test_what_was_written_is_read_at_every_level(folder):
    write_all(folder)
    labels = stored(folder)
    for core in CORES:
        assert np.array_equal(labels[core.slices], guess(core))
        quarter = Region(core.y0 // 4, -(-core.y1 // 4), core.x0 // 4, -(-core.x1 // 4))
        assert np.array_equal(read_uncertainty(folder, ys=quarter.ys, xs=quarter.xs), unsure(core))
    assert np.array_equal(stored(folder, 1), halved(labels))
    assert np.array_equal(stored(folder, 2), halved(halved(labels)))
    assert predicted_by(folder) == "model-a"


def test_nothing_is_there_before_the_first_run(folder):
    assert predicted_by(folder) is None
    assert read_record(folder) is None
    assert not read_uncertainty(folder, ys=(0, 9), xs=(0, 9)).any()


def test_an_unfinished_run_does_not_count_as_a_prediction(folder):
    write_all(folder, cores=CORES[:3])
    assert predicted_by(folder) is None
    assert write_all(folder) == set(CORES[:3])
    assert predicted_by(folder) == "model-a"
    assert write_all(folder) == set(CORES)


def predict_and_kill(folder, seconds, seed):
    script = [sys.executable, "-c", PREDICT, str(folder), str(Path(__file__).parent), str(seed)]
    process = subprocess.Popen(script, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "predicting\n"
    time.sleep(seconds)
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_killed_run_goes_on_with_the_core_it_died_in(folder):
    seed = 0
    for seconds in (0.05, 0.21, 0.4, 0.33):
        predict_and_kill(folder, seconds, seed)
        record, labels = read_record(folder), stored(folder)
        for core in CORES:
            model = record and record.model_of((core.y0 // TILE, core.x0 // TILE))
            if model is not None:
                assert np.array_equal(labels[core.slices], guess(core, int(model.removeprefix("model-"))))
        if record:
            seed = int(record.made[-1].model.removeprefix("model-"))
    done = {core for core in CORES if record.made[-1].done[core.y0 // TILE, core.x0 // TILE]}
    before = chunk_files(folder, "prediction")
    assert write_all(folder, f"model-{seed}", seed=seed) == done
    after = chunk_files(folder, "prediction")
    for core in done:
        name = f"0/c/{core.y0 // TILE}/{core.x0 // TILE}"
        assert before[name] == after[name]
    labels = stored(folder)
    assert all(np.array_equal(labels[core.slices], guess(core, seed)) for core in CORES)
    assert np.array_equal(stored(folder, 2), halved(halved(labels)))


def test_a_new_model_keeps_the_old_pixels_until_it_overwrites_them(folder):
    write_all(folder, "model-a")
    assert write_all(folder, "model-b", CORES[:2], seed=1) == set()
    labels = stored(folder)
    for number, core in enumerate(CORES):
        place = core.y0 // TILE, core.x0 // TILE
        assert read_record(folder).model_of(place) == ("model-b" if number < 2 else "model-a")
        assert np.array_equal(labels[core.slices], guess(core, seed=1 if number < 2 else 0))
    assert predicted_by(folder) is None
    write_all(folder, "model-b", seed=1)
    assert predicted_by(folder) == "model-b"
    assert [made.model for made in read_record(folder).made] == ["model-b"]


def test_going_back_to_an_earlier_model_starts_anew(folder):
    write_all(folder, "model-a")
    write_all(folder, "model-b", CORES[:2], seed=1)
    assert write_all(folder, "model-a") == set()
    assert predicted_by(folder) == "model-a"


def test_a_record_of_other_pixels_counts_for_nothing(folder):
    write_all(folder)
    with open_prediction(folder, photo_digest="another") as prediction:
        assert prediction.start("model-a") == set()


def test_predicting_while_somebody_paints_is_fine_but_not_twice(folder):
    with open_at(folder), open_prediction(folder), pytest.raises(StudyBusy):
        open_prediction(folder)
    names = (
        labelimage.exists(folder / "image.ome.zarr", "annotation"),
        labelimage.exists(folder / "image.ome.zarr", "prediction"),
    )
    assert names == (True, True)
    open_prediction(folder).close()


@pytest.mark.parametrize("region", [Region(0, 256, 0, 512), Region(256, 768, 0, 512), Region(0, 1024, 0, 512)])
def test_only_whole_chunks_may_be_written(folder, region):
    with open_prediction(folder) as prediction:
        prediction.start("model-a")
        with pytest.raises(InputError, match="a cell of the 512-pixel grid"):
            prediction.write(region, np.ones(region.shape, np.uint8), np.zeros((128, 128), np.uint8))


def test_arrays_that_do_not_fit_their_core_are_refused(folder):
    core = CORES[-1]
    with open_prediction(folder) as prediction:
        prediction.start("model-a")
        with pytest.raises(InputError):
            prediction.write(core, np.ones((512, 512), np.uint8), unsure(core))
        with pytest.raises(InputError):
            prediction.write(core, guess(core), np.zeros(core.shape, np.uint8))
        with pytest.raises(MaskError):
            prediction.write(core, np.full(core.shape, 7, np.uint8), unsure(core))
    assert not stored(folder).any()


def test_a_damaged_record_says_what_to_do(folder):
    write_all(folder)
    (folder / "prediction.json").write_text("{")
    with pytest.raises(StudyError, match="predict the photo again"):
        predicted_by(folder)
