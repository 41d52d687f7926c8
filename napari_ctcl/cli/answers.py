"""How every command answers: facts on stdout, progress on stderr, one line of JSON where it was asked for."""

from __future__ import annotations

import json as _json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from napari_ctcl.events import Event

if TYPE_CHECKING:
    from napari_ctcl.store import Study

Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print facts as JSON.")]


def answer(work: Iterator[Event], quiet: bool) -> Mapping[str, Any]:
    """Result of work that is shown on stderr while it runs."""
    from napari_ctcl.console import follow

    return follow(work, quiet=quiet)


@contextmanager
def looked_at(study: Path) -> Iterator[Study]:
    """A study opened by a command that changes nothing; it says so on stderr where nothing could be changed."""
    from napari_ctcl.store import Study

    with Study.open(study) as opened:
        if opened.read_only:
            print(f"{study} may only be read here", file=sys.stderr)
        yield opened


def tell(facts: Mapping[str, Any], sentence: str, json: bool) -> None:
    """Print the facts as JSON, or the sentence that says them."""
    print(as_json(facts) if json else sentence)


def as_json(facts: object) -> str:
    """One line of JSON, in ASCII, so that no terminal or pipe can spoil it."""
    return _json.dumps(facts, default=str)
