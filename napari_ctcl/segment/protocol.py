"""What is asked of a segmenter, as a value and as the command line of the process that does it.

Knows no torch: whoever asks stays light, and a crash of the model is the end of another process.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from napari_ctcl.region import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Label photos of a study.

    Parameters
    ----------
    study : its folder
    photos : ids, in the order of work; none means all
    model : a model of the study; None for its champion or, where it has none, the starter model
    device : auto, cpu or cuda
    first : level-0 region of the first photo to begin with, then outward from it
    """

    study: Path
    photos: tuple[str, ...] = ()
    model: str | None = None
    device: str = "auto"
    first: Region | None = None


def command(request: Request) -> list[str]:
    """Command line of the process that answers a request; it prints one event per line.

    Its exit code is 0 when done, 2 for a bad request, 130 when it was stopped by SIGTERM, 1 for anything else.
    """
    words = ["--study", str(request.study), "--device", request.device]
    if request.model is not None:
        words += ["--model", request.model]
    if request.first is not None:
        region = request.first
        words += ["--first", f"{region.y0},{region.y1},{region.x0},{region.x1}"]
    return [sys.executable, "-P", "-m", "napari_ctcl.segment.worker", *words, "--", *request.photos]
