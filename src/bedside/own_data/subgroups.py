"""Columns that divide patients into subgroups."""

import numpy as np

from bedside.errors import TableProblem
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.inference import Inferred
from bedside.modalities.tabular.table import Table
from bedside.modalities.tabular.words import plain_name
from bedside.own_data.declaration import SubgroupPart

AGE_CUTS = (40.0, 65.0)
MOST_GROUPS = 20
"""A column with more different words divides into groups too small to say anything."""


def subgroup_of(table: Table, column: Inferred) -> SubgroupPart:
    """How a column divides patients into groups; raises TableProblem when it cannot.

    Words are groups as they are. Ages are cut at 40 and 65, other numbers into thirds.
    """
    name = column.name
    if column.found in ("category", "boolean"):
        if column.distinct > MOST_GROUPS:
            msg = f"the subgroup {name!r} has {column.distinct} words; allowed are 2 to {MOST_GROUPS}: group them"
            raise TableProblem(msg)
        return SubgroupPart(missing=column.missing)
    if column.found != "number":
        what = column.found.replace("_", " ")
        msg = f"the subgroup {name!r} cannot divide patients into groups ({what}: {column.reason}); name another column"
        raise TableProblem(msg)
    restricted = table.restricted(Schema((Column(name, "number", missing=column.missing),))).frame
    known = restricted.get_column(name).drop_nulls().to_numpy()
    low, high = float(known.min()), float(known.max())
    cuts = [cut for cut in AGE_CUTS if low < cut < high] if "age" in plain_name(name).split("_") else []
    if not cuts:
        thirds = np.unique(np.quantile(known, [1 / 3, 2 / 3], method="higher"))
        cuts = [float(f"{cut:.4g}") for cut in thirds if low < float(f"{cut:.4g}") <= high]
    return SubgroupPart(cuts=tuple(cuts) or (high,), missing=column.missing)
