"""How weights move: groups of parameters, the rate over time, the running average, and the number format.

Everything here is a function of the iteration, so that a resumed run takes the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from napari_ctcl.mkln.precision import computes_bf16

from .sections import Optimiser

STATE_KEYS = ("exp_avg", "exp_avg_sq", "step")


def make_optimiser(net: nn.Module, settings: Optimiser) -> torch.optim.Adam:
    """Adam or AdamW; biases, norms, alpha and beta do not decay."""
    decaying = [p for p in net.parameters() if p.ndim > 1]
    steady = [p for p in net.parameters() if p.ndim <= 1]
    if settings.name == "adam":
        return torch.optim.Adam([*decaying, *steady], lr=settings.lr)
    groups = [{"params": decaying, "weight_decay": settings.weight_decay}, {"params": steady, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=settings.lr)


def rate(settings: Optimiser, peak: float, iteration: int, *, total: int, per_epoch: int) -> float:
    """Learning rate of an iteration, counted from 0.

    Parameters
    ----------
    peak : the highest rate
    total, per_epoch : iterations of the run and of an epoch
    """
    rising = round(settings.warm_up * total)
    if iteration < rising:
        return peak * (iteration + 1) / rising
    match settings.schedule:
        case "cosine":
            return peak * 0.5 * (1 + math.cos(math.pi * (iteration - rising) / max(total - rising, 1)))
        case "step":
            return peak * settings.step_factor ** (iteration // per_epoch // settings.step_epochs)
        case "constant":
            return peak


class Average:
    """Running average of weights and batch statistics.

    Early on the memory is shorter than `decay` says, so that the random start is forgotten.
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net: nn.Module, iteration: int) -> None:
        """Take in the weights after that iteration, counted from 0."""
        keep = min(self.decay, (1 + iteration) / (10 + iteration)) if self.decay else 0.0
        for name, value in net.state_dict().items():
            held = self.state[name]
            if held.is_floating_point():
                held.lerp_(value, 1 - keep)
            else:
                held.copy_(value)


def freeze_norms(net: nn.Module) -> None:
    """Keep batch statistics as they are while the rest trains."""
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001  the only common base there is
            module.eval()


def device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def in_bf16(precision: str, on: torch.device) -> bool:
    """Whether to compute in bfloat16; "auto" does where the device has instructions for it."""
    if precision != "auto":
        return precision == "bf16"
    if on.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return computes_bf16()


def autocast(on: torch.device, *, bf16: bool) -> AbstractContextManager[None]:
    """Context of the forward pass."""
    return torch.autocast(on.type, dtype=torch.bfloat16, enabled=bf16)


def optimiser_tensors(optimiser: torch.optim.Adam) -> Iterator[tuple[str, Tensor]]:
    """What the optimiser remembers, named by the number of the parameter."""
    for number, parameter in enumerate(_parameters(optimiser)):
        state = optimiser.state[parameter]
        for key in STATE_KEYS:
            if key in state:
                yield f"{number}.{key}", state[key]


def restore_optimiser(optimiser: torch.optim.Adam, tensors: dict[str, Tensor]) -> None:
    """Put back what `optimiser_tensors` gave."""
    for number, parameter in enumerate(_parameters(optimiser)):
        found = {key: tensors[f"{number}.{key}"] for key in STATE_KEYS if f"{number}.{key}" in tensors}
        if found:
            where = {"step": torch.device("cpu")}
            optimiser.state[parameter] = {
                key: value.to(where.get(key, parameter.device)) for key, value in found.items()
            }


def _parameters(optimiser: torch.optim.Adam) -> Iterator[nn.Parameter]:
    for group in optimiser.param_groups:
        yield from group["params"]
