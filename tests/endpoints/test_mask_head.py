"""The head for outlines: a class a pixel, several resolutions while training, and the way to predictions."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import softmax

from bedside.endpoints.binary.kind import binary
from bedside.endpoints.mask.head import MaskHead
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Mask
from bedside.errors import ModelError, OutcomeProblem, StatisticsError
from bedside.networks.features import Pyramid
from bedside.networks.losses import Focal
from bedside.networks.map_losses import IGNORED, MapLoss, Tversky

ENDPOINT = mask(("vessel", "lesion"), tolerance_pixels=1.0)
WIDTH = 5


def outlined(size: tuple[int, ...] = (8, 10), *, judged: bool = False, seed: int = 0) -> Mask:
    generator = np.random.default_rng(seed)
    field = generator.random(size) < 0.8 if judged else None
    return Mask(generator.choice(3, size, p=[0.7, 0.2, 0.1]).astype(np.uint8), None, field)


def features(*sizes: tuple[int, ...], cases: int = 2, seed: int = 0) -> Pyramid:
    generator = torch.Generator().manual_seed(seed)
    maps = tuple(torch.randn(cases, WIDTH, *size, generator=generator) for size in sizes)
    return Pyramid(torch.zeros(1, cases, WIDTH), maps)


@pytest.mark.parametrize("sizes", [((8, 10), (4, 5), (2, 3)), ((4, 6, 8), (2, 3, 4), (1, 2, 2))])
def test_coarser_levels_are_told_only_while_training(sizes: tuple[tuple[int, ...], ...]) -> None:
    head = MaskHead(ENDPOINT, WIDTH, 1)
    given = features(*sizes)
    assert head.train()(given).shape == (2, 3, 3, *sizes[0])
    told = head.eval()(given)
    assert told.shape == (2, 1, 3, *sizes[0])
    weighed = torch.einsum("nc...,kc->nk...", given.maps[0], head.weight)
    expected = weighed + head.bias.reshape(-1, *(1 for _ in sizes[0]))
    torch.testing.assert_close(told[:, 0], expected)
    shares = head.shares(told)
    torch.testing.assert_close(shares.sum(1), torch.ones(2, *sizes[0]))


def test_each_level_counts_half_as_much_as_the_next_finer_one() -> None:
    head = MaskHead(ENDPOINT, WIDTH, 1).train()
    outputs = head(features((8, 10), (4, 5), (2, 3)))
    targets = head.targets([outlined(seed=k) for k in range(2)])
    each = [MapLoss()(outputs[:, level], targets[:, 0]) for level in range(3)]
    torch.testing.assert_close(head.loss(outputs, targets), (4 * each[0] + 2 * each[1] + each[2]) / 7)
    torch.testing.assert_close(head.loss(outputs[:, :1], targets), each[0])


def test_it_starts_at_the_share_of_each_class() -> None:
    head = MaskHead(ENDPOINT, WIDTH, 1).eval()
    outcomes = [outlined(judged=True, seed=k) for k in range(3)]
    head.adapt(outcomes)
    judged = np.concatenate([one.labels[one.judged] for one in outcomes])
    counts = np.bincount(judged, minlength=3) + 1.0
    nothing = Pyramid(torch.zeros(1, 1, WIDTH), (torch.zeros(1, WIDTH, 2, 2),))
    told = head.shares(head(nothing))[0, :, 0, 0].detach().numpy()
    np.testing.assert_allclose(told, counts / counts.sum(), rtol=1e-6)


def test_targets_are_labels_and_mark_what_is_not_judged() -> None:
    head = MaskHead(ENDPOINT, WIDTH, 1)
    one, two = outlined(judged=True), outlined(seed=4)
    targets = head.targets([one, two]).numpy()
    assert targets.shape == (2, 1, 8, 10)
    assert targets.dtype == np.uint8
    np.testing.assert_array_equal(targets[1, 0], two.labels)
    assert one.judged is not None
    np.testing.assert_array_equal(targets[0, 0][one.judged], one.labels[one.judged])
    assert (targets[0, 0][~one.judged] == IGNORED).all()


def test_probabilities_and_raw_outputs_become_the_same_prediction() -> None:
    head = MaskHead(ENDPOINT, WIDTH, 1).eval()
    outputs = head(features((8, 10))).detach()
    expected = softmax(outputs[:, 0].numpy(), axis=1)
    for told in (head.decode(outputs.numpy()), head.decode(head.shares(outputs).numpy())):
        for one, own in zip(told, expected, strict=True):
            np.testing.assert_allclose(one.shares / 255.0, own[1:], rtol=0.0, atol=0.51 / 255.0)
            first, second = np.sort(own, axis=0)[:0:-1]
            clear = first - second > 2.0 / 255.0  # nearer ones are equal in the steps in which shares are kept
            assert clear.mean() > 0.9
            np.testing.assert_array_equal(one.labels[clear], own.argmax(0)[clear])


def test_what_was_not_seen_is_background_and_rounding_does_no_harm() -> None:
    head = MaskHead(ENDPOINT, WIDTH, 1)
    blended = np.zeros((1, 3, 4, 4), dtype=np.float32)
    blended[0, :, :2] = np.array([0.2, 0.5000001, 0.3])[:, None, None]
    told = head.decode(blended)[0]
    assert (told.labels[:2] == 1).all()
    assert (told.labels[2:] == 0).all()
    with pytest.raises(StatisticsError, match="finite"):
        head.decode(np.full((1, 3, 4, 4), np.nan, dtype=np.float32))


def test_scores_are_one_a_class() -> None:
    head = MaskHead(ENDPOINT, WIDTH, 1).eval()
    scores = head.scores(head(features((8, 10))))
    assert scores.shape == (2, 1, 3)
    assert (scores[..., 0] == 0).all()


def test_a_loss_is_chosen_as_in_other_heads() -> None:
    chosen: Any = partial(MaskHead, loss=MapLoss(Tversky(0.7, 0.3), Focal(2.0)))
    plain, other = MaskHead(ENDPOINT, WIDTH, 1), chosen(ENDPOINT, WIDTH, 1)
    outputs, targets = plain.train()(features((8, 10))), plain.targets([outlined(), outlined(seed=1)])
    assert not torch.isclose(plain.loss(outputs, targets), other.loss(outputs, targets))
    assert not other.reweighted  # pixels are finished by the endpoint, not recalibrated by the learner


def test_what_cannot_be_learned_is_refused() -> None:
    head = MaskHead(ENDPOINT, WIDTH, 1)
    with pytest.raises(ModelError, match="all judged pixels of the 2 development outcomes are of one class"):
        head.adapt([Mask(np.zeros((4, 4), np.uint8))] * 2)
    with pytest.raises(OutcomeProblem, match=r"the label 7; allowed are 0 \(background\) to 2"):
        head.targets([Mask(np.full((4, 4), 7, np.uint8))])
    with pytest.raises(ModelError, match=r"2 sizes.*way=Windows"):
        head.targets([outlined(), outlined((4, 4))])
    with pytest.raises(ModelError, match="4 members in one pass; one is allowed"):
        MaskHead(ENDPOINT, WIDTH, 4)
    with pytest.raises(ModelError, match=r"endpoint of structures \(`mask`\), not a binary one"):
        MaskHead(binary(positive="yes", negative="no"), WIDTH, 1)
