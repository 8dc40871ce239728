"""The study of scarce labels: who is judged, what may be seen without labels, and what is told of a run."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bedside.data.sample import Excluded, Sample
from bedside.errors import StudyError
from bedside.modalities.imaging.modality import imaging
from bedside.modalities.imaging.record import ImageRecord
from bedside.sources.medmnist import PNEUMONIA
from bedside.study.job import Division
from bedside.study.lineage import findings

FOLDER = Path(__file__).parents[2] / "reproductions"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(importlib.import_module("scarce_labels"), "LABELS", (50, 100))
    return importlib.import_module("scarce_labels")


@pytest.fixture(scope="module")
def records() -> list[ImageRecord]:
    """600 synthetic images, and one of them a second time."""
    drawn = list(PNEUMONIA.simulate(600, seed=3))
    first = next(record for record in drawn if record.attributes["partition"] == "train")
    return [*drawn, ImageRecord("copy", first.image, first.label, attributes=first.attributes)]


def samples(study: Any, records: list[ImageRecord]) -> list[Sample[Any, Any]]:
    return [one for record in records for one in study.cohort.draw(record) if isinstance(one, Sample)]


def divisions(study: Any, records: list[ImageRecord], seed: int) -> list[Division]:
    drawn = tuple(samples(study, records))
    digests = tuple(imaging().digest([sample.predictors for sample in drawn]))
    found = []
    for validation in study.validations:
        splits = validation.splits(drawn, study.endpoint.stratum, seed)
        found.append(Division(validation=validation, splits=splits, samples=drawn, digests=digests, cases=()))
    return found


def test_only_development_images_are_used_and_each_once(script: Any, records: list[ImageRecord]) -> None:
    study = script.study(records, 1)
    kept = {sample.key for sample in samples(study, records)}
    assert kept == {record.key for record in records if record.attributes["partition"] == "train"} - {"copy"}
    reasons = {one.reason for record in records for one in study.cohort.draw(record) if isinstance(one, Excluded)}
    assert reasons == {"published tuning or test image, not used here", "copy of another image"}


def test_the_archive_is_everyone_who_is_not_judged(script: Any, records: list[ImageRecord]) -> None:
    study = script.study(records, 1)
    archive = set(imaging().digest(study.model.elsewhere.predictors))
    every = divisions(study, records, 1)
    findings(study, every)
    for division in every:
        for split in division.splits:
            judged = {division.digests[k] for k in split.test}
            assert not judged & archive
            assert {division.digests[k] for k in split.development} <= archive
    last = every[1].splits[-1]
    assert {every[1].digests[k] for k in last.development} == archive


def test_another_division_than_the_declared_one_is_refused(script: Any, records: list[ImageRecord]) -> None:
    study = script.study(records, 1)
    with pytest.raises(StudyError, match="judged cases are never learned from"):
        findings(study, divisions(study, records, 2))


def test_the_same_number_of_labels_is_asked_of_both_validations(script: Any, records: list[ImageRecord]) -> None:
    primary, curve = divisions(script.study(records, 1), records, 1)
    sizes = [len(split.development) for split in curve.splits]
    assert sizes[:2] == pytest.approx([50, 100], abs=1)
    assert len(primary.splits[0].development) == sizes[1]
    assert set(primary.splits[0].test) == set(curve.splits[0].test)


def test_differences_are_paired_by_image(script: Any, tmp_path: Path) -> None:
    luck = np.random.default_rng(1)
    ill = np.arange(200) % 2 == 0
    told: dict[str, Any] = {
        name: ill + shift * luck.normal(size=200) for name, shift in ((script.PRETRAINED, 0.8), ("other", 1.5))
    }
    tables = []
    for name, score in told.items():
        order = luck.permutation(200)
        columns = {
            "validation": ["learning_curve"] * 200,
            "split": ["development=2%"] * 200,
            "learner": [name] * 200,
            "sample": [f"case {k}" for k in order],
            "outcome.positive": ill[order].astype(float),
            "prediction.probability": score[order],
        }
        tables.append(pa.table(columns))
    pq.write_table(pa.concat_tables(tables), tmp_path / "predictions.parquet")
    base: dict[str, Any] = {"labels": 50, "group": "split=development=2%", "method": "m", "cases": 200, "patients": 200}
    points: list[dict[str, Any]] = [
        {**base, "learner": name, "auroc": float(np.mean(score[ill][:, None] > score[~ill])), "low": 0.0, "high": 1.0}
        for name, score in told.items()
    ]
    (row,) = script.contrasts(tmp_path / "predictions.parquet", points)
    assert row["value"] == pytest.approx(points[0]["auroc"] - points[1]["auroc"])
    assert 0 < row["low"] < row["value"] < row["high"]
    assert row["p_adjusted"] == row["p"]
    (line,) = script.contrasted(points, [row], learner=script.PRETRAINED, origin="the same run")
    assert (line.what, line.group, line.outcome) == ("other", "50 labels", "win")
