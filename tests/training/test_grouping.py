"""Which cases stand in which batch."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bedside.training.grouping import batches, padded


class Cases:
    def __init__(self, sizes: Tensor) -> None:
        self.sizes = sizes


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 400), share=st.floats(0.01, 1.0), seed=st.integers(0, 99))
def test_every_case_is_seen_once_in_batches_of_nearly_equal_size(count: int, share: float, seed: int) -> None:
    steps = max(1, round(count * share / 2))
    torch.manual_seed(seed)
    for cases in (object(), Cases(torch.randint(1, 100, (count,)))):
        made = batches(cases, count, steps)
        assert len(made) == steps
        assert sorted(torch.cat(made).tolist()) == list(range(count))
        lengths = [len(one) for one in made]
        assert max(lengths) - min(lengths) <= 1


def test_cases_of_like_size_stand_together_and_batches_in_any_order() -> None:
    torch.manual_seed(0)
    sizes = torch.randint(1, 129, (4_000,))
    grouped, mixed = batches(Cases(sizes), 4_000, 62), batches(object(), 4_000, 62)
    assert padded(sizes, grouped) < 0.1
    assert padded(sizes, mixed) > 0.4
    longest = [int(sizes[one].max()) for one in grouped]
    assert longest != sorted(longest)
    assert not torch.equal(grouped[0], batches(Cases(sizes), 4_000, 62)[0])


def test_even_cases_are_drawn_as_they_always_were() -> None:
    torch.manual_seed(3)
    expected = torch.randperm(50).tensor_split(7)
    torch.manual_seed(3)
    for one, other in zip(expected, batches(object(), 50, 7), strict=True):
        assert torch.equal(one, other)


def test_nothing_is_padded_where_sizes_are_equal() -> None:
    assert padded(torch.full((9,), 4), list(torch.arange(9).tensor_split(5))) == 0.0
