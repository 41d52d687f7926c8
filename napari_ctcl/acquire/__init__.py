"""What to label next."""

from napari_ctcl.acquire.looking import Looking, Turn
from napari_ctcl.acquire.regions import Uncertain, ranked, uncertain_regions
from napari_ctcl.acquire.survey import Human, Survey

__all__ = ["Human", "Looking", "Survey", "Turn", "Uncertain", "ranked", "uncertain_regions"]
