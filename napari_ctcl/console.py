"""How a terminal shows what work says: bars, lines and tables from events and facts.

Bars and notes go to stderr, so that stdout holds nothing but the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from napari_ctcl import events
from napari_ctcl.errors import Cancelled, CtclError, InputError, WorkFailed


def follow(work: Iterable[events.Event], *, quiet: bool = False) -> Mapping[str, Any]:
    """Run work to its end, show its events on stderr, and give its result.

    Parameters
    ----------
    work : a generator of events; it is closed when this function is left early, which cancels it
    quiet : show nothing but notes

    Raises
    ------
    CtclError
        The error that a `Failed` event speaks of, of the kind its exit code names.
    """
    console = Console(stderr=True)
    result: Mapping[str, Any] = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeRemainingColumn(),
    )
    with (
        closing(_closable(work)) as stream,
        Progress(*columns, console=console, disable=quiet or not console.is_terminal) as progress,
    ):
        shown = _Shown(progress, console, quiet)
        for event in stream:
            match event:
                case events.Failed():
                    raise failure(event)
                case events.Finished():
                    result = event.result
                case _:
                    shown.show(event)
    return result


def failure(event: events.Failed) -> CtclError:
    """Error that a `Failed` event stands for; its exit code chooses the kind."""
    kind = {2: InputError, 130: Cancelled}.get(event.exit_code, WorkFailed)
    return kind(event.what, expected=event.expected, do=event.do)


def _closable(work: Iterable[events.Event]) -> Any:
    yield from work


class _Shown:
    """The bar of the work under way, and the lines above it."""

    def __init__(self, progress: Progress, console: Console, quiet: bool) -> None:
        self._progress, self._console, self._quiet = progress, console, quiet
        self._bar: TaskID | None = None

    def show(self, event: events.Event) -> None:
        """Draw one event."""
        match event:
            case events.Started():
                self._start(event)
            case events.Progress():
                self._move(event.done, event.total, event.note, event.unit)
            case events.RegionDone():
                self._move(event.done, event.total, f"segmenting {event.photo}", "regions")
            case events.Epoch():
                self._move(event.epoch, event.epochs, epoch_line(event), "epochs")
                if not self._progress.live.is_started and not self._quiet and event.dice:
                    self._say(epoch_line(event))
            case events.FoldDone():
                self._say(f"fold {event.fold}: macro-lesion Dice {_figure(event.scores.get('macro_lesion'))}")
            case events.Note():
                self._console.print(event.text, highlight=False, markup=False, soft_wrap=True)

    def _start(self, event: events.Started) -> None:
        if self._bar is not None:
            self._progress.remove_task(self._bar)
        self._bar = self._progress.add_task(event.work, total=event.total or None, unit=event.unit)

    def _move(self, done: int, total: int, note: str, unit: str) -> None:
        if self._bar is None:
            self._bar = self._progress.add_task(note, total=total, unit=unit)
        self._progress.update(self._bar, completed=done, total=total or None, unit=unit)
        if note:
            self._progress.update(self._bar, description=note)

    def _say(self, text: str) -> None:
        if not self._quiet:
            self._console.print(text, highlight=False, soft_wrap=True)


def epoch_line(event: events.Epoch) -> str:
    """An epoch in a line: fold, epoch, loss, Dice, rate."""
    loss = "" if event.loss is None else f" loss {event.loss:.3f}"
    dice = f" Dice {_figure(event.dice.get('macro_lesion'))}" if event.dice else ""
    return f"fold {event.fold} epoch {event.epoch}/{event.epochs}{loss}{dice}"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table on stdout, its title on a line of its own; figures are right-aligned."""
    rows = [tuple(row) for row in rows]
    grid = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for index, column in enumerate(columns):
        figures = bool(rows) and all(isinstance(row[index], int | float | None) for row in rows)
        grid.add_column(column, justify="right" if figures else "left")
    for row in rows:
        grid.add_row(*(Text(_figure(cell) if isinstance(cell, float | None) else str(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console.width = 1000  # a pipe has no edge to wrap at: one row, one line
    if title:
        console.print(title, highlight=False, soft_wrap=True)
    console.print(grid)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
