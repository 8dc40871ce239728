"""A simulated hospital: the same bytes, a table like any other, counted faults, outcomes that are not trivial."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bedside.errors import OutputProblem, RecordsProblem
from bedside.modalities.records.cohort.draw import draw
from bedside.modalities.records.cohort.histories import histories
from bedside.modalities.records.cohort.toml import parse
from bedside.modalities.records.events.code_units import turns
from bedside.modalities.records.events.convert import Converted, convert
from bedside.modalities.records.events.flag import UNUSABLE
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.modality import last_numbers
from bedside.modalities.records.readers.meds import Meds
from bedside.modalities.records.simulate.catalogue import CONDITIONS, DRUGS, ILLNESSES, MEASUREMENTS, PROCEDURES
from bedside.modalities.records.simulate.warehouse import UNTIL, simulate

PATIENTS = 900

AFTER_DISCHARGE = """
format = 1
name = "after_discharge"
eligibility = "Adults who leave hospital alive"
[index]
event = "discharge"
[predicates.discharge]
code = ["ENCOUNTER_END//HOME", "ENCOUNTER_END//SKILLED_NURSING", "ENCOUNTER_END//HOSPICE"]
[predicates.admission]
code = "ENCOUNTER_START//IMP"
[predicates.death]
code = "MEDS_DEATH"
[observation]
start = "index - 30d"
[outcome]
kind = "binary"
words = "From the hospital's records"
event = "death"
horizon = "365d"
[[criteria]]
words = "younger than 18 years"
age_at_least = 18
"""
READMISSION = AFTER_DISCHARGE.replace(
    'event = "death"\nhorizon = "365d"', 'event = "admission"\nalready = "keep"\nhorizon = "90d"'
)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    return simulate(tmp_path_factory.mktemp("hospital") / "events", PATIENTS, seed=1, shard_patients=300, jobs=1)


@pytest.fixture(scope="module")
def table(hospital: Converted) -> pl.DataFrame:
    return hospital.folder.scan().collect()


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_whatever_the_jobs(tmp_path: Path) -> None:
    for name, jobs in (("one", 1), ("two", 2)):
        simulate(tmp_path / name, 30, seed=3, shard_patients=10, jobs=jobs)
    simulate(tmp_path / "other", 30, seed=4, shard_patients=10, jobs=1)
    one, two, other = (content(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert one.keys() == other.keys()
    assert all(one[name] != other[name] for name in one if name.startswith("data/"))


def test_it_says_of_itself_that_it_is_simulated(hospital: Converted) -> None:
    dataset = json.loads((hospital.folder.path / "metadata" / "dataset.json").read_text("utf-8"))
    assert "simulated" in dataset["dataset_name"]
    assert dataset["etl_name"] == "bedside records simulate"
    assert EventFolder(hospital.folder.path).quality.simulated


def test_a_patient_has_about_five_hundred_events_in_one_shard(hospital: Converted, table: pl.DataFrame) -> None:
    assert hospital.quality.subjects == PATIENTS
    assert 400 < table.height / PATIENTS < 600
    assert len(hospital.folder.shards) == 3
    seen = [hospital.folder.read(shard)["subject_id"].unique() for shard in hospital.folder.shards]
    assert pl.concat(seen).sort().to_list() == list(range(1, PATIENTS + 1))
    assert table["subject_id"].is_sorted()


def test_faults_are_flagged_as_they_are_counted(hospital: Converted, table: pl.DataFrame) -> None:
    found = {word: flagged.events for word, flagged in hospital.quality.flags.items()}
    for word in ("implausible", "unit unknown", "no time", "before birth", "duplicate"):
        assert 0 < found[word] < 0.01 * table.height, word
    assert found["system unknown"] == found["in future"] == found["not a number"] == 0
    assert table.filter(pl.col("flags") & 128 != 0).height == found["duplicate"]
    units = hospital.quality.units
    assert units["LOINC//8310-5"].converted["[degF]"] > 0
    assert units["LOINC//2160-0"].unit == "mg/dL"


def test_other_units_end_up_in_the_unit_of_the_code(table: pl.DataFrame) -> None:
    usable = table.filter(pl.col("flags") & (int(UNUSABLE) | 2) == 0)
    for one in MEASUREMENTS:
        numbers = usable.filter(pl.col("code") == one.code)["numeric_value"]
        assert numbers.min() >= one.limits[0] - 0.01, one.name  # type: ignore[operator]
        assert numbers.max() <= one.limits[1] + 0.01, one.name  # type: ignore[operator]


def test_time_is_in_order_of_life(table: pl.DataFrame) -> None:
    usable = table.filter(pl.col("flags") & int(UNUSABLE) == 0)
    assert usable["time"].max() <= UNTIL  # type: ignore[operator]
    lives = usable.group_by("subject_id").agg(
        born=pl.col("time").filter(pl.col("code") == "MEDS_BIRTH").min(),
        first=pl.col("time").filter(pl.col("code") != "MEDS_BIRTH").min(),
        last=pl.col("time").max(),
        died=pl.col("time").filter(pl.col("code") == "MEDS_DEATH").min(),
    )
    assert lives.filter(pl.col("first") < pl.col("born")).height == 0
    assert lives.filter(pl.col("last").dt.date() > pl.col("died").dt.date()).height == 0
    assert 0.08 < lives["died"].count() / PATIENTS < 0.35


def test_who_dies_in_hospital_leaves_it_dead(table: pl.DataFrame) -> None:
    left = table.filter((pl.col("code") == "ENCOUNTER_END//DIED") & (pl.col("flags") == 0))
    died = table.filter((pl.col("code") == "MEDS_DEATH") & (pl.col("flags") == 0))
    both = left.join(died, on=["subject_id", "time"])
    assert both.height == left.height > 5
    assert died.height > left.height


def test_stays_of_one_patient_do_not_overlap(table: pl.DataFrame) -> None:
    inside = table.filter((pl.col("flags") == 0) & pl.col("encounter_id").is_not_null())
    stays = (
        inside.group_by("subject_id", "encounter_id")
        .agg(
            begins=pl.col("time").filter(pl.col("code").str.starts_with("ENCOUNTER_START")).min(),
            ends=pl.col("time").filter(pl.col("code").str.starts_with("ENCOUNTER_END")).max(),
        )
        .filter(pl.col("ends").is_not_null())
        .sort("subject_id", "begins")
        .with_columns(before=pl.col("ends").shift(1).over("subject_id"))
    )
    assert stays.height > 10 * PATIENTS
    assert stays.filter(pl.col("before") > pl.col("begins")).height == 0


@pytest.mark.parametrize(("words", "least"), [(AFTER_DISCHARGE, 0.65), (READMISSION, 0.53)])
def test_outcomes_can_be_predicted_but_not_trivially(hospital: Converted, words: str, least: float) -> None:
    drawn = draw(hospital.folder, parse(words), jobs=1)
    labels = drawn.samples
    known = labels["boolean_value"].is_not_null().to_numpy()
    outcomes = labels["boolean_value"].fill_null(value=False).to_numpy()
    _, views = histories(hospital.folder, labels)
    last = [last_numbers(views, one.code) for one in MEASUREMENTS[:11]]
    columns = np.column_stack([labels["age_years"].to_numpy(), *last])
    columns = np.where(np.isfinite(columns), columns, np.nanmedian(columns, axis=0))
    columns[:, 1:] = np.log(np.maximum(columns[:, 1:], 0.1))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    told, by_age = (
        float(
            roc_auc_score(
                outcomes[known],
                cross_val_predict(model, columns[known][:, :count], outcomes[known], method="predict_proba", cv=5)[
                    :, 1
                ],
            )
        )
        for count in (columns.shape[1], 1)
    )
    assert max(least, by_age) < told < 0.93
    assert 0.03 < outcomes[known].mean() < 0.4


def test_it_is_converted_like_anybodys(hospital: Converted, tmp_path: Path) -> None:
    again = convert(Meds(hospital.folder.path), tmp_path / "again", jobs=1)
    assert (again.quality.events, again.quality.subjects) == (hospital.quality.events, hospital.quality.subjects)
    numbers = [folder.codes.select("code", "unit", "events") for folder in (hospital.folder, again.folder)]
    assert numbers[0].equals(numbers[1])


def test_every_unit_that_is_simulated_is_understood() -> None:
    rows = [(one.code, unit, 1) for one in MEASUREMENTS for unit in (one.unit, one.other[0] if one.other else one.unit)]
    counted = pl.DataFrame(rows, schema={"code": pl.String, "unit": pl.String, "events": pl.Int64}, orient="row")
    assert not turns(counted)["unit_unknown"].any()


def test_the_catalogue_names_only_what_it_has() -> None:
    measured = {one.name for one in MEASUREMENTS}
    before: set[str] = set()
    for condition in CONDITIONS:
        assert condition.after is None or condition.after[0] in before
        assert set(condition.moves) <= measured
        assert set(condition.drugs) <= set(DRUGS)
        before.add(condition.name)
    for illness in ILLNESSES:
        assert set(illness.moves) <= measured
        assert set(illness.more) <= before
        assert set(illness.drugs) <= set(DRUGS)
        assert set(illness.procedures) <= set(PROCEDURES)


@pytest.mark.parametrize(
    ("patients", "seed", "shard", "match"),
    [(0, 0, 5, "0 patients"), (5, -1, 5, "seed is -1"), (5, 0, 0, "shards of 0")],
)
def test_what_cannot_be_simulated_is_said(tmp_path: Path, patients: int, seed: int, shard: int, match: str) -> None:
    with pytest.raises(RecordsProblem, match=match):
        simulate(tmp_path / "events", patients, seed=seed, shard_patients=shard, jobs=1)


def test_a_single_patient_is_a_hospital_too(tmp_path: Path) -> None:
    for seed in range(4):
        made = simulate(tmp_path / f"{seed}", 1, seed=seed, jobs=1)
        assert made.quality.subjects == 1


def test_what_lies_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(OutputProblem, match="is not empty"):
        simulate(tmp_path, 5, jobs=1)
    assert content(tmp_path) == {"thesis.txt": b"mine"}
