"""The search for settings: a seeded, in-memory Optuna study whose first trial is the defaults."""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

import optuna
from optuna.trial import TrialState

from bedside.errors import ModelError
from bedside.training.learner import Recipe, Settings
from bedside.training.pruning import Contest, Pruning, TrialStopped
from bedside.training.workplace import here

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
        pruned: How many of them were given up early.
    """

    settings: Settings
    loss: float | None
    result: T
    trials: int
    failed: int = 0
    pruned: int = 0


def search(
    recipe: Recipe[Any, Any, Any],
    attempt: Callable[[Settings], tuple[float, T]],
    *,
    trials: int,
    seed: int,
    pruning: Pruning | None = None,
) -> Chosen[T]:
    """Try settings and keep the best.

    A trial whose fit raises ModelError, or whose loss is not finite, counts as failed and is told so to the
    search. Only the best result is held in memory.

    Args:
        recipe: Proposes settings; its defaults are tried first.
        attempt: Settings to (loss, result).
        trials: How many settings to try, 1 or more; a recipe without settings is tried once.
        seed: Of the search.
        pruning: When a trial is given up early; None for never. A trial given up counts as tried.

    Raises:
        ModelError: `trials` is not positive, or every trial failed (then the first failure).
    """
    if trials < 1:
        msg = f"{recipe.name} was given {trials} trials; at least 1 is needed, and the first is the defaults"
        raise ModelError(msg)
    best: Chosen[T] | None = None
    first_failure: ModelError | None = None
    failed = pruned = 0
    count = trials if recipe.defaults else 1
    contest = Contest(pruning) if pruning is not None else None
    for number, trial in enumerate(_trials(recipe, count, seed)):
        here().tell("trial", number + 1, count)
        try:
            with contest.trial() if contest is not None else nullcontext():
                loss, result = attempt(trial.settings)
            if not math.isfinite(loss):
                msg = f"{recipe.name} gave a loss of {loss} with settings {dict(trial.settings)}"
                raise ModelError(msg)  # noqa: TRY301 - the same handling as a fit that failed by itself
        except ModelError as failure:
            failed += 1
            first_failure = first_failure or failure
            trial.tell(None)
            continue
        except TrialStopped as stopped:
            pruned += 1
            trial.give_up(stopped.loss, stopped.epoch)
            continue
        trial.tell(loss)
        if best is None or best.loss is None or loss < best.loss:
            best = Chosen(trial.settings, loss, result, count)
    if best is None:
        raise cast("ModelError", first_failure)
    if not recipe.defaults:
        return Chosen(best.settings, None, best.result, 0)
    return replace(best, failed=failed, pruned=pruned)


@dataclass(frozen=True)
class _Trial:
    """One trial: its settings, and where its end is told; without a study nobody hears."""

    settings: Settings
    study: "optuna.Study | None" = None
    trial: "optuna.Trial | None" = None

    def tell(self, loss: float | None) -> None:
        """It has this loss; None for a failure."""
        if self.study is None or self.trial is None:
            return
        if loss is None:
            self.study.tell(self.trial, state=TrialState.FAIL)
        else:
            self.study.tell(self.trial, loss)

    def give_up(self, loss: float, epoch: int) -> None:
        """It was given up after so many epochs with this loss."""
        if self.study is None or self.trial is None:
            return
        self.trial.report(loss, epoch)
        self.study.tell(self.trial, state=TrialState.PRUNED)


def _trials(recipe: Recipe[Any, Any, Any], count: int, seed: int) -> Iterator[_Trial]:
    if not recipe.defaults:
        yield _Trial({})
        return
    with _quiet():
        # With few trials the model-guided part must begin early, or the search is random.
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(3, count // 3))
        study = optuna.create_study(sampler=sampler, direction="minimize")
        study.enqueue_trial(dict(recipe.defaults))
        for _ in range(count):
            trial = study.ask()
            yield _Trial(dict(recipe.propose(trial)), study, trial)


@contextmanager
def _quiet() -> Iterator[None]:
    # Optuna reports every trial; its warnings and errors still pass.
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
