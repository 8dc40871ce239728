"""The tables beside the evidence: every judged prediction, and one table of contributions a measure."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bedside.data.sample import Sample
from bedside.endpoints.columns import Columns, flat
from bedside.endpoints.endpoint import Endpoint
from bedside.study.arrays import write as write_arrays
from bedside.study.job import Job
from bedside.study.judged import Judged
from bedside.types import Integers


def predictions(
    validation: str,
    partition: str,
    splits: Sequence[str],
    judged: Sequence[Judged[Any, Any]],
    *,
    rows: Integers,
    samples: Sequence[Sample[Any, Any]],
    endpoint: Endpoint[Any, Any],
    weighed: bool = False,
) -> pa.Table:
    """Judged predictions of one validation as a flat table.

    Columns: validation, partition, split, learner, sample, patient (a code, not an identifier), in a study
    that weighs (`weighed`) the weight, one column for each cell of the outcome and of the prediction that is a number.
    """
    tables = []
    names = np.array(splits)
    keys = pa.array([str(samples[k].key) for k in rows.tolist()])
    for one in judged:
        columns: dict[str, Any] = {
            "validation": pa.array([validation] * rows.size).dictionary_encode(),
            "partition": pa.array([partition] * rows.size).dictionary_encode(),
            "split": pa.array(names[one.fold].tolist()).dictionary_encode(),
            "learner": pa.array([one.learner] * rows.size).dictionary_encode(),
            "sample": keys,
            "patient": pa.array(one.patient),
        }
        if weighed:
            columns["weight"] = pa.array(np.ones(rows.size) if one.weights is None else one.weights)
        columns |= {f"outcome.{name}": pa.array(cell) for name, cell in _flat(endpoint.outcome_cells(one.outcomes))}
        columns |= {f"prediction.{name}": pa.array(cell) for name, cell in _flat(endpoint.cells(one.predictions))}
        tables.append(pa.table(columns))
    return pa.concat_tables(tables).unify_dictionaries()


def contributions(validation: str, judged: Sequence[Judged[Any, Any]], number: int) -> pa.Table:
    """What each case adds to one measure: validation, learner, split number, row of the case, one column each."""
    tables = []
    for one in judged:
        part = one.contributed(number)
        columns: dict[str, Any] = {
            "validation": pa.array([validation] * len(part.rows)).dictionary_encode(),
            "learner": pa.array([one.learner] * len(part.rows)).dictionary_encode(),
            "fold": pa.array(part.fold[part.case]),
            "patient": pa.array(one.patient[part.case]),
            "case": pa.array(part.case),
        }
        columns |= {name: pa.array(part.rows[:, k]) for k, name in enumerate(part.measure.columns)}
        tables.append(pa.table(columns))
    return pa.concat_tables(tables).unify_dictionaries()


def write(table: pa.Table, path: Path) -> None:
    """Write Parquet whose bytes depend on the content alone."""
    pq.write_table(table.replace_schema_metadata(None), path, compression="zstd", store_schema=False)


def write_all(
    job: Job,
    predictions: Sequence[Any],
    arrays: Sequence[Iterable[pa.Table]],
    contributions: Sequence[Sequence[Any]],
    names: Sequence[str],
) -> dict[str, str]:
    """Write the tables and the profile into the run's folder; returns their sha256 by path."""
    folder = job.folder
    written = {folder.predictions: pa.concat_tables(predictions).unify_dictionaries()}
    for k, name in enumerate(names):
        written[folder.contributions / f"{name}.parquet"] = pa.concat_tables(
            [of_validation[k] for of_validation in contributions]
        ).unify_dictionaries()
    files = {}
    for path, table in written.items():
        folder.write_with(path, partial(write, table))
        files[path.relative_to(folder.path).as_posix()] = _sha256(path)
    counted: list[int] = []
    folder.write_with(folder.arrays, lambda path: counted.append(write_arrays(chain.from_iterable(arrays), path)))
    if any(counted):
        files[folder.arrays.relative_to(folder.path).as_posix()] = _sha256(folder.arrays)
    else:
        folder.arrays.unlink()
    if job.study.modality.profile is not None:
        profile = job.study.modality.profile([sample.predictors for sample in job.drawn.samples])
        path = folder.path / "profile.json"
        folder.write(path, json.dumps(profile, sort_keys=True, ensure_ascii=False) + "\n")
        files["profile.json"] = _sha256(path)
    return files


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flat(columns: Columns) -> list[tuple[str, Any]]:
    cells = flat(columns)
    return [(name, np.asarray(cells[name], dtype=np.float64)) for name in sorted(cells)]
