"""Which cells of tables must be withheld so that nobody is known from a small one, or from what is left around it.

Primary suppression withholds every small cell, complementary suppression further cells until no sum gives a withheld
one away (Hundepool et al. 2012, Statistical Disclosure Control, chapter 4). Ranges that follow from several sums
together are not checked.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from bedside.errors import StatisticsError

K = TypeVar("K", bound=Hashable)


class Sum(NamedTuple, Generic[K]):
    """Cells that add up to another cell, or to a number that is known to everyone (`whole` is None)."""

    parts: tuple[K, ...]
    whole: K | None = None


class Hidden(NamedTuple, Generic[K]):
    """Cells to withhold: small ones, and others that would give them away."""

    small: frozenset[K]
    protecting: frozenset[K]


def hidden_cells(
    patients: Mapping[K, int],
    sums: Sequence[Sum[K]],
    smallest: int,
    *,
    also: Collection[K] = (),
    shown: Collection[K] = (),
) -> Hidden[K]:
    """Every cell of 1 to `smallest - 1` patients, and the next smallest cells of each sum that would give it away.

    A sum gives nothing away when two or more of its cells are withheld and, where its whole is shown, the parts that
    are withheld hold `smallest` patients or more together. Empty cells are shown.

    Args:
        patients: Patients in each cell.
        sums: How cells add up; cells that `patients` does not name are left out.
        smallest: Smallest number of patients that may be shown; 0 or 1 withholds nothing but `also`.
        also: Cells withheld for another reason.
        shown: Cells that are shown whatever they protect.

    Raises:
        StatisticsError: `smallest` is negative.

    Example:
        >>> hidden_cells({"a": 90, "b": 40, "c": 3}, [Sum(("a", "b", "c"))], 11)
        Hidden(small=frozenset({'c'}), protecting=frozenset({'b'}))
    """
    if smallest < 0:
        msg = f"the smallest cell is {smallest}; give 0 to show every count, or the smallest number that may be shown"
        raise StatisticsError(msg)
    small = frozenset(key for key, people in patients.items() if 0 < people < smallest)
    hidden = set(small) | {key for key in also if key in patients}
    place = {key: k for k, key in enumerate(patients)}
    pending = True
    while pending:
        pending = False
        for one in sums:
            parts = [key for key in one.parts if key in place]
            inside = [key for key in parts if key in hidden]
            whole = one.whole in hidden
            enough = whole or sum(patients[key] for key in inside) >= smallest
            if len(inside) + whole == 0 or (len(inside) + whole > 1 and enough):
                continue
            free = [key for key in parts if key not in hidden and patients[key] and key not in shown]
            free.sort(key=lambda key: (patients[key], place[key]))
            if not free and one.whole in place and not whole and one.whole not in shown:
                free = [key for key in (one.whole,) if key is not None]
            if free:
                hidden.add(free[0])
                pending = True
    return Hidden(small, frozenset(hidden - small))
