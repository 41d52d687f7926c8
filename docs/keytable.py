"""Writes the table of keys into the guide, from the table that the keys are bound by.

Run it after a key was added or changed: `.venv/bin/python docs/keytable.py`.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final

from napari_ctcl._widgets.actions import ACTIONS
from napari_ctcl._widgets.keys import OR, keys_of

GUIDE: Final = Path(__file__).resolve().with_name("painting.md")
BEGIN, END = "<!-- keys: written by docs/keytable.py -->\n", "<!-- end of keys -->\n"


def table() -> str:
    """All actions, in the order of the sheet of keys, as Markdown."""
    rows = ["| key | what it does |", "|---|---|"]
    for group, actions in groupby(ACTIONS, key=lambda action: action.group):
        rows.append(f"| | **{group}** |")
        rows += [f"| {OR.join(f'`{key}`' for key in keys_of(action.keys))} | {action.what} |" for action in actions]
    return "\n".join(rows) + "\n"


def written(page: str) -> str:
    """The guide with the table as it is now."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    GUIDE.write_text(written(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
