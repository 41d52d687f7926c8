"""Weights on disk: a safetensors file beside a card that says what the numbers mean and where they come from.

The digest of the tensor file's bytes is the name of the folder they lie in, and it is checked on every load; nothing is
ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of

from napari_ctcl.errors import ContractMismatch, InputError, NotFound
from napari_ctcl.lesion import contract, contract_hash
from napari_ctcl.mkln.net import IMAGENET, MKLN, Architecture, Normalisation

WEIGHTS, CARD = "weights.safetensors", "card.json"


class Card(BaseModel):
    """What a set of weights is, was trained on and scored.

    Parameters
    ----------
    architecture : the network they fit
    normalisation : of the pixels they expect
    long_side_px : long side of the photos at the scale they were trained at
    title : one line for a list of models
    classes, classes_hash : the class contract they were trained under
    study : id of the study whose patients they have seen; None for weights that belong to no study
    fold : the fold they never saw; None for weights that saw all
    parent : digest of the weights they were fine-tuned from
    recipe_digest, ledger_head : digests of the recipe, and of the fold ledger at the time
    labels_digest : of the labels they learned from, as they were when the run began
    patients_sha256 : SHA-256 of "<study id>/<patient>" of everyone in their training set
    scores : as the trainer wrote them, with what they were measured on
    made_on, code_version : ISO date and time, UTC; version of the trainer
    dtype : number format of the stored tensors; they are computed with as float32
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: Architecture
    normalisation: Normalisation = IMAGENET
    long_side_px: int = Field(gt=0)
    title: str = ""
    classes: dict[str, int] = Field(default_factory=contract)
    classes_hash: str = Field(default_factory=contract_hash)
    study: str | None = None
    fold: int | None = None
    parent: str | None = None
    recipe_digest: str | None = None
    ledger_head: str | None = None
    labels_digest: str | None = None
    patients_sha256: list[str] = Field(default_factory=list)
    scores: dict[str, Any] = Field(default_factory=dict)
    made_on: str = ""
    code_version: str = ""
    dtype: Literal["fp32", "fp16"] = "fp32"

    def has_seen(self, study: str, patient: str, fold: int | str) -> bool:
        """Whether these weights may have been trained with a patient; this one rule holds wherever it is asked.

        A card that lists its patients is believed; one of the same study that lists nobody has seen every fold but the
        one that it held out.

        Parameters
        ----------
        study : id of the study that the patient belongs to
        fold : where the study's ledger has put the patient
        """
        if patient_hash(study, patient) in self.patients_sha256:
            return True
        return self.study == study and not self.patients_sha256 and self.fold != fold


def patient_hash(study: str, patient: str) -> str:
    """What a card remembers of a patient: SHA-256 of "<study id>/<patient>"."""
    return hashlib.sha256(f"{study}/{patient}".encode()).hexdigest()


def starter_folder() -> Path:
    """Where the model that ships with the program lies.

    Raises
    ------
    NotFound
        If this installation has none.
    """
    folder = Path(str(resources.files("napari_ctcl.mkln") / "starter"))
    if not (folder / CARD).is_file():
        raise NotFound("this installation has no starter model", do="train a model of the study, or install again")
    return folder


def save(net: MKLN, card: Card, models_dir: Path) -> str:
    """Write weights and card under `models_dir`, whole or not at all.

    Parameters
    ----------
    net : on any device
    card : its `dtype` is the number format that is written
    models_dir : gets the folder `<digest>`; made if absent. Weights that are there already are left, their card is
        replaced

    Returns
    -------
    SHA-256 of the tensor file, in hexadecimal
    """
    if card.architecture != net.arch or card.normalisation != net.normalisation:
        raise ValueError("the card describes another network")
    dtype = torch.float16 if card.dtype == "fp16" else torch.float32
    state = {
        name: (value.to(dtype) if value.is_floating_point() else value).detach().cpu().contiguous()
        for name, value in net.state_dict().items()
    }
    data = bytes_of(state)
    digest = hashlib.sha256(data).hexdigest()
    models_dir.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{digest[:12]}-", dir=models_dir))
    try:
        fresh.chmod(0o755)
        _write(fresh / WEIGHTS, data)
        _write(fresh / CARD, (card.model_dump_json(indent=2) + "\n").encode())
        if (models_dir / digest).is_dir():
            (fresh / CARD).replace(models_dir / digest / CARD)
        else:
            fresh.rename(models_dir / digest)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return digest


def load(folder: Path) -> tuple[MKLN, Card]:
    """Network, ready to predict, and card of the weights in a folder.

    Parameters
    ----------
    folder : as `save` left it; where its name is a SHA-256, the tensors must have it

    Raises
    ------
    NotFound
        If the folder holds no weights.
    ContractMismatch
        If they were trained for other classes.
    InputError
        If the card or the tensors are damaged, or do not belong together.
    """
    card = read_card(folder)
    data = _read(folder / WEIGHTS)
    digest = hashlib.sha256(data).hexdigest()
    if len(folder.name) == len(digest) and folder.name != digest:
        raise InputError(
            f"{folder / WEIGHTS}: SHA-256 is {digest[:12]}...",
            expected=f"{folder.name[:12]}..., the name of its folder",
            do="the file is damaged: copy the weights again from where they came from",
        )
    net = MKLN(card.architecture, card.normalisation)
    try:
        net.load_state_dict({name: _float32(value) for name, value in tensors_of(data).items()})
    except (SafetensorError, RuntimeError) as error:
        raise InputError(
            f"{folder / WEIGHTS}: {str(error).splitlines()[0]}",
            expected="the tensors of the architecture on its card",
            do="copy weights and card again from where they came from",
        ) from None
    return net.eval(), card


def read_card(folder: Path) -> Card:
    """Card of the weights in a folder, its class contract checked; errors as of `load`."""
    path = folder / CARD
    try:
        card = Card.model_validate(json.loads(_read(path)))
    except (ValidationError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        problem = "; ".join(str(error).splitlines()[:3])
        raise InputError(
            f"{path}: not a card of this version ({problem})", do="copy the card again, or train anew"
        ) from None
    if card.classes_hash != contract_hash() or card.classes != contract():
        theirs = ", ".join(f"{value} {name}" for name, value in card.classes.items())
        ours = ", ".join(f"{value} {name}" for name, value in contract().items())
        raise ContractMismatch(f"{path}: classes {theirs}", expected=ours, do="use weights trained for these classes")
    return card


def digest_of(folder: Path) -> str:
    """SHA-256 of the tensor file in a folder, in hexadecimal."""
    return hashlib.sha256(_read(folder / WEIGHTS)).hexdigest()


def _float32(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(
            f"{path}: no such file", expected=f"{WEIGHTS} and {CARD}", do="copy the model's whole folder"
        ) from None


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
