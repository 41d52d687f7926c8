"""The `ctcl` command: one function per command, thin over the Python API.

A command ends with 0 when it is done, 2 when the input or the usage is wrong, 1 when the work failed and 130 when it
was cancelled; an error is one line on stderr.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from typing import NoReturn

from cyclopts import App, CycloptsError

from napari_ctcl import __version__
from napari_ctcl.cli import learning, showing, studies, witness
from napari_ctcl.cli.answers import as_json
from napari_ctcl.errors import Cancelled, CtclError, DiskFull, InputError

app = App(
    name="ctcl",
    version=__version__,
    suppress_keyboard_interrupt=False,
    help="Label clinical photographs of cutaneous T-cell lymphoma, and train MKLN on the labels. Research use only.",
)
app.command(studies.init)
app.command(studies.import_photos, name="import")
app.command(studies.list_photos, name="list")
for command in (
    studies.info,
    studies.verify,
    witness.journal,
    studies.sample,
    showing.annotate,
    learning.segment,
    learning.train,
    learning.finetune,
    learning.evaluate,
    learning.models,
    showing.demo,
):
    app.command(command)


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter still shows the rest
    try:
        app(exit_on_error=False, print_error=False, result_action="return_value")
    except KeyboardInterrupt:
        _end(Cancelled("cancelled"))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has had enough
    except CycloptsError as error:
        _end(InputError(" ".join(str(error).split()), do="see ctcl --help"))
    except CtclError as error:
        _end(error)
    except OSError as error:
        _end(_from_system(error))
    sys.exit(0)


def _from_system(error: OSError) -> CtclError:
    where = error.filename or "the disk"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"{where}: no room left", do="free some space and run this again")
    if isinstance(error, PermissionError | FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return InputError(f"{where}: {error.strerror}", do="check the path")
    raise error


def _end(error: CtclError) -> NoReturn:
    print(as_json(error.as_json()) if "--json" in sys.argv else f"ctcl: {error}", file=sys.stderr)
    sys.exit(error.exit_code)
