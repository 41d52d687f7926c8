"""The network has the paper's sizes, its switches do what they say, and its geometry is true."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch
from torch.nn import functional

from napari_ctcl.mkln import MKLN, Architecture
from napari_ctcl.mkln.geometry import average, box_of, cells_under, sample
from napari_ctcl.mkln.net import paste
from napari_ctcl.mkln.precision import fold, prepared
from napari_ctcl.region import Region, grid

torch.set_num_threads(1)

SMALL = {"base": 4, "depth": 3, "global_side": 32}
BOX = torch.tensor([[0.25, 0.75, 0.1, 0.6]])


def build(seed=0, **switches):
    torch.manual_seed(seed)
    return MKLN(Architecture(**{**SMALL, **switches}))


def views(crops=1, side=32):
    torch.manual_seed(1)
    return torch.randn(1, 3, 32, 32), torch.randn(crops, 3, side, side)


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_papers_network_has_the_papers_size():
    with torch.device("meta"):
        pair = MKLN(Architecture(base=64, ff_tap="pre_pool"))
    assert count(pair.local_branch.unet) == 31_037_568
    assert round(count(pair) / 1e6, 3) == 62.585


COLUMNS = {
    "R": {"branches": "global", "lal": False},
    "C": {"branches": "local", "lal": False},
    "RL": {"branches": "global"},
    "CL": {"branches": "local"},
    "pair": {"colearn": "none"},
    "concat": {"colearn": "concat"},
    "aligned": {},
    "pre_pool": {"ff_tap": "pre_pool"},
    "gn": {"norm": "gn"},
}


@pytest.mark.parametrize("switches", COLUMNS.values(), ids=COLUMNS)
def test_every_ablation_builds_learns_and_has_just_its_heads(switches):
    net = build(**switches)
    heads = net(*views(), BOX)
    for view in ("global", "local"):
        exists = view in net.arch.views
        logits, binary = getattr(heads, f"{view}_logits_N4HW"), getattr(heads, f"{view}_binary_N1HW")
        assert (logits is not None) == exists
        assert (binary is not None) == (exists and net.arch.lal)
        if exists:
            assert logits.shape == (1, 4, 32, 32)
    loss = sum(value.square().mean() for head in fields(heads) if (value := getattr(heads, head.name)) is not None)
    loss.backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in net.parameters())


@pytest.mark.parametrize("colearn", ["aligned", "concat"])
def test_with_alpha_and_beta_zero_the_network_gives_exactly_its_plain_unets(colearn):
    full, plain = build(colearn=colearn).eval(), build(lal=False, colearn="none").eval()
    plain.load_state_dict({name: value for name, value in full.state_dict().items() if name in plain.state_dict()})
    crops = views()
    ours, theirs = full(*crops, BOX), plain(*crops)
    assert torch.equal(ours.global_logits_N4HW, theirs.global_logits_N4HW)
    assert torch.equal(ours.local_logits_N4HW, theirs.local_logits_N4HW)


def test_several_crops_of_one_photo_share_its_global_view():
    net = build().eval()
    with torch.no_grad():
        net.local_branch.beta.fill_(1.0)
    whole, crops = views(crops=3)
    box = torch.tensor([[0.0, 0.5, 0.0, 0.5], [0.5, 1.0, 0.0, 0.5], [0.2, 0.7, 0.2, 0.7]])
    together = net(whole, crops, box, torch.tensor([0, 0, 0]))
    assert together.global_logits_N4HW.shape[0] == 1
    for crop in range(3):
        alone = net(whole, crops[crop : crop + 1], box[crop : crop + 1])
        expected = alone.local_logits_N4HW[0]
        assert torch.allclose(together.local_logits_N4HW[crop], expected, atol=1e-5)


def test_the_global_branch_hears_of_the_crop_only_where_it_lies():
    net = build().eval()
    with torch.no_grad():
        net.global_branch.beta.fill_(1.0)
    whole, crop = views()
    box = torch.tensor([[0.5, 1.0, 0.5, 1.0]])
    change = net(whole, crop, box).global_logits_N4HW - net(whole, crop + 1, box).global_logits_N4HW
    assert change[..., 16:, 16:].abs().max() > 0
    assert change[..., :15, :].abs().max() == 0
    assert change[..., :, :15].abs().max() == 0


def test_aligned_colearning_without_boxes_is_refused():
    with pytest.raises(ValueError, match="box"):
        build()(*views())


@pytest.mark.parametrize("switches", [{"global_side": 30}, {"fusion": 1.5}, {"depth": 1}, {"base": 0}], ids=str)
def test_an_architecture_that_cannot_be_is_refused(switches):
    with pytest.raises(ValueError, match=next(iter(switches))):
        Architecture(**{**SMALL, **switches})


def test_reach_is_the_receptive_field_around_an_aligned_core():
    net = build(branches="local").double().eval()
    with torch.no_grad():
        net.local_branch.alpha.fill_(1.0)
    reach, side = net.arch.reach, 96
    core = slice(32, 64)
    image = torch.randn(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    net(None, image).local_logits_N4HW[..., core, core].sum().backward()
    rows = image.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert 32 - reach <= rows.min()
    assert rows.max() < 64 + reach
    assert Architecture().reach <= 112


def ramp(side):
    centre = (torch.arange(side) + 0.5) / side
    return torch.stack(torch.meshgrid(centre, centre, indexing="ij"))


def test_sampling_a_ramp_under_a_box_gives_the_ramp_of_the_crop():
    region, shape = Region(100, 400, 60, 500), (800, 1000)
    got = sample(ramp(64), box_of(region, shape), region.shape)
    rows = (torch.arange(100, 400) + 0.5) / 800
    columns = (torch.arange(60, 500) + 0.5) / 1000
    assert torch.allclose(got[0], rows[:, None].expand(region.shape), atol=1e-6)
    assert torch.allclose(got[1], columns[None].expand(region.shape), atol=1e-6)


def test_sampling_under_the_whole_box_is_torchs_interpolation():
    values = torch.randn(3, 24, 24)
    theirs = functional.interpolate(values[None], size=(50, 70), mode="bilinear", align_corners=False)[0]
    assert torch.allclose(sample(values, (0, 1, 0, 1), (50, 70)), theirs, atol=1e-5)


def test_averaging_over_whole_cells_is_average_pooling():
    crop = torch.randn(2, 48, 64)
    region, shape = Region(16, 64, 32, 96), (128, 128)
    cells = cells_under(box_of(region, shape), 16)
    assert cells == Region(2, 8, 4, 12)
    got = average(crop, box_of(region, shape), cells, 16)
    assert torch.allclose(got, functional.avg_pool2d(crop, 8), atol=1e-6)


def test_pasting_all_crops_of_a_photo_covers_every_cell_once():
    shape, side = (203, 307), 48
    covered = torch.zeros(side, side)
    for region in grid(shape, 50):
        covered[cells_under(box_of(region, shape), side).slices] += 1
    assert torch.equal(covered, torch.ones(side, side))


def test_a_ramp_that_is_cut_and_pasted_is_the_ramp():
    crops = [sample(ramp(256), box, (64, 64)) for box in ((0, 0.5, 0, 1), (0.5, 1, 0, 1))]
    canvas, covered = paste(torch.stack(crops), [(0, 0.5, 0, 1), (0.5, 1, 0, 1)], [0, 0], 1, 32)
    assert covered.min() == 1
    assert torch.allclose(canvas[0], ramp(32), atol=1e-3)


@pytest.mark.parametrize("norm", ["bn", "gn"])
def test_folding_the_normalisation_away_changes_only_rounding(norm):
    net = build(norm=norm)
    for _ in range(5):
        net(*views(), BOX)
    net.eval()
    before = net(*views(), BOX)
    after = fold(net)(*views(), BOX)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in net.modules())
    assert torch.allclose(before.local_logits_N4HW, after.local_logits_N4HW, atol=1e-3, rtol=1e-3)


def test_gradients_are_deterministic():
    torch.use_deterministic_algorithms(True)
    try:
        grads = []
        for _ in range(2):
            net = build()
            with torch.no_grad():
                net.global_branch.beta.fill_(1.0)
            net(*views(), BOX).global_logits_N4HW.sum().backward()
            grads.append(net.local_branch.unet.encoders[0][0][0].weight.grad)
        assert torch.equal(*grads)
    finally:
        torch.use_deterministic_algorithms(False)


def test_a_network_is_prepared_once_and_its_original_left_alone():
    net = build().eval()
    ready = prepared(net, torch.device("cpu"), "fp32")
    assert prepared(ready, torch.device("cpu"), "bf16") is ready
    assert not net.prepared
    assert any(isinstance(part, torch.nn.BatchNorm2d) for part in net.modules())
