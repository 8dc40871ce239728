"""What cases lack where a measure is not defined on them, in words."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bedside.stats.answered import Answered
from bedside.stats.risk_sets import RiskSets
from bedside.stats.times import Times

Lack = Callable[[Times], tuple[str, ...]]
"""Cases to what they lack; nothing where they lack nothing."""


@dataclass(frozen=True)
class Lacking:
    """What measures need of cases.

    Attributes:
        cause: Word of the cause of interest.
        unit: Of times.
    """

    cause: str
    unit: str

    def watch(self, at: float) -> Lack:
        """What every measure at a time needs: somebody who is watched until then, or an event of everybody before."""

        def lack(times: Times) -> tuple[str, ...]:
            known = Answered(times, np.array([at]))(np.ones((1, len(times)))).known[0, 0]
            return () if known else (f"cases that are watched until {self._when(at)}",)

        return lack

    def both(self, at: float) -> Lack:
        """What telling cases apart needs besides: somebody with the event by then, and somebody free of it."""
        watch = self.watch(at)

        def lack(times: Times) -> tuple[str, ...]:
            short = watch(times)
            if short:
                return short
            by = times.time <= at
            came = by & (times.event == 1)
            free = (Answered(times, np.array([at])).free[:, 0] > 0) | (by & (times.event > 1))
            wanted = {f"cases with {self.cause} by {self._when(at)}": came, f"cases without {self.cause} by then": free}
            return tuple(words for words, there in wanted.items() if not there.any())

        return lack

    def pairs(self, before: float) -> Lack:
        """What concordance needs: a case with the event before a time, and one known to be without it for longer."""

        def lack(times: Times) -> tuple[str, ...]:
            ours = (times.event == 1) & (times.time < before)
            if not ours.any():
                return (f"cases with {self.cause}",)
            one, sets = np.ones((1, len(times))), RiskSets(times)
            longer = (sets.at_risk(one, sets.at) - sets(one).leaving)[0] > 0
            rival = bool((times.time[times.event > 1] <= times.time[ours].max()).any())
            found = rival or bool(longer[np.searchsorted(sets.at, times.time[ours])].any())
            return () if found else (f"pairs of cases of which one is known to have {self.cause} before the other",)

        return lack

    def _when(self, at: float) -> str:
        return f"{at:g} {self.unit}".rstrip()
