"""The head learns boxes and tells them where they are."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.endpoints.boxes.scenes import scenes

from bedside.data.placement import Placement
from bedside.endpoints.boxes.boxes import Aside, Boxes, overlaps
from bedside.endpoints.boxes.head import NONE, BoxHead, focal, generalised_overlap
from bedside.endpoints.boxes.kind import boxes
from bedside.endpoints.boxes.peaks import boxes_at_peaks, without_repetition
from bedside.endpoints.continuous.kind import continuous
from bedside.errors import ModelError
from bedside.networks.features import Pyramid

TWO = boxes(("platelet", "red cell"))


def prepared(one: Boxes) -> Boxes:
    """The same on a prepared image of the same grid."""
    assert one.size is not None
    return one.placed(Placement.still(one.size))


def adapted(outcomes: list[Boxes], dimensions: int = 2) -> BoxHead:
    torch.manual_seed(0)
    head = BoxHead(boxes(("platelet", "red cell"), dimensions=dimensions), 8, 1)
    head.adapt([prepared(one) for one in outcomes])
    return head


@pytest.mark.parametrize(("size", "shape"), [((40, 50), (10, 12)), ((24, 24, 24), (12, 6, 12))])
def test_outputs_that_minimise_the_loss_are_the_boxes(size: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Raw outputs are optimised by themselves: loss and decoding mean the same by every number."""
    starts = [[2.0] * len(size), [16.0] * len(size)]
    ends = [[11.0] * len(size), [size[0] - 1.5] * len(size)]
    truth = Boxes(np.hstack([starts, ends]), np.array([1, 0]), size)
    head = adapted([truth], len(size))
    targets = head.targets([prepared(truth)])
    outputs = torch.zeros(1, 2 + 2 * len(size), *shape, requires_grad=True)
    optimiser = torch.optim.Adam([outputs])
    for step in range(60):
        optimiser.param_groups[0]["lr"] = 0.3 if step < 40 else 0.03
        optimiser.zero_grad()
        head.loss(outputs, targets).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    found = head.decode(outputs.detach().numpy())[0]
    assert (found.scores[:2] > 0.9).all()
    assert (found.scores[2:] < 0.1).all()
    for corners, kind in zip(truth.corners, truth.kinds.tolist(), strict=True):
        ours = found.corners[:2][found.kinds[:2] == kind]
        assert float(overlaps(corners[None], ours)[0, 0]) > 0.9


def test_boxes_that_only_fill_a_row_change_nothing() -> None:
    outcomes = scenes(0, 4)[0]
    head = adapted(outcomes)
    outputs = torch.randn(4, 6, 10, 12)
    targets = head.targets([prepared(one) for one in outcomes])
    filled = torch.zeros(4, 3, targets.shape[2])
    filled[..., -1] = NONE
    torch.testing.assert_close(head.loss(outputs, torch.cat([targets, filled], dim=1)), head.loss(outputs, targets))


def test_an_image_without_boxes_has_a_loss_too() -> None:
    outcomes = scenes(0, 2)[0]
    head = adapted(outcomes)
    empty = Boxes(np.zeros((0, 4)), np.zeros(0, dtype=np.int64), (40, 50))
    targets = head.targets([prepared(empty)])
    quiet, loud = torch.full((1, 6, 10, 12), -6.0), torch.full((1, 6, 10, 12), 6.0)
    assert 0.0 < float(head.loss(quiet, targets)) < float(head.loss(loud, targets))


def test_size_and_reach_travel_with_the_weights() -> None:
    outcomes = scenes(0, 4)[0]
    head, other = adapted(outcomes), BoxHead(TWO, 8, 1)
    other.load_state_dict(head.state_dict())
    raw = np.random.default_rng(0).normal(size=(3, 6, 10, 12)).astype(np.float32)
    assert other.decode(raw) == head.decode(raw)
    assert head.size.tolist() == [40.0, 50.0]


def test_what_cannot_be_learned_is_refused() -> None:
    empty = Boxes(np.zeros((0, 4)), np.zeros(0, dtype=np.int64), (40, 50))
    with pytest.raises(ModelError, match="at least one box"):
        BoxHead(TWO, 8, 1).adapt([empty])
    with pytest.raises(ModelError, match="of kinds up to number 2"):
        BoxHead(TWO, 8, 1).adapt([Boxes(np.array([[0, 0, 4, 4]]), np.array([2]), (40, 50))])
    head = BoxHead(TWO, 8, 1)
    unplaced = Boxes(np.array([[0, 0, 4, 4]]), np.array([0]), (40, 50))
    head.adapt([unplaced])
    with pytest.raises(ModelError, match="Framed"):
        head.targets([unplaced])
    with pytest.raises(ModelError, match="members"):
        BoxHead(TWO, 8, 3)
    with pytest.raises(ModelError, match="not a continuous one"):
        BoxHead(continuous(), 8, 1)


def test_the_head_reads_the_finest_map() -> None:
    head = adapted(scenes(0, 2)[0])
    maps = (torch.randn(3, 8, 10, 12), torch.randn(3, 8, 5, 6))
    assert head(Pyramid(torch.zeros(1, 3, 8), maps)).shape == (3, 6, 10, 12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_generalised_overlap_is_overlap_less_the_empty_share(seed: int) -> None:
    stream = np.random.default_rng(seed)
    starts = stream.uniform(0, 10, (2, 5, 2))
    one, two = np.concatenate([starts, starts + stream.uniform(0.5, 8, starts.shape)], axis=2)
    found = generalised_overlap(torch.from_numpy(one), torch.from_numpy(two)).numpy()
    low, high = np.minimum(one[:, :2], two[:, :2]), np.maximum(one[:, 2:], two[:, 2:])
    plain = overlaps(one.astype(np.float32), two.astype(np.float32))[np.arange(5), np.arange(5)]
    areas = [(box[:, 2:] - box[:, :2]).prod(axis=1) for box in (one, two)]
    union = (areas[0] + areas[1]) / (1 + plain)
    np.testing.assert_allclose(found, plain - 1 + union / (high - low).prod(axis=1), atol=1e-4)


def test_focal_loss_is_that_of_its_paper() -> None:
    """Law and Deng, ECCV 2018, equation 1, with exponents 2 and 4."""
    logits, wanted = torch.tensor([0.3, -1.2]), torch.tensor([1.0, 0.4])
    p = torch.sigmoid(logits)
    expected = -((1 - p[0]) ** 2 * p[0].log() + (1 - 0.4) ** 4 * p[1] ** 2 * (1 - p[1]).log())
    torch.testing.assert_close(focal(logits, wanted), expected)


def test_repetitions_are_left_out_kind_by_kind() -> None:
    corners = np.array([[0, 0, 10, 10], [0, 1, 10, 10], [0, 1, 10, 10], [20, 20, 30, 30]], dtype=np.float32)
    kept = without_repetition(corners, np.array([0, 0, 1, 0]), np.array([0.5, 0.9, 0.4, 0.1], dtype=np.float32))
    assert kept.tolist() == [1, 2, 3]


@pytest.mark.parametrize("most", [5, 1000])
def test_repetitions_are_those_of_a_table_of_all_pairs(most: int) -> None:
    chance = np.random.default_rng(3)
    starts = chance.uniform(0, 60, (200, 2))
    corners = np.concatenate([starts, starts + chance.uniform(4, 30, (200, 2))], axis=1).astype(np.float32)
    kinds, scores = chance.integers(0, 2, 200), np.round(chance.random(200), 1).astype(np.float32)
    table, kept = overlaps(corners, corners), list[int]()
    for place in np.argsort(-scores, kind="stable").tolist():
        if not any(kinds[other] == kinds[place] and table[other, place] > 0.3 for other in kept):
            kept.append(place)
    assert len(kept) > 5
    assert without_repetition(corners, kinds, scores, overlap=0.3, most=most).tolist() == kept[:most]
    assert without_repetition(corners[:0], kinds[:0], scores[:0]).tolist() == []


def test_thousands_of_boxes_are_thinned_out_in_little_memory() -> None:
    starts = np.random.default_rng(4).uniform(0, 600, (5000, 2)).astype(np.float32)
    scores = np.linspace(1, 0, 5000, dtype=np.float32)
    tracemalloc.start()
    try:
        kept = without_repetition(np.concatenate([starts, starts + 9], axis=1), np.zeros(5000, np.int64), scores)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert len(kept) == 100


def test_peaks_lie_where_the_map_does() -> None:
    logits = np.full((1, 4, 5), -9.0, dtype=np.float32)
    logits[0, 1, 3] = 2.0
    found = boxes_at_peaks(logits, np.full((4, 4, 5), 3.0, dtype=np.float32), (16, 20))
    assert len(found) == 1
    np.testing.assert_allclose(found.corners, [[2.5, 10.5, 8.5, 16.5]])
    assert partial(boxes_at_peaks, size=(16, 20))(logits, np.full((4, 4, 5), 3.0, dtype=np.float32)) == found


def test_what_is_set_aside_is_not_learned_as_background() -> None:
    """A centre that is told in a crowd costs nothing, of its kind alone; elsewhere it does."""
    own, crowd = np.array([[2.0, 2.0, 9.0, 9.0]]), np.array([[19.5, 19.5, 35.5, 35.5]])
    rest = Aside(crowd, np.array([1]), np.array([True]))
    bare = Boxes(own, np.array([0]), (40, 40))
    truth = Boxes(own, np.array([0]), (40, 40), aside=rest)
    head = adapted([truth])

    def lost(outcome: Boxes, kind: int, place: int) -> float:
        outputs = torch.full((1, 6, 10, 10), -4.0)
        outputs[:, kind, place, place] = 4.0
        return float(head.loss(outputs, head.targets([prepared(outcome)])))

    nothing = lost(truth, 1, 7)
    assert lost(bare, 1, 7) > nothing + 1.0
    assert lost(truth, 0, 7) > nothing + 1.0
    assert lost(truth, 1, 1) > nothing + 1.0
    assert lost(truth, 1, 5) == pytest.approx(nothing)
