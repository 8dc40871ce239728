import numpy as np
import pytest
from hypothesis import strategies as st
from tests.stats.cases import binary_sample, given, law

from bedside.errors import StatisticsError
from bedside.stats.triage import reading_alone, triage
from bedside.stats.worklist import Worklist, waits


def test_single_server_queues_wait_as_theory_says() -> None:
    """M/M/1: mean wait rho / (mu - lambda); with two classes Cobham's formula (Cobham 1954)."""
    room = Worklist(arrivals_per_hour=10.0, reading_minutes=4.2, reading="exponential", hours=8000.0)
    stream = np.random.default_rng(1)
    arrival = room.arrivals(stream)
    duration = room.durations(arrival.size, stream)
    service, load = 60.0 / 4.2, 0.7
    assert room.load == pytest.approx(load)
    assert waits(arrival, duration, None, 1).mean() == pytest.approx(load / (service - 10.0), rel=0.05)
    urgent = stream.random(arrival.size) < 0.2
    found = waits(arrival, duration, urgent.astype(float), 1)
    residual = 10.0 * (2.0 / service**2) / 2.0
    assert found[urgent].mean() == pytest.approx(residual / (1.0 - 0.2 * load), rel=0.05)
    assert found[~urgent].mean() == pytest.approx(residual / ((1.0 - 0.2 * load) * (1.0 - load)), rel=0.07)


@law
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 60))
def test_order_moves_waiting_but_does_not_make_or_lose_any(seed: int, readers: int, n: int) -> None:
    stream = np.random.default_rng(seed)
    arrival, duration = np.sort(stream.random(n) * 5.0), np.full(n, 0.2)
    plain = waits(arrival, duration, None, readers)
    ordered = waits(arrival, duration, stream.normal(size=n), readers)
    assert (plain >= 0.0).all()
    assert (ordered >= -1e-12).all()
    # Equal reading times: the moments at which readings begin are the same, only their owners change.
    assert np.sort(plain + arrival) == pytest.approx(np.sort(ordered + arrival))
    same = waits(arrival, duration, np.zeros(n), readers)
    assert same == pytest.approx(plain)
    assert (np.diff(plain + arrival) >= -1e-12).all()


def test_a_case_that_nobody_beats_waits_for_the_reading_in_progress_only() -> None:
    arrival, duration = np.array([0.0, 0.1, 0.2, 0.3]), np.full(4, 1.0)
    assert waits(arrival, duration, [0.0, 0.0, 0.0, 1.0], 1).tolist() == pytest.approx([0.0, 1.9, 2.8, 0.7])


def test_a_good_model_saves_positives_time_and_a_useless_one_does_not() -> None:
    good = binary_sample(1, 300, ties=False)
    room = Worklist(arrivals_per_hour=10.0, reading_minutes=5.4, readers=1, hours=60.0)
    found = triage(good.label + 0.3 * good.score, good.label, room, prevalence=0.1, periods=60)
    assert found.load == pytest.approx(0.9)
    assert found.saved.low > 0.0
    assert found.saved.value == pytest.approx(found.positives_first_come.value - found.positives_ordered.value)
    assert found.negatives_added.value > 0.0
    useless = triage(np.random.default_rng(0).normal(size=300), good.label, room, periods=60)
    assert useless.saved.low < 0.0 < useless.saved.high
    constant = triage(np.zeros(300), good.label, room, periods=20)
    assert constant.saved.value == 0.0
    again = triage(good.label + 0.3 * good.score, good.label, room, prevalence=0.1, periods=60)
    assert again == found
    flagged = triage(good.score, good.label, room, threshold=0.5, periods=20, cluster=good.patient)
    assert flagged.saved.patients == np.unique(good.patient).size


def test_reading_times_have_their_mean() -> None:
    stream = np.random.default_rng(0)
    for reading in ("exponential", "lognormal", "fixed"):
        room = Worklist(arrivals_per_hour=1.0, reading_minutes=6.0, reading=reading)
        made = room.durations(40_000, stream)
        assert made.mean() == pytest.approx(0.1, rel=0.02)
        spread = {"exponential": 1.0, "lognormal": 0.5, "fixed": 0.0}[reading]
        assert made.std() / 0.1 == pytest.approx(spread, abs=0.03)


def test_what_the_model_reads_alone() -> None:
    score, label = np.array([0.1, 0.2, 0.3, 0.8, 0.9, 0.15]), np.array([0, 0, 1, 1, 1, 0])
    found = reading_alone(score, label, 0.35, 6.0)
    assert found.dismissed.value == pytest.approx(4 / 6)
    assert found.missed.value == pytest.approx(1 / 3)
    assert found.safe is not None
    assert found.safe.value == pytest.approx(3 / 4)
    assert found.hours_saved == pytest.approx(100 * 4 / 6 / 10)
    assert reading_alone(score, label, 0.0, 6.0).safe is None
    assert reading_alone(score, label, 0.35, 6.0, cluster=[0, 1, 2, 3, 3, 0]).dismissed.patients == 4


def test_bad_input() -> None:
    room = Worklist(arrivals_per_hour=10.0, reading_minutes=5.0)
    with pytest.raises(StatisticsError, match="above 0"):
        Worklist(arrivals_per_hour=0.0, reading_minutes=5.0)
    with pytest.raises(StatisticsError, match="at least 20"):
        triage([0.1, 0.2], [0, 1], room, periods=5)
    with pytest.raises(StatisticsError, match="of each outcome class"):
        triage([0.1, 0.2], [1, 1], room)
    with pytest.raises(StatisticsError, match="Reading time"):
        reading_alone([0.1, 0.2], [0, 1], 0.1, 0.0)
    with pytest.raises(StatisticsError, match="queue"):
        waits(np.array([1.0, 0.5]), np.array([1.0, 1.0]), None, 1)
    quiet = Worklist(arrivals_per_hour=0.01, reading_minutes=5.0, hours=10.0)
    with pytest.raises(StatisticsError, match="replicates"):
        triage([0.1, 0.2], [0, 1], quiet)
