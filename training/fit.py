"""One fold: from views to weights, as a generator of events that can be closed at any of them and taken up again.

What is kept is the running average after the last iteration. The held-out patients are scored on the way for the eye
only: choosing an epoch, or the weight of the two heads, by them would flatter the out-of-fold score.
"""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from napari_ctcl.errors import InputError, WorkFailed
from napari_ctcl.events import Epoch, Event, Progress
from napari_ctcl.lesion import CLASSES
from napari_ctcl.mkln import MKLN

from . import checkpoint, scores
from .album import Album
from .judge import judge_sheet
from .losses import Terms, branch_loss, class_weights
from .recipe import Recipe
from .steps import (
    Average,
    autocast,
    device,
    freeze_norms,
    in_bf16,
    make_optimiser,
    optimiser_tensors,
    rate,
    restore_optimiser,
)
from .views import Batch, Cutter, Deck

BEAT_S = 0.5
"""Seconds between signs of life, at which a request to stop is heard; a forward or backward pass is not broken off."""

KEEP_S = 120.0
"""Seconds of work that a kill may cost: a checkpoint is written this often beside those of the epochs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one fold has to learn, and from where.

    Parameters
    ----------
    album : annotated photos of the study
    deck : those to train on
    held_out : positions of those that are only scored
    start : weights to start from; None for random ones
    start_digest : what the checkpoint remembers them by
    folder : gets the checkpoint
    """

    album: Album
    deck: Deck
    held_out: tuple[int, ...]
    recipe: Recipe
    fold: int
    folder: Path
    start: MKLN | None = None
    start_digest: str = ""

    @property
    def iterations(self) -> int:
        """Iterations of an epoch."""
        course = self.recipe.course
        return course.iterations or max(1, math.ceil(len(self.deck.positions) / course.batch))

    @property
    def epochs(self) -> int:
        """Epochs of this run; a fine-tune takes a share of the recipe's."""
        share = 1.0 if self.start is None else self.recipe.finetune.share
        return max(1, round(self.recipe.course.epochs * share))

    @property
    def photos(self) -> str:
        """Digest of what is trained on: photos and labels at the scale of training."""
        entries = [self.album.entries[position] for position in self.deck.positions]
        text = repr([(entry.photo.digest, entry.labels_sha256) for entry in entries])
        return hashlib.sha256(text.encode()).hexdigest()


def fit(task: Task) -> Generator[Event, None, MKLN]:
    """Train one fold; the network, averaged and ready to predict, is returned at the end.

    Closing the generator writes a checkpoint; a task with the same folder goes on from there, and ends with the same
    weights as one that was never stopped, on the same device and number of threads.

    Raises
    ------
    WorkFailed
        If the loss is no longer a number; the last good checkpoint stays.
    InputError
        If the folder holds the checkpoint of another run.
    """
    run = _Run(task)
    run.resume()
    try:
        yield from _epochs(run)
    except GeneratorExit:
        run.save()
        raise
    return run.answer()


class _Run:
    """What changes while a fold trains."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.on = device()
        course = task.recipe.course
        self.bf16 = in_bf16(course.precision, self.on)
        torch.manual_seed(course.seed * 1000 + task.fold)
        net = MKLN(task.recipe.architecture.built()) if task.start is None else task.start
        self.net: MKLN = copy.deepcopy(net).to(self.on, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.peak = task.recipe.optimiser.lr if task.start is None else task.recipe.finetune.lr
        self.optimiser = make_optimiser(self.net, task.recipe.optimiser)
        self.average = Average(self.net, task.recipe.optimiser.ema if task.start is None else task.recipe.finetune.ema)
        self.cutter = Cutter(task.album, task.deck, task.recipe, task.fold)
        self.terms = _terms(task)
        self.iteration, self.loss = 0, 0.0

    @property
    def total(self) -> int:
        """Iterations of the whole run."""
        return self.task.epochs * self.task.iterations

    def step(self) -> Generator[None, None, None]:
        """One iteration, with rests; closed at one of them, it leaves everything as it was before."""
        # A forward pass moves the batch statistics, which alone of all that is kept change before the last rest.
        before = {name: value.clone() for name, value in self.net.named_buffers()}
        try:
            norm, loss = yield from self._gradient()
        except GeneratorExit:
            for name, value in self.net.named_buffers():
                value.copy_(before[name])
            raise
        self._must_be_finite(loss, norm)
        self.optimiser.step()
        self.average.update(self.net, self.iteration)
        self.iteration += 1
        self.loss += loss

    def _gradient(self) -> Generator[None, None, tuple[float, float]]:
        """Gradients of one batch; gives their norm before clipping, and the loss."""
        self.net.train()
        if self.task.start is not None and self.task.recipe.finetune.freeze_norm:
            freeze_norms(self.net)
        settings = self.task.recipe.optimiser
        lr = rate(settings, self.peak, self.iteration, total=self.total, per_epoch=self.task.iterations)
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        batch = yield from self.cutter.batch(self.iteration)
        loss = self._loss(batch)
        yield
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        yield
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), settings.clip or math.inf)
        return norm.item(), loss.item()

    def _loss(self, batch: Batch) -> Tensor:
        views = [_normalised(image, self.net).to(self.on) for image in (batch.global_B3SS, batch.local_N3CC)]
        whole, crops = (view.contiguous(memory_format=torch.channels_last) for view in views)
        with autocast(self.on, bf16=self.bf16):
            heads = self.net(whole, crops, batch.box_N4, batch.of_N)
        total = torch.zeros((), device=self.on)
        for logits, binary, labels in (
            (heads.global_logits_N4HW, heads.global_binary_N1HW, batch.global_labels_BSS),
            (heads.local_logits_N4HW, heads.local_binary_N1HW, batch.local_labels_NCC),
        ):
            if logits is not None:
                total = total + branch_loss(logits, binary, labels.to(self.on), self.terms)
        return total

    def _must_be_finite(self, loss: float, norm: float) -> None:
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise WorkFailed(
                f"fold {self.task.fold}: the loss is {loss} and its gradient {norm} at iteration {self.iteration}",
                do="the last good checkpoint is kept; start again with a smaller learning rate",
            )

    def save(self) -> None:
        """Write the checkpoint."""
        tensors = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.state.items()}
        tensors |= {f"optimiser.{name}": value for name, value in optimiser_tensors(self.optimiser)}
        checkpoint.write(self.task.folder, self._position(), tensors)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one of this very run."""
        found = checkpoint.read(self.task.folder)
        if found is None:
            return
        position, tensors = found
        self.iteration, self.loss = position.iteration, position.loss
        if position != self._position():
            raise InputError(
                f"{self.task.folder}: the checkpoint is of another recipe, start, fold or set of labels",
                do="start a new run",
            )
        self.net.load_state_dict(checkpoint.part(tensors, "net"))
        held = checkpoint.part(tensors, "average")
        self.average.state = {name: value.to(self.on) for name, value in held.items()}
        restore_optimiser(self.optimiser, checkpoint.part(tensors, "optimiser"))

    def answer(self) -> MKLN:
        """The averaged network."""
        net = copy.deepcopy(self.net)
        net.load_state_dict(self.average.state)
        return net.eval()

    def _position(self) -> checkpoint.Position:
        return checkpoint.Position(
            recipe=self.task.recipe.digest,
            start=self.task.start_digest,
            photos=self.task.photos,
            fold=self.task.fold,
            iteration=self.iteration,
            loss=self.loss,
        )


def _epochs(run: _Run) -> Generator[Event, None, None]:
    task, began, first = run.task, time.monotonic(), run.iteration
    if run.iteration == 0 and task.start is not None:
        dice = yield from _held_out(run)
        yield Epoch(fold=task.fold, epoch=0, epochs=task.epochs, loss=None, dice=dice)
    beat = kept = began
    while run.iteration < run.total:
        with closing(run.step()) as rests:
            for _ in rests:
                if time.monotonic() - beat > BEAT_S:
                    yield Progress(done=run.iteration, total=run.total, unit="iterations", note=f"fold {task.fold}")
                    beat = time.monotonic()
        if time.monotonic() - kept > KEEP_S:
            run.save()
            kept = time.monotonic()
        if run.iteration % task.iterations == 0:
            yield from _end_of_epoch(run, (time.monotonic() - began) / (run.iteration - first))


def _end_of_epoch(run: _Run, seconds_each: float) -> Generator[Event, None, None]:
    task = run.task
    epoch, loss, run.loss = run.iteration // task.iterations, run.loss / task.iterations, 0.0
    scored = epoch % task.recipe.course.eval_every == 0 or epoch == task.epochs
    if scored:
        run.save()
    dice = (yield from _held_out(run)) if scored else {}
    views = task.recipe.course.batch * task.recipe.views.crops_per_global
    yield Epoch(
        fold=task.fold,
        epoch=epoch,
        epochs=task.epochs,
        loss=loss,
        dice=dice,
        learning_rate=float(run.optimiser.param_groups[0]["lr"]),
        samples_per_s=views / seconds_each,
        seconds_left=(run.total - run.iteration) * seconds_each,
    )


def _held_out(run: _Run) -> Generator[Event, None, dict[str, float | None]]:
    net, matrix = run.answer(), np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    for position in run.task.held_out:
        matrix += yield from judge_sheet(net, run.task.album.sheet(position), run.on)
    return scores.dice_of_lesions(matrix)


def _terms(task: Task) -> Terms:
    loss = task.recipe.loss
    pixels = sum((task.album.entries[position].pixels for position in task.deck.positions), np.zeros(4, np.int64))
    return Terms(
        cross_entropy=loss.cross_entropy,
        dice=loss.dice,
        binary=loss.binary,
        classes=class_weights(pixels, loss.class_power),
    )


def _normalised(image_N3HW: Tensor, net: MKLN) -> Tensor:
    mean, std = (torch.tensor(values)[:, None, None] for values in (net.normalisation.mean, net.normalisation.std))
    return (image_N3HW - mean) / std
