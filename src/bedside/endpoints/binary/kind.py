"""An outcome that is there or not: Y is a bool, a prediction the probability of the positive class."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bedside.endpoints.binary.figures import binary_figures
from bedside.endpoints.binary.judged import Drawing
from bedside.endpoints.binary.measures import binary_measures, probabilities, truths
from bedside.endpoints.binary.operating import OperatingRule, Youden
from bedside.endpoints.cell import code, refused
from bedside.endpoints.endpoint import Categorical, Endpoint, Reference
from bedside.errors import StudyError
from bedside.stats.calibration import log_losses
from bedside.types import Floats, Integers

_CODES = {"0": False, "1": True, "false": False, "true": True, "no": False, "yes": True}
"""Codings that everyone reads alike, beside the two class words."""

_FEWEST_EVENTS = 50
"""Fewer judged cases of the rarer outcome leave calibration and predictive values uncertain (Collins, Stat Med 2016,
asks for 100)."""


def binary(
    *,
    positive: str,
    negative: str,
    operating: OperatingRule | None = None,
    net_benefit: tuple[float, float] = (0.05, 0.5),
    prevalence: float | None = None,
) -> Endpoint[bool, float]:
    """A binary endpoint.

    Several models' probabilities are pooled by their mean.

    Args:
        positive: Word for cases that have the outcome ("malignant").
        negative: Word for the others ("benign").
        operating: How the threshold for decisions is chosen on tuning data; Youden's index when not given.
        net_benefit: Lowest and highest threshold probability that is clinically reasonable, for the decision curve.
        prevalence: Target prevalence at which net benefit is stated, where the cohort is enriched; the judged cases'
            own when None.

    Raises:
        StudyError: The words are empty or the same, or the range or the prevalence is not inside (0, 1).
    """
    rule = operating if operating is not None else Youden()
    low, high = net_benefit
    if not 0.0 < low < high < 1.0:
        msg = f"net benefit range is {net_benefit!r}; give two threshold probabilities, 0 < low < high < 1"
        raise StudyError(msg)
    if prevalence is not None and not 0.0 < prevalence < 1.0:
        msg = f"target prevalence is {prevalence!r}; give a share strictly between 0 and 1"
        raise StudyError(msg)
    parse = _parser(positive, negative)
    drawing = Drawing(
        positive=positive, negative=negative, rule=rule.words, net_benefit=net_benefit, prevalence=prevalence
    )

    def threshold(reference: Reference[bool, float]) -> float:
        return rule.choose(truths(reference.tuning), probabilities(reference.predictions), reference.weights)

    return Endpoint(
        name="binary",
        target=Categorical(
            classes=(negative, positive),
            index=_index,
            probabilities=_both_classes,
            predictions=_of_positive,
            outcomes=lambda index: [bool(k) for k in index],
        ),
        primary="auroc",
        stratum=bool,
        describe=lambda outcome: positive if outcome else negative,
        parse=parse,
        measures=lambda reference: binary_measures(threshold(reference), prevalence),
        settings=lambda reference: {"threshold": threshold(reference)},
        rule=rule.words,
        joint={"equalised odds": ("sensitivity", "specificity")},
        declared={"net_benefit_low": low, "net_benefit_high": high, "prevalence": prevalence},
        loss=lambda outcomes, predictions: float(log_losses(probabilities(predictions), truths(outcomes)).mean()),
        pool=_mean,
        cells=lambda predictions: {"probability": np.array(predictions, dtype=np.float64)},
        restore=lambda cells: [float(value) for value in cells["probability"]],
        outcome_cells=lambda outcomes: {"outcome": truths(outcomes).astype(np.float64)},
        restore_outcomes=lambda cells: [bool(value) for value in cells["outcome"]],
        figures=lambda views: binary_figures(views, drawing),
        doubt=_doubt,
        weighs=True,
    )


def _index(outcomes: Sequence[bool]) -> Integers:
    return truths(outcomes).astype(np.int64)


def _both_classes(predictions: Sequence[float]) -> Floats:
    positive = probabilities(predictions)
    return np.column_stack([1.0 - positive, positive])


def _of_positive(matrix: Floats) -> list[float]:
    return [float(value) for value in matrix[:, 1]]


def _mean(members: Sequence[Sequence[float]]) -> list[float]:
    """Mean of the members' probabilities, case by case."""
    return [float(value) for value in np.mean(np.asarray(members, dtype=np.float64), axis=0)]


def _parser(positive: str, negative: str) -> Callable[[object], bool]:
    words = {code(negative) or "": False, code(positive) or "": True}
    if len(words) < 2 or "" in words:
        msg = f"classes are {positive!r} and {negative!r}; give two different words"
        raise StudyError(msg)
    # Where the words are codes themselves ("2" and "1"), a generic code may mean either or neither: words alone count.
    plain = all(_CODES.get(word) is meaning for word, meaning in words.items())
    free = not any(word in _CODES or word.lstrip("-").isdecimal() for word in words)
    allowed = {**_CODES, **words} if plain or free else words
    forms = f"{positive!r} and {negative!r}" + (", 1 and 0, true and false, yes and no" if plain or free else "")

    def parse(cell: object) -> bool:
        outcome = allowed.get(code(cell) or "")
        if outcome is None:
            raise refused(cell, forms)
        return outcome

    return parse


def _doubt(values: Mapping[str, float]) -> str:
    """What a reader of the verdict must know: too few events, poor calibration, no benefit.

    Beside values of measures, `values` may hold "smallest_class", the number of judged cases of the rarer outcome.
    """
    doubts = []
    events = values.get("smallest_class")
    if events is not None and events < _FEWEST_EVENTS:
        doubts.append(f"only {events:.0f} cases of the rarer outcome were judged, so that all figures are uncertain")
    slope, intercept = values.get("calibration_slope"), values.get("calibration_intercept")
    if slope is not None and slope < 0.8:
        doubts.append(f"its probabilities are too extreme (calibration slope {slope:.2f})")
    elif slope is not None and slope > 1.25:
        doubts.append(f"its probabilities are too timid (calibration slope {slope:.2f})")
    if intercept is not None and abs(intercept) > 0.3:
        direction = "low" if intercept > 0 else "high"
        doubts.append(f"its probabilities are too {direction} on the whole (calibration intercept {intercept:+.2f})")
    benefit = values.get("net_benefit")
    if benefit is not None and benefit <= 0.0:
        doubts.append(
            "at its operating point acting on it does no better than treating nobody (net benefit not above 0)"
        )
    if not doubts:
        return ""
    text = "; ".join(doubts)
    return text[:1].upper() + text[1:] + "."
