"""The first sentence of the report, whichever way it fell."""

from collections.abc import Sequence

from bedside.evidence.schema import Comparison, Learner, Measure, Performance

NAMES = ("Charlson", "Cox", "Frangi", "Mayo", "Nottingham", "Otsu's", "Weibull")
"""Words at the beginning of labels that are names."""


def verdict(
    *,
    model: Learner,
    learners: Sequence[Learner],
    measure: Measure,
    margin: float,
    performance: Sequence[Performance],
    comparisons: Sequence[Comparison],
) -> str:
    """Say in plain words how the model did against the pre-specified comparator.

    Args:
        model: The learner on trial.
        learners: All learners.
        measure: Primary measure.
        margin: Difference that is too small to matter.
        performance: Rows of the primary validation.
        comparisons: All contrasts of the primary validation.
    """
    label = {learner.name: learner.label for learner in learners}
    primary = next(row for row in comparisons if row.primary)
    other = label[primary.comparator]
    sign = 1.0 if measure.higher_is_better else -1.0
    if primary.difference is None or primary.low is None or primary.high is None:
        return (
            f"The trial could not be decided: the {measure.label} of {inside(model.label)} and {inside(other)} could "
            f"not be compared ({primary.reason})."
        )
    low, high = sorted((sign * primary.low, sign * primary.high))
    outcome = _outcome(model.label, other, low, high, margin)
    # Figures stand in the order in which the sentence names the two, and the difference is that of these figures.
    turned = outcome.startswith(other)
    first, second = (primary.comparator, primary.learner) if turned else (primary.learner, primary.comparator)
    values = f"{_value(first, measure, performance)} against {_value(second, measure, performance)}"
    between, ends = primary.difference, (primary.low, primary.high)
    if turned:
        between, ends = -between, (-primary.high, -primary.low)
    within = " within folds" if "resampled" in primary.method else ""
    limits = f"95% interval {_signed(ends[0])} to {_signed(ends[1])}"
    sentence = f"{outcome}: {measure.label} {values} (difference{within} {_signed(between)}, {limits})."
    better = _better(comparisons, measure.name, sign)
    if better:
        names = " and ".join(inside(label[name]) for name in better)
        verb = "were" if len(better) > 1 else "was"
        sentence = f"{names[0].upper()}{names[1:]} {verb} better than {inside(model.label)}. {sentence}"
    return sentence


def _outcome(model: str, other: str, low: float, high: float, margin: float) -> str:
    if high < 0:
        small = " by less than the margin that matters" if low > -margin else ""
        return f"{other} was better than {inside(model)}{small}"
    if low > 0:
        small = " by less than the margin that matters" if high < margin else ""
        return f"{model} was better than {inside(other)}{small}"
    if low > -margin and high < margin:
        return f"{other} was as good as {inside(model)}, within the margin of {margin:g}"
    if low > -margin:
        return (
            f"{model} was not worse than {inside(other)}, within the margin of {margin:g}, and not shown to be better"
        )
    if high < margin:
        return f"{model} was not better than {inside(other)} by the margin of {margin:g} that matters, and may be worse"
    return f"These data do not settle whether {inside(model)} or {inside(other)} is better"


def _better(comparisons: Sequence[Comparison], measure: str, sign: float) -> list[str]:
    """Other comparators that beat the model after adjustment."""
    return [
        row.comparator
        for row in comparisons
        if not row.primary
        and row.measure == measure
        and row.difference is not None
        and sign * row.difference < 0
        and row.p_adjusted is not None
        and row.p_adjusted < 0.05
    ]


def _value(learner: str, measure: Measure, performance: Sequence[Performance]) -> str:
    row = next(
        (
            row
            for row in performance
            if row.learner == learner
            and row.measure == measure.name
            and row.group == "all"
            and row.partition in ("test", "out_of_fold")
        ),
        None,
    )
    if row is None or row.value is None:
        return "not estimable"
    if row.low is None or row.high is None:
        return _number(row.value)
    return f"{_number(row.value)} ({_number(row.low)} to {_number(row.high)})"


def _number(value: float) -> str:
    if 0 < abs(value) < 0.0005:
        return f"{value:.4f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _signed(value: float) -> str:
    text = _number(abs(value))
    return f"\N{MINUS SIGN}{text}" if value < 0 and float(text) else text


def inside(label: str) -> str:
    """A label inside a sentence: acronyms and names keep their capitals."""
    head = label.split(" ", 1)[0]
    return label if head[1:] != head[1:].lower() or head in NAMES else label[:1].lower() + label[1:]
