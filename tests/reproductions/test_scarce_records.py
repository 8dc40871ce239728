"""The study of scarce labels on records: who is judged, who gives labels, and how draws are told together."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.modalities.records.stays import drawn

from bedside.data.sample import Sample
from bedside.stats.delong import delong_test
from bedside.types import PatientId, SampleId

FOLDER = Path(__file__).parents[2] / "reproductions"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("scarce_records")


@pytest.fixture
def stays() -> list[Sample[Any, bool]]:
    cases = drawn(200, seed=1)
    return [Sample(SampleId(str(k)), PatientId(str(k)), case, k % 7 == 0, None, {}) for k, case in enumerate(cases)]


def test_no_file_of_set_b_is_named(script: Any) -> None:
    assert [file.path for file in script.SetA().files] == ["physionet2012/set-a.tar.gz", "physionet2012/Outcomes-a.txt"]


def test_nobody_is_judged_and_learned_from(script: Any, stays: list[Sample[Any, bool]]) -> None:
    judged, others = script.division(stays, 5)
    assert len(judged) == 60
    assert {one.key for one in judged}.isdisjoint(one.key for one in others)
    learned, stopping = script.parts(others, 100, 9)
    assert len(learned) + len(stopping) == 100
    assert len({one.key for one in [*learned, *stopping]} & {one.key for one in others}) == 100
    assert len(stopping) == pytest.approx(20, abs=2)
    again, _ = script.parts(others, 100, 9)
    assert [one.key for one in again] == [one.key for one in learned]
    other, _ = script.parts(others, 100, 10)
    assert {one.key for one in other} != {one.key for one in learned}


def test_draws_are_told_together_with_their_covariance(script: Any) -> None:
    luck = np.random.default_rng(2)
    died = luck.random(300) < 0.3
    one, other = (died + shift * luck.normal(size=(1, 300)) for shift in (0.8, 1.5))
    weights = {script.PRETRAINED: 1.0, script.SCRATCH: -1.0}
    expected = delong_test(one[0], other[0], died)
    value, low, high, each = script.combined(
        {(9, script.PRETRAINED): one, (9, script.SCRATCH): other}, died.tolist(), weights
    )
    assert (value, low, high) == pytest.approx((expected.value, expected.low, expected.high), abs=1e-6)
    assert each == pytest.approx([value])
    # The same draw three times tells nothing more than once.
    thrice = script.combined(
        {(9, script.PRETRAINED): one.repeat(3, 0), (9, script.SCRATCH): other.repeat(3, 0)}, died.tolist(), weights
    )
    assert thrice[:3] == pytest.approx((value, low, high), abs=1e-6)
    assert thrice[3] == pytest.approx([value] * 3)
