"""The flow of a cohort as it may be shown: small numbers of patients withheld, and what would give them away."""

import re

from bedside.modalities.records.cohort.flow import Flow
from bedside.stats.disclosure import Sum, hidden_cells

WITHHELD = "withheld"
"""Stands for a count that would give a small one away."""

_READ, _SAMPLED = "read", "sampled"
_COUNT = re.compile(r"^\d+(?= )")


def suppressed(flow: Flow, smallest: int) -> dict[str, object]:
    """A flow as `Flow.json` tells it, without counts of 1 to `smallest - 1` patients.

    Left out are the numbers that are left after each step, whose differences are what each step excludes. Who was
    sampled is shown unless that is itself too few, so that of one step that is withheld who was read is too.

    Args:
        flow: All counts.
        smallest: The smallest number of patients that may be shown; 0 or 1 shows all.
    """
    if smallest <= 1:
        return flow.json()
    few = f"<{smallest}"
    people = {
        _READ: flow.patients,
        **{str(k): step.patients for k, step in enumerate(flow.steps)},
        _SAMPLED: flow.sampled_patients,
    }
    parts = tuple(key for key in people if key != _READ)
    hidden = hidden_cells(people, [Sum(parts, _READ)], smallest, shown=[_SAMPLED])

    def told(key: str, count: int) -> int | str:
        if key in hidden.small:
            return few
        return WITHHELD if key in hidden.protecting else count

    def alone(count: int) -> int | str:
        return few if 0 < count < smallest else count

    return {
        "patients": told(_READ, flow.patients),
        "index_times": told(_READ, flow.index_times),
        "steps": [
            {
                "words": step.words,
                "index_times": told(str(k), step.index_times),
                "patients": told(str(k), step.patients),
            }
            for k, step in enumerate(flow.steps)
        ],
        "samples": told(_SAMPLED, flow.samples),
        "sampled_patients": told(_SAMPLED, flow.sampled_patients),
        "censored": alone(flow.censored),
        "left_out": {word: alone(count) for word, count in flow.left_out.items()},
        "notes": [_COUNT.sub(lambda met: str(alone(int(met[0]))), note) for note in flow.notes],
        "smallest": smallest,
    }
