"""Differences between groups of patients, with a test of equivalence that absence of significance is not."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from bedside.errors import StatisticsError
from bedside.evidence.schema import Gap
from bedside.stats.bootstrap import percentile_interval, two_sided_p
from bedside.stats.compare import holm
from bedside.study.analysis import LEVEL, Analysis, Group
from bedside.types import Integers

MINIMUM_EVENTS = 10
"""Fewer patients with the rarest outcome in either group, and equivalence is not claimed either way."""

EQUIVALENCE_LEVEL = 0.90
"""Two one-sided tests at 5% are this interval inside the margin (Schuirmann 1987, J Pharmacokinet Biopharm 15:657)."""


def gaps(analysis: Analysis, strata: Sequence[Any], subgroups: Sequence[str], *, margin: float) -> tuple[Gap, ...]:
    """Every pair of groups of an attribute, the smaller minus the larger, in every measure that has a direction.

    Args:
        analysis: Of the primary validation.
        strata: Outcome stratum of each row, to count events.
        subgroups: Declared attributes.
        margin: Gap that is too small to matter, declared before the run.
    """
    found: list[Gap] = []
    for attribute in subgroups:
        family = [g for g in analysis.groups if g.name.startswith(f"{attribute}=") and not g.too_small]
        if len(family) < 2:
            continue
        largest_first = sorted(family, key=lambda group: -group.rows.size)
        for reference, group in combinations(largest_first, 2):
            found += _against(analysis, attribute, group, reference, strata, margin)
    return _adjusted(found)


def _against(
    analysis: Analysis, attribute: str, group: Group, reference: Group, strata: Sequence[Any], margin: float
) -> list[Gap]:
    patients = analysis.judged[0].patient
    few = min(rarest(strata, patients, each.rows) for each in (group, reference)) < MINIMUM_EVENTS
    found = []
    for learner, judged in enumerate(analysis.judged):
        for number, measure in enumerate(analysis.measures):
            if measure.higher_is_better is None:
                continue
            one = analysis.trials[group.name, learner, number]
            other = analysis.trials[reference.name, learner, number]
            base = {
                "learner": judged.learner,
                "validation": analysis.scope.validation,
                "attribute": attribute,
                "group": group.name.split("=", 1)[1],
                "reference": reference.name.split("=", 1)[1],
                "measure": measure.name,
                "level": LEVEL,
                "margin": margin,
            }
            difference = one.value - other.value
            nothing = {"difference": None, "low": None, "high": None, "p": None, "equivalent": None}
            if not np.isfinite(difference):
                reason = "the measure is not defined in both groups"
                found.append(Gap.model_validate({**base, **nothing, "reason": reason}))
                continue
            try:
                replicates = one.replicates - other.replicates
                limits = percentile_interval(replicates, LEVEL)
                inner = percentile_interval(replicates, EQUIVALENCE_LEVEL)
            except StatisticsError as error:
                found.append(Gap.model_validate({**base, **nothing, "reason": str(error)}))
                continue
            row = {
                "difference": difference,
                "low": limits.low,
                "high": limits.high,
                "p": two_sided_p(replicates) if measure.tested else None,
                "equivalent": None if few else bool(-margin < inner.low and inner.high < margin),
                "method": f"{limits.method}; equivalence by two one-sided tests",
                "reason": f"fewer than {MINIMUM_EVENTS} patients with an outcome in a group" if few else "",
            }
            found.append(Gap.model_validate({**base, **row}))
    return found


def rarest(strata: Sequence[Any], patients: Integers, rows: Integers) -> int:
    """Patients in these rows with the rarest of all outcome strata, 0 for a stratum that is not there."""
    people: dict[Any, set[int]] = {label: set() for label in set(strata)}
    for k in rows.tolist():
        people[strata[k]].add(int(patients[k]))
    return min(map(len, people.values()), default=0)


def _adjusted(found: Sequence[Gap]) -> tuple[Gap, ...]:
    """Holm's adjustment over all groups, within a learner and a measure: each is a question of its own."""
    families: dict[tuple[str, str], list[int]] = {}
    for k, gap in enumerate(found):
        if gap.p is not None:
            families.setdefault((gap.learner, gap.measure), []).append(k)
    adjusted: dict[int, float] = {}
    for tested in families.values():
        values = holm(np.array([found[k].p for k in tested], dtype=np.float64))
        adjusted |= {k: float(value) for k, value in zip(tested, values, strict=True)}
    return tuple(gap.model_copy(update={"p_adjusted": adjusted.get(k)}) for k, gap in enumerate(found))
