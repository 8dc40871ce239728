"""The outcomes and judged predictions that are arrays, as one table: a mask, boxes or a sequence a row."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bedside.data.sample import Sample
from bedside.endpoints.columns import Columns, Ragged, ragged
from bedside.endpoints.endpoint import Endpoint
from bedside.study.judged import Judged
from bedside.types import Integers

SCHEMA = pa.schema(
    [
        ("validation", pa.dictionary(pa.int32(), pa.string())),
        ("split", pa.dictionary(pa.int32(), pa.string())),
        ("learner", pa.dictionary(pa.int32(), pa.string())),
        ("sample", pa.string()),
        ("cell", pa.dictionary(pa.int32(), pa.string())),
        ("type", pa.dictionary(pa.int32(), pa.string())),
        ("shape", pa.list_(pa.int64())),
        ("values", pa.large_binary()),
    ]
)
"""Column `learner` is "" for the outcome; `type` is NumPy's ("|u1"), `values` are in C order."""

BYTES = 1 << 26
"""Of arrays that are held at a time while they are written."""


def arrays(
    validation: str,
    splits: Sequence[str],
    judged: Sequence[Judged[Any, Any]],
    *,
    rows: Integers,
    samples: Sequence[Sample[Any, Any]],
    endpoint: Endpoint[Any, Any],
) -> Iterator[pa.Table]:
    """The arrays of one validation, a few cases of a learner at a time; none where all cells are numbers."""
    keys = [str(samples[k].key) for k in rows.tolist()]
    told: list[tuple[str, Integers, Sequence[Any], Callable[[Sequence[Any]], Columns]]] = [
        ("", judged[0].fold, judged[0].outcomes, endpoint.outcome_cells),
        *((one.learner, one.fold, one.predictions, endpoint.cells) for one in judged),
    ]
    for learner, fold, values, cells in told:
        if not ragged(cells(values[:1])):
            continue
        found: list[tuple[Any, ...]] = []
        size = 0
        for place, value in enumerate(values):
            split = splits[int(fold[place])]
            for cell, column in sorted(ragged(cells([value])).items()):
                array = np.ascontiguousarray(column.arrays()[0])
                shape, content = list(array.shape), array.tobytes()
                found.append((validation, split, learner, keys[place], cell, array.dtype.str, shape, content))
                size += len(content)
            if size >= BYTES:
                yield _table(found)
                found, size = [], 0
        if found:
            yield _table(found)


def write(tables: Iterable[pa.Table], path: Path) -> int:
    """Write the tables one after the other, so that no two are held at once; returns the number of rows."""
    count = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", store_schema=False) as writer:
        for table in tables:
            writer.write_table(table)
            count += table.num_rows
    return count


def _table(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    cells = zip(*rows, strict=True)
    return pa.table([pa.array(cell, kind) for cell, kind in zip(cells, SCHEMA.types, strict=True)], schema=SCHEMA)


def read(path: Path, validation: str, learner: str, rows: Sequence[tuple[str, str]]) -> dict[str, Ragged]:
    """The array cells of one learner, or of the outcome where it is "", in the order of (split, sample).

    Empty where the run has none.
    """
    if not path.is_file():
        return {}
    mine = (pc.field("validation") == validation) & (pc.field("learner") == learner)
    cells: dict[str, dict[tuple[str, str], Any]] = {}
    for row in _rows(pq.read_table(path, filters=mine)):
        array = np.frombuffer(row["values"], dtype=row["type"]).reshape(row["shape"])
        cells.setdefault(row["cell"], {})[row["split"], row["sample"]] = array
    found = {}
    for cell, by_row in cells.items():
        ordered = [by_row[row] for row in rows]
        found[cell] = Ragged.of(ordered, rank=ordered[0].ndim, kind=ordered[0].dtype)
    return found


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches():
        yield from batch.to_pylist()
