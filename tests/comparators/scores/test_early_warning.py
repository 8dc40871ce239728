"""Every boundary of every table, on both sides."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.comparators.scores import early_warning as ew
from bedside.comparators.scores.bands import Bands
from bedside.comparators.scores.early_warning import mews, news2, qsofa
from bedside.comparators.scores.vital_signs import Codes, VitalSigns, scored, vital_signs
from bedside.errors import StudyError
from bedside.modalities.records.history import HOUR, Events, History

HEALTHY = VitalSigns(
    respiration=14, saturation=98, oxygen=False, systolic=120, pulse=70, temperature=37.0, coma_scale=15
)

# (value, points) on both sides of every boundary, written out from the published charts.
NEWS2: dict[str, tuple[tuple[float, int], ...]] = {
    "respiration": ((4, 3), (8, 3), (9, 1), (11, 1), (12, 0), (20, 0), (21, 2), (24, 2), (25, 3), (60, 3)),
    "saturation": ((70, 3), (91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0), (100, 0)),
    "systolic": ((50, 3), (90, 3), (91, 2), (100, 2), (101, 1), (110, 1), (111, 0), (219, 0), (220, 3), (260, 3)),
    "pulse": (
        *((20, 3), (40, 3), (41, 1), (50, 1), (51, 0), (90, 0), (91, 1), (110, 1), (111, 2), (130, 2), (131, 3)),
    ),
    "temperature": (
        *((33.0, 3), (35.0, 3), (35.1, 1), (36.0, 1), (36.1, 0), (38.0, 0), (38.1, 1), (39.0, 1), (39.1, 2), (42, 2)),
    ),
    "coma_scale": ((15, 0), (14, 3), (3, 3)),
}
MEWS: dict[str, tuple[tuple[float, int], ...]] = {
    "systolic": ((60, 3), (70, 3), (71, 2), (80, 2), (81, 1), (100, 1), (101, 0), (199, 0), (200, 2)),
    "pulse": (
        *((39, 2), (40, 2), (41, 1), (50, 1), (51, 0), (100, 0), (101, 1), (110, 1), (111, 2), (129, 2), (130, 3)),
    ),
    "respiration": ((8, 2), (9, 0), (14, 0), (15, 1), (20, 1), (21, 2), (29, 2), (30, 3)),
    "temperature": ((34.9, 2), (35.0, 0), (38.4, 0), (38.5, 2)),
    "coma_scale": ((15, 0), (14, 1), (13, 2), (9, 2), (8, 3), (3, 3)),
}
QSOFA: dict[str, tuple[tuple[float, int], ...]] = {
    "respiration": ((21, 0), (22, 1)),
    "systolic": ((101, 0), (100, 1)),
    "coma_scale": ((15, 0), (14, 1)),
}
CALM = VitalSigns(respiration=12, saturation=98, oxygen=False, systolic=120, pulse=70, temperature=37.0, coma_scale=15)


@pytest.mark.parametrize(("score", "table"), [(news2, NEWS2), (mews, MEWS), (qsofa, QSOFA)])
def test_every_boundary(score: Callable[[VitalSigns], int], table: dict[str, tuple[tuple[float, int], ...]]) -> None:
    assert score(CALM) == 0
    for name, pairs in table.items():
        for value, points in pairs:
            assert score(_with(CALM, name, value)) == points, (name, value)


def _with(signs: VitalSigns, name: str, value: Any) -> VitalSigns:
    return replace(signs, **{name: value})


@pytest.mark.parametrize(
    ("saturation", "air", "oxygen"),
    [
        *((83, 3, 3), (84, 2, 2), (85, 2, 2), (86, 1, 1), (87, 1, 1), (88, 0, 0), (92, 0, 0), (93, 0, 1), (94, 0, 1)),
        *((95, 0, 2), (96, 0, 2), (97, 0, 3), (100, 0, 3)),
    ],
)
def test_the_second_scale_of_saturation(saturation: float, air: int, oxygen: int) -> None:
    on_air = _with(CALM, "saturation", saturation)
    assert news2(on_air, hypercapnic=True) == air
    assert news2(replace(on_air, oxygen=True), hypercapnic=True) == oxygen + 2


def test_the_worst_patient_has_the_highest_score() -> None:
    worst = VitalSigns(
        respiration=40, saturation=80, oxygen=True, systolic=60, pulse=150, temperature=34.0, coma_scale=3
    )
    assert (news2(worst), mews(worst), qsofa(worst)) == (20, 14, 3)
    assert news2(HEALTHY) == mews(HEALTHY) == qsofa(HEALTHY) == 0


@given(st.floats(30, 43))
def test_no_temperature_falls_between_two_bands(value: float) -> None:
    written = np.floor(value * 10 + 0.5 + 1e-9) / 10
    assert ew.NEWS2_TEMPERATURE(value) == ew.NEWS2_TEMPERATURE(float(written))


def test_what_was_not_measured_counts_nothing() -> None:
    assert news2(VitalSigns()) == mews(VitalSigns()) == qsofa(VitalSigns()) == 0
    assert ew.NEWS2_PULSE(float("nan")) == 0


def test_a_table_that_is_none_is_refused() -> None:
    for highest, points in (((2, 1), (0, 1, 2)), ((1, 2), (0, 1))):
        with pytest.raises(StudyError, match="bands ascend"):
            Bands(highest, points)


def history(*rows: tuple[float, str, float]) -> History:
    words = tuple(sorted({word for _, word, _ in rows}))
    events = Events(
        np.array([1000 * HOUR - round(hour * HOUR) for hour, *_ in rows], dtype=np.int64),
        np.array([words.index(word) for _, word, _ in rows], dtype=np.int32),
        np.array([number for *_, number in rows], dtype=np.float32),
        np.full(len(rows), -1, dtype=np.int32),
        words,
        (),
    )
    return History(events, (0, 0), (0, len(rows)), 0, 1000 * HOUR)


def test_the_latest_of_each_sign_counts() -> None:
    one = history(
        (9, "LOINC//8867-4", 200.0), (5, "LOINC//9279-1", 26.0), (2, "LOINC//8867-4", 80.0), (1, "LOINC//3150-6", 40.0)
    )
    signs = vital_signs(one, Codes())
    assert (signs.pulse, signs.respiration, signs.oxygen, signs.saturation) == (80.0, 26.0, True, None)
    assert scored(news2, Codes())(one) == 3 + 2
    assert scored(news2, Codes(), fewest=3)(one) is None
    assert scored(qsofa, Codes())(history((1, "OTHER//1", 5.0))) is None


@pytest.mark.parametrize(("share", "given_"), [(21.0, False), (0.21, False), (0.24, True), (100.0, True), (1.0, True)])
def test_oxygen_is_more_than_air(share: float, given_: bool) -> None:
    assert vital_signs(history((1, "LOINC//3150-6", share)), Codes()).oxygen is given_
