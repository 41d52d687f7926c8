"""Recipes: frozen, complete, in and out of TOML, and strict about what they don't know."""

from dataclasses import asdict

import pytest
from pydantic import ValidationError

from napari_ctcl.errors import InputError, NotFound
from napari_ctcl.mkln import Architecture
from training import recipe
from training.sections import Network


def test_the_four_recipes_are_there():
    assert recipe.names() == ["paper", "quick", "starter", "strong"]


@pytest.mark.parametrize("name", recipe.names())
def test_a_recipe_survives_toml(name):
    read = recipe.read(name)
    again = recipe.parse(read.to_toml())
    assert again == read
    assert again.digest == read.digest
    assert read.title == name


def test_the_network_section_has_every_switch_of_the_architecture():
    fields = Network().model_dump()
    assert asdict(Architecture(**fields)) == fields


def test_the_paper_recipe_says_what_the_paper_says():
    paper = recipe.read("paper")
    assert (paper.course.batch, paper.course.epochs, paper.course.iterations) == (2, 60, 0)
    assert (paper.optimiser.name, paper.optimiser.lr) == ("adam", 1e-3)
    assert (paper.optimiser.schedule, paper.optimiser.step_epochs, paper.optimiser.step_factor) == ("step", 20, 0.1)
    assert (paper.architecture.base, paper.architecture.global_side, paper.views.crop_side) == (64, 608, 608)
    assert (paper.loss.cross_entropy, paper.loss.binary, paper.loss.dice, paper.loss.class_power) == (1, 1, 0, 0)


def test_any_changed_field_changes_the_digest():
    quick = recipe.read("quick")
    assert quick.with_fields(["course.seed=1"]).digest != quick.digest


def test_set_reads_numbers_and_bare_words():
    changed = recipe.read("quick").with_fields(["optimiser.lr=5e-4", "architecture.norm=gn", "augment.flip=false"])
    assert (changed.optimiser.lr, changed.architecture.norm, changed.augment.flip) == (5e-4, "gn", False)


def test_an_unknown_field_is_named_with_its_nearest():
    with pytest.raises(InputError, match=r"optimiser\.lrate.*optimiser\.lr"):
        recipe.read("quick").with_fields(["optimiser.lrate=1"])
    with pytest.raises(InputError, match=r"views\.crop_sde.*views\.crop_side"):
        recipe.parse('title = "x"\n[views]\ncrop_sde = 3\n')


def test_a_value_that_does_not_fit_is_named():
    with pytest.raises(InputError, match=r"course\.batch = 0"):
        recipe.read("quick").with_fields(["course.batch=0"])
    with pytest.raises(InputError, match="multiple of 8"):
        recipe.read("quick").with_fields(["views.crop_side=100"])


def test_a_recipe_that_is_nowhere_lists_those_that_are():
    with pytest.raises(NotFound, match="paper, quick, starter, strong"):
        recipe.read("quikc")


def test_a_file_that_is_no_recipe_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("title = ")
    with pytest.raises(InputError, match="not TOML"):
        recipe.read(str(path))


def test_a_recipe_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        recipe.read("quick").title = "other"
