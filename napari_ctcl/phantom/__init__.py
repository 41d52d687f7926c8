"""Synthetic clinical photographs with exact masks, reproducible to the last bit, any region of them alone."""

from napari_ctcl.phantom.files import write_photos
from napari_ctcl.phantom.photo import Phantom
from napari_ctcl.phantom.study import CTCL_SYNTH_57, PhotoPlan, Stage, plan_study

__all__ = ["CTCL_SYNTH_57", "Phantom", "PhotoPlan", "Stage", "plan_study", "write_photos"]
