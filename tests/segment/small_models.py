"""Small real networks and photos for a study."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from napari_ctcl.mkln import MKLN, Architecture, Card, save
from napari_ctcl.store import ModelEntry

torch.set_num_threads(1)


def network(seed=0, **switches):
    torch.manual_seed(seed)
    arch = Architecture(**{"base": 2, "depth": 3, "global_side": 32, **switches})
    net = MKLN(arch)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith(("alpha", "beta")):
                parameter.fill_(0.5)
    return net.eval()


def photograph(path, height, width, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (-(-height // 32), -(-width // 32), 3), dtype=np.uint8)
    Image.fromarray(np.kron(coarse, np.ones((32, 32, 1), np.uint8))[:height, :width]).save(path)
    return path


def enter(study, name, seeds, *, long_side_px=600, patients=(), folds=None, **switches):
    """Save one network per seed; one alone comes from elsewhere and serves all folds. Gives their digests."""
    digests = []
    for number, seed in enumerate(seeds):
        net = network(seed, **switches)
        hashes = [hash_ for held_out, hash_ in patients if held_out != number]
        fold = folds[number] if folds else number if len(seeds) > 1 else None
        home = None if fold is None else study.id
        card = Card(architecture=net.arch, long_side_px=long_side_px, study=home, fold=fold, patients_sha256=hashes)
        digests.append(save(net, card, study.models_dir))
        study.models.add(ModelEntry(name=name, digest=digests[-1], fold=fold))
    return digests
