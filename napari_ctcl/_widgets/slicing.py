"""Has napari read tiles beside the window while the annotator is open, so that moving the photo never waits for a disk.

napari has this as a preference of the person; whatever it was comes back with the end.
"""

from __future__ import annotations

from napari.settings import get_settings


class Slicing:
    """Switches the preference, once for each window."""

    def __init__(self) -> None:
        self._was: bool | None = None

    def begin(self) -> None:
        """Read tiles beside the window from now on."""
        if self._was is None:
            self._was = bool(get_settings().experimental.async_)
            get_settings().experimental.async_ = True

    def end(self) -> None:
        """Give the person's own choice back."""
        if self._was is not None:
            get_settings().experimental.async_, self._was = self._was, None
