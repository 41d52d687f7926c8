"""Losses: an unlabelled pixel has no say."""

import numpy as np
import pytest
import torch

from training.losses import Terms, binary_loss, branch_loss, class_weights, cross_entropy, dice_loss

TERMS = Terms(cross_entropy=1.0, dice=1.0, binary=1.0, classes=(0.5, 1.0, 2.0, 3.0))


@pytest.fixture
def views():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 4, 8, 8, generator=generator)
    binary = torch.randn(2, 1, 8, 8, generator=generator)
    labels = torch.randint(0, 5, (2, 8, 8), generator=generator, dtype=torch.uint8)
    return logits.requires_grad_(), binary.requires_grad_(), labels


def test_unlabelled_pixels_get_no_gradient(views):
    logits, binary, labels = views
    branch_loss(logits, binary, labels, TERMS).backward()
    unlabelled = labels == 0
    assert unlabelled.any()
    assert (logits.grad.permute(0, 2, 3, 1)[unlabelled] == 0).all()
    assert (binary.grad[:, 0][unlabelled] == 0).all()
    assert (logits.grad.permute(0, 2, 3, 1)[~unlabelled] != 0).any(1).all()


def test_what_lies_under_unlabelled_pixels_changes_no_term(views):
    logits, binary, labels = views
    other = torch.where((labels == 0)[:, None], torch.full_like(logits, 50.0), logits)
    for term in (lambda x: cross_entropy(x, labels, TERMS.classes), lambda x: dice_loss(x, labels)):
        assert term(other) == term(logits)
    other_binary = torch.where((labels == 0)[:, None], torch.full_like(binary, 50.0), binary)
    assert binary_loss(other_binary, labels) == binary_loss(binary, labels)


def test_a_crop_without_labels_is_finite_and_contributes_nothing(views):
    logits, binary, labels = views
    loss = branch_loss(logits, binary, torch.zeros_like(labels), TERMS)
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()
    assert (binary.grad == 0).all()


def test_cross_entropy_divides_by_the_labelled_pixels(views):
    logits, _, labels = views
    chosen = logits.log_softmax(1).gather(1, (labels.long() - 1).clamp(min=0)[:, None])[:, 0]
    weight = torch.tensor([0.0, *TERMS.classes])[labels.long()]
    expected = -(chosen * weight).sum() / (labels > 0).sum()
    torch.testing.assert_close(cross_entropy(logits, labels, TERMS.classes), expected)


def test_dice_is_zero_for_a_perfect_answer_and_near_one_for_a_wrong_one(views):
    _, _, labels = views
    truth = torch.nn.functional.one_hot((labels.long() - 1).clamp(min=0), 4).permute(0, 3, 1, 2) * 100.0
    assert dice_loss(truth, labels) < 1e-4
    assert dice_loss(truth.roll(1, 1), labels) > 0.99


def test_binary_target_is_lesion_against_normal():
    labels = torch.tensor([[[1, 2, 3, 4]]], dtype=torch.uint8)
    right = torch.tensor([[[[-50.0, 50.0, 50.0, 50.0]]]])
    assert binary_loss(right, labels) < 1e-6
    assert binary_loss(-right, labels) > 40


def test_an_absent_class_gets_a_neutral_weight():
    weights = class_weights(np.array([9600, 0, 0, 400]), 0.5)
    assert weights[1] == weights[2] == 1.0
    assert weights[3] > weights[0]
    assert 0.96 * weights[0] + 0.04 * weights[3] == pytest.approx(1.0)


def test_a_vanishingly_rare_class_does_not_take_over():
    weights = class_weights(np.array([10**9, 1, 10**6, 10**6]), 0.5)
    assert weights[1] / weights[0] == pytest.approx(10.0)


def test_no_power_means_no_weights():
    assert class_weights(np.array([9, 1, 5, 0]), 0.0) == pytest.approx((1.0,) * 4)
