"""The readmission study conforms, and its cohort is the one that the card describes."""

from collections import Counter
from pathlib import Path

import pytest
from tests.conformance.source import absent, cells, check_source
from tests.conformance.study import check_study

from bedside.applications.readmission.encounters import SCHEMA, Encounters, with_predictors
from bedside.applications.readmission.study import draw, study
from bedside.data.files import data_root
from bedside.data.sample import Excluded, Sample
from bedside.modalities.tabular.table import frame_of
from bedside.sources.diabetes_130 import Diabetes130


def test_conforms(tmp_path: Path) -> None:
    evidence = check_study(study(), tmp_path, n=400, outcome_columns=("readmitted", "patient_nbr", "encounter_id"))
    excluded = {step.text for step in evidence.flow if step.kind == "excluded"}
    assert excluded == {"died in hospital", "discharged to hospice, or died under its care"}


def test_encounters_conform() -> None:
    check_source(Encounters(), cells)


def test_race_is_audited_and_no_predictor() -> None:
    assert "race" in study().subgroups
    assert not {"race", "gender"} & set(SCHEMA.names)


def test_words_of_codes() -> None:
    raw = frame_of(list(Diabetes130().simulate(300, seed=2)))
    made = with_predictors(raw)
    pairs = dict(zip(raw["admission_type_id"], made["admission_type"], strict=True))
    assert pairs == {1: "emergency", 2: "urgent", 3: "elective", 5: None, 6: None}
    pairs = dict(zip(raw["discharge_disposition_id"], made["discharged_to"], strict=True))
    assert (pairs[1], pairs[3], pairs[6], pairs[18], pairs[25]) == (
        "home",
        "skilled nursing",
        "home with services",
        None,
        None,
    )
    pairs = dict(zip(raw["medical_specialty"], made["specialty"], strict=True))
    assert (pairs["Emergency/Trauma"], pairs["Oncology"], pairs[None]) == ("emergency", "oncology", "not recorded")
    assert set(made["age"]) <= {35.0, 45.0, 55.0, 65.0, 75.0, 85.0, 95.0}
    assert made["payer"].null_count() == made["specialty"].null_count() == 0


@pytest.mark.parametrize(("code", "kept"), [(1, True), (11, False), (13, False), (14, False), (19, False), (20, False),
                                            (21, False), (12, True), (10, True), (22, True)])  # fmt: skip
def test_who_is_excluded(code: int, *, kept: bool) -> None:
    import polars as pl

    from bedside.modalities.tabular.table import Record, Table

    raw = frame_of(list(Diabetes130().simulate(1, seed=1))).with_columns(discharge_disposition_id=pl.lit(code))
    [drawn] = draw(Record(Table(with_predictors(raw)), 0))
    assert isinstance(drawn, Sample if kept else Excluded)


def test_cohort_of_the_real_data() -> None:
    source = Encounters()
    if reason := absent(source):
        pytest.skip(reason)
    drawn = [one for record in source.records(data_root()) for one in draw(record)]
    samples = [one for one in drawn if isinstance(one, Sample)]
    reasons = Counter(one.reason for one in drawn if isinstance(one, Excluded))
    assert len(drawn) == 101_766
    assert reasons == {"died in hospital": 1642, "discharged to hospice, or died under its care": 781}
    assert len(samples) == 99_343
    assert len({sample.patient for sample in samples}) == 69_990
    assert sum(sample.outcome for sample in samples) == 11_314
    assert Counter(sample.attributes["race"] for sample in samples)["Asian"] == 628
