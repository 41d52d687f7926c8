"""Labels photos of a study with one of its models: reads pixels, predicts, writes predictions.

It never touches an annotation, so a person may paint meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ctcl.errors import InputError
from napari_ctcl.events import Event, Finished, Note, Progress, Started
from napari_ctcl.mkln import MKLN, Plan, load, working_level
from napari_ctcl.mkln.precision import fastest, prepared
from napari_ctcl.mkln.predict import predict
from napari_ctcl.region import Region
from napari_ctcl.segment.choice import Choice, Model
from napari_ctcl.segment.protocol import Request
from napari_ctcl.store import Photo, Study
from napari_ctcl.store.level import PhotoLevel
from napari_ctcl.store.prediction import PredictionWriter

_BATCH = {"cpu": 1, "cuda": 8}


class Prediction:
    """A photo's prediction, as the predictor writes it: by one model, each chunk once."""

    def __init__(self, writer: PredictionWriter, model: str) -> None:
        self._writer, self._done = writer, writer.start(model)

    def write(self, region: Region, labels: NDArray[np.uint8], uncertainty: NDArray[np.uint8]) -> None:
        """Keep one chunk."""
        self._writer.write(region, labels, uncertainty)
        self._done.add(region)

    def done(self) -> set[Region]:
        """Chunks that this model has written."""
        return set(self._done)


class Segmenter:
    """A model of a study, on a device."""

    def __init__(self, study: Study, model: Model, device: torch.device) -> None:
        self.study, self.model, self.device = study, model, device
        self._batch = _BATCH[device.type]
        self._nets: dict[str, MKLN] = {}

    def label(self, photo: Photo, first: Region | None = None) -> Iterator[Event]:
        """Label one photo, from `first` outward; a photo that this model has labelled already is left alone."""
        choice = self.model.for_photo(photo, self.study.id)
        nets = self._loaded(choice)
        level = working_level(
            [photo.shape(level) for level in range(photo.levels)], choice.weights[0].card.long_side_px
        )
        with closing(photo.prediction()) as writer:
            sink = Prediction(writer, choice.digest)
            while True:
                try:
                    yield from predict(
                        nets,
                        PhotoLevel(photo, level),
                        sink,
                        scale=1 << level,
                        full_shape=photo.shape(0),
                        plan=_plan(nets),
                        batch=self._batch,
                        device=self.device,
                        first=first,
                        photo=photo.id,
                    )
                except torch.OutOfMemoryError:
                    if self._batch == 1:
                        raise
                    self._batch //= 2
                    yield Note(text=f"{self.device} is out of memory: going on with {self._batch} windows at a time")
                else:
                    return

    def _loaded(self, choice: Choice) -> list[MKLN]:
        for weights in choice.weights:
            if weights.digest not in self._nets:
                self._nets[weights.digest] = prepared(load(weights.folder)[0], self.device)
        return [self._nets[weights.digest] for weights in choice.weights]


def _plan(nets: Sequence[MKLN]) -> Plan:
    """The default plan, its halo rounded up to the networks' pooling grid."""
    step = max(net.arch.step for net in nets)
    return Plan(halo=-(-Plan().halo // step) * step)


def segment(request: Request) -> Generator[Event, None, None]:
    """Answer a request.

    Yields
    ------
    Started, Notes, RegionDone per chunk, Progress; Finished at the end, with the number of `photos`, the `model`'s
    name, the `device`, and the `seconds` it took

    Raises
    ------
    CtclError
        If the request cannot be answered.
    """
    began = time.monotonic()
    device = device_named(request.device)
    with Study.open(request.study) as study:
        photos = [study.photo(photo) for photo in request.photos] if request.photos else study.photos()
        model = Model.find(study, request.model)
        for photo in photos:
            model.for_photo(photo, study.id)  # refused before anything is written
        segmenter = Segmenter(study, model, device)
        yield Started(work="segment", total=len(photos), unit="photos")
        yield Note(text=_described(model, device))
        for number, photo in enumerate(photos):
            yield from segmenter.label(photo, request.first if number == 0 else None)
            yield Progress(done=number + 1, total=len(photos), unit="photos", note=photo.id)
    seconds = round(time.monotonic() - began, 1)
    yield Finished(result={"photos": len(photos), "model": model.name, "device": device.type, "seconds": seconds})


def _described(model: Model, device: torch.device) -> str:
    precision = fastest(model.weights[0].card.architecture, device)
    folds = f"{len(model.weights)} folds" if len(model.weights) > 1 else model.weights[0].digest[:12]
    where = f"{torch.get_num_threads()} threads" if device.type == "cpu" else torch.cuda.get_device_name(device)
    return f"model {model.name} ({folds}) on {device.type} ({where}), {precision}"


def device_named(name: str) -> torch.device:
    """Device of that name; "auto" is the GPU where there is one.

    Raises
    ------
    InputError
        If there is no such device.
    """
    present = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if present else "cpu")
    if name not in _BATCH or (name == "cuda" and not present):
        raise InputError(f"device {name!r} is not there", expected="auto or cpu", do="choose another device")
    return torch.device(name)
