"""Times to events of development, as models of them need them, checked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bedside.data.sample import Sample
from bedside.endpoints.time_to_event.outcome import times_of
from bedside.endpoints.time_to_event.target import Timed
from bedside.errors import ModelError, OutcomeProblem
from bedside.stats.times import Times

FEWEST = 2
"""Events of a cause below which there is nothing to compare."""


def event_times(target: Timed, samples: Sequence[Sample[Any, Any]], learner: str) -> Times:
    """Times of the samples, n of them, with events of every cause among them.

    Raises:
        ModelError: A cause has fewer than `FEWEST` events, or an event is of no declared cause.
    """
    outcomes = [sample.outcome for sample in samples]
    try:
        target.checked(outcomes)
    except OutcomeProblem as error:
        msg = f"{learner} cannot be fitted: {error}; use the codes that the endpoint declares"
        raise ModelError(msg) from error
    times = times_of(outcomes)
    for number, cause in enumerate(target.causes, start=1):
        events = int(np.count_nonzero(times.event == number))
        if events < FEWEST:
            msg = (
                f"{learner} cannot be fitted: {events} of {len(times)} development cases have the event {cause!r}; "
                f"at least {FEWEST} are needed. Watch longer, use a larger cohort or fewer folds, or declare no cause "
                "that hardly comes"
            )
            raise ModelError(msg)
    return times
