"""The network, its weights on disk and tiled prediction: pure over arrays, knowing neither studies nor the screen."""

from napari_ctcl.mkln.net import IMAGENET, MKLN, Architecture, Heads, Normalisation
from napari_ctcl.mkln.weights import Card, load, save
from napari_ctcl.mkln.windows import Plan, working_level

__all__ = [
    "IMAGENET",
    "MKLN",
    "Architecture",
    "Card",
    "Heads",
    "Normalisation",
    "Plan",
    "load",
    "save",
    "working_level",
]
