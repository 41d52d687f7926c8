"""Has napari read tiles beside the window while the annotator is open, so that moving the photo never waits for a disk.

napari has this as a preference of the person; whatever it was comes back with the end.
"""

from __future__ import annotations

from typing import Any

from napari.settings import get_settings

from napari_ctcl._layers import Arrivals


class Slicing:
    """Switches the preference, once for each window.

    Parameters
    ----------
    viewer : napari's
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._arrivals: Arrivals | None = None
        self._was: bool | None = None

    def begin(self) -> None:
        """Read tiles beside the window from now on."""
        if self._arrivals is None:
            self._arrivals = Arrivals(self._viewer)
        if self._was is None:
            self._was = bool(get_settings().experimental.async_)
            get_settings().experimental.async_ = True

    def end(self) -> None:
        """Give the person's own choice back."""
        if self._was is not None:
            get_settings().experimental.async_, self._was = self._was, None
