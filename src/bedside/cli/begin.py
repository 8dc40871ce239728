"""`bedside run --init`: the study's network begins from the encoder of an earlier run, beside one from scratch."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedside.errors import StudyError

if TYPE_CHECKING:
    from bedside.study.declare import Study
    from bedside.training.network import Network
    from bedside.training.tuned import Tuned

SCRATCH = "_from_scratch"


def from_scratch(model: "Tuned[Any, Any]", network: "Network[Any, Any]") -> "Tuned[Any, Any]":
    """The network as declared, under the name that it has beside one that begins elsewhere."""
    renamed = replace(network, name=f"{network.name}{SCRATCH}", label=f"{network.label}, from scratch")
    return replace(model, recipe=renamed)


def as_run(study: "Study[Any, Any, Any, Any]", learner: str) -> "Study[Any, Any, Any, Any]":
    """The declared study with the learner that `--init` adds, where that one is asked for; it needs no earlier run."""
    if not learner.endswith(SCRATCH) or learner in {one.name for one in study.learners}:
        return study
    from bedside.training.network import Network
    from bedside.training.tuned import Tuned

    model = study.model
    if not isinstance(model, Tuned) or not isinstance(model.recipe, Network):
        return study
    scratch = from_scratch(model, model.recipe)
    return replace(study, comparators=(*study.comparators, scratch)) if scratch.name == learner else study


def begun_from(study: "Study[Any, Any, Any, Any]", run: Path) -> "Study[Any, Any, Any, Any]":
    """The same study with its model begun from the earlier run, and the model as declared as one more comparator.

    Raises:
        StudyError: The model on trial is no network.
        RunMismatch: The folder holds no finished run.
        ModelError: Its model is no network.
    """
    from bedside.study.earlier import earlier
    from bedside.training.network import Network
    from bedside.training.start import FromFit
    from bedside.training.tuned import Tuned

    model = study.model
    if not isinstance(model, Tuned) or not isinstance(model.recipe, Network):
        msg = (
            f"--init begins a network from an earlier run, and the model on trial in {study.name} is {model.label}; "
            "leave --init out, or name a study whose model is a network"
        )
        raise StudyError(msg)
    network = model.recipe
    begun = replace(network, start=FromFit(earlier(run)))
    return replace(
        study,
        model=replace(model, recipe=begun),
        comparators=(*study.comparators, from_scratch(model, network)),
        primary_comparator=study.primary_comparator or study.comparators[0].name,
    )
