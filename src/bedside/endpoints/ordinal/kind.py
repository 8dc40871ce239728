"""An outcome that is one of several ordered grades: Y is the grade's number, a prediction all grade probabilities."""

from collections.abc import Mapping

import numpy as np

from bedside.endpoints.classes import (
    Probabilities,
    cells,
    class_target,
    classes_of,
    mean_probabilities,
    numbered,
    parser,
    probabilities,
    restored,
)
from bedside.endpoints.endpoint import Endpoint, Reference
from bedside.endpoints.ordinal.decision import CutPoints, DecisionRule
from bedside.endpoints.ordinal.figures import ordinal_figures
from bedside.endpoints.ordinal.measures import ordinal_measures, ranked_scores

_FEWEST_CASES = 30
"""Fewer judged cases of the rarest grade leave agreement about it uncertain."""


def ordinal(*, grades: tuple[str, ...], decision: DecisionRule | None = None) -> Endpoint[int, Probabilities]:
    """An endpoint of ordered grades.

    Several models' probabilities are pooled by their mean, grade by grade. Tuning minimises the ranked probability
    score, which is proper and knows that the next grade is a smaller error than the one beyond it.

    Args:
        grades: Words of the grades, the lowest first; the outcome is the position in this tuple.
        decision: How one grade is decided from the probabilities; cut points of the expected grade, fixed on tuning
            data, when not given.

    Raises:
        StudyError: Fewer than two grades, an empty word, or two that are the same but for case.
    """
    numbers = numbered(grades)
    count = len(grades)
    rule = decision if decision is not None else CutPoints()

    def settings(reference: Reference[int, Probabilities]) -> Mapping[str, float]:
        return rule.choose(classes_of(reference.tuning, count), probabilities(reference.predictions, count))

    return Endpoint(
        name="ordinal",
        target=class_target(grades),
        primary="quadratic_kappa",
        stratum=int,
        describe=lambda outcome: grades[outcome],
        parse=parser(numbers, grades),
        measures=lambda reference: ordinal_measures(grades, rule, settings(reference)),
        settings=settings,
        rule=rule.words if rule.tuned else "",
        declared={"decision": rule.words},
        loss=lambda outcomes, predictions: float(
            ranked_scores(classes_of(outcomes, count), probabilities(predictions, count)).mean()
        ),
        pool=mean_probabilities,
        cells=lambda predictions: cells(predictions, count),
        restore=lambda cells: restored(cells, count),
        outcome_cells=lambda outcomes: {"outcome": classes_of(outcomes, count).astype(np.float64)},
        restore_outcomes=lambda cells: [int(value) for value in cells["outcome"]],
        figures=lambda views: ordinal_figures(views, grades, rule),
        doubt=lambda values: _doubt(values, grades),
    )


def _doubt(values: Mapping[str, float], grades: tuple[str, ...]) -> str:
    """What a reader of the verdict must know: a rare grade, chance agreement, gross errors, poor calibration."""
    doubts = []
    rarest = values.get("smallest_class")
    if rarest is not None and rarest < _FEWEST_CASES:
        doubts.append(
            f"only {rarest:.0f} cases of the rarest grade were judged, so that agreement about it is uncertain"
        )
    agreement = values.get("quadratic_kappa")
    if agreement is not None and agreement <= 0.0:
        doubts.append(f"its grades agree with the true ones no better than chance (quadratic kappa {agreement:.2f})")
    far = values.get("far_off")
    if far is not None and far > 0.1:
        doubts.append(f"{far:.0%} of its grades are off by more than one")
    shifts = {name: value for name, value in values.items() if name.startswith("calibration_intercept_from_")}
    if shifts:
        name, worst = max(shifts.items(), key=lambda one: abs(one[1]))
        if abs(worst) > 0.3:
            direction, grade = "low" if worst > 0 else "high", grades[int(name.rsplit("_", 1)[1])]
            doubts.append(
                f"its probabilities of {grade} or more are too {direction} on the whole (calibration intercept "
                f"{worst:+.2f})"
            )
    text = "; ".join(doubts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""
