"""`python -m benchmarks [P3 P8 ...] [--soak MIN] [--json]`: measure, print, and keep what was measured."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks import gap, labels, moving, painting, soak, start
from benchmarks.row import Figure, Row

MEASURES: dict[str, Callable[[], Row]] = {
    "P1": painting.paint,
    "P2": moving.move,
    "P3": labels.durable,
    "P4": labels.undo,
    "P8": labels.read,
    "P17": gap.gap,
    "P23": start.start,
}
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID", help=f"which: {', '.join(MEASURES)}; all by default")
    parser.add_argument(
        "--soak", type=float, metavar="MIN", help="paint for so many minutes and watch the memory alone"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    asked = parser.parse_args()
    unknown = [name for name in asked.ids if name not in MEASURES]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    measures = {name: MEASURES[name] for name in asked.ids or MEASURES}
    if asked.soak is not None:
        measures = {"soak-memory": partial(soak.soak, asked.soak)}
    rows = []
    for measure in measures.values():
        rows.append(measure())
        print(rows[-1].as_json() if asked.json else _line(rows[-1]), flush=True)
    _keep(rows)


def _line(row: Row) -> str:
    return f"{row.id:4} {_text(row.figure):>14}  gate {_text(row.gate):>10}  goal {_text(row.goal):>10}  {row.detail}"


def _text(figure: Figure) -> str:
    return ", ".join(f"{part:g}" for part in (figure if isinstance(figure, list) else [figure]))


def _keep(rows: list[Row]) -> None:
    machine = {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "load": [round(load, 2) for load in os.getloadavg()],
    }
    record = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine,
        "rows": [asdict(row) for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{time.strftime('%Y%m%dT%H%M%S')}.json").write_text(json.dumps(record, indent=1) + "\n")


main()
