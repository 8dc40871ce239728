"""Volumes of the same crops are paired whatever the order of rows, and voxels are turned into millimetres."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FOLDER = Path(__file__).parents[2] / "reproductions"


@pytest.fixture
def two_ways(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("volume_two_ways")


def written(folder: Path) -> tuple[Path, Path]:
    outlined, direct = folder / "outlined.parquet", folder / "direct.parquet"
    pq.write_table(
        pa.table(
            {
                "learner": ["u_net", "u_net", "atlas"],
                "sample": ["b", "a", "a"],
                "outcome.voxels_anterior": [100.0, 50.0, 50.0],
                "outcome.voxels_posterior": [100.0, 50.0, 50.0],
                "prediction.voxels_anterior": [90.0, 60.0, 0.0],
                "prediction.voxels_posterior": [100.0, 60.0, 0.0],
            }
        ),
        outlined,
    )
    pq.write_table(
        pa.table(
            {
                "learner": ["network"] * 3,
                "sample": ["a", "b", "c"],
                "outcome.outcome": [200.0, 400.0, 9.0],
                "prediction.prediction": [210.0, 400.0, 9.0],
            }
        ),
        direct,
    )
    return outlined, direct


def test_both_ways_are_told_of_the_same_crops_in_the_same_unit(two_ways: Any, tmp_path: Path) -> None:
    traced, found = two_ways.volumes(*written(tmp_path))
    np.testing.assert_allclose(traced, [200.0, 400.0])
    np.testing.assert_allclose(found["outlined, then counted"], [240.0, 380.0])
    np.testing.assert_allclose(found["directly: network"], [210.0, 400.0])


def test_the_difference_is_that_of_the_two(two_ways: Any, tmp_path: Path) -> None:
    rows = {row.way: row for row in two_ways.judged(*two_ways.volumes(*written(tmp_path)))}
    outlined, direct = rows["outlined, then counted"].rmse, rows["directly: network"].rmse
    assert outlined == pytest.approx(np.sqrt((40.0**2 + 20.0**2) / 2))
    assert rows["directly: network, minus outlined"].rmse == pytest.approx(direct - outlined)


def test_runs_of_other_crops_are_not_paired(two_ways: Any, tmp_path: Path) -> None:
    outlined, direct = written(tmp_path)
    other = pq.read_table(direct).set_column(1, "sample", pa.array(["x", "y", "z"]))
    pq.write_table(other, direct)
    with pytest.raises(ValueError, match="no crop in common"):
        two_ways.volumes(outlined, direct)
