"""The list of processes that were started on a study, so that a window can find a job that outlived it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from napari_ctcl.errors import NotFound
from napari_ctcl.store.catalogue import Catalogue, JobRow, now

JobState = Literal["running", "finished", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEntry:
    """One job; `started` and `ended` in UTC, ISO 8601; `log` relative to the study."""

    id: int
    kind: str
    state: str
    started: str
    ended: str | None
    pid: int | None
    log: str | None


class JobLog:
    """Jobs in the catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def add(self, kind: str, *, pid: int | None = None, log: str | None = None) -> int:
        """Enter a job that has just started; gives its id."""
        with self._catalogue.writing() as session:
            row = JobRow(kind=kind, state="running", started=now(), ended=None, pid=pid, log=log)
            session.add(row)
            session.flush()
            return row.id

    def update(self, job: int, state: JobState) -> None:
        """Set a job's state; any but "running" also notes the time it ended.

        Raises
        ------
        NotFound
            If there is no such job.
        """
        with self._catalogue.writing() as session:
            row = session.get(JobRow, job)
            if row is None:
                raise NotFound(f"no job {job} in the study")
            row.state = state
            row.ended = None if state == "running" else now()

    def entries(self) -> list[JobEntry]:
        """All jobs, the oldest first."""
        with self._catalogue.reading() as session:
            return [
                JobEntry(
                    id=row.id,
                    kind=row.kind,
                    state=row.state,
                    started=row.started,
                    ended=row.ended,
                    pid=row.pid,
                    log=row.log,
                )
                for row in session.scalars(select(JobRow).order_by(JobRow.id))
            ]
