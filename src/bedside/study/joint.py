"""Whether measures are equal in all groups of an attribute together: equalised odds, and the primary measure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bedside.errors import StatisticsError
from bedside.evidence.schema import JointTest
from bedside.stats.compare import holm
from bedside.stats.fairness import joint_equality
from bedside.study.analysis import Analysis, Group
from bedside.study.gaps import MINIMUM_EVENTS, rarest


def joint_tests(
    analysis: Analysis, strata: Sequence[Any], subgroups: Sequence[str], tested: Mapping[str, tuple[str, ...]]
) -> tuple[JointTest, ...]:
    """One row for each learner, attribute and set of measures, in the bootstrap of patients that all groups share.

    Args:
        analysis: Of the primary validation.
        strata: Outcome stratum of each row, to count events.
        subgroups: Declared attributes.
        tested: Names of measures that are tested together, by what would hold if they were equal.
    """
    place = {measure.name: k for k, measure in enumerate(analysis.measures)}
    patients = analysis.judged[0].patient
    found = []
    for attribute in subgroups:
        family = [group for group in analysis.groups if group.name.startswith(f"{attribute}=")]
        kept = [g for g in family if not g.too_small and rarest(strata, patients, g.rows) >= MINIMUM_EVENTS]
        events = min((rarest(strata, patients, group.rows) for group in kept), default=0)
        for learner, judged in enumerate(analysis.judged):
            for name, measures in tested.items():
                row = {
                    "learner": judged.learner,
                    "validation": analysis.scope.validation,
                    "attribute": attribute,
                    "name": name,
                    "measures": measures,
                    "groups": tuple(_word(group) for group in kept),
                    "left_out": tuple(_word(group) for group in family if group not in kept),
                }
                numbers = [place[measure] for measure in measures]
                found.append(JointTest.model_validate({**row, **_tested(analysis, kept, learner, numbers, events)}))
    return _adjusted(found)


def _word(group: Group) -> str:
    return group.name.split("=", 1)[1]


def _tested(
    analysis: Analysis, kept: Sequence[Group], learner: int, numbers: Sequence[int], events: int
) -> dict[str, object]:
    if len(kept) < 2:
        reason = f"fewer than two groups are large enough and have {MINIMUM_EVENTS} patients or more with each outcome"
        return {"statistic": None, "df": None, "p": None, "reason": reason}
    trials = [[analysis.trials[group.name, learner, number] for group in kept] for number in numbers]
    values = np.array([[trial.value for trial in of_measure] for of_measure in trials])
    replicates = np.array([[trial.replicates for trial in of_measure] for of_measure in trials])
    try:
        wald = joint_equality(values, replicates, events)
    except StatisticsError as error:
        return {"statistic": None, "df": None, "p": None, "reason": str(error)}
    method = f"Hotelling's T squared, covariance from a bootstrap by patient, {analysis.scope.replicates} replicates"
    return {"statistic": wald.statistic, "df": wald.df, "p": wald.p, "method": method}


def _adjusted(found: Sequence[JointTest]) -> tuple[JointTest, ...]:
    """Holm's adjustment over all joint tests of a learner."""
    families: dict[str, list[int]] = {}
    for k, row in enumerate(found):
        if row.p is not None:
            families.setdefault(row.learner, []).append(k)
    adjusted: dict[int, float] = {}
    for tested in families.values():
        values = holm(np.array([found[k].p for k in tested], dtype=np.float64))
        adjusted |= {k: float(value) for k, value in zip(tested, values, strict=True)}
    return tuple(row.model_copy(update={"p_adjusted": adjusted.get(k)}) for k, row in enumerate(found))
