"""The heart disease study conforms, and looks at nothing that names the site."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from tests.conformance.source import absent
from tests.conformance.study import check_study

from bedside.applications.heart_disease.study import SCHEMA, draw, study
from bedside.data.files import data_root
from bedside.data.sample import Sample
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.table import Record
from bedside.sources.uci_heart_disease import SCHEMA as MEASURED
from bedside.sources.uci_heart_disease import UciHeartDisease


def test_conforms(tmp_path: Path) -> None:
    evidence = check_study(study(), tmp_path, outcome_columns=("narrowing", "site", "number"))
    sites = next(validation for validation in evidence.validations if validation.name == "leave_site_out")
    assert len(sites.splits) == 4


def real() -> list[Record]:
    if reason := absent(UciHeartDisease()):
        pytest.skip(reason)
    return list(UciHeartDisease().records(data_root()))


def test_cohort_of_the_real_data() -> None:
    samples = [one for record in real() for one in draw(record) if isinstance(one, Sample)]
    assert len(samples) == 920
    assert sum(sample.outcome for sample in samples) == 509
    assert Counter(sample.attributes["site"] for sample in samples) == {
        "cleveland": 303,
        "hungarian": 294,
        "switzerland": 123,
        "va": 200,
    }
    assert Counter(sample.attributes["sex"] for sample in samples)["male"] == 726


@pytest.mark.parametrize(("schema", "low", "high"), [(MEASURED, 0.72, 0.77), (SCHEMA, 0.45, 0.55)])
def test_missingness_alone_tells_nothing(schema: Schema, low: float, high: float) -> None:
    """The card's reason for leaving five predictors out, measured again: .744 with them, chance without."""
    records = real()
    frame = records[0].only(schema).table.frame
    outcome = np.array([record["narrowing"] > 0 for record in records])
    missing = np.column_stack([frame[name].is_null().to_numpy() for name in schema.names]).astype(float)
    order = np.random.default_rng(0).permutation(len(outcome))
    scores = cross_val_predict(LogisticRegression(), missing[order], outcome[order], cv=5, method="predict_proba")
    assert low < roc_auc_score(outcome[order], scores[:, 1]) < high
