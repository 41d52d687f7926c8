"""A recipe: everything that determines a training run, and nothing that does not.

Recipes are frozen, travel as TOML, and have a digest, so that two runs with one digest on one study are the same run.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from napari_ctcl.errors import InputError, NotFound
from napari_ctcl.mkln import Architecture

Share = Annotated[float, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[float, Field(ge=0.0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Network(_Section):
    """Switches of the network; the same names as `napari_ctcl.mkln.Architecture`.

    Parameters
    ----------
    base : channels of the first encoding block; 64 in the paper
    depth : resolutions of each U-Net, 608 px down to 38 px at depth 5
    norm : batch ("bn") or group ("gn") normalisation
    branches : which branches exist
    lal : lesion area learning in every branch
    colearn : feature co-learning: "concat" is the paper's letter, "aligned" relates the same places of the skin
    global_side : side to which the whole photo is squashed for the global branch, px; 608 in the paper
    ff_tap : where the first encoding block is tapped
    output : which head is the answer; "full" is their weighted mean
    fusion : weight of the global head in that mean; 0.5 in the paper
    """

    base: int = Field(default=16, ge=1, le=256)
    depth: int = Field(default=5, ge=2, le=7)
    norm: Literal["bn", "gn"] = "bn"
    branches: Literal["both", "global", "local"] = "both"
    lal: bool = True
    colearn: Literal["aligned", "concat", "none"] = "aligned"
    global_side: int = Field(default=608, ge=16)
    ff_tap: Literal["post_pool", "pre_pool"] = "post_pool"
    output: Literal["full", "global", "local"] = "full"
    fusion: Share = 0.5

    @model_validator(mode="after")
    def _sides_divide(self) -> Network:
        step = 1 << (self.depth - 1)
        if self.global_side % step:
            raise ValueError(f"architecture.global_side must be a multiple of {step} at depth {self.depth}")
        return self

    def built(self) -> Architecture:
        """The same switches, as the network takes them."""
        return Architecture(**self.model_dump())


class Views(_Section):
    """How views are cut from a photo.

    Parameters
    ----------
    long_side_px : working scale: the pyramid level whose long side is nearest to this, px; the paper's mean is 3255
    crop_side : side of a local crop at working scale, px; 608 in the paper
    crops_per_global : local crops that share one global view
    class_aware : share of crops drawn around a lesion class; the other crops are drawn around any labelled pixel
    cache_mb : decoded photos kept in memory, MB; those that do not fit are decoded again
    """

    long_side_px: int = Field(default=3255, ge=32)
    crop_side: int = Field(default=608, ge=16)
    crops_per_global: int = Field(default=1, ge=1, le=64)
    class_aware: Share = 0.6
    cache_mb: int = Field(default=2048, ge=0)


class Augment(_Section):
    """Ranges of random changes; 0 or false switches one off.

    Parameters
    ----------
    flip, quarter_turns : mirror images and turns by 90 degrees
    rotate_deg : largest turn either way, degrees
    magnify : largest factor of magnification, and the inverse of the smallest; 1 is none
    closer : largest share of height and width that a nearer shot cuts away
    brightness, contrast : largest relative change
    gamma : largest relative change of the exponent
    illuminant : largest relative gain of a single colour channel, for cameras and lamps
    noise : largest standard deviation, of full scale
    blur_px : largest Gaussian sigma in the local view, px
    """

    flip: bool = True
    quarter_turns: bool = True
    rotate_deg: NonNegative = 15.0
    magnify: Annotated[float, Field(ge=1.0, le=4.0)] = 1.25
    closer: Annotated[float, Field(ge=0.0, le=0.8)] = 0.25
    brightness: Share = 0.2
    contrast: Share = 0.2
    gamma: Share = 0.2
    illuminant: Share = 0.12
    noise: Share = 0.02
    blur_px: NonNegative = 0.8


class Loss(_Section):
    """Weights of the terms, each summed over the branches.

    Parameters
    ----------
    cross_entropy, dice, binary : four classes pixel by pixel, four classes by overlap, lesion against normal
    class_power : class weights are frequency to the power of minus this; 0 is none, 0.5 the inverse square root
    """

    cross_entropy: NonNegative = 1.0
    dice: NonNegative = 1.0
    binary: NonNegative = 1.0
    class_power: Share = 0.5


class Optimiser(_Section):
    """How steps are taken.

    Parameters
    ----------
    name : "adam" as in the paper, or "adamw"
    lr : learning rate at its highest
    weight_decay : of "adamw", never on biases, norms, alpha and beta
    schedule : "cosine" to zero, "step" down by `step_factor` every `step_epochs`, or "constant"
    warm_up : share of all iterations over which the rate rises to `lr`
    clip : largest norm of the gradient; 0 is no limit
    ema : decay of the averaged weights per iteration; 0 keeps the last step's weights
    """

    name: Literal["adam", "adamw"] = "adamw"
    lr: Annotated[float, Field(gt=0.0, le=1.0)] = 1e-3
    weight_decay: NonNegative = 1e-4
    schedule: Literal["cosine", "step", "constant"] = "cosine"
    step_epochs: int = Field(default=20, ge=1)
    step_factor: Annotated[float, Field(gt=0.0, le=1.0)] = 0.1
    warm_up: Share = 0.05
    clip: NonNegative = 1.0
    ema: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.999


class Course(_Section):
    """How long and how.

    Parameters
    ----------
    batch : global views per iteration
    epochs : of `iterations` each
    iterations : per epoch; 0 is one look at every training photo, the paper's epoch
    eval_every : epochs between scores on the held-out patients and between checkpoints
    precision : "bf16" autocast, "fp32", or "auto": bf16 where the device computes in it
    seed : of every random draw, with fold and iteration
    """

    batch: int = Field(default=2, ge=1)
    epochs: int = Field(default=60, ge=1)
    iterations: int = Field(default=250, ge=0)
    eval_every: int = Field(default=5, ge=1)
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    seed: int = Field(default=0, ge=0)


class FineTune(_Section):
    """What differs when a run starts from weights.

    Parameters
    ----------
    lr : learning rate at its highest
    share : length, of the recipe's epochs
    ema : decay of the averaged weights per iteration; a short run needs a short memory
    replay : share of views from patients that the start has seen, where there are new ones as well
    freeze_norm : keep the start's batch statistics
    """

    lr: Annotated[float, Field(gt=0.0, le=1.0)] = 1e-4
    share: Annotated[float, Field(gt=0.0, le=4.0)] = 0.25
    ema: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.99
    replay: Share = 0.5
    freeze_norm: bool = True


class Recipe(_Section):
    """Everything that determines a run on a given study."""

    title: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    architecture: Network = Network()
    views: Views = Views()
    augment: Augment = Augment()
    loss: Loss = Loss()
    optimiser: Optimiser = Optimiser()
    course: Course = Course()
    finetune: FineTune = FineTune()

    @model_validator(mode="after")
    def _crops_divide(self) -> Recipe:
        step = 1 << (self.architecture.depth - 1)
        if self.views.crop_side % step:
            raise ValueError(f"views.crop_side must be a multiple of {step} at depth {self.architecture.depth}")
        return self

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the recipe written as canonical JSON."""
        text = json.dumps(self.model_dump(mode="json"), separators=(",", ":"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_toml(self) -> str:
        """The recipe as `read` reads it, every field written out."""
        return tomli_w.dumps(self.model_dump(mode="json"))

    def with_fields(self, settings: list[str]) -> Recipe:
        """The recipe with some fields replaced.

        Parameters
        ----------
        settings : each `section.field=value`, the value as in TOML; a bare word is a text

        Raises
        ------
        InputError
            If a field does not exist, naming the nearest, or a value does not fit.
        """
        fields = self.model_dump(mode="json")
        for setting in settings:
            _assign(fields, setting)
        return _validated(fields, "--set " + " ".join(settings))

    def starting_from(self, architecture: Architecture, long_side_px: int) -> Recipe:
        """The recipe with the architecture and the scale of weights to start from.

        Raises
        ------
        InputError
            If the recipe's crops do not suit that architecture.
        """
        fields = self.model_dump(mode="json")
        fields["architecture"] = asdict(architecture)
        fields["views"]["long_side_px"] = long_side_px
        return _validated(fields, f"recipe {self.title} with the start's architecture")


def names() -> list[str]:
    """Names of the recipes that come with the trainer."""
    folder = resources.files("training") / "recipes"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def read(name: str) -> Recipe:
    """Recipe of that name among those that come with the trainer, or in that TOML file.

    Raises
    ------
    NotFound
        If there is neither.
    InputError
        If the file is not a recipe; the first wrong field is named.
    """
    if name in names():
        text = (resources.files("training") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
        return parse(text, f"recipe {name}")
    path = Path(name)
    if not path.is_file():
        raise NotFound(
            f"recipe {name!r}", expected="a TOML file or one of " + ", ".join(names()), do="name one of them"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file", expected="a recipe in TOML", do="name a recipe") from None
    return parse(text, str(path))


def parse(text: str, where: str = "recipe") -> Recipe:
    """Recipe written in TOML.

    Raises
    ------
    InputError
        If it is no TOML, or has a field that no recipe has, or a value that does not fit.
    """
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: not TOML: {error}", expected="a recipe", do="correct that line") from None
    return _validated(fields, where)


def _validated(fields: dict[str, Any], where: str) -> Recipe:
    try:
        return Recipe.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise _unknown(place, where) from None
        found = f" = {first['input']!r}" if not isinstance(first["input"], dict) and place else ""
        reason = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{where}: {place}{found}: {reason}", do="correct it and start again") from None


def _unknown(place: str, where: str) -> InputError:
    near = difflib.get_close_matches(place, _known(), n=1, cutoff=0.0)
    return InputError(f"{where}: no field {place!r} in a recipe", expected=f"for example {near[0]!r}", do="correct it")


def _known() -> list[str]:
    nested = Recipe(title="any").model_dump()
    fields = [f"{key}.{inner}" for key, value in nested.items() if isinstance(value, dict) for inner in value]
    return ["title", *fields]


def _assign(fields: dict[str, Any], setting: str) -> None:
    key, equals, text = setting.partition("=")
    key = key.strip()
    if not equals:
        raise InputError(f"--set {setting!r}", expected="section.field=value", do="write the value behind '='")
    if key not in _known():
        raise _unknown(key, "--set")
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    section, _, field = key.rpartition(".")
    (fields[section] if section else fields)[field] = value
