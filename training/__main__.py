"""`python -m training`: the data scientist's entrance, and the process that the program starts when it trains.

With `--events` every event is one line of JSON on stdout; otherwise a person gets bars on stderr and the answer on
stdout. SIGTERM and Ctrl-C write a checkpoint and end with 130.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

# Threads that wait for work must sleep: where they spin, a busy machine trains ten times as slowly. OpenMP reads this
# once, when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

from napari_ctcl.console import follow
from napari_ctcl.errors import Cancelled, CtclError, InputError
from napari_ctcl.events import Event, Failed, Finished, encode
from napari_ctcl.store import Study
from napari_ctcl.store.registry import STARTER

from .crossval import FOLDS, crossval
from .evaluate import evaluate
from .recipe import read
from .release import release
from .runs import Order, RunFolder, taken_names


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit code."""
    asked = _parser().parse_args(words)
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    torch.set_num_threads(asked.threads or torch.get_num_threads())
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    try:
        with Study.open(asked.study) as study:
            _tell(asked, _until(stop, _work(study, asked)))
    except BrokenPipeError:  # whoever listened is gone; the work was closed, which keeps its state
        return Cancelled.exit_code
    except CtclError as error:
        return _complain(asked, error)
    except Exception as error:
        traceback.print_exc()
        first = str(error).splitlines()[:1]
        said = ": ".join([type(error).__name__, *first])
        return _complain(asked, CtclError(said, do="the lines above, or the log of the job, say where"))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def _work(study: Study, asked: argparse.Namespace) -> Generator[Event, None, None]:
    if asked.command == "evaluate":
        return evaluate(study, asked.model)
    if asked.command == "release":
        return _release(study, asked)
    if asked.resume:
        run, order = RunFolder.open(study, asked.resume)
        return crossval(study, order, resume=run)
    return crossval(study, _order(study, asked))


def _release(study: Study, asked: argparse.Namespace) -> Generator[Event, None, None]:
    digest = release(study, asked.model, asked.fold, asked.out, title=asked.title)
    yield Finished(result={"model": asked.model, "fold": asked.fold, "out": str(asked.out), "digest": digest})


def _order(study: Study, asked: argparse.Namespace) -> Order:
    recipe = read(asked.recipe).with_fields(asked.set)
    start = asked.start
    if asked.command == "finetune" and start is None:
        start = study.models.champion() or STARTER
    stem = f"{recipe.title}-tuned" if start else recipe.title
    name = asked.name or _free_name(stem, taken_names(study))
    if not all(letter.isalnum() or letter in "._-" for letter in name):
        raise InputError(f"name {name!r}", expected="letters, digits, '.', '_' and '-'", do="choose another name")
    return Order(name=name, recipe=recipe, folds=_folds(asked.folds), start=start)


def _free_name(stem: str, taken: set[str]) -> str:
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _folds(text: str) -> tuple[int, ...]:
    if text == "all":
        return FOLDS
    try:
        folds = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        folds = ()
    if not folds or not set(folds) <= set(FOLDS):
        raise InputError(f"folds {text!r}", expected="all, or some of 0 to 4 such as 0,3", do="correct --folds")
    return folds


def _until(stop: threading.Event, work: Generator[Event, None, None]) -> Generator[Event, None, None]:
    """The same events until a signal comes; the work is closed at the next event, which keeps its state.

    What has come to its end by then is not called cancelled.
    """
    with closing(work):
        for event in work:
            if stop.is_set() and not isinstance(event, Finished):
                break
            yield event
        else:
            return
    raise Cancelled("stopped on request", do="take the run up again with --resume")


def _tell(asked: argparse.Namespace, work: Generator[Event, None, None]) -> None:
    if not asked.events:
        _say(json.dumps(dict(follow(work, quiet=asked.json)), indent=None if asked.json else 2))
        return
    with closing(work) as stream:
        for event in stream:
            _say(encode(event))
            if asked.json and isinstance(event, Finished):
                _say(json.dumps(dict(event.result)))


def _complain(asked: argparse.Namespace, error: CtclError) -> int:
    """Say what went wrong, in one sentence; gives the exit code."""
    if asked.events:
        failed = Failed(what=error.what, expected=error.expected, do=error.do, exit_code=error.exit_code)
        _say(encode(failed))
    sys.stderr.write((json.dumps(error.as_json()) if asked.json else str(error)) + "\n")
    return error.exit_code


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="training", description="Train and score MKLN on a study.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (("train", "five folds from scratch"), ("finetune", "five folds from the model in use")):
        command = _command(commands.add_parser(name, help=words))
        command.add_argument("--recipe", default="strong", help="paper, strong, quick, starter, or a TOML file")
        command.add_argument("--folds", default="all", help="all, or some such as 0,3")
        command.add_argument("--from", dest="start", help="a model of the study, 'starter', or a folder with weights")
        command.add_argument("--name", help="of the model that comes out")
        command.add_argument("--set", action="append", default=[], metavar="A.B=C", help="replace a recipe's field")
        command.add_argument("--resume", metavar="RUN", help="take up a run that was stopped")
    command = _command(commands.add_parser("evaluate", help="out-of-fold scores"))
    command.add_argument("--model", help="the model in use by default")
    command = _command(commands.add_parser("release", help="one fold's weights as a folder to ship"))
    command.add_argument("--model", required=True)
    command.add_argument("--fold", type=int, default=0)
    command.add_argument("--title", default="", help="one line for a list of models")
    command.add_argument("out", type=Path)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(f"{number} is below 0")
    return number


def _command(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("study", type=Path)
    parser.add_argument("--events", action="store_true", help="print every event as a line of JSON")
    parser.add_argument("--json", action="store_true", help="print the answer as one line of JSON")
    parser.add_argument("--threads", type=_count, default=0, help="processor threads; those of the machine by default")
    return parser


if __name__ == "__main__":
    sys.exit(main())
