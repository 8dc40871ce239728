"""Whether attributions add up to the change in score that they divide."""

from bedside.explain.explainer import Check

GAP = 0.05
"""Share of a score's change that attributions may leave unexplained."""


def complete(gap: float) -> Check:
    """The check; `gap` is the share that they leave."""
    outcome = "complete" if gap < GAP else "not complete: more steps are needed before it may be read"
    return Check(
        "completeness",
        gap < GAP,
        gap,
        f"The attributions leave {gap:.2%} of the change in score unexplained; below {GAP:.0%} was asked for: "
        f"{outcome}.",
    )
