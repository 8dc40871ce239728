"""How many patients the development of a prediction model needs; `precision` has those to judge it.

Sources: Riley et al. 2019, Stat Med 38:1262 (continuous) and 38:1276 (binary, time to event); Riley et al. 2020, BMJ
368:m441; van Smeden et al. 2019, Stat Methods Med Res 28:2455 (mean error of predictions); Riley, Van Calster and
Collins 2021, Stat Med 40:859 (R^2 from an anticipated AUROC).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri, logit, ndtri, stdtrit

from bedside.errors import StatisticsError
from bedside.stats.interval import normal_quantile
from bedside.stats.logistic import chances


class DevelopmentSize(NamedTuple):
    """Smallest number of patients for development.

    Attributes:
        patients: The largest of the criteria.
        criteria: Number each criterion asks for, by name.
        events: Expected patients with the outcome among them; 0 for a continuous outcome.
        per_parameter: Events (or patients, continuous) per candidate parameter.
    """

    patients: int
    criteria: dict[str, int]
    events: float
    per_parameter: float


def between(value: float, name: str, low: float = 0.0, high: float = 1.0) -> None:
    """Refuse a value outside an open range, by name."""
    if not low < value < high:
        message = f"{name} is {value!r}; a number strictly between {low:g} and {high:g} is needed."
        raise StatisticsError(message)


def _parameters(count: int) -> None:
    if count < 1:
        message = f"{count} candidate parameters; give at least 1 (a category of k levels counts k - 1)."
        raise StatisticsError(message)


def greatest_r_squared(prevalence: float) -> float:
    """Largest Cox-Snell R^2 a model of a binary outcome can have at this prevalence."""
    between(prevalence, "Prevalence")
    log_likelihood = prevalence * math.log(prevalence) + (1.0 - prevalence) * math.log(1.0 - prevalence)
    return 1.0 - math.exp(2.0 * log_likelihood)


def r_squared_of_auroc(auroc: float, prevalence: float) -> float:
    """Cox-Snell R^2 of a model with this AUROC, its linear predictor normal in each outcome class.

    Raises:
        StatisticsError: An AUROC outside (0.5, 1) or a prevalence outside (0, 1).
    """
    between(auroc, "AUROC", 0.5, 1.0)
    between(prevalence, "Prevalence")
    apart = math.sqrt(2.0) * float(ndtri(auroc))
    nodes, mass = np.polynomial.hermite_e.hermegauss(80)
    mass = mass / mass.sum()
    gained = 0.0
    for centre, share in ((apart, prevalence), (0.0, 1.0 - prevalence)):
        x = nodes + centre
        risk = chances(logit(prevalence) + apart * x - apart**2 / 2.0)
        right = risk if centre else 1.0 - risk
        gained += share * float(mass @ np.log(np.maximum(right, 1e-300)))
    null = prevalence * math.log(prevalence) + (1.0 - prevalence) * math.log(1.0 - prevalence)
    return 1.0 - math.exp(-2.0 * (gained - null))


def development_binary(
    parameters: int,
    prevalence: float,
    r_squared: float,
    *,
    shrinkage: float = 0.9,
    optimism: float = 0.05,
    margin: float = 0.05,
    mean_error: float | None = None,
) -> DevelopmentSize:
    """Patients needed to develop a model of a binary outcome (Riley 2019).

    Args:
        parameters: Candidate parameters.
        prevalence: Anticipated share with the outcome.
        r_squared: Anticipated Cox-Snell R^2; `r_squared_of_auroc`, or 0.15 times `greatest_r_squared` when nothing is
            known.
        shrinkage: Least uniform shrinkage factor.
        optimism: Largest difference of apparent and adjusted Nagelkerke R^2.
        margin: Half-width of the 95 % interval of the overall risk.
        mean_error: Largest mean absolute error of the predicted risks (van Smeden 2019; at most 30 parameters), None to
            leave it out.

    Raises:
        StatisticsError: A value outside its range, an R^2 above the greatest possible.
    """
    _parameters(parameters)
    greatest = greatest_r_squared(prevalence)
    between(r_squared, "Cox-Snell R^2", 0.0, greatest)
    between(shrinkage, "Shrinkage", r_squared, 1.0)

    def shrunk(factor: float) -> int:
        return math.ceil(parameters / ((factor - 1.0) * math.log(1.0 - r_squared / factor)) - 1e-9)

    criteria = {
        "shrinkage": shrunk(shrinkage),
        "optimism": shrunk(r_squared / (r_squared + optimism * greatest)),
        "overall risk": math.ceil((normal_quantile(0.95) / margin) ** 2 * prevalence * (1.0 - prevalence) - 1e-9),
    }
    if mean_error is not None:
        if parameters > 30:
            message = f"The mean-error criterion was derived for at most 30 parameters; {parameters} were given."
            raise StatisticsError(message)
        slope = -0.508 + 0.259 * math.log(prevalence) + 0.504 * math.log(parameters) - math.log(mean_error)
        criteria["mean error"] = math.ceil(math.exp(slope / 0.544))
    patients = max(criteria.values())
    return DevelopmentSize(patients, criteria, patients * prevalence, patients * prevalence / parameters)


def greatest_r_squared_of_times(rate: float, follow_up: float) -> float:
    """Largest Cox-Snell R^2 a model of a time to an event can have.

    Args:
        rate: Events per unit of time that is watched.
        follow_up: Mean time watched.

    Raises:
        StatisticsError: Either is not above 0, or there is more than one event a patient.
    """
    between(rate, "Rate of events", 0.0, math.inf)
    between(follow_up, "Mean follow-up", 0.0, math.inf)
    events = rate * follow_up
    between(events, "Rate of events times mean follow-up, the share with the event,", 0.0, 1.0 + 1e-9)
    return 1.0 - math.exp(2.0 * (events * math.log(events) - events))


def development_time_to_event(
    parameters: int,
    rate: float,
    follow_up: float,
    horizon: float,
    r_squared: float,
    *,
    shrinkage: float = 0.9,
    optimism: float = 0.05,
    margin: float = 0.05,
) -> DevelopmentSize:
    """Patients needed to develop a model of a time to an event (Riley 2019, Stat Med 38:1276).

    Args:
        parameters: Candidate parameters.
        rate: Anticipated events per unit of time that is watched.
        follow_up: Anticipated mean time watched.
        horizon: By which risks are predicted, in the same unit.
        r_squared: Anticipated Cox-Snell R^2, or 0.15 times `greatest_r_squared_of_times` when nothing is known.
        shrinkage: Least uniform shrinkage factor.
        optimism: Largest difference of apparent and adjusted Nagelkerke R^2.
        margin: Half-width of the 95 % interval of the overall risk by the horizon, a constant hazard taken for granted.

    Raises:
        StatisticsError: A value outside its range, an R^2 above the greatest possible.
    """
    _parameters(parameters)
    greatest = greatest_r_squared_of_times(rate, follow_up)
    between(horizon, "Horizon", 0.0, math.inf)
    between(r_squared, "Cox-Snell R^2", 0.0, greatest)
    between(shrinkage, "Shrinkage", r_squared, 1.0)

    def shrunk(factor: float) -> int:
        return math.ceil(parameters / ((factor - 1.0) * math.log(1.0 - r_squared / factor)) - 1e-9)

    def half_width(n: int) -> float:
        error = normal_quantile(0.95) * math.sqrt(rate / (n * follow_up))
        risk, low, high = (1.0 - math.exp(-max(0.0, each) * horizon) for each in (rate, rate - error, rate + error))
        return max(risk - low, high - risk)

    criteria = {
        "shrinkage": shrunk(shrinkage),
        "optimism": shrunk(r_squared / (r_squared + optimism * greatest)),
        "overall risk": smallest(1, lambda n: half_width(n) <= margin),
    }
    patients = max(criteria.values())
    events = patients * rate * follow_up
    return DevelopmentSize(patients, criteria, events, events / parameters)


def development_continuous(
    parameters: int,
    r_squared: float,
    mean: float,
    spread: float,
    *,
    shrinkage: float = 0.9,
    optimism: float = 0.05,
    margin: float = 0.1,
) -> DevelopmentSize:
    """Patients needed to develop a model of a continuous outcome (Riley 2019).

    Args:
        parameters: Candidate parameters.
        r_squared: Anticipated adjusted R^2.
        mean: Anticipated mean outcome, not 0.
        spread: Its standard deviation.
        shrinkage: Least uniform shrinkage factor.
        optimism: Largest difference of apparent and adjusted R^2.
        margin: Multiplicative margin of error of residual spread and mean.

    Raises:
        StatisticsError: A value outside its range.
    """
    _parameters(parameters)
    between(r_squared, "R^2")
    between(shrinkage, "Shrinkage")
    if mean == 0.0 or spread <= 0.0:
        message = f"Mean {mean:g}, standard deviation {spread:g}; a mean other than 0 and a positive spread are needed."
        raise StatisticsError(message)

    def shrinkage_at(n: int) -> float:
        apparent = (r_squared * (n - parameters - 1) + parameters) / (n - 1)
        return 1.0 + (parameters - 2) / (n * math.log(1.0 - apparent))

    def residual_error(n: int) -> float:
        degrees = n - parameters - 1
        upper, lower = float(chdtri(degrees, 0.025)), float(chdtri(degrees, 0.975))
        return math.sqrt(max(upper / degrees, degrees / lower))

    def mean_error(n: int) -> float:
        half = float(stdtrit(n - parameters - 1, 0.975)) * math.sqrt(spread**2 * (1.0 - r_squared) / n)
        return 1.0 + half / abs(mean)

    least = parameters + 2
    criteria = {
        "shrinkage": smallest(least, lambda n: shrinkage_at(n) >= shrinkage),
        "optimism": math.ceil(1.0 + parameters * (1.0 - r_squared) / optimism - 1e-9),
        "residual spread": smallest(least, lambda n: residual_error(n) <= 1.0 + margin),
        "mean": smallest(least, lambda n: mean_error(n) <= 1.0 + margin),
    }
    patients = max(criteria.values())
    return DevelopmentSize(patients, criteria, 0.0, patients / parameters)


def smallest(low: int, holds: Callable[[int], bool]) -> int:
    """Smallest n from `low` on for which a condition that stays true becomes true."""
    high = max(low, 2)
    while not holds(high):
        low, high = high, high * 2
        if high > 10**9:
            message = "No sample of fewer than a thousand million patients meets the criterion."
            raise StatisticsError(message)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
