"""Average precision and free-response sensitivity against what their definitions say, in exact fractions."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.endpoints.boxes.scenes import crowded, scenes

from bedside.endpoints.boxes.boxes import Aside, Boxes, Found
from bedside.endpoints.boxes.matching import ASIDE, RIGHT, WRONG, judged, rows, taken
from bedside.endpoints.boxes.measures import STRICT
from bedside.endpoints.boxes.ranked import RATES, average_precision, froc

KIND = np.zeros(1, dtype=np.int64)


def plain_iou(one: "Sequence[float]", two: "Sequence[float]") -> float:
    half = len(one) // 2
    shared, first, second = 1.0, 1.0, 1.0
    for axis in range(half):
        shared *= max(0.0, min(one[half + axis], two[half + axis]) - max(one[axis], two[axis]))
        first *= one[half + axis] - one[axis]
        second *= two[half + axis] - two[axis]
    return shared / (first + second - shared)


def plain_share(one: "Sequence[float]", two: "Sequence[float]") -> float:
    half = len(one) // 2
    shared, own = 1.0, 1.0
    for axis in range(half):
        shared *= max(0.0, min(one[half + axis], two[half + axis]) - max(one[axis], two[axis]))
        own *= one[half + axis] - one[axis]
    return shared / own


def plain_hits(
    outcomes: Sequence[Boxes], predictions: Sequence[Found], kind: int, limit: float
) -> list[tuple[float, bool]]:
    """(score, whether it takes a box) of all judged found boxes of a kind: loops, as COCO's evaluation has them."""
    told: list[tuple[float, bool]] = []
    for truth, found in zip(outcomes, predictions, strict=True):
        there = [box for box, of in zip(truth.corners.tolist(), truth.kinds.tolist(), strict=True) if of == kind]
        taken = [False] * len(there)
        for box, of, score in zip(found.corners.tolist(), found.kinds.tolist(), found.scores.tolist(), strict=True):
            if of != kind:
                continue
            best, place = limit, -1
            for k, other in enumerate(there):
                if not taken[k] and plain_iou(box, other) >= best:
                    best, place = plain_iou(box, other), k
            if place >= 0:
                taken[place] = True
            elif truth.aside is not None and any(
                of == kind and (plain_share if crowd else plain_iou)(box, other) >= limit
                for other, of, crowd in zip(
                    truth.aside.corners.tolist(), truth.aside.kinds.tolist(), truth.aside.crowds.tolist(), strict=True
                )
            ):
                continue
            told.append((score, place >= 0))
    return told


def ladder(told: list[tuple[float, bool]]) -> list[tuple[int, int]]:
    """Right and wrong at each threshold, the strictest first."""
    levels = sorted({score for score, _ in told}, reverse=True)
    return [
        (sum(hit for score, hit in told if score >= level), sum(not hit for score, hit in told if score >= level))
        for level in levels
    ]


def plain_precision(outcomes: Sequence[Boxes], predictions: Sequence[Found], kinds: int, limit: float) -> float:
    values = []
    for kind in range(kinds):
        there = sum(int((truth.kinds == kind).sum()) for truth in outcomes)
        if not there:
            continue
        curve = ladder(plain_hits(outcomes, predictions, kind, limit))
        steps = [(Fraction(right, there), Fraction(right, right + wrong)) for right, wrong in curve]
        levels = [
            max((precision for recall, precision in steps if recall >= Fraction(k, 100)), default=Fraction(0))
            for k in range(101)
        ]
        values.append(sum(levels) / 101)
    return float(sum(values) / len(values)) if values else float("nan")


def plain_froc(outcomes: Sequence[Boxes], predictions: Sequence[Found], kinds: int, limit: float) -> float:
    values = []
    for kind in range(kinds):
        there = sum(int((truth.kinds == kind).sum()) for truth in outcomes)
        if there:
            curve = [(0, 0), *ladder(plain_hits(outcomes, predictions, kind, limit))]
            x = [wrong / len(outcomes) for _, wrong in curve]
            values.append(float(np.mean([np.interp(rate, x, [right / there for right, _ in curve]) for rate in RATES])))
    return float(np.mean(values)) if values else float("nan")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 6]), st.sampled_from([(40, 50), (25, 25, 25)]))
def test_values_are_those_of_plain_loops(seed: int, decimals: int, size: tuple[int, ...]) -> None:
    """With few decimals scores are tied, within images and between them."""
    outcomes, predictions = scenes(seed, 8, size=size, kinds=3, decimals=decimals)
    limits = (0.5, 0.75)
    given_rows = rows(outcomes, predictions, limits).rows
    ones = np.ones((1, len(given_rows)))
    expected = np.mean([plain_precision(outcomes, predictions, 3, limit) for limit in limits])
    assert average_precision(given_rows)(ones)[0] == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert froc(given_rows)(ones)[0] == pytest.approx(plain_froc(outcomes, predictions, 3, 0.5), abs=1e-12, nan_ok=True)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_values_beside_crowds_are_those_of_plain_loops(seed: int) -> None:
    outcomes, predictions = crowded(seed, 8)
    limits = (0.5, 0.75)
    given_rows = rows(outcomes, predictions, limits).rows
    ones = np.ones((1, len(given_rows)))
    expected = np.mean([plain_precision(outcomes, predictions, 2, limit) for limit in limits])
    assert average_precision(given_rows)(ones)[0] == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert froc(given_rows)(ones)[0] == pytest.approx(plain_froc(outcomes, predictions, 2, 0.5), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("seed", "half", "strict"),
    [
        (0, 0.5473570837398419, 0.2538082799917068),
        (3, 0.5766616452292193, 0.2521961744391426),
        (4, 0.6057667381682706, 0.25869869079230856),
    ],
)
def test_values_beside_crowds_are_those_of_pycocotools(seed: int, half: float, strict: float) -> None:
    """COCOeval of pycocotools 2.0.11 on `crowded(seed, 30)`, crowds with iscrowd=1, images of 50 x 40 pixels."""
    outcomes, predictions = crowded(seed, 30)
    for limits, expected in (((0.5,), half), (STRICT, strict)):
        given_rows = rows(outcomes, predictions, limits).rows
        assert average_precision(given_rows)(np.ones((1, len(given_rows))))[0] == pytest.approx(expected, abs=1e-12)


def test_what_is_found_on_a_box_set_aside_is_neither_right_nor_wrong() -> None:
    """In a crowd by the share of what was found, on a single thing by intersection over union; however often."""
    own, other = [0.0, 0.0, 4.0, 4.0], [10.0, 10.0, 18.0, 18.0]
    corners = np.array([own, [10.0, 10.0, 14.0, 14.0], [11.0, 11.0, 15.0, 15.0], [10.0, 10.0, 18.0, 17.0], own])
    told = Found(corners, np.array([0, 0, 0, 0, 1]), np.array([0.9, 0.8, 0.7, 0.6, 0.5]))
    for crowd, states in ((True, [RIGHT, ASIDE, ASIDE, ASIDE, WRONG]), (False, [RIGHT, WRONG, WRONG, ASIDE, WRONG])):
        rest = Aside(np.array([other]), KIND, np.array([crowd]))
        truth = Boxes(np.array([own]), KIND, (20, 20), aside=rest)
        assert judged(truth, told, (0.5,))[:, 0].tolist() == states
    elsewhere = Boxes(np.array([own]), KIND, (20, 20), aside=Aside(np.array([other]), KIND + 1, np.array([True])))
    assert judged(elsewhere, told, (0.5,))[:, 0].tolist() == [RIGHT, WRONG, WRONG, WRONG, WRONG], "of another kind"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_weights_are_repetition(seed: int) -> None:
    outcomes, predictions = scenes(seed, 7, decimals=1)
    found = rows(outcomes, predictions, (0.5,))
    times = np.random.default_rng(seed).integers(0, 3, (4, 7))
    for statistic, plain in ((average_precision, plain_precision), (froc, plain_froc)):
        values = statistic(found.rows)(times[:, found.case].astype(np.float64))
        for value, row in zip(values, times, strict=True):
            copies = np.repeat(np.arange(7), row).tolist()
            repeated = plain([outcomes[k] for k in copies], [predictions[k] for k in copies], 2, 0.5)
            assert value == pytest.approx(repeated, abs=1e-12, nan_ok=True)


def test_a_perfect_detector_and_a_blind_one() -> None:
    outcomes = scenes(0, 10)[0]
    perfect = [Found(one.corners, one.kinds, np.full(len(one), 0.7)) for one in outcomes]
    for told, value in ((perfect, 1.0), ([Found.nothing(2)] * 10, 0.0)):
        given_rows = rows(outcomes, told, (0.5, 0.95)).rows
        for statistic in (average_precision, froc):
            assert statistic(given_rows)(np.ones((1, len(given_rows))))[0] == pytest.approx(value)


def test_known_values() -> None:
    """Two things; found: right (.9), wrong (.8), right (.7): precision 1 up to recall 1/2, then 2/3."""
    truth = [Boxes(np.array([[0, 0, 4, 4], [10, 10, 14, 14]]), np.array([0, 0]), (20, 20))]
    corners = np.array([[0, 0, 4, 4], [5, 5, 8, 8], [10, 10, 14, 14]])
    told = [Found(corners, np.zeros(3, dtype=np.int64), np.array([0.9, 0.8, 0.7]))]
    given_rows = rows(truth, told, (0.5,)).rows
    assert average_precision(given_rows)(np.ones((1, len(given_rows))))[0] == pytest.approx((51 + 50 * 2 / 3) / 101)
    # Before the false positive half is found, behind it all; LUNA16 reads the last point at a rate.
    low = [0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0]
    assert froc(given_rows)(np.ones((1, len(given_rows))))[0] == pytest.approx(np.mean(low))


def test_a_box_is_found_once_and_by_the_most_certain() -> None:
    truth = Boxes(np.array([[0, 0, 10, 10]]), KIND, (20, 20))
    told = Found(np.array([[0, 0, 10, 9], [0, 0, 10, 10]]), np.array([0, 0]), np.array([0.9, 0.8]))
    assert judged(truth, told, (0.5, 0.95)).tolist() == [[RIGHT, WRONG], [WRONG, RIGHT]]
    assert taken(truth, told, (0.5, 0.95)).tolist() == [[0, -1], [-1, 0]]
    other = Found(told.corners, np.array([1, 1]), told.scores)
    assert (judged(truth, other, (0.5,)) == WRONG).all(), "another kind is another thing"
