"""The same study with another number of trials, the same for every learner."""

from dataclasses import is_dataclass, replace
from typing import Any

from bedside.study.declare import Study


def with_trials(study: Study[Any, Any, Any, Any], trials: int) -> Study[Any, Any, Any, Any]:
    """The study whose learners try so many settings; itself where they do already."""
    if study.trials == trials:
        return study
    return replace(
        study,
        model=_with_trials(study.model, trials),
        comparators=tuple(_with_trials(learner, trials) for learner in study.comparators),
        trials=trials,
    )


def _with_trials(learner: Any, trials: int) -> Any:  # noqa: ANN401 - any learner, and the same again
    searched = is_dataclass(learner) and hasattr(learner, "trials")
    return replace(learner, trials=trials) if searched else learner
