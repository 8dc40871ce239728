"""Giving up a trial early, when its selection loss lags behind that of the trials before it.

Free of torch. The training loop says how each epoch was judged; a search that prunes listens, all others do not.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias

Listener: TypeAlias = Callable[[int, float], None]
"""Told epoch and selection loss of one fit; raises TrialStopped when the trial is to be given up."""


class TrialStopped(Exception):  # noqa: N818 - no error: the search asked for it
    """A trial is given up; caught by the search, never seen by a person.

    Attributes:
        loss: Its lowest loss so far.
        epoch: Epochs that its fits have taken together.
    """

    def __init__(self, loss: float, epoch: int) -> None:
        super().__init__(f"given up after {epoch} epochs with a loss of {loss}")
        self.loss = loss
        self.epoch = epoch


@dataclass(frozen=True)
class Pruning:
    """The median rule (Golovin et al., KDD 2017), on the lowest selection loss so far.

    A trial is given up at an epoch when its lowest loss so far is higher than the median of what the trials before it,
    those that were not given up, had reached by then in the same fold. Counts epochs, not seconds: it repeats.

    Attributes:
        after: Epochs that every fit is granted.
        trials: How many trials must have been finished before one can be given up.
    """

    after: int = 5
    trials: int = 3

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        return (
            f"A trial was given up after {self.after} epochs or later, once its lowest loss was above the median of "
            f"the trials before it at that epoch (at least {self.trials} of them)."
        )


@dataclass(eq=False)
class Contest:
    """The trials of one search.

    Attributes:
        pruning: The rule.
        finished: By trial, then fit: the lowest loss so far after each epoch.
        current: The same for the trial under way.
    """

    pruning: Pruning
    finished: list[list[list[float]]] = field(default_factory=list)
    current: list[list[float]] = field(default_factory=list)

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Fits inside belong to one trial, which is finished when nothing is raised."""
        self.current = []
        token = _CONTEST.set(self)
        try:
            yield
        finally:
            _CONTEST.reset(token)
        self.finished.append(self.current)

    def enter(self) -> Listener:
        """A fit of the trial begins."""
        number = len(self.current)
        reached: list[float] = []
        self.current.append(reached)

        def hear(epoch: int, loss: float) -> None:
            reached.append(min([loss, *reached[-1:]]))
            before = [trial[number] for trial in self.finished if number < len(trial) and trial[number]]
            if epoch >= self.pruning.after and len(before) >= self.pruning.trials:
                level = median(curve[min(epoch, len(curve)) - 1] for curve in before)
                if reached[-1] > level:
                    raise TrialStopped(reached[-1], sum(map(len, self.current)))

        return hear


def listener() -> Listener:
    """Who hears of the epochs of the fit that begins now."""
    contest = _CONTEST.get()
    return _nobody if contest is None else contest.enter()


@contextmanager
def unheard() -> Iterator[None]:
    """Fits inside are no part of a trial: what they are judged by is not its loss."""
    token = _CONTEST.set(None)
    try:
        yield
    finally:
        _CONTEST.reset(token)


def _nobody(epoch: int, loss: float) -> None:
    del epoch, loss


_CONTEST: ContextVar["Contest | None"] = ContextVar("contest", default=None)
