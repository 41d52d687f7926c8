"""`python -m training` as other processes start it: events on stdout, exit codes, and signals that lose nothing."""

import json
import signal
import subprocess
import sys

import pytest
from training_ground import RECIPE, TINY, order, runs, stop_when

from napari_ctcl.events import Epoch, Failed, Finished, decode
from napari_ctcl.mkln import MKLN, Card, save
from napari_ctcl.store import Study
from training.__main__ import main
from training.crossval import crossval

SETTINGS = [word for field in TINY for word in ("--set", field)]


def start(*words):
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "training", *words, "--threads", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_terminated_run_ends_with_130_and_goes_on_to_the_same_weights(study_path):
    words = ("train", str(study_path), "--recipe", "quick", *SETTINGS, "--set", "course.iterations=12", "--events")
    process = start(*words, "--folds", "0", "--name", "m")
    for line in process.stdout:
        if isinstance(decode(line), Epoch):
            process.send_signal(signal.SIGTERM)
            break
    rest = [decode(line) for line in process.stdout]
    assert process.wait(30) == 130
    assert isinstance(rest[-1], Failed)
    assert rest[-1].exit_code == 130
    (run,) = (path.parent for path in study_path.glob("runs/*/run.json"))
    assert (run / "fold-0" / "checkpoint.safetensors").is_file()
    output, errors = start("train", str(study_path), "--resume", run.name, "--events").communicate(timeout=120)
    assert isinstance(decode(output.splitlines()[-1]), Finished), errors
    straight, _ = start(*words, "--folds", "0", "--name", "straight").communicate(timeout=120)
    assert isinstance(decode(straight.splitlines()[-1]), Finished)
    with Study.open(study_path) as study:
        assert study.models.named("m")[0].digest == study.models.named("straight")[0].digest


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["train", "--recipe", "quikc"], "recipe 'quikc'"),
        (["train", "--recipe", "quick", "--set", "course.bacth=2"], "course.batch"),
        (["train", "--recipe", "quick", "--folds", "0,7"], "folds '0,7'"),
        (["train", "--recipe", "quick", "--name", "../x"], "name '../x'"),
        (["train", "--resume", "nothing"], "no run 'nothing'"),
        (["evaluate", "--model", "nobody"], "no model 'nobody'"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_exit_2(study_path, capsys, words, what):
    before = sorted(study_path.rglob("*"))
    assert main([words[0], str(study_path), *words[1:], "--json"]) == 2
    error = json.loads(capsys.readouterr().err)["error"]
    assert what in " ".join(error.values())
    assert sorted(study_path.rglob("*")) == before


def test_a_folder_that_is_no_study_is_exit_2(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_the_answer_is_the_last_line_of_stdout(study_path, capsys):
    words = ["train", str(study_path), "--recipe", "quick", *SETTINGS, "--folds", "1", "--json", "--threads", "1"]
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert answer["how"] == "out-of-fold"
    assert answer["name"] == "quick-1"


def test_an_error_that_nobody_foresaw_is_one_sentence_and_its_trace_goes_to_stderr(study_path, capsys):
    with Study.open(study_path) as study:
        stop_when(crossval(study, order()), lambda event: isinstance(event, Epoch) and event.fold == 1)
        (run,) = runs(study)
    (run / "fold-0" / "result.json").write_text("{")
    assert main(["train", str(study_path), "--resume", run.name, "--events"]) == 1
    said = capsys.readouterr()
    failed = decode(said.out.splitlines()[-1])
    assert failed.what.startswith("JSONDecodeError: ")
    assert "Traceback" not in said.out
    assert "Traceback" in said.err


def test_a_number_of_threads_below_zero_is_wrong_usage(study_path):
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(study_path), "--threads=-1"])
    assert ended.value.code == 2


def test_a_model_for_other_classes_is_refused_and_the_study_stays_as_it_was(study_path, tmp_path, capsys):
    card = Card(architecture=RECIPE.architecture.built(), long_side_px=96)
    folder = tmp_path / save(MKLN(card.architecture), card, tmp_path)
    path = folder / "card.json"
    path.write_text(path.read_text().replace('"plaque": 3', '"plaque": 4').replace('"tumor": 4', '"tumor": 3'))
    before = sorted(study_path.rglob("*"))
    assert main(["finetune", str(study_path), "--from", str(folder), "--json"]) == 2
    error = json.loads(capsys.readouterr().err)["error"]
    assert "4 plaque" in error["what"]
    assert "3 plaque" in error["expected"]
    assert sorted(study_path.rglob("*")) == before


CRAMPED = """
import resource, signal, sys
from training.__main__ import main
from training.crossval import crossval
room = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
sys.exit(main())
"""


@pytest.mark.parametrize(("room", "begun"), [(64, False), (48 << 10, True)])
def test_a_full_disk_is_one_line_and_exit_2_and_the_study_goes_on_once_there_is_room(study_path, room, begun):
    with Study.open(study_path) as study:
        study.models.champion()  # the catalogue makes its own files at the first look
        photos = {path: path.read_bytes() for path in study.photos_dir.rglob("*") if path.is_file()}
        words = ["train", str(study_path), "--recipe", "quick", *SETTINGS, "--threads", "1", "--folds", "0"]
        done = subprocess.run(
            [sys.executable, "-c", CRAMPED, str(room), *words, "--name", "m"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert "no room left" in done.stderr
        assert study.models.entries() == []
        assert list(study.models_dir.iterdir()) == []
        assert {path: path.read_bytes() for path in study.photos_dir.rglob("*") if path.is_file()} == photos
        assert len(runs(study)) == begun
        assert not list(study_path.rglob("*.partial"))
    again = ["--resume", runs(study)[0].name] if begun else words[2:]
    assert main(["train", str(study_path), *again]) == 0
