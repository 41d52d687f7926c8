"""Whether a new model goes into use: only if it is not worse, out of fold, on the very same photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_ctcl.agreement import macro_lesion

from .runs import FoldResult
from .scores import PhotoScore, pooled


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether, why, and what the model before it scored (None where there was none to compare with)."""

    promoted: bool
    why: str
    before: float | None = None


def judge(results: Sequence[FoldResult], *, whole: bool, reigning: str | None) -> Verdict:
    """Compare pooled macro-lesion Dice with that of the model in use, else with that of the start.

    Parameters
    ----------
    whole : all five folds are there
    reigning : name of the model in use
    """
    start = [score for result in results for score in result.start]
    champion = [score for result in results for score in result.champion]
    rival = champion or start
    before = macro_lesion(pooled(rival)) if rival else None
    if not whole:
        return Verdict(promoted=False, why="not all five folds were trained, so it is not put into use", before=before)
    if not rival:
        if reigning is None:
            return Verdict(promoted=True, why="the first model of the study is put into use")
        return Verdict(promoted=False, why=f"{reigning!r} could not be compared and stays in use")
    return _compared([score for result in results for score in result.scores], rival, before)


def _compared(found: Sequence[PhotoScore], rival: Sequence[PhotoScore], before: float | None) -> Verdict:
    shared = {score.photo for score in rival}
    after = macro_lesion(pooled(score for score in found if score.photo in shared))
    figures = f"macro-lesion Dice {_spoken(after)}, {_spoken(before)} before, out of fold on {len(shared)} photos"
    # No lesion in truth or prediction is no mistake at all.
    if _rank(after) >= _rank(before):
        return Verdict(promoted=True, why=f"{figures}: put into use", before=before)
    return Verdict(promoted=False, why=f"{figures}: the model before it stays in use", before=before)


def _rank(macro: float | None) -> float:
    return 1.0 if macro is None else macro


def _spoken(macro: float | None) -> str:
    return "undefined" if macro is None else f"{macro:.3f}"
