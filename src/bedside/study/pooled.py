"""Sites pooled by random effects: how good a learner is on average, and at the next site.

Leave-one-site-out is internal-external cross-validation (Debray et al. 2013, Stat Med 32:3158; Steyerberg and Harrell
2016, J Clin Epidemiol 69:245). Shares are pooled on the logit scale (Snell et al. 2018, Stat Methods Med Res 27:3505).
"""

import numpy as np
from scipy.special import expit, logit

from bedside.endpoints.measure import Measure
from bedside.errors import StatisticsError
from bedside.evidence.schema import Performance
from bedside.stats.bootstrap import usable
from bedside.stats.pooling import Pooled, random_effects
from bedside.study.analysis import LEVEL, Analysis
from bedside.types import Floats

GROUP = "pooled over splits"


def pooled(analysis: Analysis) -> list[Performance]:
    """One row for each learner and measure over the splits of a validation by site or period."""
    splits = [group for group in analysis.groups if group.name.startswith("split=") and not group.too_small]
    rows = []
    for learner, judged in enumerate(analysis.judged):
        for number, measure in enumerate(analysis.measures):
            base = {
                "learner": judged.learner,
                "validation": analysis.scope.validation,
                "partition": analysis.scope.partition,
                "group": GROUP,
                "measure": measure.name,
                "level": LEVEL,
                "cases": int(judged.patient.size),
                "patients": int(np.unique(judged.patient).size),
            }
            trials = [analysis.trials[group.name, learner, number] for group in splits]
            try:
                found = _over_sites([(trial.value, trial.replicates) for trial in trials], measure)
            except StatisticsError as error:
                nothing = {"value": None, "low": None, "high": None, "reason": str(error)}
                rows.append(Performance.model_validate({**base, **nothing}))
                continue
            rows.append(Performance.model_validate({**base, **found}))
    return rows


def _over_sites(sites: list[tuple[float, Floats]], measure: Measure[object, object]) -> dict[str, object]:
    shares = measure.bounds == (0.0, 1.0)
    values, errors = [], []
    for value, replicates in sites:
        if not np.isfinite(value) or (shares and not 0 < value < 1):
            continue
        kept = usable(replicates)
        if shares:
            size = replicates.size
            kept = logit(np.clip(kept, 0.5 / size, 1 - 0.5 / size))
        spread = float(kept.std(ddof=1))
        if spread > 0:
            values.append(float(logit(value)) if shares else value)
            errors.append(spread)
    if len(values) < 2:
        msg = f"{len(values)} of {len(sites)} splits give a value strictly inside its bounds; at least 2 are needed"
        raise StatisticsError(msg)
    found = random_effects(np.array(values), np.array(errors), level=LEVEL)
    limits = np.array([found.value, found.low, found.high, found.predicted_low, found.predicted_high])
    value, low, high, next_low, next_high = (expit(limits) if shares else limits).tolist()
    return {"value": value, "low": low, "high": high, "method": _words(found, next_low, next_high, len(sites))}


def _words(found: Pooled, low: float, high: float, sites: int) -> str:
    defined = np.isfinite([low, high]).all() and found.sites > 2
    ahead = f"prediction interval for a further one {low:.3f} to {high:.3f}" if defined else "no prediction interval"
    used = f"{found.sites} splits" if found.sites == sites else f"{found.sites} of {sites} splits"
    return f"random effects over {used} (REML, Hartung-Knapp); {ahead}; I\N{SUPERSCRIPT TWO} {found.i_squared:.0%}"
