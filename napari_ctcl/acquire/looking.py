"""A walk from one uncertain region of a photo to the next: each is visited once, then the walk begins anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from napari_ctcl.acquire.regions import Uncertain, ranked
from napari_ctcl.acquire.survey import Survey
from napari_ctcl.region import Region

_SAME: Final = 0.5  # boxes that share this part of the smaller one are one place, though strokes have changed it


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Where to look, and what to say about it.

    Parameters
    ----------
    found : None where there is nothing to look at
    text : a sentence or two for the person
    """

    found: Uncertain | None
    text: str


class Looking:
    """The walk over one photo.

    Parameters
    ----------
    survey : what is known of the photo's doubt
    """

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self._visited: list[Region] = []

    def next(self) -> Turn:
        """The most uncertain region that was not visited yet, by what the survey knows now.

        After the last one it begins again with the first, and says so.
        """
        found = ranked(self.survey)
        if not found:
            return Turn(found=None, text=self._nothing())
        fresh = [one for one in found if not any(_same(one.region, seen) for seen in self._visited)]
        again = not fresh
        if again:
            self._visited.clear()
            fresh = found
        self._visited.append(fresh[0].region)
        where = "All have been seen once; from the first again. " if again else ""
        left = len(fresh) - 1
        return Turn(found=fresh[0], text=f"{where}{fresh[0].why} {left or 'No'} more to look at.")

    def _nothing(self) -> str:
        if not self.survey.predicted:
            return "No model has looked at this photo yet: pre-segment it first, then N goes where the model is unsure."
        return "Nothing is left to look at: the model is sure of all that nobody has labelled."


def _same(one: Region, other: Region) -> bool:
    return (one & other).area >= _SAME * min(one.area, other.area)
