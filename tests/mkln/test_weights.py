"""Weights come back as they were, and what is not whole or not ours is refused with a word on what to do."""

from __future__ import annotations

import json

import pytest
import torch

from napari_ctcl.errors import ContractMismatch, InputError, NotFound
from napari_ctcl.mkln import MKLN, Architecture, Card, load, save
from napari_ctcl.mkln.weights import CARD, WEIGHTS, digest_of, patient_hash, read_card


@pytest.fixture
def net():
    torch.manual_seed(0)
    return MKLN(Architecture(base=2, depth=3, global_side=32))


def card(net, **fields):
    return Card(architecture=net.arch, long_side_px=3255, title="small", fold=2, scores={"macro_lesion": 0.5}, **fields)


@pytest.fixture
def folder(net, tmp_path):
    return tmp_path / save(net, card(net), tmp_path)


def test_weights_and_card_come_back_as_they_were(net, folder):
    loaded, read = load(folder)
    assert read == card(net)
    assert loaded.arch == net.arch
    assert not loaded.training
    ours, theirs = net.state_dict(), loaded.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_same_weights_have_the_same_digest_whatever_their_card_says(net, tmp_path):
    first = save(net, card(net), tmp_path)
    second = save(net, Card(architecture=net.arch, long_side_px=512), tmp_path)
    assert first == second == digest_of(tmp_path / first)
    assert read_card(tmp_path / first).long_side_px == 512
    assert [path.name for path in tmp_path.iterdir()] == [first]


def test_half_precision_halves_the_file_and_is_computed_with_as_single(net, tmp_path):
    single, half = save(net, card(net), tmp_path), save(net, card(net, dtype="fp16"), tmp_path)
    sizes = [(tmp_path / digest / WEIGHTS).stat().st_size for digest in (single, half)]
    assert sizes[0] - sizes[1] > 2 * sum(parameter.numel() for parameter in net.parameters())
    loaded, _ = load(tmp_path / half)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    assert all(torch.allclose(a, b, atol=1e-2) for a, b in zip(net.parameters(), loaded.parameters(), strict=True))


def test_one_flipped_bit_is_noticed(folder):
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (folder / WEIGHTS).write_bytes(data)
    with pytest.raises(InputError, match="copy the weights again"):
        load(folder)


def test_a_torn_file_is_refused(folder, tmp_path):
    torn = tmp_path / "torn"
    folder.rename(torn)
    (torn / WEIGHTS).write_bytes((torn / WEIGHTS).read_bytes()[:1000])
    with pytest.raises(InputError, match="copy weights and card again"):
        load(torn)


@pytest.mark.parametrize("name", [WEIGHTS, CARD])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(NotFound, match=name):
        load(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"unheard": 1}', "\x00"])
def test_a_damaged_card_is_refused(folder, text):
    (folder / CARD).write_text(text)
    with pytest.raises(InputError, match="not a card"):
        load(folder)


def edit(folder, **fields):
    (folder / CARD).write_text(json.dumps(json.loads((folder / CARD).read_text()) | fields))


def test_weights_for_other_classes_are_refused(folder):
    edit(folder, classes={"unlabelled": 0, "melanoma": 1, "naevus": 2})
    with pytest.raises(ContractMismatch, match="melanoma"):
        load(folder)


def test_a_card_of_another_architecture_is_refused(folder):
    edit(folder, architecture={"base": 4, "depth": 3, "global_side": 32})
    with pytest.raises(InputError, match="architecture"):
        load(folder)


def test_a_card_cannot_describe_another_network(net, tmp_path):
    with pytest.raises(ValueError, match="another network"):
        save(net, Card(architecture=Architecture(), long_side_px=512), tmp_path)


@pytest.mark.parametrize(
    ("facts", "patient", "fold", "seen"),
    [
        ({"study": "s", "fold": 1, "patients_sha256": ["A"]}, "A", 0, True),
        ({"study": "s", "fold": 1, "patients_sha256": ["A"]}, "B", 1, False),
        ({"study": "s", "fold": 1, "patients_sha256": ["A"]}, "new", 0, False),
        ({"study": "other", "fold": 1, "patients_sha256": ["A"]}, "A", 1, True),
        ({"study": "other", "fold": 1}, "A", 0, False),
        ({}, "A", 0, False),
        ({"study": "s", "fold": 1}, "A", 1, False),
        ({"study": "s", "fold": 1}, "A", 0, True),
        ({"study": "s"}, "A", "test", True),
    ],
)
def test_a_card_knows_whom_its_weights_may_have_seen(facts, patient, fold, seen):
    hashes = [patient_hash("s", name) for name in facts.get("patients_sha256", [])]
    card = Card(architecture=Architecture(), long_side_px=600, **{**facts, "patients_sha256": hashes})
    assert card.has_seen("s", patient, fold) is seen
