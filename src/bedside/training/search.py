"""The search for settings: a seeded, in-memory Optuna study whose first trial is the defaults."""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

import optuna
from optuna.trial import TrialState

from bedside.errors import ModelError
from bedside.training.learner import Recipe, Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Chosen(Generic[T]):
    """The best trial.

    Attributes:
        settings: Its settings.
        loss: Its loss; None when there was nothing to choose.
        result: What the attempt returned besides its loss.
        trials: How many settings were tried.
        failed: How many of them could not be fitted.
    """

    settings: Settings
    loss: float | None
    result: T
    trials: int
    failed: int = 0


def search(
    recipe: Recipe[Any, Any, Any], attempt: Callable[[Settings], tuple[float, T]], *, trials: int, seed: int
) -> Chosen[T]:
    """Try settings and keep the best.

    A trial whose fit raises ModelError, or whose loss is not finite, counts as failed and is told so to the
    search. Only the best result is held in memory.

    Args:
        recipe: Proposes settings; its defaults are tried first.
        attempt: Settings to (loss, result).
        trials: How many settings to try, 1 or more; a recipe without settings is tried once.
        seed: Of the search.

    Raises:
        ModelError: `trials` is not positive, or every trial failed (then the first failure).
    """
    if trials < 1:
        msg = f"{recipe.name} was given {trials} trials; at least 1 is needed, and the first is the defaults"
        raise ModelError(msg)
    best: Chosen[T] | None = None
    first_failure: ModelError | None = None
    failed = 0
    count = trials if recipe.defaults else 1
    for trial in _trials(recipe, count, seed):
        try:
            loss, result = attempt(trial.settings)
            if not math.isfinite(loss):
                msg = f"{recipe.name} gave a loss of {loss} with settings {dict(trial.settings)}"
                raise ModelError(msg)  # noqa: TRY301 - the same handling as a fit that failed by itself
        except ModelError as failure:
            failed += 1
            first_failure = first_failure or failure
            trial.tell(None)
            continue
        trial.tell(loss)
        if best is None or best.loss is None or loss < best.loss:
            best = Chosen(trial.settings, loss, result, count)
    if best is None:
        raise cast("ModelError", first_failure)
    if not recipe.defaults:
        return Chosen(best.settings, None, best.result, 0)
    return replace(best, failed=failed)


@dataclass(frozen=True)
class _Trial:
    """One trial: its settings, and where its loss goes (None for a failure)."""

    settings: Settings
    tell: Callable[[float | None], None]


def _trials(recipe: Recipe[Any, Any, Any], count: int, seed: int) -> Iterator[_Trial]:
    if not recipe.defaults:
        yield _Trial({}, lambda _: None)
        return
    with _quiet():
        # With few trials the model-guided part must begin early, or the search is random.
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(3, count // 3))
        study = optuna.create_study(sampler=sampler, direction="minimize")
        study.enqueue_trial(dict(recipe.defaults))
        for _ in range(count):
            trial = study.ask()
            settings = dict(recipe.propose(trial))
            yield _Trial(settings, lambda loss, trial=trial: _tell(study, trial, loss))  # type: ignore[misc]


def _tell(study: optuna.Study, trial: optuna.Trial, loss: float | None) -> None:
    if loss is None:
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, loss)


@contextmanager
def _quiet() -> Iterator[None]:
    # Optuna reports every trial; its warnings and errors still pass.
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
