"""What a terminal shows of work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from napari_ctcl import events
from napari_ctcl.console import follow, table
from napari_ctcl.errors import Cancelled, InputError, WorkFailed


def test_following_work_gives_its_result_and_keeps_stdout_clean(capsys: pytest.CaptureFixture[str]) -> None:
    work = [events.Started(work="counting", total=2), events.Note(text="a note"), events.Finished(result={"n": 2})]
    assert follow(work) == {"n": 2}
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "a note" in shown.err


@pytest.mark.parametrize(("code", "kind"), [(2, InputError), (130, Cancelled), (1, WorkFailed)])
def test_failed_work_raises_the_error_its_exit_code_names(code: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="no photo; import one"):
        follow([events.Failed(what="no photo", do="import one", exit_code=code)])


def test_leaving_early_closes_the_work() -> None:
    closed = []

    def work() -> Iterator[events.Event]:
        try:
            yield events.Failed(what="broken")
        finally:
            closed.append(True)

    with pytest.raises(WorkFailed):
        follow(work())
    assert closed


def test_a_table_prints_missing_figures_as_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    table("", ("class", "Dice"), [("patch", 0.5), ("tumor", None)])
    assert capsys.readouterr().out.split() == ["class", "Dice", "patch", "0.500", "tumor", "-"]


def test_names_are_shown_to_the_letter_whatever_brackets_they_hold(capsys: pytest.CaptureFixture[str]) -> None:
    table("", ("user", "tool"), [("Dr. [/b] Berg", "[red]brush")])
    follow([events.Note(text="a note of [/b]")])
    shown = capsys.readouterr()
    assert "Dr. [/b] Berg  [red]brush" in shown.out
    assert "a note of [/b]" in shown.err
