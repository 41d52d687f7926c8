"""One synthetic photo, rendered by regions: any region alone equals the same pixels of the whole, bit for bit.

Pixels come in tiles of a fixed grid, each a function of the plan and its own place; a region is cut from the tiles
it meets, so that memory is bounded by the region and a gigapixel photo can be streamed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from napari_ctcl.lesion import Lesion
from napari_ctcl.phantom import camera, linen, skin
from napari_ctcl.phantom.body import Pose
from napari_ctcl.phantom.chance import Draw
from napari_ctcl.phantom.eruption import Overview, erupt, stains
from napari_ctcl.phantom.hair import strands
from napari_ctcl.phantom.lattice import Canvas, Floats, channels, smoothstep
from napari_ctcl.phantom.lesions import Spot, cover, flare, rise, tinted
from napari_ctcl.phantom.people import Clinic, Patient
from napari_ctcl.phantom.postures import POSTURES
from napari_ctcl.phantom.study import PhotoPlan
from napari_ctcl.phantom.surface import Surface, survey
from napari_ctcl.region import Region, grid

TILE: Final = 256
"""Side of the tiles that photos are made of, px."""

_FLARE: Final = (0.01, 0.10, 0.08)

Tile = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]
"""Photo, labels, skin and look-alikes."""


class Phantom:
    """A photo of somebody who does not exist, with the exact place of every lesion.

    Parameters
    ----------
    plan : what to show; equal plans give equal pixels
    """

    def __init__(self, plan: PhotoPlan) -> None:
        self.plan = plan
        self._clinic = Clinic.of(plan.seed)
        self._patient = Patient.of(plan)
        self._posture = POSTURES[plan.region]
        draw = Draw(plan.seed, plan.patient, plan.photo)
        self._pose = _pose(plan, self._clinic, draw)
        self._seed, self._hair_flow = draw.seed(), draw.direction()
        self._linen = linen.Linen.of(draw.pick(self._clinic.cloths), draw)
        self._garment = linen.Linen.of(draw.pick(self._clinic.cloths), draw)
        view = Overview.of(self.shape, self._posture, self._pose, self._seed)
        self._spots = erupt(view, self._patient, Draw(self._seed, "lesions"))
        self._stains = stains(view, self._patient, Draw(self._seed, "stains"))
        self._last = lru_cache(maxsize=4)(self._render)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        return self.plan.height, self.plan.width

    def render(self, region: Region) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Photo and labels of a region.

        Returns
        -------
        rgb : (h, w, 3)
        labels : (h, w), values of `Lesion`; every pixel is judged, none is UNLABELLED

        Raises
        ------
        ValueError
            If the region leaves the photo.
        """
        rgb, labels = np.empty((*region.shape, 3), np.uint8), np.empty(region.shape, np.uint8)
        for part, at, tile in self._tiles(region):
            rgb[at], labels[at] = tile[0][part], tile[1][part]
        return rgb, labels

    def skin(self, region: Region) -> npt.NDArray[np.bool_]:
        """Where a region shows skin, (h, w).

        Raises
        ------
        ValueError
            If the region leaves the photo.
        """
        return self._mask(region, 2)

    def lookalike(self, region: Region) -> npt.NDArray[np.bool_]:
        """Where the cloth has a stain that a crop alone would take for a lesion, (h, w); its class is normal.

        Raises
        ------
        ValueError
            If the region leaves the photo.
        """
        return self._mask(region, 3)

    def _mask(self, region: Region, which: int) -> npt.NDArray[np.bool_]:
        mask = np.empty(region.shape, np.bool_)
        for part, at, tile in self._tiles(region):
            mask[at] = tile[which][part]
        return mask

    def _tiles(self, region: Region) -> list[tuple[tuple[slice, slice], tuple[slice, slice], Tile]]:
        if region not in Region.whole(self.shape):
            raise ValueError(f"{region} leaves a photo of {self.shape[0]} x {self.shape[1]} px")
        return [self._piece(region, cell) for cell in grid(self.shape, TILE, region)]

    def _piece(self, region: Region, cell: Region) -> tuple[tuple[slice, slice], tuple[slice, slice], Tile]:
        shared = region & cell
        part = shared.moved(-cell.y0, -cell.x0).slices
        return part, shared.moved(-region.y0, -region.x0).slices, self._last(cell)

    def _render(self, cell: Region) -> Tile:
        canvas = Canvas(cell.grown(camera.HALO), self.shape)
        surface = survey(canvas, self._posture, self._pose, self._seed)
        on_body = surface.outline * np.float32(canvas.side)
        bare = surface.covered * np.float32(canvas.side)
        body = smoothstep(0.7, -0.7, on_body) * smoothstep(-0.7, 0.7, bare)
        shown = (on_body < 0) & (bare > 0)
        light, stained = self._background(canvas, surface)
        labels = np.full(shown.shape, Lesion.NORMAL, np.uint8)
        if body.any():
            skin_light, labels = self._body(canvas, surface, shown)
            light += body * (skin_light - light)
        picture = camera.exposed(canvas, light, self._clinic, self._patient)
        rgb = camera.developed(canvas, picture, self._seed + 5)
        inner = (slice(camera.HALO, -camera.HALO),) * 2
        return rgb[inner], labels[inner], shown[inner], (stained & (on_body > 0))[inner]

    def _background(self, canvas: Canvas, surface: Surface) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        layers = linen.lay(canvas, self._linen)
        flat = np.zeros(layers.height.shape, np.float32)
        stained = np.zeros(flat.shape, np.bool_)
        for stain in self._stains:
            if stain.near(canvas):
                stained |= _blot(layers, canvas, stain, flat, self._patient)
        down, right = camera.slopes(surface.outline * np.float32(canvas.side))
        faces = down * np.float32(self._clinic.light[0]) + right * np.float32(self._clinic.light[1])
        light = camera.lit(layers, self._clinic, 0.4) * linen.shadow(surface.outline, faces)
        if self._posture.covers:
            worn = linen.lay(canvas, self._garment)
            worn.height += surface.height * np.float32(canvas.side)
            over = smoothstep(0.7, -0.7, surface.covered * np.float32(canvas.side))
            light += over * (camera.lit(worn, self._clinic, 0.4) - light)
            stained &= surface.covered > 0
        return light, stained

    def _body(
        self, canvas: Canvas, surface: Surface, shown: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        layers = skin.healthy(canvas, surface, self._patient, self._posture, Draw(self._seed, "skin"))
        labels = np.full(shown.shape, Lesion.NORMAL, np.uint8)
        sound = layers.albedo.copy()
        for spot in self._spots:
            if not spot.near(canvas):
                continue
            depth = spot.depth(canvas, surface.height)
            share = cover(spot, canvas.side, depth)
            layers.albedo *= 1 - flare(depth) * channels(_FLARE)
            layers.albedo += share * (sound * tinted(spot, canvas, depth) - layers.albedo)
            layers.height += rise(spot, canvas, depth) * np.float32(canvas.side)
            layers.gloss += share * np.float32(spot.gloss - 1)
            labels[(depth > 0) & shown] = spot.kind
        density = 1.7 * self._posture.hair * self._patient.hair
        if density > 0.03:
            hidden = strands(canvas, density, self._hair_flow, self._seed + 77) * np.float32(0.65)
            hidden *= smoothstep(-0.004, -0.02, surface.outline)
            layers.albedo += hidden * (channels(self._patient.hair_colour) - layers.albedo)
        shade = 1 - surface.fold * np.float32(0.6)
        if self._posture.covers:
            shade = shade * (1 - np.float32(0.35) * smoothstep(0.03, 0.0, surface.covered))
        return camera.lit(layers, self._clinic) * shade, labels


def _blot(layers: skin.Layers, canvas: Canvas, stain: Spot, flat: Floats, patient: Patient) -> npt.NDArray[np.bool_]:
    """A stain soaks in: the cloth takes the colours that the lesion would have on this patient's skin.

    Returns
    -------
    Where it is, (h, w).
    """
    depth = stain.depth(canvas, flat)
    share = cover(stain, canvas.side, depth) * np.float32(0.90)
    look = tinted(stain, canvas, depth)
    layers.albedo += share * (channels(patient.skin) * look - layers.albedo)
    return np.asarray(depth > 0)


def _pose(plan: PhotoPlan, clinic: Clinic, draw: Draw) -> Pose:
    """A small turn (tan of the half angle is drawn), a zoom near the clinic's habit, a small shift."""
    tan = draw.spread(0.0, 0.07)
    cos, sin = (1 - tan * tan) / (1 + tan * tan), 2 * tan / (1 + tan * tan)
    zoom = clinic.zoom * draw.spread(1.02, 0.10)
    mirrored = plan.side == "R" if plan.side else draw.happens(0.5)
    return Pose(cos, sin, zoom, (draw.spread(0.0, 0.04), draw.spread(0.0, 0.05)), mirrored)
