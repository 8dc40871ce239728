"""Which learner would be released: decided before the run, on tuning data, never by the look of the test result."""

from collections.abc import Mapping, Sequence

from bedside.evidence.schema import Performance


def simplest_within_margin(
    performance: Sequence[Performance],
    learners: Sequence[str],
    *,
    measure: str,
    margin: float,
    higher_is_better: bool,
) -> str | None:
    """The simplest learner whose tuning value is within the margin of the best.

    Args:
        performance: Rows of evidence; only partition "tuning", group "all" is read.
        learners: Names from the model to the comparators as declared; comparators count as simpler than the model,
            and among them the earlier declared as the simpler.
        measure: Primary measure.
        margin: Difference that is too small to matter.
        higher_is_better: Direction of the measure.

    Returns:
        Its name, or None when no tuning value can be estimated.
    """
    values: Mapping[str, float] = {
        row.learner: row.value
        for row in performance
        if row.partition == "tuning" and row.group == "all" and row.measure == measure and row.value is not None
    }
    if not values:
        return None
    best = max(values.values()) if higher_is_better else min(values.values())
    for name in [*learners[1:], learners[0]]:
        if name in values and abs(values[name] - best) <= margin:
            return name
    return None
