"""Small cells: what is withheld, and that no sum gives it away."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.errors import StatisticsError
from bedside.stats.disclosure import Sum, hidden_cells

COUNTS = st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=5), min_size=2, max_size=4).filter(
    lambda rows: len({len(row) for row in rows}) == 1
)


def test_small_cells_take_the_next_smallest_with_them() -> None:
    found = hidden_cells({"a": 90, "b": 40, "c": 3, "d": 0}, [Sum(("a", "b", "c", "d"))], 11)
    assert found == (frozenset({"c"}), frozenset({"b"}))


def test_two_small_cells_are_enough_where_they_hold_enough_patients_together() -> None:
    assert not hidden_cells({"a": 90, "b": 8, "c": 7}, [Sum(("a", "b", "c"))], 11).protecting
    assert hidden_cells({"a": 90, "b": 3, "c": 2}, [Sum(("a", "b", "c"))], 11).protecting == {"a"}


def test_the_whole_is_withheld_where_no_part_is_left() -> None:
    found = hidden_cells({"read": 105, "lost": 5, "kept": 100}, [Sum(("lost", "kept"), "read")], 11, shown=["kept"])
    assert found == (frozenset({"lost"}), frozenset({"read"}))


def test_what_is_withheld_elsewhere_is_protected_too() -> None:
    assert hidden_cells({"a": 90, "b": 40, "c": 30}, [Sum(("a", "b", "c"))], 11, also=["a"]).protecting == {"a", "c"}


def test_nothing_is_withheld_without_a_rule_and_a_negative_one_is_refused() -> None:
    assert hidden_cells({"a": 1, "b": 2}, [Sum(("a", "b"))], 0) == (frozenset(), frozenset())
    with pytest.raises(StatisticsError, match="smallest cell is -1"):
        hidden_cells({"a": 1}, [], -1)


@given(COUNTS, st.integers(2, 15))
def test_no_row_or_column_of_a_table_gives_a_small_cell_away(rows: list[list[int]], smallest: int) -> None:
    table = np.array(rows)
    cells = {(i, j): int(table[i, j]) for i in range(table.shape[0]) for j in range(table.shape[1])}
    lines = [tuple((i, j) for j in range(table.shape[1])) for i in range(table.shape[0])]
    lines += [tuple((i, j) for i in range(table.shape[0])) for j in range(table.shape[1])]
    found = hidden_cells(cells, [Sum(line) for line in lines], smallest)
    hidden = found.small | found.protecting
    assert found.small == {cell for cell, n in cells.items() if 0 < n < smallest}
    assert not any(cells[cell] == 0 for cell in hidden)
    for line in lines:
        inside = [cell for cell in line if cell in hidden]
        visible = [cell for cell in line if cell not in hidden and cells[cell]]
        assert not inside or not visible or (len(inside) > 1 and sum(cells[cell] for cell in inside) >= smallest)
