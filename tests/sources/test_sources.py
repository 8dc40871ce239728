"""The public data sets: conformance of all, and the counts that their publishers and our notes state."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.conformance.source import absent, cells, check_absence, check_source, check_twin

from bedside.data.files import data_root
from bedside.data.source import Source
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.table import Record, frame_of
from bedside.sources import diabetes_progression, pima_diabetes, uci_heart_disease, wisconsin_breast_cancer
from bedside.sources.diabetes_130 import Diabetes130
from bedside.sources.diabetes_progression import DiabetesProgression
from bedside.sources.pima_diabetes import PimaDiabetes
from bedside.sources.uci_heart_disease import UciHeartDisease
from bedside.sources.wisconsin_breast_cancer import WisconsinBreastCancer

SOURCES: tuple[Source[Record], ...] = (
    WisconsinBreastCancer(),
    UciHeartDisease(),
    PimaDiabetes(),
    Diabetes130(),
    DiabetesProgression(),
)


def names(source: Source[Any]) -> str:
    return source.name


def real(source: Source[Record]) -> pl.DataFrame:
    reason = absent(source)
    if reason:
        pytest.skip(reason)
    return frame_of(list(source.records(data_root())))


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_conforms(source: Source[Record]) -> None:
    check_source(source, cells)


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_absent_data_are_named(source: Source[Record], tmp_path: Path) -> None:
    check_absence(source, tmp_path)


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_twin_resembles_the_data(source: Source[Record]) -> None:
    reason = absent(source)
    if reason:
        pytest.skip(reason)
    check_twin(source, data_root())


def missing(source: Source[Record], schema: Schema) -> dict[str, int]:
    record = next(iter(source.records(data_root())))
    counts = record.only(schema).table.frame.null_count().row(0, named=True)
    return {name: count for name, count in counts.items() if count}


def test_wisconsin_counts() -> None:
    frame = real(WisconsinBreastCancer())
    assert sorted(frame["diagnosis"].value_counts().rows()) == [("benign", 357), ("malignant", 212)]
    # The first row of the published table: a malignant one with mean radius 17.99 and worst fractal dimension .1189.
    assert frame.row(0, named=True)["mean_radius"] == 17.99
    assert frame.row(0, named=True)["worst_fractal_dimension"] == 0.1189
    assert frame.row(0, named=True)["diagnosis"] == "malignant"
    assert missing(WisconsinBreastCancer(), wisconsin_breast_cancer.SCHEMA) == {}


def test_heart_counts() -> None:
    frame = real(UciHeartDisease())
    sizes = frame.group_by("site").agg(n=pl.len(), ill=(pl.col("narrowing") > 0).sum())
    assert sorted(sizes.rows()) == [
        ("cleveland", 303, 139),
        ("hungarian", 294, 106),
        ("switzerland", 123, 115),
        ("va", 200, 149),
    ]
    counts = missing(UciHeartDisease(), uci_heart_disease.SCHEMA)
    # Cholesterol, by "?" or 0: none at Cleveland, 23 in Hungary, all of Switzerland, 56 at Long Beach.
    assert counts["cholesterol"] == 23 + 123 + 56
    assert counts["vessels"] == 4 + 291 + 118 + 198
    assert counts["thallium"] == 2 + 266 + 52 + 166
    assert frame.filter(site="switzerland")["cholesterol"].unique().to_list() == [0.0]
    assert frame.row(0, named=True)["chest_pain"] == "typical angina"
    assert frame.row(0, named=True)["thallium"] == "fixed defect"


def test_pima_counts() -> None:
    frame = real(PimaDiabetes())
    assert frame.height == 768
    assert frame["diabetes"].sum() == 268
    assert missing(PimaDiabetes(), pima_diabetes.SCHEMA) == {
        "glucose": 5,
        "blood_pressure": 35,
        "skin_fold": 227,
        "insulin": 374,
        "bmi": 11,
    }
    assert (frame["pregnancies"] == 0).sum() == 111


def test_diabetes_130_counts() -> None:
    frame = real(Diabetes130())
    assert frame.height == 101_766
    assert frame["patient_nbr"].n_unique() == 71_518
    assert frame["encounter_id"].n_unique() == 101_766
    assert (frame["readmitted"] == "<30").sum() == 11_357
    assert frame["weight"].null_count() == 98_569
    assert frame["A1Cresult"].null_count() == 0


def test_progression_counts() -> None:
    frame = real(DiabetesProgression())
    assert frame.height == 442
    assert (frame["progression"].min(), frame["progression"].max()) == (25.0, 346.0)
    assert frame["age"].max() == 79.0
    assert sorted(frame["sex"].value_counts().rows()) == [("1", 235), ("2", 207)]
    assert missing(DiabetesProgression(), diabetes_progression.SCHEMA) == {}
