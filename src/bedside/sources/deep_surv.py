"""The layout in which the authors of DeepSurv published their partitions: x, t and e of train and test, in HDF5."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bedside.errors import FileProblem
from bedside.modalities.tabular.table import Table
from bedside.types import Floats

TEST = "test"


def partitions(path: Path, sizes: Mapping[str, int]) -> tuple[Floats, NDArray[np.str_]]:
    """Predictors, time and event side by side, shape (n, p + 2), and the partition of each row, shape (n,).

    Args:
        path: The file.
        sizes: How many rows each partition must have, in the order in which they are read.

    Raises:
        FileProblem: It is no such file, or a partition has another size.
    """
    blocks, names = [], []
    try:
        with h5py.File(path, "r") as file:
            for name, count in sizes.items():
                x, t, e = (np.asarray(file[name][part], dtype=np.float64) for part in ("x", "t", "e"))
                if x.shape[:1] != (count,) or t.shape != (count,) or e.shape != (count,):
                    msg = f"{path} has {len(x)} rows in {name}; {count} are expected"
                    raise FileProblem(msg)
                blocks.append(np.column_stack([x, t, e]))
                names += [name] * count
    except (OSError, KeyError) as error:
        msg = f"{path} cannot be read as HDF5 with x, t and e in {', '.join(sizes)}: {error}"
        raise FileProblem(msg) from error
    return np.concatenate(blocks), np.array(names)


def table(values: Mapping[str, "list[str] | Floats"], columns: Sequence[str], partition: NDArray[np.str_]) -> Table:
    """The named columns, the partition and a number for each row, as a table."""
    frame = pl.DataFrame({name: values[name] for name in columns if name != "partition"})
    number = pl.Series("number", [f"patient {row + 1}" for row in range(frame.height)])
    return Table(frame.with_columns(pl.Series("partition", partition.tolist()), number))
