"""The figure of a learning curve: sizes, and what is too far away to be drawn."""

from typing import Any

from bedside.evidence.figure import Figure
from bedside.evidence.schema import Learner, Measure, Partition, Performance
from bedside.study.learning import learning_curves

SIZES = {"few": 40, "many": 400}


def curve(values: dict[str, tuple[float, float]]) -> Figure:
    """The figure of learners with these values, 10 tuning patients at each size."""
    here: dict[str, Any] = {"validation": "curve", "cases": 1, "outcome": ""}
    named: list[dict[str, Any]] = [
        {"name": name, "label": name.upper(), "role": "model", "description": ""} for name in values
    ]
    rows: list[dict[str, Any]] = [
        {**here, "learner": name, "measure": "auroc", "group": f"split={split}", "value": y, "low": y - 0.01, "high": y}
        for name, pair in values.items()
        for split, y in zip(SIZES, pair, strict=True)
    ]
    sizes: list[dict[str, Any]] = [
        {**here, "split": split, "partition": part, "patients": count}
        for split, patients in SIZES.items()
        for part, count in (("development", patients), ("selection", 10), ("test", 1000))
    ]
    measure: dict[str, Any] = {"name": "auroc", "label": "AUROC", "higher_is_better": True}
    (figure,) = learning_curves(
        "curve",
        learners=[Learner.model_construct(**one) for one in named],
        measure=Measure.model_construct(**measure),
        performance=[Performance.model_construct(**one) for one in rows],
        partitions=[Partition.model_construct(**one) for one in sizes],
    )
    return figure


def test_tuning_patients_are_learned_from_and_judged_ones_are_not() -> None:
    figure = curve({"net": (0.7, 0.8)})
    assert all(one.x == (50.0, 410.0) for one in figure.series)
    assert figure.x_logarithmic


def test_a_failure_does_not_hide_the_others() -> None:
    figure = curve({"net": (0.97, 0.99), "other": (0.972, 0.991), "machine": (0.04, 0.985)})
    both = (50.0, 410.0)
    assert {one.learner: one.x for one in figure.series} == {"net": both, "other": both, "machine": both[1:]}
    assert "Too far away to be drawn: MACHINE 0.040 with 50 patients." in figure.conclusion


def test_ordinary_curves_are_drawn_whole() -> None:
    figure = curve({"net": (0.6, 0.9), "other": (0.7, 0.8)})
    assert all(len(one.x) == 2 for one in figure.series)
    assert "Too far" not in figure.conclusion
