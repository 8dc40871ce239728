"""The learning rate: warm-up in equal parts, then constant or half a cosine."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.training.toy import fit, network

from bedside.errors import ModelError
from bedside.training.loop import Loop
from bedside.training.schedule import FLOOR, rate


def test_a_cosine_by_hand() -> None:
    def at(step: int) -> float:
        return rate(step, peak=0.2, warm_up=10, total=110, schedule="cosine")

    assert at(1) == pytest.approx(0.02)
    assert at(10) == pytest.approx(0.2)
    assert at(60) == pytest.approx(0.2 * (FLOOR + 1) / 2), "half way the middle of peak and floor"
    assert at(35) == pytest.approx(0.2 * (FLOOR + (1 - FLOOR) * (1 + math.sqrt(0.5)) / 2))
    assert at(110) == pytest.approx(0.2 * FLOOR)


@given(st.integers(0, 50), st.integers(1, 300), st.sampled_from(["constant", "cosine"]))
def test_it_rises_to_the_peak_and_then_never_again(warm_up: int, total: int, schedule: str) -> None:
    rates = [rate(k, peak=1.0, warm_up=warm_up, total=total, schedule=schedule) for k in range(1, total + 1)]  # type: ignore[arg-type]
    rising, falling = rates[:warm_up], rates[max(0, warm_up - 1) :]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert all(0 < value <= 1 for value in rates)
    if schedule == "constant":
        assert set(rates[warm_up:]) <= {1.0}


def test_the_loop_follows_the_schedule_and_spends_its_budget() -> None:
    loop = Loop(epochs=12, batch=16, warm_up=3, schedule="cosine")
    _, record = fit(network(loop), learning_rate=0.01)
    assert record["epochs"] == 12, "a cosine without patience is not stopped"
    expected = [rate(3 * epoch, peak=0.01, warm_up=3, total=36, schedule="cosine") for epoch in range(1, 13)]
    assert record["curve"]["rate"] == pytest.approx(expected, rel=1e-5)


def test_a_cosine_with_patience_is_stopped() -> None:
    loop = Loop(epochs=200, batch=16, schedule="cosine", patience=3)
    _, record = fit(network(loop), learning_rate=0.01)
    assert record["epochs"] == record["best_epoch"] + 3 < 200


def test_the_methods_name_what_was_done() -> None:
    plain, other = Loop(), Loop(epochs=30, schedule="cosine", ema=0.99)
    assert "cosine" not in plain.description
    assert "running mean" not in plain.description
    assert "falling along a cosine" in other.description
    assert "running means over steps (decay 0.99)" in other.description
    assert "stopped after" not in other.description


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs=0; it must be 1 or more"),
        ({"ema": 1.0}, "ema=1.0; it must be above 0 and below 1"),
        ({"schedule": "linear"}, 'schedule=\'linear\'; it must be "constant" or "cosine"'),
        ({"patience": 0}, "patience=0"),
        ({"batch": 0}, "batch=0"),
        ({"clip": 0.0}, "clip=0.0"),
        ({"warm_up": -1}, "warm_up=-1"),
    ],
)
def test_a_loop_refuses_what_cannot_be(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Loop(**settings)  # type: ignore[arg-type]
