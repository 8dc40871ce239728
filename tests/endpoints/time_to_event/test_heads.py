"""Heads for times to events: their likelihoods by slow definition, their start, and whether they find the truth."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.endpoints.times import incidence, simulated

from bedside.endpoints.binary.kind import binary
from bedside.endpoints.time_to_event.heads.cause_specific import CauseSpecificHead
from bedside.endpoints.time_to_event.heads.cox import CoxHead
from bedside.endpoints.time_to_event.heads.deep_hit import DeepHitHead
from bedside.endpoints.time_to_event.heads.intervals import cut_points
from bedside.endpoints.time_to_event.heads.logistic_hazard import LogisticHazardHead
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.outcome import Followed, times_of
from bedside.endpoints.time_to_event.target import timed
from bedside.errors import ModelError, OutcomeProblem
from bedside.networks.features import Pyramid, Vector
from bedside.networks.head import Concluding, Head
from bedside.stats.cox import AtRisk, Hazard
from bedside.stats.incidence import curve
from bedside.stats.times import Times
from bedside.types import Floats

AnyHead = Head[Any, Any, Any]
WIDTH, MEMBERS = 3, 2
ENDPOINTS = {
    1: time_to_event(horizon=5.0, unit="years", horizons=(10.0,), until=20.0),
    2: time_to_event(horizon=5.0, unit="years", horizons=(10.0,), until=20.0, causes=("relapse", "death")),
}
TARGETS = {causes: timed(endpoint, "a test") for causes, endpoint in ENDPOINTS.items()}
HEADS: dict[str, Callable[..., AnyHead]] = {
    "logistic_hazard": LogisticHazardHead,
    "cox": CoxHead,
    "cause_specific": CauseSpecificHead,
    "deep_hit": DeepHitHead,
}
KINDS = [(name, causes) for name in HEADS for causes in (1, 2) if (name, causes) != ("cox", 2)]


def head_of(name: str, causes: int, outcomes: list[Followed], **options: Any) -> AnyHead:
    head = HEADS[name](ENDPOINTS[causes], WIDTH, MEMBERS, **options)
    head.adapt(outcomes)
    return head


def features(x: Floats, members: int = MEMBERS) -> Vector:
    return Vector(torch.from_numpy(np.stack([x] * members)).float())


def told(head: AnyHead, outputs: torch.Tensor) -> Floats:
    return np.array(head.decode(outputs.detach().numpy()))


def random_outputs(head: AnyHead, n: int, seed: int = 1, spread: float = 1.0) -> torch.Tensor:
    shape = head(Vector(torch.zeros(MEMBERS, 1, WIDTH))).shape[1:]
    return torch.from_numpy(np.random.default_rng(seed).normal(0.0, spread, (n, *shape))).float()


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize(("name", "causes"), KINDS)
def test_an_untrained_head_predicts_the_curve_of_everybody(name: str, causes: int, truncated: bool) -> None:
    x, outcomes = simulated(800, 2, causes=causes, truncated=truncated)
    head = head_of(name, causes, outcomes)
    found = told(head, head(features(x[:3])))
    grid = TARGETS[causes].grid
    expected = np.array([curve(times_of(outcomes), k + 1, None, grid)[0] for k in range(causes)])
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=0.015)


@pytest.mark.parametrize(("name", "causes"), KINDS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), spread=st.sampled_from([0.3, 3.0, 30.0]))
def test_predictions_are_incidences(name: str, causes: int, seed: int, spread: float) -> None:
    _, outcomes = simulated(60, 5, causes=causes)
    head = head_of(name, causes, outcomes)
    outputs = random_outputs(head, 60, seed, spread)
    if isinstance(head, Concluding):
        head.conclude(outputs.numpy(), outcomes)
    found = told(head, outputs)
    assert found.shape == (60, causes, len(TARGETS[causes].grid))
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert np.diff(found, axis=2).min() >= 0
    assert found.sum(axis=1).max() <= 1 + 1e-12
    assert bool(torch.isfinite(head.scores(outputs)).all())


@pytest.mark.parametrize(("name", "causes"), KINDS)
def test_a_pyramid_is_a_vector_to_a_head_and_members_are_apart(name: str, causes: int) -> None:
    x, outcomes = simulated(50, 3, causes=causes, truncated=True)
    head = head_of(name, causes, outcomes)
    torch.nn.init.normal_(head.layer.weight, std=0.5)  # type: ignore[union-attr, arg-type]
    outputs = head(features(x))
    assert outputs.shape[:2] == (50, MEMBERS)
    torch.testing.assert_close(head(Pyramid(features(x).values, (torch.zeros(50, 2, 4, 4),))), outputs)
    alone = [head.loss(outputs[:, [k]], head.targets(outcomes)) for k in range(MEMBERS)]
    torch.testing.assert_close(head.loss(outputs, head.targets(outcomes)), torch.stack(alone).mean())
    one = HEADS[name](ENDPOINTS[causes], WIDTH, 1)
    for member in range(MEMBERS):
        kept = {key: value[[member]] if value.shape[:1] == (MEMBERS,) else value for key, value in _state(head).items()}
        one.load_state_dict(kept)
        torch.testing.assert_close(one(features(x, 1))[:, 0], outputs[:, member])


@pytest.mark.parametrize(("name", "causes"), KINDS)
def test_curves_are_the_mean_of_the_members_and_cases_are_apart(name: str, causes: int) -> None:
    _, outcomes = simulated(40, 3, causes=causes)
    head = head_of(name, causes, outcomes)
    outputs = random_outputs(head, 40)
    same = torch.cat([outputs[:, :1]] * MEMBERS, dim=1)
    other = torch.cat([outputs[:, 1:]] * MEMBERS, dim=1)
    np.testing.assert_allclose(told(head, outputs), (told(head, same) + told(head, other)) / 2, atol=1e-12)
    order = torch.randperm(40)
    np.testing.assert_allclose(told(head, outputs[order]), told(head, outputs)[order], atol=0)
    np.testing.assert_allclose(told(head, outputs[:1]), told(head, outputs)[:1], atol=1e-14)
    shuffled = head.targets([outcomes[k] for k in order.tolist()])
    torch.testing.assert_close(head.loss(outputs[order], shuffled), head.loss(outputs, head.targets(outcomes)))


@pytest.mark.parametrize(("name", "causes"), KINDS)
def test_a_higher_score_is_a_higher_risk_by_the_horizon(name: str, causes: int) -> None:
    _, outcomes = simulated(200, 3, causes=causes)
    head = head_of(name, causes, outcomes)
    outputs = torch.cat([random_outputs(head, 200, spread=0.5)[:, :1]] * MEMBERS, dim=1) - 3.0
    if isinstance(head, Concluding):
        head.conclude(outputs.numpy(), outcomes)
    scores = head.scores(outputs)
    assert scores.shape == (200, MEMBERS, 1)
    risk = told(head, outputs)[:, 0, TARGETS[causes].place(5.0)]
    assert np.diff(risk[np.argsort(scores[:, 0, 0].numpy())]).min() > -1e-6
    assert np.ptp(risk) > 0.1


@pytest.mark.parametrize(("name", "causes"), KINDS)
def test_watching_a_case_in_two_parts_tells_the_same(name: str, causes: int) -> None:
    """Somebody censored at a time, and somebody like them who enters at that time, are one case.

    Of an event its interval is known, so that a case may be parted in any interval but that of its event.
    """
    _, outcomes = simulated(60, 9, causes=causes)
    head = head_of(name, causes, outcomes, **({"ranking": 0.0} if name == "deep_hit" else {}))
    outputs = random_outputs(head, 60, spread=0.5)
    parts, place = [], []
    cuts = getattr(head, "cuts", torch.linspace(0.1, 20.0, 20)).numpy()
    for k, one in enumerate(outcomes):
        before = cuts[cuts < one.time * 0.99]
        middle = float(before[-1]) * 0.7 if before.size else 0.0
        parts += [*([Followed(middle, 0)] if middle else []), Followed(one.time, one.event, middle)]
        place += [k] * (2 if middle else 1)
    whole = head.loss(outputs, head.targets(outcomes)) * 60
    found = head.loss(outputs[place], head.targets(parts)) * len(parts)
    torch.testing.assert_close(found, whole, rtol=1e-4, atol=1e-3)


def oracle_of_hazards(outputs: Floats, outcomes: list[Followed], cuts: Floats, last: float) -> float:
    """The likelihood of one member's log-odds (cases, causes, intervals), interval by interval."""
    total = 0.0
    edges = np.concatenate([[0.0], cuts])
    for logits, one in zip(outputs, outcomes, strict=True):
        event, time, entry = (one.event, one.time, one.entry) if one.time <= last else (0, last, min(one.entry, last))
        for k, (low, high) in enumerate(pairwise(edges.tolist())):
            odds = np.exp(logits[:, k])
            hazard = odds / (1 + odds.sum())
            rate = -np.log(1 - hazard.sum())
            begin, end = max(low, entry), min(high, time)
            if end <= begin:
                continue
            if event and low < time <= high:
                rest = (high - begin) / (high - low)
                total -= np.log(hazard[event - 1] / hazard.sum() * (1 - np.exp(-rate * rest)))
            else:
                total += rate * (end - begin) / (high - low)
    return total / len(outcomes)


def oracle_of_masses(outputs: Floats, outcomes: list[Followed], cuts: Floats, last: float) -> float:
    """The likelihood of one member's logits (cases, causes * intervals + 1)."""
    total = 0.0
    edges = np.concatenate([[0.0], cuts])
    for logits, one in zip(outputs, outcomes, strict=True):
        event, time, entry = (one.event, one.time, one.entry) if one.time <= last else (0, last, min(one.entry, last))
        chances = np.exp(logits) / np.exp(logits).sum()
        mass = chances[:-1].reshape(-1, cuts.size)

        def free(at: float, mass: Floats = mass) -> float:
            passed = np.clip((at - edges[:-1]) / np.diff(edges), 0, 1)
            return float(1 - (mass * passed).sum())

        k = min(int(np.searchsorted(cuts, time)), cuts.size - 1)
        rest = min(1.0, (edges[k + 1] - entry) / (edges[k + 1] - edges[k]))
        total -= np.log((mass[event - 1, k] * rest if event else free(time)) / free(entry))
    return total / len(outcomes)


@pytest.mark.parametrize("causes", [1, 2])
def test_likelihoods_by_definition(causes: int) -> None:
    _, outcomes = simulated(80, 4, causes=causes, truncated=True)
    # Cuts stand at events: both have to be as single precision has them.
    outcomes = [Followed(float(np.float32(one.time)), one.event, float(np.float32(one.entry))) for one in outcomes]
    outcomes[0] = Followed(30.0, 1, 25.0)
    hazards, hit = (head_of(name, causes, outcomes) for name in ("logistic_hazard", "deep_hit"))
    hit.ranking = 0.0  # type: ignore[assignment]
    for head, oracle in ((hazards, oracle_of_hazards), (hit, oracle_of_masses)):
        outputs = random_outputs(head, 80)
        cuts = head.cuts.double().numpy()  # type: ignore[operator]
        each = [oracle(outputs[:, k].double().numpy(), outcomes, cuts, 20.0) for k in range(MEMBERS)]
        assert float(head.loss(outputs, head.targets(outcomes))) == pytest.approx(np.mean(each), rel=1e-4)


@pytest.mark.parametrize("truncated", [False, True])
def test_the_partial_likelihood_by_definition_and_with_ties(truncated: bool) -> None:
    _, outcomes = simulated(80, 4, causes=2, truncated=truncated)
    outcomes = [Followed(float(np.ceil(one.time)), one.event, float(np.floor(one.entry))) for one in outcomes]
    head = head_of("cause_specific", 2, outcomes)
    outputs = random_outputs(head, 80)
    ratios = outputs.double().numpy()
    expected = 0.0
    for cause in (1, 2):
        risk = AtRisk.of(times_of(outcomes), cause)
        for member in range(MEMBERS):
            expected -= Hazard.of(risk, ratios[:, member, cause - 1]).log_likelihood / MEMBERS / 80
            slow = 0.0
            for k, one in enumerate(outcomes):
                if one.event == cause:
                    there = [j for j, other in enumerate(outcomes) if other.entry < one.time <= other.time]
                    lp = ratios[:, member, cause - 1]
                    slow += lp[k] - np.log(np.exp(lp[there]).sum())
            assert Hazard.of(risk, ratios[:, member, cause - 1]).log_likelihood == pytest.approx(slow, rel=1e-9)
    assert float(head.loss(outputs, head.targets(outcomes))) == pytest.approx(expected, rel=1e-5)
    nobody = [Followed(one.time, 0, one.entry) for one in outcomes]
    assert float(head.loss(outputs, head.targets(nobody))) == 0.0


def test_the_ranking_loss_by_definition() -> None:
    _, outcomes = simulated(40, 6, causes=2, truncated=True)
    head = head_of("deep_hit", 2, outcomes, ranking=1.0, softness=0.3)
    outputs = random_outputs(head, 40)
    with_ranking, targets = float(head.loss(outputs, head.targets(outcomes))), head.targets(outcomes)
    head.ranking = 0.0  # type: ignore[assignment]
    found = with_ranking - float(head.loss(outputs, targets))
    cuts = head.cuts.double().numpy()  # type: ignore[operator]
    logits = outputs.double().numpy()
    chances = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    risen = chances[..., :-1].reshape(40, MEMBERS, 2, -1).cumsum(axis=3)
    each = []
    for i, one in enumerate(outcomes):
        if one.event == 0 or one.time > 20.0:
            continue
        k = int(np.searchsorted(cuts.astype(np.float32), np.float32(one.time)))
        for j, other in enumerate(outcomes):
            if min(other.time, 20.0) > one.time > other.entry:
                gap = risen[i, :, one.event - 1, k] - risen[j, :, one.event - 1, k]
                each.append(np.exp(-gap / 0.3).mean())
    assert found == pytest.approx(np.mean(each), rel=1e-4)


@pytest.mark.parametrize(("name", "causes"), KINDS)
def test_slopes_are_those_of_the_loss(name: str, causes: int) -> None:
    _, outcomes = simulated(8, 8, causes=causes, truncated=True)
    few = {"intervals": 6} if name in {"logistic_hazard", "deep_hit"} else {}
    head = head_of(name, causes, simulated(60, 8, causes=causes)[1], **few)
    outputs = random_outputs(head, 8).double().requires_grad_()
    head.double()
    targets = head.targets(outcomes).double()
    assert torch.autograd.gradcheck(lambda values: head.loss(values, targets), (outputs,))


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize(("name", "causes"), KINDS)
def test_heads_come_near_the_truth(name: str, causes: int, truncated: bool) -> None:
    x, outcomes = simulated(1500, 11, causes=causes, truncated=truncated)
    new, _ = simulated(300, 12, causes=causes)
    head = HEADS[name](ENDPOINTS[causes], WIDTH, 1)
    head.adapt(outcomes)
    targets, seen = head.targets(outcomes), features(x, 1)
    optimiser = torch.optim.Adam(head.parameters(), lr=0.05)
    stream = np.random.default_rng(0)
    for _ in range(60):
        some = stream.choice(1500, 400, replace=False)
        loss = head.loss(head(Vector(seen.values[:, some])), targets[some])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    if isinstance(head, Concluding):
        head.conclude(head(seen).detach().numpy(), outcomes)
    grid = TARGETS[causes].grid
    truth = incidence(new, grid, causes)
    everybody = incidence(simulated(4000, 13, causes=causes)[0], grid, causes).mean(axis=0)
    error = np.abs(told(head, head(features(new, 1))) - truth).mean()
    share = error / np.abs(everybody - truth).mean()
    assert share < (0.6 if name == "deep_hit" else 0.35), share


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2)), min_size=1, max_size=60),
    st.integers(1, 30),
    st.sampled_from([6.0, 12.0, 20.0]),
)
def test_cuts_rise_and_part_the_events(cases: list[tuple[int, int]], count: int, last: float) -> None:
    times = Times.of(np.array([float(t) for t, _ in cases]), np.array([e for _, e in cases], dtype=np.int64))
    assume(bool(((times.event > 0) & (times.time <= last)).any()))
    ends = cut_points(times, count, last)
    assert ends.shape == (count,)
    assert np.all(np.diff(np.concatenate([[0.0], ends])) > 0)
    assert last in ends
    came = times.time[(times.event > 0) & (times.time <= last)]
    inside = np.histogram(came, np.concatenate([[-1.0], ends[ends < last] + 1e-9, [last]]))[0]
    tied = max(np.unique(came, return_counts=True)[1], default=0)
    assert inside.max(initial=0) <= np.ceil(came.size / count) + tied


def test_what_cannot_be_learned_is_refused() -> None:
    _, outcomes = simulated(60, 1)
    late = [Followed(one.time + 20.0, one.event) for one in outcomes]
    for name, maker in HEADS.items():
        with pytest.raises(ModelError, match="none of 60 development cases had the event 'death' by 20 years"):
            head_of(name, 1, late)
        with pytest.raises(ModelError, match="not a binary outcome"):
            maker(binary(positive="yes", negative="no"), WIDTH, MEMBERS)
    with pytest.raises(ModelError, match="'death'"):
        head_of("logistic_hazard", 2, outcomes)
    with pytest.raises(OutcomeProblem, match="an event has the code 2"):
        head_of("cox", 1, [*outcomes, Followed(3.0, 2)])
    with pytest.raises(ModelError, match="relapse, death compete"):
        HEADS["cox"](ENDPOINTS[2], WIDTH, MEMBERS)
    for name in ("logistic_hazard", "deep_hit"):
        with pytest.raises(ModelError, match="0 intervals"):
            HEADS[name](ENDPOINTS[1], WIDTH, MEMBERS, intervals=0)


@pytest.mark.parametrize(("name", "causes"), KINDS)
def test_cases_without_features_that_tell_keep_the_loss_finite(name: str, causes: int) -> None:
    """Far log-odds, an entry that single precision takes for its time, and everybody tied."""
    outcomes = [Followed(5.0, 1 + k % causes) for k in range(30)] + [Followed(5.0 + 1e-9, 1, 5.0), Followed(40.0, 0)]
    head = head_of(name, causes, outcomes)
    for spread in (0.0, 50.0):
        outputs = random_outputs(head, 32, spread=spread).requires_grad_()
        loss = head.loss(outputs, head.targets(outcomes))
        loss.backward()  # type: ignore[no-untyped-call]
        assert bool(torch.isfinite(loss))
        assert outputs.grad is not None
        assert bool(torch.isfinite(outputs.grad).all())


@pytest.mark.parametrize(("name", "causes"), KINDS)
def test_half_precision_leaves_the_loss_its_digits(name: str, causes: int) -> None:
    x, outcomes = simulated(200, 3, causes=causes, truncated=True)
    head = head_of(name, causes, outcomes)
    torch.nn.init.normal_(head.layer.weight, std=0.3)  # type: ignore[union-attr, arg-type]
    seen, targets = features(x), head.targets(outcomes)
    whole = head.loss(head(seen), targets)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = head.loss(head(seen).float(), targets)
    torch.testing.assert_close(half, whole, rtol=0.005, atol=0.0)
    half.backward()  # type: ignore[no-untyped-call]
    assert all(one.grad is not None and torch.isfinite(one.grad).all() for one in head.parameters())


def _state(head: AnyHead) -> dict[str, torch.Tensor]:
    return dict(head.state_dict())
