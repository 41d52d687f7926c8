"""`python -m training` as other processes start it: events on stdout, exit codes, and signals that lose nothing."""

import json
import signal
import subprocess
import sys

import pytest
from training_ground import TINY

from napari_ctcl.events import Epoch, Failed, Finished, decode
from napari_ctcl.store import Study
from training.__main__ import main

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
        (["evaluate"], "no model is in use"),
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
