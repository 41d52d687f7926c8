"""Labels do not depend on how a photo was cut, in which order, or how often the work was stopped."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import nn

from napari_ctcl.events import Progress, RegionDone
from napari_ctcl.mkln import MKLN, Architecture, Plan
from napari_ctcl.mkln.overview import overview
from napari_ctcl.mkln.predict import predict
from napari_ctcl.region import Region

torch.set_num_threads(1)

SMALL = {"base": 4, "depth": 3, "global_side": 64}  # reach 26, so a halo of 32 px is exact


@dataclass
class Array:
    pixels: np.ndarray
    reads: int = 0

    @property
    def shape(self):
        return self.pixels.shape[:2]

    def read(self, ys, xs):
        assert 0 <= ys[0] < ys[1] <= self.shape[0]
        assert 0 <= xs[0] < xs[1] <= self.shape[1]
        self.reads += 1
        return self.pixels[slice(*ys), slice(*xs)]


@dataclass
class Canvas:
    shape: tuple[int, int]
    written: list[Region] = field(default_factory=list)
    before: set[Region] = field(default_factory=set)

    def __post_init__(self):
        self.labels = np.zeros(self.shape, np.uint8)
        self.uncertainty = np.zeros([-(-side // 4) for side in self.shape], np.uint8)

    def write(self, region, labels, uncertainty):
        assert labels.shape == region.shape
        assert uncertainty.shape == region.at_level(2).shape
        self.labels[region.slices] = labels
        self.uncertainty[region.at_level(2).slices] = uncertainty
        self.written.append(region)

    def done(self):
        return self.before | set(self.written)


def photo(height, width, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (-(-height // 16), -(-width // 16), 3))
    noise = rng.integers(-40, 40, (height, width, 3))
    smooth = np.kron(coarse, np.ones((16, 16, 1), int))[:height, :width]
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)


def network(seed=0, **switches):
    """Random He weights, batch statistics of real input, and co-learning switched on."""
    torch.manual_seed(seed)
    net = MKLN(Architecture(**{**SMALL, **switches}))
    pixels = torch.from_numpy(photo(128, 128, seed=9))
    view = net.normalisation(pixels[None])[..., :64, :64].contiguous()
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith(("alpha", "beta")):
                parameter.fill_(1.2)
        for _ in range(30):
            net.train()(view, view, torch.tensor([[0.0, 0.5, 0.0, 0.5]]))
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_var.min() > 0
    return net.eval()


def label(nets, pixels, plan, *, scale=1, full_shape=None, sink=None, **how):
    full_shape = full_shape or tuple(side * scale for side in pixels.shape[:2])
    sink = sink or Canvas(full_shape)
    nets = [nets] if isinstance(nets, MKLN) else nets
    how = {"precision": "fp32"} | how
    events = list(predict(nets, Array(pixels), sink, scale=scale, full_shape=full_shape, plan=plan, **how))
    return sink, events


def whole_plan(pixels):
    side = -(-max(pixels.shape[:2]) // 64) * 64
    return Plan(core=side, halo=0, tile=64)


EXACT = Plan(core=64, halo=32, tile=64)

MODES = [
    {"branches": "local"},
    {"branches": "global"},
    {"branches": "local", "lal": False},
    {"colearn": "none", "output": "full"},
    {"output": "local"},
    {"output": "global"},
    {"output": "full"},
    {"output": "full", "ff_tap": "pre_pool", "fusion": 0.3},
]


by_name = pytest.mark.parametrize("mode", MODES, ids=lambda mode: "-".join(str(value) for value in mode.values()))


@by_name
def test_tiled_labels_and_uncertainty_are_those_of_the_whole_photo(mode):
    net, pixels = network(**mode), photo(200, 301)
    whole, _ = label(net, pixels, whole_plan(pixels), precision="fp64")
    tiled, _ = label(net, pixels, EXACT, precision="fp64")
    assert len(np.unique(whole.labels)) > 1
    assert np.array_equal(tiled.labels, whole.labels)
    assert np.array_equal(tiled.uncertainty, whole.uncertainty)


@pytest.mark.parametrize(("depth", "halo"), [(4, 96), (5, 96), (5, 112)])
def test_windows_on_the_chunk_grid_with_a_wide_halo_are_exact_at_full_depth(depth, halo):
    net = network(base=2, depth=depth)
    pixels = photo(600, 1100)
    tiled, _ = label(net, pixels, Plan(core=512, halo=halo), precision="fp64")
    whole, _ = label(net, pixels, Plan(core=1536, halo=0), precision="fp64")
    assert len(tiled.written) == 6
    assert np.array_equal(tiled.labels, whole.labels)
    assert np.array_equal(tiled.uncertainty, whole.uncertainty)


def test_single_precision_turns_labels_only_where_two_classes_tie():
    net, pixels = network(), photo(200, 301)
    exact, _ = label(net, pixels, EXACT, precision="fp64")
    single, _ = label(net, pixels, EXACT, precision="fp32")
    assert np.mean(exact.labels != single.labels) < 1e-3
    assert np.abs(exact.uncertainty.astype(int) - single.uncertainty).max() <= 1


@pytest.mark.parametrize("seed", range(3))
def test_labels_do_not_depend_on_the_cut_the_batch_or_the_order(seed):
    net, pixels = network(seed), photo(180, 260, seed)
    plain, _ = label(net, pixels, EXACT, precision="fp64")
    for other, how in (
        (Plan(core=128, halo=32, tile=64), {"batch": 3}),
        (Plan(core=64, halo=48, tile=32), {"first": Region(100, 120, 200, 210)}),
    ):
        cut, _ = label(net, pixels, other, precision="fp64", **how)
        assert np.array_equal(cut.labels, plain.labels)
        assert np.array_equal(cut.uncertainty, plain.uncertainty)


def test_a_photo_moved_by_whole_pooling_steps_has_its_labels_moved():
    net, pixels = network(branches="local"), photo(320, 320)
    here, _ = label(net, pixels, EXACT, precision="fp64")
    there, _ = label(net, pixels[16:, 32:], EXACT, precision="fp64")
    inside = 32  # the reach of the network: nearer to the edge it sees the edge
    assert np.array_equal(here.labels[16 + inside :, 32 + inside :], there.labels[inside:, inside:])


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (70, 1), (37, 53), (64, 64), (65, 129)])
def test_photos_of_any_size_are_labelled_whole(shape):
    net, pixels = network(), photo(*shape)
    whole, _ = label(net, pixels, whole_plan(pixels), precision="fp64")
    tiled, _ = label(net, pixels, EXACT, precision="fp64")
    assert tiled.labels.min() >= 1
    assert tiled.labels.max() <= 4
    assert np.array_equal(tiled.labels, whole.labels)


def test_identical_networks_together_say_what_one_says():
    net, pixels = network(), photo(130, 90)
    one, _ = label(net, pixels, EXACT)
    two, _ = label([net, net], pixels, EXACT)
    assert np.array_equal(one.labels, two.labels)
    assert np.array_equal(one.uncertainty, two.uncertainty)


def test_an_ensemble_means_the_probabilities_of_networks_of_any_kind():
    pixels = photo(100, 100)
    nets = [network(0), network(1, branches="local"), network(2, branches="global", base=2)]
    whole, _ = label(nets, pixels, whole_plan(pixels), precision="fp64")
    tiled, _ = label(nets, pixels, EXACT, precision="fp64")
    assert np.array_equal(tiled.labels, whole.labels)
    assert any(not np.array_equal(label(net, pixels, EXACT)[0].labels, tiled.labels) for net in nets)


@pytest.mark.parametrize("full_shape", [(800, 1204), (797, 1201), (803, 1206)])
def test_coarse_probabilities_are_interpolated_without_seams(full_shape):
    net, pixels = network(), photo(200, 301)
    how = {"scale": 4, "full_shape": full_shape, "precision": "fp64"}
    whole, _ = label(net, pixels, Plan(core=320, halo=0, tile=64), **how)
    tiled, _ = label(net, pixels, EXACT, **how)
    assert tiled.labels.shape == full_shape
    assert tiled.labels.min() >= 1
    assert np.array_equal(tiled.labels, whole.labels)
    assert np.array_equal(tiled.uncertainty, whole.uncertainty)


@by_name
def test_each_chunk_is_written_and_reported_once(mode):
    net, pixels = network(**mode), photo(150, 200)
    sink, events = label(net, pixels, EXACT, scale=2, batch=2)
    assert len(sink.written) == len(set(sink.written))
    assert sum(region.area for region in sink.written) == 300 * 400
    done = [event for event in events if isinstance(event, RegionDone)]
    assert [event.done for event in done] == list(range(1, 36))
    assert {event.total for event in done} == {35}
    assert [Region(event.y0, event.y1, event.x0, event.x1) for event in done] == sink.written


@pytest.mark.parametrize("colearn", ["none", "aligned", "concat"])
def test_stopped_work_goes_on_where_it_stopped(colearn):
    net, pixels = network(colearn=colearn), photo(100, 150)
    whole, _ = label(net, pixels, EXACT, scale=2)
    sink = Canvas((200, 300))
    work = predict([net], Array(pixels), sink, scale=2, full_shape=(200, 300), plan=EXACT, precision="fp32")
    while len(sink.written) < 6:  # the middle of a core
        next(work)
    work.close()
    written = list(sink.written)
    _, events = label(net, pixels, EXACT, scale=2, sink=sink)
    assert len(sink.written) == len(set(sink.written)) == 20
    assert sink.written[:6] == written
    assert sum(isinstance(event, RegionDone) for event in events) == 14
    assert np.array_equal(sink.labels, whole.labels)
    assert label(net, pixels, EXACT, scale=2, sink=sink)[1] == []


def test_what_the_person_looks_at_comes_first():
    sink, events = label(network(branches="local"), photo(300, 300), EXACT, first=Region(200, 210, 70, 80))
    assert sink.written[0] == Region(192, 256, 64, 128)
    assert isinstance(events[0], RegionDone)


def test_colearning_answers_the_first_region_after_its_neighbours_not_after_the_photo():
    _, events = label(network(), photo(600, 600), EXACT, first=Region(200, 210, 200, 210))
    waited = next(index for index, event in enumerate(events) if isinstance(event, RegionDone))
    assert all(isinstance(event, Progress) for event in events[:waited])
    assert waited <= 9


def test_colearning_by_the_letter_labels_with_the_mean_over_all_windows():
    net, pixels = network(colearn="concat", output="global"), photo(128, 128)
    sink, events = label(net, pixels, Plan(core=64, halo=0, tile=64))
    assert [type(event) for event in events] == [Progress] * 3 + [RegionDone] * 4
    view = net.normalisation(torch.from_numpy(pixels[None]))
    squashed = net.normalisation(torch.from_numpy(overview(Array(pixels), 64)[None]))
    with torch.no_grad():
        crops = [view[..., y : y + 64, x : x + 64] for y in (0, 64) for x in (0, 64)]
        heads = [net(squashed, crop).global_logits_N4HW.softmax(1)[0] for crop in crops]
    mean = torch.stack(heads).mean(0)
    upscaled = nn.functional.interpolate(mean[None], size=(128, 128), mode="bilinear")[0].argmax(0) + 1
    assert np.mean(upscaled.numpy() != sink.labels) < 1e-3


def test_the_tiled_answer_is_that_of_the_networks_own_heads():
    net, pixels = network(), photo(64, 64)
    sink, _ = label(net, pixels, Plan(core=64, halo=0, tile=64))
    view = net.normalisation(torch.from_numpy(pixels[None]))
    with torch.no_grad():
        heads = net(view, view, torch.tensor([[0.0, 1.0, 0.0, 1.0]]))
    mean = (heads.global_logits_N4HW.softmax(1) + heads.local_logits_N4HW.softmax(1))[0] / 2
    assert np.mean(mean.argmax(0).numpy() + 1 != sink.labels) < 1e-3


def test_uncertainty_is_the_entropy_of_the_probabilities():
    net, pixels = network(branches="local"), photo(64, 64)
    with torch.no_grad():
        net.local_branch.out.weight.zero_()
    even, _ = label(net, pixels, EXACT)
    assert np.unique(even.uncertainty).tolist() == [255]
    with torch.no_grad():
        net.local_branch.out.bias.copy_(torch.tensor([0.0, 0.0, 50.0, 0.0]))
    sure, _ = label(net, pixels, EXACT)
    assert np.unique(sure.uncertainty).tolist() == [0]
    assert np.unique(sure.labels).tolist() == [3]


@pytest.mark.parametrize("plan", [Plan(core=60, halo=32), Plan(core=64, halo=31), Plan(core=64, halo=32, tile=512)])
def test_a_plan_that_would_shift_the_pooling_grid_or_split_chunks_is_refused(plan):
    with pytest.raises(ValueError, match="core"):
        label(network(), photo(64, 64), plan)


def test_bf16_turns_few_labels():
    net, pixels = network(), photo(200, 200)
    exact, _ = label(net, pixels, EXACT, precision="fp32")
    rough, _ = label(net, pixels, EXACT, precision="bf16")
    assert np.mean(exact.labels != rough.labels) < 0.05  # a random network's classes all but tie
