"""Networks made ready to predict: batch normalisation folded away, in the number format that is fastest here.

Folding changes nothing but rounding; bfloat16 is taken only where the processor computes with it natively and a trial
on one small window says that it is faster.
"""

from __future__ import annotations

import copy
import functools
import os
import time
from typing import Literal

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from napari_ctcl.mkln.net import MKLN, Architecture

Precision = Literal["auto", "fp64", "fp32", "bf16"]
"""fp64 is for proofs: rounding, which depends on a window's shape, is then too small to turn a label."""

_DTYPES = {"fp64": torch.float64, "fp32": torch.float32, "bf16": torch.bfloat16}

_TRIAL_PX, _ROUNDS = 192, 3
_TYPICAL = Architecture(branches="local", lal=False)


def prepared(net: MKLN, device: torch.device, precision: Precision = "auto") -> MKLN:
    """A copy of the network that predicts on a device; a network that is prepared already is given back as it is."""
    if net.prepared:
        return net
    chosen = fastest(net.arch, device) if precision == "auto" else precision
    ready = fold(copy.deepcopy(net).eval().requires_grad_(False).to(_DTYPES["fp64" if chosen == "fp64" else "fp32"]))
    ready = ready.to(device=device, dtype=_DTYPES[chosen])
    ready.prepared = True
    return ready.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def fold(net: MKLN) -> MKLN:
    """Multiply every batch normalisation into the convolution before it, in place."""
    for part in net.modules():
        if isinstance(part, nn.Sequential):
            for at in range(1, len(part)):
                convolution, norm = part[at - 1], part[at]
                if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    part[at - 1], part[at] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    return net


@functools.lru_cache(maxsize=8)
def fastest(arch: Architecture, device: torch.device) -> Literal["fp32", "bf16"]:
    """Number format to predict in: bf16 on a GPU; on a CPU, what a trial of a fraction of a second says."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    if not computes_bf16():
        return "fp32"
    net = MKLN(arch)
    seconds = {precision: _trial(prepared(net, device, precision)) for precision in ("fp32", "bf16")}
    return "bf16" if seconds["bf16"] < seconds["fp32"] else "fp32"


def use_cores() -> None:
    """Compute with one thread or on all cores but one (on both of two), whichever a trial says is faster.

    On a machine that is busy with other work, threads that wait for each other are slower than one alone.
    """
    cores = len(os.sched_getaffinity(0))
    device = torch.device("cpu")
    torch.set_num_threads(1)
    net = prepared(MKLN(_TYPICAL), device, fastest(_TYPICAL, device))
    seconds = {}
    for threads in {1, max(cores - 1, min(cores, 2))}:
        torch.set_num_threads(threads)
        seconds[threads] = _trial(net)
    torch.set_num_threads(min(seconds, key=lambda threads: seconds[threads]))


def computes_bf16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware."""
    # torch before 2.12 cannot say, and then fp32 is right
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


@torch.inference_mode()
def _trial(net: MKLN) -> float:
    branch = net.local_branch or net.global_branch
    assert branch is not None
    image = torch.zeros(1, 3, _TRIAL_PX, _TRIAL_PX, dtype=next(net.parameters()).dtype)
    image = image.to(memory_format=torch.channels_last)
    rounds = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        branch.features(image)
        rounds.append(time.perf_counter() - start)
    return min(rounds)
