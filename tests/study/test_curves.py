"""Training curves as a figure: one a network learner, the middle and range of its networks, in plain words."""

from typing import Any

import pytest

from bedside.evidence.schema import Learner
from bedside.study.curves import training_curves
from bedside.training.course import LONGEST, Course, Epoch

NETWORK = Learner(name="network", label="Network", description="A network.", role="model")
FOREST = Learner(name="forest", label="Forest", description="A forest.", role="comparator")


def record(*courses: Course) -> dict[str, Any]:
    return {"settings": {}, "curves": [course.to_json() for course in courses]}


def course(selection: list[float], *, training: "list[float] | None" = None) -> Course:
    falling = training or [1 / k for k in range(1, len(selection) + 1)]
    curve = tuple(
        Epoch(k, loss, judged, 0.1) for k, (loss, judged) in enumerate(zip(falling, selection, strict=True), start=1)
    )
    best = selection.index(min(selection)) + 1
    return Course(best, min(selection), curve)


def test_one_figure_a_learner_that_has_curves() -> None:
    found = training_curves([NETWORK, FOREST], {"network": [record(course([4.0, 2.0, 3.0]))], "forest": [{}]})
    (figure,) = found
    selection, training = figure.series
    assert (figure.section, figure.name) == ("training", "training_network")
    assert list(selection.x) == [1, 2, 3]
    assert selection.y == (1.0, 0.5, 0.75)
    assert training.y == (1.0, 0.5, 0.3333)
    assert (selection.learner, training.learner) == ("network", None)
    assert selection.low == ()
    assert figure.conclusion in figure.alt
    assert "trained for 3 epochs, and the weights of epoch 2 were kept" in figure.conclusion
    assert "rose by 50%" in figure.conclusion


def test_several_networks_are_a_middle_and_a_range() -> None:
    stored = {"network": [record(course([4.0, 2.0, 2.0]), course([1.0, 0.9])), record(course([2.0, 1.6, 1.61, 1.61]))]}
    (figure,) = training_curves([NETWORK], stored)
    selection = figure.series[0]
    assert list(selection.x) == [1, 2, 3], "up to the middle length"
    assert list(selection.y) == pytest.approx([1.0, 0.8, (0.5 + 0.805) / 2], abs=1e-4)
    assert selection.low == (1.0, 0.5, 0.5)
    assert selection.high == (1.0, 0.9, 0.805)
    assert "3 networks were trained for 2 to 4 epochs" in figure.conclusion
    assert "changed little" in figure.conclusion


def test_a_budget_that_was_too_short_is_told() -> None:
    (figure,) = training_curves([NETWORK], {"network": [record(course([3.0, 2.0, 1.0]))]})
    assert "The last epoch was the best in 1 of 1: more epochs may help." in figure.conclusion


def test_losses_below_zero_keep_their_units() -> None:
    (figure,) = training_curves([NETWORK], {"network": [record(course([-1.0, -2.0, -1.9]))]})
    assert figure.y_label == "Loss"
    assert figure.series[0].y == (-1.0, -2.0, -1.9)


def test_a_long_course_is_thinned_and_keeps_its_best() -> None:
    selection = [abs(k - 438) + 1.0 for k in range(1, 1001)]
    stored = course(selection).to_json()
    epochs = stored["epoch"]
    assert isinstance(epochs, list)
    assert len(epochs) <= LONGEST + 2
    assert {1, 438, 1000} <= set(epochs)
    assert {len(stored[name]) for name in ("epoch", "training", "selection", "rate")} == {len(epochs)}  # type: ignore[arg-type]
    (figure,) = training_curves([NETWORK], {"network": [{"curves": [stored]}]})
    assert min(figure.series[0].y) == pytest.approx(1 / 438, abs=1e-4)


def test_an_epoch_whose_loss_overflowed_leaves_a_gap() -> None:
    one = course([3.0, 2.0, 1.0, 1.5], training=[1.0, float("inf"), 0.5, 0.4])
    assert one.to_json()["training"] == [1.0, None, 0.5, 0.4]
    (figure,) = training_curves([NETWORK], {"network": [record(one)]})
    assert figure.series[1].y == (1.0, 0.75, 0.5, 0.4)
