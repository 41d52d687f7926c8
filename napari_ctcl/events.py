"""What long work says while it runs: frozen records, one JSON object per line.

Work below the screen is a generator of these. A command line prints them, a window draws them, a file keeps them; none
of them is a callback.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Work has begun.

    Parameters
    ----------
    work : what it is, in a few words
    total : how many `unit`s it will take; 0 where nobody can know
    """

    work: str
    total: int = 0
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """So many units are done; `note` says in words what is under way."""

    done: int
    total: int
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionDone:
    """Label pixels of one region have been written.

    Parameters
    ----------
    photo : id of the photo
    y0, y1, x0, x1 : level-0 pixels, half-open
    """

    photo: str
    y0: int
    y1: int
    x0: int
    x1: int
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One epoch of one fold has ended.

    Parameters
    ----------
    epoch, epochs : epochs done, of how many; 0 is the score before the first step
    loss : mean training loss of the epoch; None for epoch 0
    dice : Dice per lesion class and `macro_lesion` on the fold's held-out patients, at the scale of training;
        None for a class that neither the labels nor the prediction hold; empty in an epoch that was not scored
    seconds_left : estimate for this fold
    """

    fold: int
    epoch: int
    epochs: int
    loss: float | None
    dice: Mapping[str, float | None] = field(default_factory=dict)
    learning_rate: float = 0.0
    samples_per_s: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldDone:
    """One fold is trained, scored at level 0 and saved.

    Parameters
    ----------
    model : digest of the saved weights
    scores : the fold's out-of-fold scores, as `training.scores` writes them
    start : the same scores of the weights it started from; empty when it started from nothing
    """

    fold: int
    model: str
    scores: Mapping[str, Any]
    start: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a person should know that is no error."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The work is done; `result` is what its command prints with `--json`."""

    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The work ended early, with the words and the exit code of its error."""

    what: str
    expected: str = ""
    do: str = ""
    exit_code: int = 1


Event = Started | Progress | RegionDone | Epoch | FoldDone | Note | Finished | Failed

_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Started, Progress, RegionDone, Epoch, FoldDone, Note, Finished, Failed)
}


def encode(event: Event) -> str:
    """One line of JSON, without the newline."""
    return json.dumps({"event": type(event).__name__, **asdict(event)}, separators=(",", ":"))


def decode(line: str) -> Event:
    """Event that `encode` wrote.

    Raises
    ------
    ValueError
        If the line is not an event of this version.
    """
    try:
        fields = json.loads(line)
        kind = _KINDS[fields.pop("event")]
        event: Event = kind(**fields)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"not an event: {line[:200]!r} ({error})") from None
    return event
