"""Paints without end; run by the tests that kill it. Each action is named on stdout once it is safe."""

from __future__ import annotations

import sys
from pathlib import Path

from label_ground import Paper, act, open_at

from napari_ctcl.store import writer


def replay(entries: int) -> tuple[Paper, int]:
    """The paper after so many journal entries, and the number of the next action."""
    paper, number = Paper(), 0
    while paper.entries < entries:
        act(paper, number)
        number += 1
    return paper, number


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(folder: Path) -> None:
    writer.REST_S = 0.0
    labels = open_at(folder)
    paper, number = replay(labels.journal.last())
    say("painting")
    while True:
        act(labels, number)
        act(paper, number)
        number += 1
        say(str(paper.entries))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
