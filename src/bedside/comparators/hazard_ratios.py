"""Hazard ratios of the development cases, and whether they stay the same over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bedside.comparators.contrasts import Contrast, contrasts
from bedside.data.sample import Sample
from bedside.endpoints.time_to_event.outcome import Followed, times_of
from bedside.endpoints.time_to_event.target import Timed
from bedside.evidence.hazards import Associations, HazardRatio, Proportionality
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.table import Record
from bedside.stats.cox import AtRisk, Hazard, regression
from bedside.stats.proportional_hazards import Drift, ScoreTest, clustered
from bedside.stats.times import Times
from bedside.training.threads import single_thread
from bedside.types import Booleans, Floats, Integers

EVENTS = 2
"""Events a coefficient below which a regression without a penalty is not done."""

WIDEST = 5.0
"""Standard error of a log hazard ratio, of two groups or of a standard deviation, that tells of nothing but chance."""

_NORMAL = 1.959963984540054
_PLAIN = 1e-9
"""Penalty per case that keeps a coefficient finite which nothing holds."""


@dataclass(frozen=True, eq=False)
class _Told:
    """What a regression tells of one column."""

    coefficient: float
    error: float

    @property
    def ratio(self) -> float:
        """The hazard ratio."""
        return self.at(0.0)

    def at(self, errors: float) -> float:
        """The hazard ratio so many standard errors away."""
        return float(np.exp(self.coefficient + errors * self.error))


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A regression.

    Attributes:
        told: By number of the contrast.
        proportional: p value of each predictor that was tested.
        test: Of all together; None where it was not done, `reason` says why.
    """

    told: Mapping[int, _Told]
    proportional: Mapping[str, float]
    test: ScoreTest | None
    reason: str


@dataclass(frozen=True, eq=False)
class _Usable:
    """What of the data a regression without a penalty can use.

    Attributes:
        columns: Which contrasts have a coefficient.
        cases: Which cases are compared, shape (n,).
        reasons: Why the others have none, by number of the contrast.
    """

    columns: list[int]
    cases: Booleans
    reasons: Mapping[int, str]


def hazard_ratios(
    learner: str, target: Timed, schema: Schema, development: Sequence[Sample[Record, Followed]]
) -> Associations:
    """A Cox regression on all predictors at once, without a penalty, of each cause; ties are Efron's.

    Limits are by patient where patients repeat, and proportionality is then not tested, since the test takes cases for
    independent. Where none of the cases of a group had the event, or none of the others, the ratio has no estimate and
    the cases are left out, to which the regression would come in the end.

    Args:
        learner: Name that rows are to carry.
        target: Tells the causes.
        schema: The predictors.
        development: The cases.
    """
    if not development:
        return Associations()
    times = times_of([sample.outcome for sample in development])
    columns = contrasts(schema, [sample.predictors for sample in development])
    patients = _patients(development)
    ratios: list[HazardRatio] = []
    tests: list[Proportionality] = []
    for number, cause in enumerate(target.causes, start=1):
        with single_thread():
            rows, test = _of_cause(learner, (number, cause), times, columns, patients)
        ratios += rows
        tests.append(test)
    return Associations(ratios=tuple(ratios), proportionality=tuple(tests))


def _of_cause(
    learner: str, cause: tuple[int, str], times: Times, columns: Sequence[Contrast], patients: Integers | None
) -> tuple[list[HazardRatio], Proportionality]:
    number, word = cause
    had = times.event == number
    usable = _usable(columns, had)
    events = int((had & usable.cases).sum())
    few = f"{events} events are too few for {len(usable.columns)} coefficients"
    enough = bool(usable.columns) and events >= EVENTS * len(usable.columns)
    found = _fitted(times, number, columns, usable, patients) if enough else _Fitted({}, {}, None, few)
    rows = [
        HazardRatio(
            learner=learner,
            cause=word,
            predictor=one.predictor,
            contrast=one.words,
            ratio=found.told[k].ratio if k in found.told else None,
            low=found.told[k].at(-_NORMAL) if k in found.told else None,
            high=found.told[k].at(_NORMAL) if k in found.told else None,
            p_proportional=found.proportional.get(one.predictor),
            cases=int(one.cases.sum()),
            events=int((had & one.cases).sum()),
            reason="" if k in found.told else usable.reasons.get(k, _SEPARATED if enough else few),
        )
        for k, one in enumerate(columns)
    ]
    tested = Proportionality(
        learner=learner,
        cause=word,
        statistic=found.test.statistic if found.test else None,
        degrees=found.test.degrees if found.test else 0,
        p_value=found.test.p_value if found.test else None,
        cases=int(usable.cases.sum()),
        events=events,
        reason=found.reason,
    )
    return rows, tested


_SEPARATED = "it divides those with the event from the others, or nearly so: no limits can be given"


def _fitted(
    times: Times, number: int, columns: Sequence[Contrast], usable: _Usable, patients: Integers | None
) -> _Fitted:
    """The regression on what is usable."""
    kept = np.flatnonzero(usable.cases)
    left = Times(times.time[kept], times.event[kept], times.entry[kept])
    x = np.column_stack([columns[k].values[kept] for k in usable.columns])
    scale = x.std(axis=0)
    x = (x - x.mean(axis=0)) / scale
    risk = AtRisk.of(left, number, ties="efron")
    found = regression(risk, x, ridge=_PLAIN * len(kept))
    hazard = Hazard.of(risk, x @ found.coefficients)
    if patients is None:
        covariance = np.linalg.pinv(found.information, rcond=1e-14, hermitian=True)
    else:
        covariance = clustered(hazard, x, found.information, np.unique(patients[kept], return_inverse=True)[1])
    error = np.sqrt(np.maximum(np.diag(np.linalg.pinv(found.information, rcond=1e-14, hermitian=True)), 0.0))
    divides = np.array([columns[k].divides for k in usable.columns])
    sure = [place for place, wide in enumerate(error / np.where(divides, scale, 1.0)) if 0 < wide <= WIDEST]
    told = {
        usable.columns[place]: _Told(
            float(found.coefficients[place] / scale[place]), float(np.sqrt(covariance[place, place]) / scale[place])
        )
        for place in sure
    }
    if patients is not None or not sure:
        return _Fitted(
            told, {}, None, "patients repeat, and the test takes cases for independent" if sure else _SEPARATED
        )
    drift = Drift.of(left, number, hazard, x)
    by_predictor: dict[str, list[int]] = {}
    for place in sure:
        by_predictor.setdefault(columns[usable.columns[place]].predictor, []).append(place)
    proportional = {predictor: drift.test(places).p_value for predictor, places in by_predictor.items()}
    return _Fitted(told, proportional, drift.test(sure), "")


def _usable(columns: Sequence[Contrast], had: Booleans) -> _Usable:
    """Leave out what is constant, groups without events with their cases, and what follows from the columns before."""
    cases = np.ones(had.size, dtype=np.bool_)
    reasons: dict[int, str] = {}
    found = True
    while found:
        found = False
        for k, one in enumerate(columns):
            if k in reasons:
                continue
            values = one.values[cases]
            if not values.size or np.ptp(values) == 0:
                reasons[k] = "the same in all cases that are compared"
            elif one.divides:
                first = one.values == 1
                if not (had & cases & first).any():
                    reasons[k], cases, found = "none of these cases had the event", cases & ~first, True
                elif not (had & cases & ~first).any():
                    reasons[k], cases, found = "only these cases had the event", cases & first, True
    for k in _following([k for k in range(len(columns)) if k not in reasons], columns, cases):
        reasons[k] = "it follows from the predictors before it"
    return _Usable([k for k in range(len(columns)) if k not in reasons], cases, reasons)


def _following(kept: Sequence[int], columns: Sequence[Contrast], cases: Booleans) -> list[int]:
    """Which columns are sums of those before them and a constant."""
    if not kept:
        return []
    x: Floats = np.column_stack([columns[k].values[cases] for k in kept])
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    basis = np.zeros((len(x), 0))
    found = []
    for place, k in enumerate(kept):
        rest = x[:, place] - basis @ (basis.T @ x[:, place])
        rest -= basis @ (basis.T @ rest)
        size = float(np.linalg.norm(rest))
        if size < 1e-7 * np.sqrt(len(x)) or basis.shape[1] >= len(x) - 1:
            found.append(k)
        else:
            basis = np.column_stack([basis, rest / size])
    return found


def _patients(development: Sequence[Sample[Record, Followed]]) -> Integers | None:
    """Number of each case's patient; None where each has one case."""
    names = [str(sample.patient) for sample in development]
    codes = np.unique(names, return_inverse=True)[1].astype(np.int64)
    return codes if codes.max() + 1 < len(names) else None
