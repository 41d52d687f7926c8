"""A trained fold as files that may travel: half the bytes, one folder, and a card that says where it comes from."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from napari_ctcl.errors import InputError
from napari_ctcl.mkln import save
from napari_ctcl.store import Study

from .lineage import find


def release(study: Study, name: str, fold: int, out: Path, *, title: str = "") -> str:
    """Write one fold's weights as float16 to `out`; gives their digest.

    One fold, not five: its out-of-fold scores, which stay on its card, are scores of exactly these weights.

    Parameters
    ----------
    title : one line for a list of models; the model's name by default

    Raises
    ------
    InputError
        If `out` exists, or the model has no weights for that fold.
    """
    if out.exists():
        raise InputError(f"{out} exists", expected="a new folder", do="name another, or remove it")
    weights = find(study, name).weights(study, fold)
    card = weights.card.model_copy(update={"dtype": "fp16", "title": title or name})
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".release-") as folder:
        digest = save(weights.net, card, Path(folder))
        shutil.move(str(Path(folder) / digest), out)
    return digest
