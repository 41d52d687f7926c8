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
from typing import Any

import tomli_w
from pydantic import Field, ValidationError, model_validator

from napari_ctcl.errors import InputError, NotFound
from napari_ctcl.mkln import Architecture

from .sections import Augment, Course, FineTune, Loss, Network, Optimiser, Section, Views


class Recipe(Section):
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
