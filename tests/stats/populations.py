"""Populations whose true values are known, and samples from them, for coverage by simulation."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, ndtr

from bedside.types import Booleans, Floats, Integers

SHIFT = 1.2
"""Positives lie so many standard deviations higher; AUROC = Phi(1.2 / sqrt 2) = .802."""
AUROC = float(ndtr(SHIFT / np.sqrt(2.0)))
PREVALENCE = 0.4


class Draw(NamedTuple):
    score: Floats
    other: Floats
    label: Booleans
    patient: Integers


def independent(stream: np.random.Generator, n: int) -> Draw:
    """Two learners of the same AUROC, correlation one half, on independent cases."""
    label = stream.random(n) < PREVALENCE
    label[:4] = [True, False, True, False]  # no sample lacks a class; its effect at n = 50 is small
    common = stream.normal(size=n)
    score, other = np.sqrt(0.5) * common + np.sqrt(0.5) * stream.normal(size=(2, n)) + SHIFT * label
    return Draw(score, other, label, np.arange(n))


def repeated(stream: np.random.Generator, n: int, each: int = 3) -> Draw:
    """N cases of n / 3 patients: correlated scores, outcomes that may differ within a patient."""
    patients = max(n // each, 4)
    patient = np.repeat(np.arange(patients), each)
    tendency = stream.beta(0.8, 1.2, patients)
    label = stream.random(patients * each) < tendency[patient]
    label[0], label[each], label[2 * each], label[3 * each] = True, False, True, False
    own = stream.normal(size=(3, patients))[:, patient]
    noise = stream.normal(size=(3, patients * each))
    mixed = np.sqrt(0.5) * own + np.sqrt(0.5) * noise
    score, other = np.sqrt(0.5) * mixed[0] + np.sqrt(0.5) * mixed[1:] + SHIFT * label
    return Draw(score, other, label, patient)


def probabilities(stream: np.random.Generator, n: int) -> tuple[Floats, Booleans]:
    """Perfectly calibrated predictions: slope 1, intercepts 0."""
    odds = stream.normal(-0.5, 1.2, n)
    return expit(odds), stream.random(n) < expit(odds)


def probabilities_of_patients(stream: np.random.Generator, n: int, each: int = 3) -> tuple[Floats, Booleans, Integers]:
    """As above; a patient's cases share prediction and outcome, so that there are n / 3 independent ones."""
    chance, label = probabilities(stream, n // each)
    return np.repeat(chance, each), np.repeat(label, each), np.repeat(np.arange(n // each), each)
