"""The process that labels photos with a model: reads a request from its command line, prints one event per line.

SIGTERM stops it after the chunk or the batch of windows at hand; what is written stays, and the same request goes on
from there.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType

from napari_ctcl.errors import Cancelled, CtclError
from napari_ctcl.events import Event, Failed, Finished, encode
from napari_ctcl.region import Region
from napari_ctcl.segment.protocol import Request


def parsed(argv: Sequence[str]) -> Request:
    """Request that `protocol.command` wrote."""
    parser = argparse.ArgumentParser(prog="napari_ctcl.segment.worker", description="Label photos of a study.")
    parser.add_argument("--study", type=Path, required=True)
    parser.add_argument("--model")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--first", type=_region, help="y0,y1,x0,x1: level-0 pixels of the first photo to begin with")
    parser.add_argument("photos", nargs="*")
    return Request(**{**vars(given := parser.parse_args(argv)), "photos": tuple(given.photos)})


def _region(text: str) -> Region:
    y0, y1, x0, x1 = (int(word) for word in text.split(","))
    return Region(y0, y1, x0, x1)


def main(argv: Sequence[str] | None = None) -> int:
    """Answer the request on the command line; gives the exit code."""
    request = parsed(sys.argv[1:] if argv is None else argv)
    # Threads that wait for work must sleep: where they spin, a busy machine makes a window take ten times as long.
    # OpenMP reads this once, when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from napari_ctcl.mkln.precision import use_cores
    from napari_ctcl.segment.segmenter import segment

    asked_to_stop = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    signal.signal(signal.SIGTERM, stop)
    use_cores()
    try:
        with closing(segment(request)) as events:
            for event in events:
                _say(event)
                if asked_to_stop and not isinstance(event, Finished):
                    break
            else:
                return 0
    except BrokenPipeError:
        return Cancelled.exit_code
    except CtclError as error:
        return _fail(error)
    except Exception as error:
        traceback.print_exc()
        return _fail(CtclError(f"{type(error).__name__}: {error}", do="the log of the job says where"))
    return _fail(Cancelled("stopped on request", do="pre-segment again to go on from there"))


def _say(event: Event) -> None:
    print(encode(event), flush=True)  # noqa: T201 - stdout is how this process speaks


def _fail(error: CtclError) -> int:
    _say(Failed(what=error.what, expected=error.expected, do=error.do, exit_code=error.exit_code))
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
