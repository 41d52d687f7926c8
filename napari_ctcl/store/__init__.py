"""The study on disk: photos, labels, folds and models, written so that nothing is ever lost."""

from napari_ctcl.store.labels import TiledPyramid
from napari_ctcl.store.photo import Photo, PhotoFacts
from napari_ctcl.store.reading import LabelReader
from napari_ctcl.store.registry import ModelEntry, Registry
from napari_ctcl.store.study import Study

__all__ = ["LabelReader", "ModelEntry", "Photo", "PhotoFacts", "Registry", "Study", "TiledPyramid"]
