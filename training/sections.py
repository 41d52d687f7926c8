"""The sections of a recipe: every field with its unit, its range and, where it has one, its source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from napari_ctcl.mkln import Architecture

Share = Annotated[float, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[float, Field(ge=0.0)]


class Section(BaseModel):
    """Fields that cannot change and none that are not named."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Network(Section):
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


class Views(Section):
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


class Augment(Section):
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


class Loss(Section):
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


class Optimiser(Section):
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


class Course(Section):
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


class FineTune(Section):
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
