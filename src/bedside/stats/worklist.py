"""The reading worklist as a queue: when does each case get read?

Non-preemptive: a reading in progress is finished. Sources: Cobham 1954, Oper Res 2:70 (priority queues); Thompson et
al. 2024, J Med Imaging 11:024502 (queueing of radiology triage devices).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Literal

import numpy as np

from bedside.errors import StatisticsError
from bedside.types import Floats


@dataclass(frozen=True, kw_only=True)
class Worklist:
    """How cases arrive and are read.

    Attributes:
        arrivals_per_hour: Mean rate of a Poisson process.
        reading_minutes: Mean reading time.
        readers: Number of readers who share the list.
        hours: Length of the period that is simulated.
        reading: "exponential" or "lognormal" times (coefficient of variation `variation`), or "fixed".
        variation: Standard deviation over mean of lognormal times.
    """

    arrivals_per_hour: float
    reading_minutes: float
    readers: int = 1
    hours: float = 168.0
    reading: Literal["exponential", "lognormal", "fixed"] = "lognormal"
    variation: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what no reading room has."""
        if min(self.arrivals_per_hour, self.reading_minutes, self.readers, self.hours, self.variation) <= 0:
            message = (
                f"Worklist of {self.arrivals_per_hour:g} arrivals an hour, {self.reading_minutes:g} minutes a reading, "
                f"{self.readers} readers, {self.hours:g} hours; all must be above 0."
            )
            raise StatisticsError(message)

    @property
    def load(self) -> float:
        """Share of the readers' time that is asked for; at 1 or more the list grows without end."""
        return self.arrivals_per_hour * self.reading_minutes / (60.0 * self.readers)

    def arrivals(self, stream: np.random.Generator) -> Floats:
        """Arrival times in hours, rising."""
        count = int(stream.poisson(self.arrivals_per_hour * self.hours))
        return np.sort(stream.random(count)) * self.hours

    def durations(self, count: int, stream: np.random.Generator) -> Floats:
        """Reading times in hours."""
        mean = self.reading_minutes / 60.0
        if self.reading == "fixed":
            return np.full(count, mean)
        if self.reading == "exponential":
            return np.asarray(stream.exponential(mean, count), dtype=np.float64)
        spread = float(np.sqrt(np.log1p(self.variation**2)))
        return np.asarray(stream.lognormal(np.log(mean) - spread**2 / 2.0, spread, count), dtype=np.float64)


def waits(arrival: Floats, duration: Floats, urgency: Sequence[float] | Floats | None, readers: int) -> Floats:
    """Hours each case waits until its reading begins.

    Args:
        arrival: Shape (n,), rising, in hours.
        duration: Shape (n,), in hours.
        urgency: Shape (n,): the waiting case with the largest is read next, ties by arrival; None is first come, first
            served.
        readers: How many read.

    Raises:
        StatisticsError: Times that fall, different lengths, no reader.
    """
    n = len(arrival)
    if n != len(duration) or readers < 1 or bool(np.any(np.diff(arrival) < 0)):
        message = (
            f"{n} arrivals (in rising order), {len(duration)} reading times, {readers} readers do not make a queue."
        )
        raise StatisticsError(message)
    times, lengths = arrival.tolist(), duration.tolist()
    rank = [0.0] * n if urgency is None else [-float(each) for each in urgency]
    free, waiting = [0.0] * readers, list[tuple[float, int]]()
    wait = np.empty(n)
    following = 0
    for _ in range(n):
        now = heappop(free)
        if not waiting and following < n and times[following] > now:
            now = times[following]
        while following < n and times[following] <= now:
            heappush(waiting, (rank[following], following))
            following += 1
        case = heappop(waiting)[1]
        wait[case] = now - times[case]
        heappush(free, now + lengths[case])
    return wait
