"""Where a fold stands, in one safetensors file that is replaced whole; nothing is ever unpickled."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from napari_ctcl.errors import InputError
from napari_ctcl.store.disk import room_on

NAME = "checkpoint.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a fold has come, and of what run.

    Parameters
    ----------
    recipe : digest of the recipe
    start : digest of the weights it started from; empty for none
    photos : digest of the training photos and their labels, as `fit` counts them
    iteration : iterations done
    loss : sum of the losses of the epoch under way
    """

    recipe: str
    start: str
    photos: str
    fold: int
    iteration: int
    loss: float


def write(folder: Path, position: Position, tensors: Mapping[str, Tensor]) -> None:
    """Replace the checkpoint in a folder, whole or not at all.

    Raises
    ------
    DiskFull
        If there is no room; the checkpoint before it stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    held = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    data = save(held, metadata={"position": json.dumps(asdict(position))})
    fresh = folder / (NAME + ".partial")
    try:
        with room_on(str(folder)), fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / NAME)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def remove(folder: Path) -> None:
    """Remove the checkpoint in a folder, if there is one: a fold that is finished needs it no more."""
    (folder / NAME).unlink(missing_ok=True)


def read(folder: Path) -> tuple[Position, dict[str, Tensor]] | None:
    """Checkpoint in a folder, if there is one.

    Raises
    ------
    InputError
        If it is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return None
    data = path.read_bytes()
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        position = Position(**json.loads(header["__metadata__"]["position"]))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: not a checkpoint of this version ({error})", do="remove it to train this fold from its beginning"
        ) from None
    return position, tensors


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with "prefix.", without it."""
    head = prefix + "."
    return {name.removeprefix(head): value for name, value in tensors.items() if name.startswith(head)}
