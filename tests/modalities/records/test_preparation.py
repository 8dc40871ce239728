"""From histories to tensors: what is told apart, how numbers are scaled, and that company changes nothing."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.modalities.records.stays import Row, drawn, histories

from bedside.errors import ModelError
from bedside.modalities.records.encoder import RecordEncoder, RecordTrunk, forgetful
from bedside.modalities.records.packed import packed
from bedside.modalities.records.preparation import Preparation
from bedside.modalities.records.scales import CLIP, Scales
from bedside.modalities.records.vocabulary import UNKNOWN, Vocabulary
from bedside.networks.sequences.attentive import EventSet
from bedside.networks.sequences.decaying import GruD
from bedside.networks.sequences.recurrent import Recurrent

CPU = torch.device("cpu")


def test_texts_fall_back_to_codes_and_codes_to_systems() -> None:
    smoked: list[Row] = [(1.0, "LOINC//SMOKING", None, "never")]
    once: list[Row] = [(1.0, "LOINC//SMOKING", None, "a pipe on Sundays")]
    known = Vocabulary.fit(histories(smoked, smoked, once, [(1.0, "ICD10CM//I10", None, None)]), least=2)
    assert known.tokens == ("", "LOINC//*", "LOINC//SMOKING", "LOINC//SMOKING=never")
    new = histories(
        smoked, once, [(2.0, "LOINC//HR", 70.0, "ignored beside a number")], [(1.0, "ICD10CM//I10", None, None)]
    )
    told = known.numbers(new[0].events, np.arange(4))
    assert [known.tokens[token] for token in told] == ["LOINC//SMOKING=never", "LOINC//SMOKING", "LOINC//*", ""]
    assert told[3] == UNKNOWN


def test_a_token_counts_histories_and_not_events() -> None:
    often: list[Row] = [(float(hour), "LOINC//HR", 80.0, None) for hour in (3, 2, 1)]
    assert Vocabulary.fit(histories(often, []), least=2).tokens == ("",)
    assert "LOINC//HR" in Vocabulary.fit(histories(often, often), least=2).tokens


def test_histories_of_two_tables_with_other_words_are_told_the_same() -> None:
    first = histories([(2.0, "LOINC//HR", 80.0, None)])
    second = histories([(2.0, "LOINC//HR", 80.0, None)], words=("A//1", "LOINC//HR"))
    vocabulary = Vocabulary.fit(first, least=1)
    told = packed([*second, *first], vocabulary, most=9)
    assert told.tokens[0] == told.tokens[1] > 0
    assert told.hours.tolist() == [2.0, 2.0]


def test_moments_hold_what_became_known_together_and_the_latest_are_told_apart() -> None:
    rows: list[Row] = [(hour, "LOINC//HR", 80.0, None) for hour in (9.0, 5.0, 5.0, 3.0, 1.0)]
    one = histories(rows)
    vocabulary = Vocabulary.fit(one, least=1)
    whole = packed(one, vocabulary, most=10)
    assert whole.steps.tolist() == [0, 1, 1, 2, 3]
    assert whole.moments.tolist() == [5]  # four with events, and the index time
    assert whole.merged == 0
    short = packed(one, vocabulary, most=2)
    assert short.steps.tolist() == [0, 0, 0, 0, 1]
    assert short.moments.tolist() == [3]
    assert short.merged == 3


def test_scales_are_robust_and_bounded() -> None:
    numbers = np.array([1, 2, 3, 4, 5, 1e9, np.nan, 7, 7], dtype=np.float32)
    tokens = np.array([1, 1, 1, 1, 1, 1, 1, 2, 2])
    scales = Scales.fit(tokens, numbers, count=4)
    told = scales.scaled(tokens, numbers)
    assert np.abs(told).max() <= CLIP
    assert told[6] == 0
    assert abs(told[2]) < 0.3
    assert (told[7:] == 0).all()  # a constant is what is usual
    np.testing.assert_array_equal(scales.known(tokens, numbers), np.isfinite(numbers))
    assert not scales.known(np.array([3]), np.array([1.0], dtype=np.float32)).any()
    again = Scales.from_state(json.loads(json.dumps(scales.state())))
    np.testing.assert_array_equal(again.knots, scales.knots)


@pytest.mark.parametrize("sequencer", [Recurrent(), GruD(), EventSet()], ids=lambda one: one.name)
def test_a_case_is_encoded_the_same_alone_and_in_company(sequencer: Any) -> None:
    cases = drawn(9)
    prepared = RecordTrunk(sequencer, least=2, most=5).prepare(cases)
    encoder = prepared.encoder({"width": 8, "dropout": 0.3}).eval()
    batches = prepared.batches(cases)
    with torch.no_grad():
        whole = encoder(batches.take(torch.arange(9), CPU)).values
        assert whole.shape == (1, 9, 8)
        for place in range(9):
            alone = encoder(prepared.batches([cases[place]]).take(torch.tensor([0]), CPU)).values
            torch.testing.assert_close(alone[0, 0], whole[0, place], rtol=1e-4, atol=1e-5)
        turned = torch.tensor([3, 1, 8])
        torch.testing.assert_close(encoder(batches.take(turned, CPU)).values[0], whole[0, turned], rtol=1e-4, atol=1e-5)


def test_a_preparation_is_the_same_after_it_was_stored() -> None:
    cases = drawn(20)
    trunk = RecordTrunk(Recurrent("lstm"), least=2)
    prepared = trunk.prepare(cases)
    again = trunk.restore(json.loads(json.dumps(prepared.state())))
    for one, two in zip(
        prepared.batches(cases).take(torch.arange(20), CPU),
        again.batches(cases).take(torch.arange(20), CPU),
        strict=True,
    ):
        assert torch.equal(one, two)
    assert again.notes == prepared.notes
    with pytest.raises(ModelError, match="was declared as"):
        RecordTrunk(Recurrent("gru")).restore(prepared.state())


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(ModelError, match="2 development histories without a single event"):
        RecordTrunk().prepare(histories([], []))


def test_new_cases_with_unknown_codes_and_nothing_at_all_are_encoded() -> None:
    prepared = RecordTrunk(least=1).prepare(drawn(10))
    new = histories([(1.0, "X//9", 4.0, None)], [], words=("X//9",))
    told = prepared.encoder({"width": 8, "dropout": 0.0}).eval()(prepared.batches(new).take(torch.arange(2), CPU))
    assert torch.isfinite(told.values).all()


def test_forgetting_takes_events_away_and_leaves_moments_where_they_were() -> None:
    cases = drawn(30)
    prepared = RecordTrunk(least=1).prepare(cases)
    batch = prepared.batches(cases).take(torch.arange(30), CPU)
    torch.manual_seed(0)
    less = forgetful(batch, 0.5)
    assert 0 < len(less.tokens) < len(batch.tokens)
    encoder: RecordEncoder = prepared.encoder({"width": 8, "dropout": 0.0})
    _, events, _ = encoder.embed(less)
    moments, before = encoder.moments(less, events), encoder.moments(batch, encoder.embed(batch)[1])
    torch.testing.assert_close(moments.hours, before.hours)
    assert (moments.gaps >= 0).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), factor=st.floats(0.1, 10))
def test_what_is_fitted_does_not_depend_on_the_order_of_cases(seed: int, factor: float) -> None:
    cases = drawn(12, seed=seed)
    if not any(len(one) for one in cases):
        return
    order = np.random.default_rng(int(factor * 1000)).permutation(len(cases))
    first = Preparation.fit(cases, least=2, most=4)
    second = Preparation.fit([cases[place] for place in order], least=2, most=4)
    assert first.state() == second.state()
