"""`study.toml`: the mark of a study, with its schema, its id and the classes its labels speak of.

A folder whose mark this version does not understand to the letter is refused before anything in it is touched.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

import tomli_w

from napari_ctcl.errors import ContractMismatch, StudyError
from napari_ctcl.lesion import contract, contract_hash
from napari_ctcl.store.catalogue import now

SCHEMA: Final = 1
MARK: Final = "study.toml"


def described(study_id: str) -> str:
    """Text of a new study's `study.toml`."""
    return tomli_w.dumps(
        {
            "schema": SCHEMA,
            "id": study_id,
            "created": now(),
            "classes": contract(),
            "contract": contract_hash(),
        }
    )


def require_known(root: Path) -> str:
    """Id of the study in a folder, once schema and classes are known to be ours.

    Raises
    ------
    StudyError
        If the folder is no study, its `study.toml` cannot be read, or it is of another schema.
    ContractMismatch
        If its labels speak of other classes.
    """
    if not (root / MARK).is_file():
        raise StudyError(f"{root}: no study there", expected=f"a folder with {MARK}", do="make one with ctcl init")
    try:
        said: dict[str, Any] = tomllib.loads((root / MARK).read_text(encoding="utf-8"))
        schema, study_id, classes = int(said["schema"]), str(said["id"]), said["contract"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise StudyError(f"{root / MARK}: not readable ({error})", do="restore it from a backup") from None
    if schema != SCHEMA:
        newer = schema > SCHEMA
        raise StudyError(
            f"{root}: a study of schema {schema}",
            expected=f"schema {SCHEMA}",
            do="update napari-ctcl" if newer else "open it with the version that made it",
        )
    if classes != contract_hash() or said.get("classes") != contract():
        raise ContractMismatch(
            f"{root}: labels of the classes {said.get('classes')}",
            expected=f"{contract()}",
            do="open it with the version that made it",
        )
    if not (root / "catalogue.sqlite").is_file():
        raise StudyError(f"{root}: the catalogue is missing", do="restore catalogue.sqlite from a backup")
    return study_id
