"""Make the sample study beside this file again: the same photos, masks and table, bit for bit.

Usage: `python sample_data/make_sample.py [FOLDER]`; without a folder it rewrites the committed one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from napari_ctcl.events import Progress
from napari_ctcl.phantom import plan_study, write_photos

PHOTOS = 8
SIZE = 448, 592
SEED = 11


def main(folder: Path) -> None:
    """Write the sample into a folder."""
    for event in write_photos(plan_study(PHOTOS, size=SIZE, seed=SEED), folder):
        if isinstance(event, Progress):
            print(f"{event.done}/{event.total} {event.note}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
