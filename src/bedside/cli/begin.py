"""`bedside run --init`: the study's network begins from the encoder of an earlier run, beside one from scratch."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedside.errors import StudyError

if TYPE_CHECKING:
    from bedside.study.declare import Study

SCRATCH = "_from_scratch"


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
    scratch = replace(network, name=f"{network.name}{SCRATCH}", label=f"{network.label}, from scratch")
    return replace(
        study,
        model=replace(model, recipe=begun),
        comparators=(*study.comparators, replace(model, recipe=scratch)),
        primary_comparator=study.primary_comparator or study.comparators[0].name,
    )
