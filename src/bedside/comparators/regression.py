"""Penalised and plain regression for both kinds of target, on a matrix of predictors."""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import numpy as np
from scipy.sparse import csr_array
from sklearn.linear_model import ElasticNet, LogisticRegression

from bedside.comparators.outcome import class_numbers, conventional, numbers
from bedside.data.sample import Sample, weights_of
from bedside.endpoints.endpoint import Endpoint, Numeric
from bedside.training.threads import single_thread
from bedside.types import Floats, Integers

P = TypeVar("P")

_ABSENT = -30.0
"""Log-odds of a class that development did not hold."""

_PLAIN = 1e-6
"""Penalty per case of a regression that is not meant to be penalised: perfect separation must not end in infinity."""


def linear(matrix: csr_array, values: Floats, penalty: float, mixing: float, seed: int) -> tuple[Floats, Floats]:
    """Coefficients (p, 1) and intercept (1,) of linear regression with an elastic-net penalty.

    Args:
        matrix: Standardised predictors, shape (n, p).
        values: Outcomes, shape (n,).
        penalty: Per case, on outcomes of standard deviation 1.
        mixing: Share of the absolute-value penalty; at least 0.01, which the solver needs.
        seed: Of the solver.
    """
    scale = float(values.std()) or 1.0
    # In units of the outcome's standard deviation the penalty means the same for every outcome.
    model = ElasticNet(alpha=penalty, l1_ratio=max(mixing, 0.01), max_iter=10_000, random_state=seed)
    model.fit(_dense(matrix), (values - values.mean()) / scale)
    coefficients = cast("Floats", model.coef_)
    return coefficients[:, None] * scale, np.array([float(model.intercept_) * scale + values.mean()])


def logistic(
    matrix: csr_array,
    index: Integers,
    classes: int,
    penalty: float,
    mixing: float,
    seed: int,
    *,
    weights: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Coefficients (p, s) and intercepts (s,) of logistic regression with an elastic-net penalty.

    Args:
        matrix: Standardised predictors, shape (n, p).
        index: Class numbers, shape (n,).
        classes: How many there are; s = 1 for two, s = classes for more.
        penalty: Per case, as glmnet's lambda.
        mixing: Share of the absolute-value penalty.
        seed: Of the solver.
        weights: How many cases each stands for, shape (n,); None for one each.
    """
    table = _dense(matrix)
    # scikit-learn's C weighs the sum of losses against the penalty; dividing by n makes it a penalty per case.
    cases = len(index) if weights is None else float(weights.sum())
    model = LogisticRegression(C=1 / (penalty * cases), solver="lbfgs", max_iter=2_000, random_state=seed)
    model.fit(table, index, sample_weight=weights)
    if mixing > 0:
        # The ridge solution is a close start: the slow first-order solver then needs a fraction of its steps.
        model.set_params(solver="saga", l1_ratio=mixing, warm_start=True, max_iter=_epochs(len(index)), tol=1e-3)
        model.fit(table, index, sample_weight=weights)
    present = cast("Integers", model.classes_)
    if classes == 2:
        return cast("Floats", model.coef_).T, cast("Floats", model.intercept_)
    coefficients = np.zeros((matrix.shape[1], classes))
    intercepts = np.full(classes, _ABSENT)
    if len(present) == 2:
        coefficients[:, present[1]], intercepts[present] = model.coef_[0], [0.0, float(model.intercept_[0])]
    else:
        coefficients[:, present], intercepts[present] = model.coef_.T, model.intercept_
    return coefficients, intercepts


def unpenalised(
    endpoint: Endpoint[Any, P], matrix: Floats, samples: Sequence[Sample[Any, Any]], learner: str
) -> tuple[Floats, Floats]:
    """Coefficients (p, s) and intercepts (s,) of a plain regression of the outcome on a few predictors."""
    target = conventional(endpoint, learner)
    with single_thread():
        if isinstance(target, Numeric):
            design = np.column_stack([matrix, np.ones(len(matrix))])
            solution = np.linalg.lstsq(design, numbers(target, samples, learner), rcond=None)[0]
            return cast("Floats", solution[:-1, None]), cast("Floats", solution[-1:])
        centre, scale = matrix.mean(axis=0), matrix.std(axis=0)
        scale[scale == 0] = 1
        index = class_numbers(target, samples, learner)
        table, weights = csr_array((matrix - centre) / scale), weights_of(samples)
        slope, intercept = logistic(table, index, len(target.classes), _PLAIN, 0.0, 0, weights=weights)
    slope = slope / scale[:, None]
    return slope, intercept - centre @ slope


def _dense(matrix: csr_array) -> "Floats | csr_array":
    # Where much of it is filled, solvers are faster on the plain form.
    return matrix.toarray() if matrix.nnz > matrix.shape[0] * matrix.shape[1] / 4 else matrix


def _epochs(cases: int) -> int:
    # About as many passes as keep a large table within seconds.
    return int(np.clip(5_000_000 // cases, 100, 2_000))
