"""A study that was given by its name, and what it is to be run with."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedside.cli.asked import Asked

if TYPE_CHECKING:
    from bedside.study.declare import Study


def named(what: str, trials: int | None, seed: int | None) -> Asked:
    """What is to be run: an application, a study.toml or a module, with other trials or seed where these are given."""
    from bedside.cli.resolve import resolve

    study = resolve(what)
    if trials is not None:
        study = _with_trials(study, trials)
    if not what.endswith(".toml"):
        return Asked(study, seed or 0)
    from bedside.own_data.toml import declaration, moved

    path = Path(what)
    declared = declaration(path)
    chosen = declared.study.seed if seed is None else seed
    kept = declared.study.model_copy(update={"seed": chosen, "trials": study.trials})

    def toml(folder: Path) -> str:
        return moved(declared.model_copy(update={"study": kept}), path.parent, folder)

    return Asked(study, chosen, toml)


def _with_trials(study: "Study[Any, Any, Any, Any]", trials: int) -> "Study[Any, Any, Any, Any]":
    """The same study with another number of trials, the same for every learner."""
    from dataclasses import replace

    from bedside.training.tuned import Tuned

    model, *comparators = (
        replace(learner, trials=trials) if isinstance(learner, Tuned) else learner for learner in study.learners
    )
    return replace(study, model=model, comparators=tuple(comparators), trials=trials)
