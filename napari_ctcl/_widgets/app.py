"""The window as a program of its own: what `ctcl annotate` runs."""

from __future__ import annotations

import sys
from pathlib import Path


def main(study: Path | None = None, photo: str | None = None) -> None:
    """Open napari with the annotator on a study, and stay until the window is closed.

    Parameters
    ----------
    study : folder of a study; none shows how to open one
    photo : id of the photo to begin with
    """
    import napari

    from napari_ctcl._widgets import open_annotator

    viewer = napari.Viewer(title="CTCL")
    open_annotator(viewer, study, photo)
    napari.run()


if __name__ == "__main__":
    given = sys.argv[1:3]
    main(Path(given[0]) if given else None, given[1] if given[1:] else None)
