"""What a head learns of all development cases before its weights are judged."""

from collections.abc import Callable, Sequence
from typing import Any

from bedside.data.sample import Sample
from bedside.errors import ModelError
from bedside.networks.encoder import Batches
from bedside.networks.head import Concluding
from bedside.training.model import Model
from bedside.training.way import Way, Whole, finite


def conclusion(
    model: Model[Any], way: Way, cases: Batches[Any], development: Sequence[Sample[Any, Any]], *, chunk: int
) -> Callable[[], bool]:
    """What to do before the model is judged: let its head conclude, where it does; nothing for other heads.

    Every process of data-parallel training concludes by itself, from the same weights and the same cases.

    Args:
        model: Encoder and head.
        way: How the network sees cases.
        cases: Development, prepared, as it is.
        development: Its samples, in the same order.
        chunk: Cases at a time.

    Returns:
        A function that says whether all raw outputs were finite; nothing is concluded from others.

    Raises:
        ModelError: The network sees parts of its cases, from which nothing can be concluded of a whole one.
    """
    head = model.head
    if not isinstance(head, Concluding):
        return lambda: True
    if not isinstance(way, Whole):
        msg = (
            f"{type(head).__name__} learns a baseline from whole development cases, and the network was to see them in "
            f"another way ({type(way).__name__}); leave `way` out, or give it a head without a baseline"
        )
        raise ModelError(msg)
    outcomes = [sample.outcome for sample in development]

    def conclude() -> bool:
        outputs = model.outputs(cases, chunk=chunk)
        if not finite(outputs):
            return False
        head.conclude(outputs, outcomes)
        return True

    return conclude
