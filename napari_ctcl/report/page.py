"""HTML pages that stand alone: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def write_page(path: Path, template: str, facts: Mapping[str, Any]) -> None:
    """Fill a template of this package and put it in place in one step.

    Parameters
    ----------
    path : the page
    template : name of a file in `report/templates`
    facts : what the template asks for; a name it lacks is an error
    """
    environment = Environment(
        loader=PackageLoader("napari_ctcl.report"), autoescape=select_autoescape(), undefined=StrictUndefined
    )
    text = environment.get_template(template).render(facts)
    draft = path.with_suffix(".tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
