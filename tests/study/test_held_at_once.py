"""What is written or hashed of a cohort of masks is never held all at once."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from bedside.data.sample import Sample
from bedside.endpoints.columns import bytes_of, case_bytes
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Mask
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.study import arrays, fits
from bedside.study.judged import Judged
from bedside.types import PatientId, SampleId

ENDPOINT = mask(("disc",), tolerance_pixels=1.0)


def drawn(k: int) -> NDArray[np.uint8]:
    labels = np.zeros((6 + k % 3, 8), dtype=np.uint8)
    labels[1:3, k % 5 : k % 5 + 2] = 1
    return labels


def test_arrays_are_written_a_few_at_a_time_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = [Mask(drawn(k)) for k in range(7)]
    told = [Segmentation.drawn(drawn(k + 1)[: len(drawn(k))], 1) for k in range(7)]
    told = [one if one.size == outcomes[k].size else Segmentation.drawn(drawn(k), 1) for k, one in enumerate(told)]
    fold = np.array([0, 0, 0, 1, 1, 1, 1])
    judged = [Judged("model", outcomes, told, fold, np.arange(7), [])]
    samples = [Sample(SampleId(f"s{k}"), PatientId(f"p{k}"), None, outcomes[k]) for k in range(7)]
    monkeypatch.setattr(arrays, "BYTES", 100)
    path = tmp_path / "arrays.parquet"
    rows = np.arange(7)
    tables = arrays.arrays("cv", ["a", "b"], judged, rows=rows, samples=samples, endpoint=ENDPOINT)
    assert isinstance(tables, Iterator)
    count = arrays.write(tables, path)
    assert count == pq.read_metadata(path).num_rows == 7 * 4
    assert pq.read_metadata(path).num_row_groups > 4
    order = [("ab"[int(fold[k])], f"s{k}") for k in range(7)]
    found = arrays.read(path, "cv", "model", order)
    assert [one.tolist() for one in found["shares"].arrays()] == [one.shares.tolist() for one in told]
    labels = arrays.read(path, "cv", "", order)["labels"]
    assert [one.tolist() for one in labels.arrays()] == [one.labels.tolist() for one in outcomes]


def test_parts_of_a_fit_are_let_go_one_after_the_other(tmp_path: Path) -> None:
    alive: list[weakref.ref[NDArray[np.uint8]]] = []

    def parts() -> Iterator[dict[str, NDArray[Any]]]:
        for k in range(3):
            gc.collect()
            assert sum(one() is not None for one in alive) <= 1
            array = np.full((2, 5), k, dtype=np.uint8)
            alive.append(weakref.ref(array))
            yield {f"part{k}.cell:values": array, f"part{k}.x": np.arange(3.0)}
            del array

    fits._write(parts(), tmp_path / "predictions.npz")
    with np.load(tmp_path / "predictions.npz", allow_pickle=False) as stored:
        assert sorted(stored) == sorted(f"part{k}.{name}" for k in range(3) for name in ("cell:values", "x"))
        assert stored["part2.cell:values"].tolist() == [[2] * 5] * 2


def test_outcomes_are_hashed_a_few_at_a_time_and_alike() -> None:
    most = []

    def cells(part: list[Mask]) -> object:
        most.append(len(part))
        return ENDPOINT.outcome_cells(part)

    outcomes = [Mask(drawn(k)) for k in range(40)]
    assert bytes_of(cells, outcomes) == case_bytes(ENDPOINT.outcome_cells(outcomes))  # type: ignore[arg-type]
    assert max(most) < 40
