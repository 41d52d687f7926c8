"""Training runs of a study that were stopped before their end, and can be taken up again by their names."""

from __future__ import annotations

from pathlib import Path


def unfinished(runs: Path) -> set[str]:
    """Names of the runs in a study's folder of runs that have not come to their end."""
    return {file.parent.name for file in runs.glob("*/run.json") if not (file.parent / "scores.json").exists()}


def newest_unfinished(runs: Path) -> str | None:
    """Name of the newest run, where that one has not come to its end; a name begins with the time of its start."""
    newest = max((file.parent.name for file in runs.glob("*/run.json")), default=None)
    return newest if newest in unfinished(runs) else None
