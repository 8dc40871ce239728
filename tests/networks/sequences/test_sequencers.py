"""Networks over moments: padding changes nothing, company changes nothing, and each keeps its own promise."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bedside.errors import StudyError
from bedside.networks.sequences.attentive import EventSet, TimeAwareTransformer
from bedside.networks.sequences.decaying import GruD
from bedside.networks.sequences.moments import Moments, clock
from bedside.networks.sequences.recurrent import Recurrent
from bedside.networks.sequences.retain import Retain, ReverseAttention
from bedside.networks.sequences.sequencer import Sequencer
from bedside.networks.sequences.summarised import SUMMARIES, BagOfEvents, summaries
from bedside.networks.sequences.temporal import TemporalConvolution

INPUTS, VARIABLES, WIDTH = 6, 3, 8

SEQUENCERS: tuple[Sequencer, ...] = (
    BagOfEvents(),
    Recurrent("gru"),
    Recurrent("lstm"),
    GruD(),
    TemporalConvolution(layers=2),
    Retain(),
    TimeAwareTransformer(layers=1, heads=2),
    EventSet(heads=2),
)


def one(seed: int, length: int) -> Moments:
    """One case with an event at every moment but the last."""
    generator = np.random.default_rng(seed)
    hours = np.append(np.sort(generator.exponential(20.0, length - 1))[::-1], 0.0)
    measured = (generator.random((length, VARIABLES)) < 0.5).astype(np.float32)
    numbers = generator.normal(size=(length, VARIABLES)).astype(np.float32) * measured
    vectors = generator.normal(size=(length, INPUTS)).astype(np.float32)
    vectors[-1] = 0.0

    def tensor(values: Any) -> Tensor:
        return torch.tensor(np.asarray(values), dtype=torch.float32).unsqueeze(0)

    return Moments(
        tensor(vectors),
        tensor(hours),
        torch.tensor([length]),
        tensor(numbers),
        tensor(measured),
        torch.from_numpy(vectors[:-1]),
        torch.zeros(length - 1, dtype=torch.long),
        torch.tensor(hours[:-1].copy(), dtype=torch.float32),
    )


def together(cases: list[Moments]) -> Moments:
    """Cases in one batch, padded with zeros."""
    longest = max(case.hours.shape[1] for case in cases)

    def padded(name: str) -> Tensor:
        parts = [getattr(case, name)[0] for case in cases]
        return torch.stack([torch.cat([part, part.new_zeros(longest - len(part), *part.shape[1:])]) for part in parts])

    return Moments(
        padded("vectors"),
        padded("hours"),
        torch.cat([case.lengths for case in cases]),
        padded("numbers"),
        padded("measured"),
        torch.cat([case.events for case in cases]),
        torch.cat([torch.full_like(case.event_cases, place) for place, case in enumerate(cases)]),
        torch.cat([case.event_hours for case in cases]),
    )


def built(sequencer: Sequencer, variables: int = VARIABLES) -> Any:
    torch.manual_seed(1)
    return sequencer.build(INPUTS, variables, WIDTH, 0.3).eval()


@pytest.mark.parametrize("sequencer", SEQUENCERS, ids=lambda one: one.name)
def test_a_case_is_told_the_same_alone_and_in_company(sequencer: Sequencer) -> None:
    network = built(sequencer)
    cases = [one(seed, length) for seed, length in enumerate((4, 1, 7))]
    told = network(together(cases))
    assert told.shape == (3, WIDTH)
    for place, case in enumerate(cases):
        torch.testing.assert_close(told[place : place + 1], network(case), rtol=1e-5, atol=1e-6)
    assert not torch.allclose(told[0], told[2], atol=1e-4)


@pytest.mark.parametrize("sequencer", SEQUENCERS, ids=lambda one: one.name)
def test_training_reaches_every_weight(sequencer: Sequencer) -> None:
    network = built(sequencer).train()
    network(together([one(seed, 6) for seed in range(4)])).square().sum().backward()
    still = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert still == []


@pytest.mark.parametrize("sequencer", SEQUENCERS, ids=lambda one: one.name)
def test_there_may_be_no_variables_and_no_events(sequencer: Sequencer) -> None:
    case = one(0, 1)
    case = case._replace(numbers=case.numbers[..., :0], measured=case.measured[..., :0])
    told = built(sequencer, variables=0)(case)
    assert torch.isfinite(told).all()


@pytest.mark.parametrize("sequencer", SEQUENCERS, ids=lambda one: one.name)
def test_a_declaration_says_what_it_is(sequencer: Sequencer) -> None:
    assert sequencer.state()["class"] == type(sequencer).__name__
    assert sequencer.name
    assert not sequencer.details.endswith(".")


def test_declarations_are_checked() -> None:
    wrong: Any = "elman"
    with pytest.raises(StudyError, match="cell: 'elman'"):
        Recurrent(wrong)
    for made in (lambda: TemporalConvolution(0), lambda: TimeAwareTransformer(heads=0), lambda: BagOfEvents(0)):
        with pytest.raises(StudyError, match="positive"):
            made()


def test_order_matters_to_a_memory_and_not_to_a_set() -> None:
    case = one(3, 6)
    order = torch.tensor([2, 0, 4, 1, 3])
    shuffled = case._replace(events=case.events[order], event_hours=case.event_hours[order])
    network = built(EventSet(heads=2))
    torch.testing.assert_close(network(case), network(shuffled))
    turned = torch.cat([order, torch.tensor([5])])
    other = case._replace(vectors=case.vectors[:, turned])
    memory = built(Recurrent("gru"))
    assert not torch.allclose(memory(case), memory(other), atol=1e-4)


def test_a_set_sees_the_time_of_an_event() -> None:
    case, network = one(3, 6), built(EventSet(heads=2))
    later = case._replace(event_hours=case.event_hours / 10)
    assert not torch.allclose(network(case), network(later), atol=1e-5)


def test_a_convolution_does_not_look_ahead() -> None:
    network = built(TemporalConvolution(layers=3))
    values = torch.randn(1, 9, WIDTH)
    changed = values.clone()
    changed[:, 5:] += 1.0
    before, after = (network.layers(one)[:, :5] for one in (values, changed))
    torch.testing.assert_close(before, after)


def test_contributions_of_moments_add_up_to_what_retain_tells() -> None:
    network: ReverseAttention = built(Retain())
    case = together([one(0, 5), one(1, 3)])
    weights = network.weights(case)
    assert (weights[1, 3:] == 0).all()
    parts = torch.einsum("cmi,wi->cmw", weights * case.vectors, network.value.weight)
    torch.testing.assert_close(parts.sum(1), network(case))


def test_what_was_measured_long_ago_fades() -> None:
    network = built(GruD())
    with torch.no_grad():
        network.input_start.fill_(0.0)
        network.input_rate.fill_(2.0)

    def effect(hours_before: float) -> float:
        case = one(0, 2)
        told = []
        for number in (0.0, 3.0):
            case = case._replace(
                vectors=torch.zeros_like(case.vectors),
                hours=torch.tensor([[hours_before, 0.0]]),
                numbers=torch.tensor([[[number, 0.0, 0.0], [0.0] * 3]]),
                measured=torch.tensor([[[1.0, 0.0, 0.0], [0.0] * 3]]),
            )
            told.append(network(case))
        return float((told[0] - told[1]).detach().abs().sum())

    assert effect(0.1) > 3 * effect(1000.0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), length=st.integers(1, 9))
def test_summaries_are_those_of_the_numbers_that_were_measured(seed: int, length: int) -> None:
    case = one(seed, length)
    told = summaries(case)[0].reshape(SUMMARIES, VARIABLES).numpy()
    for variable in range(VARIABLES):
        there = case.measured[0, :, variable].numpy() > 0
        values = case.numbers[0, there, variable].numpy().astype(float)
        if not len(values):
            assert (told[:, variable] == 0).all()
            continue
        expected = [1, np.log1p(len(values)), values[0], values[-1], values.min(), values.max(), values.mean()]
        np.testing.assert_allclose(told[:7, variable], expected, atol=1e-5)
        days = -case.hours[0, there].numpy().astype(float) / 24
        slope = np.polyfit(days, values, 1)[0] if len(values) > 1 and np.ptp(days) > 1e-3 else None
        if slope is not None:
            np.testing.assert_allclose(told[7, variable], 3 * np.tanh(slope / 3), atol=2e-3)


def test_a_clock_tells_minutes_near_and_years_far() -> None:
    near, far = clock(torch.tensor([0.0, 0.25])), clock(torch.tensor([9000.0, 18000.0]))
    assert (near[0] == 0).all()
    assert (near[1] - near[0]).max() > 0.3
    assert (far[1] - far[0]).max() > 0.1
    assert (clock(torch.tensor([1e9])) <= 1).all()
