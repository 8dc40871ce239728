"""The blocks of networks: encodings, members, normalisation within a case."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bedside.networks.blocks import MemberLinear, MemberScaling, Residual
from bedside.networks.embeddings import Categories, PiecewiseLinear, quantile_edges


def test_piecewise_linear_encoding_is_the_published_one() -> None:
    encoding = PiecewiseLinear(np.array([[0.0, 1.0, 3.0, 4.0]]))
    told = encoding(torch.tensor([[-1.0], [0.5], [2.0], [9.0]]), torch.zeros(4, 1))
    assert told.tolist() == [[0, 0, 0], [0.5, 0, 0], [1, 0.5, 0], [1, 1, 1]]


def test_missing_numbers_are_encoded_as_nothing() -> None:
    encoding = PiecewiseLinear(np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert encoding(torch.ones(1, 2), torch.tensor([[1.0, 0.0]])).tolist() == [[0, 1]]


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=40), st.integers(1, 8))
def test_quantile_edges_ascend_and_span(values: list[float], bins: int) -> None:
    edges = quantile_edges([np.array(values), np.array([])], bins)
    assert edges.shape == (2, bins + 1)
    assert (np.diff(edges[0]) >= 0).all()
    assert edges[0, 0] == pytest.approx(min(values))
    assert edges[0, -1] == pytest.approx(max(values))
    assert (edges[1] == 0).all()


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=30))
def test_encoding_keeps_the_order_of_numbers(values: list[float]) -> None:
    encoding = PiecewiseLinear(quantile_edges([np.linspace(-3, 3, 20)], 4))
    numbers = torch.tensor(sorted(values), dtype=torch.float32)[:, None]
    passed = encoding(numbers, torch.zeros_like(numbers)).sum(dim=1)
    assert (torch.diff(passed) >= -1e-6).all()


def test_categories_are_no_wider_than_they_are_many() -> None:
    tables = Categories((2, 30), widest=8)
    assert tables.width == 10
    assert tables(torch.tensor([[0, 29], [1, 0]])).shape == (2, 10)


def test_members_differ_and_start_at_their_bias() -> None:
    torch.manual_seed(0)
    views = MemberScaling(3, 4)(torch.ones(2, 4))
    assert views.shape == (3, 2, 4)
    assert not torch.equal(views[0], views[1])
    layer = MemberLinear(3, 4, 2)
    assert torch.equal(layer(views), torch.zeros(3, 2, 2))


def test_one_member_sees_the_cases_as_they_are() -> None:
    values = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(MemberScaling(1, 3)(values)[0], values)


def test_residual_normalises_within_a_case() -> None:
    torch.manual_seed(0)
    block = Residual(4, dropout=0.0).eval()
    values = torch.randn(5, 4)
    torch.testing.assert_close(block(values)[2:3], block(values[2:3]))
