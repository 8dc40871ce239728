"""The endpoint of boxes obeys the laws of all endpoints, and its own."""

import numpy as np
import pytest
from tests.conformance.endpoint import check_endpoint, value_of
from tests.endpoints.boxes.scenes import crowded, scenes

from bedside.endpoints.boxes.boxes import Aside, Boxes, Found
from bedside.endpoints.boxes.fusion import fused
from bedside.endpoints.boxes.kind import boxes
from bedside.endpoints.boxes.kinds import kinds_named
from bedside.endpoints.boxes.measures import box_measures
from bedside.endpoints.endpoint import Reference, View
from bedside.errors import CohortProblem, StatisticsError, StudyError

TWO = boxes(("platelet", "red cell"))


def test_images_with_two_kinds() -> None:
    outcomes, predictions = scenes(1, 30, decimals=2)
    check_endpoint(TWO, outcomes, predictions)


def test_images_with_crowds() -> None:
    outcomes, predictions = crowded(1, 30)
    assert any(one.aside is not None for one in outcomes)
    check_endpoint(TWO, outcomes, predictions)


def test_what_is_set_aside_is_stored_and_neither_counted_nor_held_against_a_learner() -> None:
    own, rest = np.array([[0.0, 0.0, 4.0, 4.0]]), np.array([[10.0, 10.0, 18.0, 18.0], [2.0, 12.0, 6.0, 16.0]])
    kind = np.array([0])
    truth = Boxes(own, kind, (20, 20), aside=Aside(rest, np.array([0, 1]), np.array([True, False])))
    assert TWO.restore_outcomes(TWO.outcome_cells([truth])) == [truth]
    assert TWO.restore_outcomes(TWO.outcome_cells([truth])) != [Boxes(own, kind, (20, 20))]
    told = Found(np.array([own[0], [11.0, 11.0, 14.0, 14.0], rest[1]]), np.array([0, 0, 1]), np.array([0.9, 0.8, 0.7]))
    cut = {"platelet": 0.1, "red_cell": 0.1}
    measures = {one.name: one for one in box_measures(kinds_named(("platelet", "red cell")), 0.5, cut)}
    for name, value in {
        "ap50": 1.0,
        "froc": 1.0,
        "sensitivity": 1.0,
        "precision_platelet": 1.0,
        "count_error_platelet": 0.0,
        "count_error_red_cell": 0.0,
    }.items():
        assert value_of(measures[name], [truth], [told]) == pytest.approx(value), name
    nothing = Boxes(np.zeros((0, 4)), np.zeros(0, np.int64), (20, 20), aside=truth.aside)
    only = Found(told.corners[1:], told.kinds[1:], told.scores[1:])
    assert TWO.target.losses([nothing], [only]).tolist() == [0.0]
    assert "2 besides that are not judged" in TWO.drawing(truth, told).caption  # type: ignore[misc]


def test_volumes_with_one_kind() -> None:
    outcomes, predictions = scenes(2, 30, size=(25, 25, 25), kinds=1)
    check_endpoint(boxes(("nodule",), iou=0.3, false_positives=2.0, dimensions=3), outcomes, predictions)


@pytest.mark.parametrize(
    "declared",
    [
        {"kinds": ()},
        {"kinds": ("a", "A ")},
        {"kinds": ("a",), "iou": 1.0},
        {"kinds": ("a",), "false_positives": 0.0},
        {"kinds": ("a",), "dimensions": 4},
    ],
)
def test_declarations_are_checked(declared: "dict[str, object]") -> None:
    with pytest.raises(StudyError):
        boxes(**declared)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0, 50.0])
def test_thresholds_keep_false_positives_to_what_was_declared(rate: float) -> None:
    outcomes, predictions = scenes(3, 30)
    endpoint = boxes(("platelet", "red cell"), false_positives=rate)
    reference = Reference(development=(), tuning=outcomes, predictions=predictions)
    cut = endpoint.settings(reference)
    measures = {one.name: one for one in endpoint.measures(reference)}
    for kind, slug in enumerate(("platelet", "red_cell")):
        rows = measures[f"precision_{slug}"].contribute(outcomes, predictions).rows
        wrong = float((rows[:, 1] - rows[:, 0]).sum())
        assert wrong / 30 <= rate + 1e-9
        if cut[f"threshold_{slug}"] > 0:
            below = max(s for one in predictions for s in one.scores[one.kinds == kind] if s < cut[f"threshold_{slug}"])
            looser = {one: (float(below) if one == slug else 1.0) for one in ("platelet", "red_cell")}
            more = {one.name: one for one in box_measures(kinds_named(("platelet", "red cell")), 0.5, looser)}
            rows = more[f"precision_{slug}"].contribute(outcomes, predictions).rows
            assert float((rows[:, 1] - rows[:, 0]).sum()) / 30 > rate, "one more would be allowed"


def test_thresholds_of_single_models_mean_something_else_for_an_ensemble() -> None:
    """Four models find the same thing, and something else each: what docs/explanation/outlines.md says of them."""
    truth = [Boxes(np.array([[0, 0, 8, 8]]), np.array([0]), (60, 60)) for _ in range(6)]

    def told(model: int, image: int) -> Found:
        corners = np.array([[0, 0, 8, 8], [10 * model + 10, 20, 10 * model + 18, 28]])
        return Found(corners, np.zeros(2, dtype=np.int64), np.array([0.9, 0.4 + 0.05 * image]))

    models = [[told(model, image) for image in range(6)] for model in range(4)]
    single, together = Reference((), truth, models[0]), fused(models)
    for allowed, alone, pooled in ((0.5, 6 / 9, 1.0), (1.0, 0.5, 0.2)):
        endpoint = boxes(("cell",), false_positives=allowed)
        precision = {one.name: one for one in endpoint.measures(single)}["precision"]
        assert value_of(precision, truth, models[0]) == pytest.approx(alone)
        assert value_of(precision, truth, together) == pytest.approx(pooled)


def test_counts_agree_on_the_whole_with_tuning() -> None:
    outcomes, predictions = scenes(3, 30)
    measures = {one.name: one for one in TWO.measures(Reference((), outcomes, predictions))}
    for kind, slug in enumerate(("platelet", "red_cell")):
        found = sum(int((one.kinds == kind).sum()) for one in predictions)
        there = sum(int((one.kinds == kind).sum()) for one in outcomes)
        expected = min(0, found - there) / 30
        assert value_of(measures[f"count_error_{slug}"], outcomes, predictions) == pytest.approx(expected)


def test_counts_and_decisions_of_one_image() -> None:
    truth = [Boxes(np.array([[0, 0, 4, 4], [10, 10, 14, 14], [0, 10, 4, 14]]), np.array([0, 0, 1]), (20, 20))]
    told = [
        Found(
            np.array([[0, 0, 4, 4], [5, 5, 8, 8], [10, 10, 14, 14], [0, 10, 4, 14]]),
            np.array([0, 0, 0, 0]),
            np.array([0.9, 0.8, 0.3, 0.7]),
        )
    ]
    measures = {one.name: one for one in box_measures(kinds_named(("a", "b")), 0.5, {"a": 0.5, "b": 0.5})}
    expected = {
        "sensitivity_a": 1 / 2,
        "sensitivity_b": 0.0,
        "sensitivity": 1 / 4,
        "precision_a": 1 / 3,
        "count_error_a": 1.0,
        "count_error_b": -1.0,
        "count_absolute_error_b": 1.0,
    }
    for name, value in expected.items():
        assert value_of(measures[name], truth, told) == pytest.approx(value), name
    for name in ("precision_b", "precision"):
        assert np.isnan(value_of(measures[name], truth, told)), "nothing of the kind is shown"


def test_undeclared_kinds_and_empty_references_are_refused() -> None:
    outcomes, predictions = scenes(4, 3, kinds=3)
    with pytest.raises(StatisticsError, match="not declared"):
        boxes(("a",)).loss(outcomes, predictions)
    with pytest.raises(CohortProblem, match="no tuning images"):
        TWO.measures(Reference((), (), ()))
    empty = [Boxes(np.zeros((0, 4)), np.zeros(0, dtype=np.int64), (9, 9))]
    with pytest.raises(StatisticsError, match="none of 1 images"):
        TWO.loss(empty, [Found.nothing(2)])


def test_the_loss_falls_as_boxes_come_nearer() -> None:
    truth = [Boxes(np.array([[10, 10, 30, 30]]), np.array([0]), (50, 50))]
    losses = [
        TWO.loss(truth, [Found(np.array([[10 + off, 10, 30 + off, 30]]), np.array([0]), np.array([0.5]))])
        for off in (0, 5, 7, 9, 15)
    ]
    assert losses[0] == pytest.approx(0.0)
    assert losses[-1] == pytest.approx(1.0)
    assert losses == sorted(losses)
    assert len(set(losses)) >= 4


def test_fused_boxes_lie_between_their_members_and_count_who_found_them() -> None:
    one = Found(np.array([[0, 0, 10, 10], [20, 20, 30, 30]]), np.array([0, 0]), np.array([0.9, 0.6]))
    two = Found(np.array([[0, 0, 10, 12]]), np.array([0]), np.array([0.3]))
    pooled = fused([[one], [two]])[0]
    np.testing.assert_allclose(pooled.corners, np.array([[0, 0, 10, 10.5], [20, 20, 30, 30]]), atol=1e-6)
    np.testing.assert_allclose(pooled.scores, [0.6, 0.3], atol=1e-6)
    other = Found(two.corners, np.array([1]), two.scores)
    assert len(fused([[one], [other]])[0]) == 3, "another kind is another thing"


def test_doubts_name_the_kinds() -> None:
    assert "red cell" in TWO.doubt({"sensitivity_red_cell": 0.3})
    assert "platelet" in TWO.doubt({"precision_platelet": 0.3})
    assert "counts" in TWO.doubt({"count_error_platelet": -2.0, "count_absolute_error_platelet": 2.5})
    assert not TWO.doubt({"count_error_platelet": 0.1, "count_absolute_error_platelet": 2.5})
    assert not TWO.doubt({"sensitivity_platelet": 0.9, "precision_red_cell": 0.6})


def test_what_is_never_shown_makes_no_learner_more_precise() -> None:
    endpoint = boxes(("cell", "platelet"))
    corners = np.array([[0, 0, 9, 9], [20, 20, 29, 29]])
    truth = Boxes(corners, np.array([0, 1]), (40, 40))
    both = Found(corners, np.array([0, 1]), np.array([0.9, 0.8]))
    one = Found(corners[:1], np.array([0]), np.array([0.9]))
    measures = {each.name: each for each in endpoint.measures(Reference([truth], [truth], [both]))}

    def value(name: str, told: Found) -> float:
        given = measures[name].contribute([truth], [told])
        return float(measures[name].statistic(given.rows)(np.ones((1, len(given.rows))))[0])

    assert (value("precision", both), value("sensitivity", both)) == (1.0, 1.0)
    assert np.isnan(value("precision", one))
    assert (value("precision_cell", one), value("sensitivity", one)) == (1.0, 0.5)


def test_figures_show_no_cell_of_fewer_patients_than_allowed() -> None:
    endpoint = boxes(("cell", "platelet"))
    corners = np.array([[0, 0, 9, 9], [20, 20, 29, 29]])
    outcomes = [Boxes(corners[: 1 + (k == 0)], np.arange(1 + (k == 0)), (40, 40)) for k in range(6)]
    told = [Found(one.corners, one.kinds, np.full(len(one), 0.9)) for one in outcomes]
    cuts = dict(endpoint.settings(Reference(outcomes, outcomes, told)))

    def labels(smallest: int) -> list[str]:
        zeros = np.zeros(6, dtype=np.int64)
        view = View("net", outcomes, told, zeros, np.arange(6), [cuts], smallest_cell=smallest)
        made = {one.name: one for one in endpoint.figures([view])}
        return [one.label.split(" (")[0] for one in made["precision_recall"].series] if made else []

    assert [labels(smallest) for smallest in (0, 5, 7)] == [["cell", "platelet"], ["cell"], []]
