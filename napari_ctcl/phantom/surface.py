"""The body in one photo, evaluated on any patch of it: outline, relief, folds.

Every answer is pointwise in photo coordinates, so that a patch knows as much as the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_ctcl.phantom.body import Pose, Posture, form, groove
from napari_ctcl.phantom.lattice import Canvas, Floats

_BEVEL = 0.045  # skin turns away within this distance of its outline, in shorter sides
_WAVER = 0.012  # how far the outline leaves its capsules, in shorter sides


@dataclass(frozen=True, slots=True)
class Surface:
    """What lies under each pixel of a patch, (h, w) each.

    Parameters
    ----------
    v, u : place in the posture's own frame
    outline : signed distance from the body's outline in shorter sides, negative on the body
    height : of the body towards the camera, in shorter sides
    fold : light swallowed by folds, 0 to 1
    covered : signed distance from cloth that lies on the body, negative on the cloth
    """

    v: Floats
    u: Floats
    outline: Floats
    height: Floats
    fold: Floats
    covered: Floats


def survey(canvas: Canvas, posture: Posture, pose: Pose, seed: int) -> Surface:
    """The body under a patch of photo."""
    sway_v = canvas.noise(0.45, seed, 4, 0.42) * np.float32(_WAVER)
    sway_u = canvas.noise(0.45, seed + 7, 4, 0.42) * np.float32(_WAVER)
    v, u = pose.place(canvas.v + sway_v, canvas.u + sway_u)
    outline, height = form(posture.limbs, posture.blend, v, u)
    height = height + np.float32(0.004) * canvas.noise(0.22, seed + 11, 2)
    edge = np.clip(1 + outline * np.float32(1 / _BEVEL), 0, 1)
    height = height + np.float32(_BEVEL) * (np.sqrt(1 - edge * edge) - 1)
    fold = np.zeros(v.shape, np.float32)
    for crease in posture.creases:
        line = groove(crease, v, u)
        height = height - line * np.float32(crease.depth)
        fold = np.maximum(fold, line * line * np.float32(crease.dark))
    covered = form(posture.covers, 0.05, v, u)[0] if posture.covers else np.full(v.shape, 9.0, np.float32)
    zoom = np.float32(pose.zoom)
    return Surface(v, u, outline * zoom, height * zoom, fold, covered * zoom)
