"""From resources to a record: what counts, what does not, and that training would have read the same."""

import os
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serve.fhir.patients import (
    ANAEMIA,
    AT,
    DIABETES_SCREENING,
    PATIENT,
    SEX,
    SMOKING,
    amount,
    bound,
    bundles,
    concept,
    found,
    glucose,
    value,
)

from bedside.errors import CallRefused
from bedside.evidence.release import LOINC, SNOMED
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers.fhir.reader import Fhir
from bedside.modalities.tabular.table import restricted_frame
from bedside.sources.pima_diabetes import SCHEMA

CODES = {"glucose": ("LOINC//2339-0", None), "blood_pressure": ("LOINC//8462-4", 365), "bmi": ("LOINC//39156-5", 730)}


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    """What training's reader makes of the bundles, in the units that they have, which are those of the study."""
    root = Path(os.environ.get("BEDSIDE_DATA", ""))
    if not os.environ.get("BEDSIDE_DATA") or not bundles(root):
        pytest.skip("synthea_bundles is not in BEDSIDE_DATA")
    parts = Fhir(root / "synthea_bundles").parts()
    return pl.concat([frame for part in parts for frame in part.frames(Problems())])


def test_predictors_are_those_that_training_reads(public_data: Path, events: pl.DataFrame) -> None:
    draw = random.Random(7)  # noqa: S311 - nothing secret
    compared = dict.fromkeys(CODES, 0)
    for bundle in bundles(public_data):
        person = next(e["resource"]["id"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
        own = events.filter(pl.col("subject") == person)
        times = own["time"].drop_nulls().unique().sort().to_list()
        for at in [*draw.sample(times, 4), times[-1] + timedelta(seconds=1)]:
            record = found(bundle, at=at).record
            for name, (code, days) in CODES.items():
                until = own.filter((pl.col("code") == code) & (pl.col("time") <= at))
                if days is not None:
                    until = until.filter(pl.col("time") >= at - timedelta(days=days))
                latest = until.sort("time")["numeric_value"].to_list()[-1:]
                assert [record[name]] == (latest or [None]), (name, len(until))
                compared[name] += bool(latest)
            born = own.filter(pl.col("code") == "MEDS_BIRTH")["time"][0]
            assert record["age"] == at.year - born.year - ((at.month, at.day) < (born.month, born.day))
    assert min(compared.values()) > 10


def test_real_resources_one_by_one_give_what_their_bundle_gives(public_data: Path) -> None:
    for bundle in bundles(public_data)[:4]:
        resources = [entry["resource"] for entry in bundle["entry"]]
        random.Random(3).shuffle(resources)  # noqa: S311 - nothing secret
        at = datetime.fromisoformat("2018-06-01T00:00:00+00:00")
        assert _cells(found(*resources, at=at)) == _cells(found(bundle, at=at))


def _cells(one: Any) -> Any:
    return one.record.table.frame.row(0), one.missing, one.implausible


def test_a_record_has_the_columns_of_the_study() -> None:
    one = found(PATIENT, glucose(90))
    row = restricted_frame(SCHEMA, [one.record]).row(0, named=True)
    assert row["glucose"] == 90.0
    assert row["age"] == 43.0  # 44 on the day after
    assert set(one.missing) == {"pregnancies", "blood_pressure", "skin_fold", "insulin", "bmi", "pedigree"}
    assert one.implausible == ()


def test_nothing_given_is_all_missing() -> None:
    for given_ in ((), (None,), ({},), ({"resourceType": "Bundle"},), ({"resourceType": "Bundle", "entry": None},)):
        one = found(*given_)
        assert one.missing == tuple(predictor.name for predictor in DIABETES_SCREENING.predictors)
        assert one.record.table.frame.shape == (1, 8)


@pytest.mark.parametrize(
    "when", ["2024-05-02T12:00:01Z", "2024-05-02T08:00:01-04:00", "2024-05-02", "2024-05", "2024", "2025-01-01"]
)
def test_what_may_lie_after_the_question_is_never_used(when: str) -> None:
    assert value(glucose(150, when=when)) is None
    assert value(glucose(150, when=when), glucose(90)) == 90.0


@pytest.mark.parametrize(
    "when", ["2024-05-02T12:00:00Z", "2024-05-02T13:59:59+02:00", "2024-05-02T07:59:59-04:00", "2024-05-01", "2024-04"]
)
def test_what_was_known_is_used_whatever_its_zone(when: str) -> None:
    assert value(glucose(150, when=when)) == 150.0


def test_without_a_zone_clocks_count_as_written() -> None:
    night = glucose(150, when="2024-05-01T23:30:00-11:00")
    assert value(night, at=datetime(2024, 5, 2)) == 150.0  # noqa: DTZ001 - that is the point
    assert value(night, at=datetime.fromisoformat("2024-05-02T00:00:00+00:00")) is None


def test_a_result_counts_once_it_is_issued_and_is_as_old_as_its_sample() -> None:
    late = glucose(150, when="2024-05-01T08:00:00Z", issued="2024-05-03T08:00:00Z")
    assert value(late, glucose(90, when="2024-04-01")) == 90.0
    moved = glucose(150, when="2010-05-01T08:00:00Z", issued="2024-05-01T08:00:00Z")
    assert value(moved, glucose(90, when="2024-04-01")) == 90.0


def test_a_value_older_than_its_window_is_missing() -> None:
    def insulin(when: str) -> Any:
        return value(glucose(10, "u[IU]/mL", when, code=concept("1573-5")), name="insulin")

    assert insulin("2023-05-03T12:00:00Z") == 10.0
    assert insulin("2023-05-03T11:59:59Z") is None


@pytest.mark.parametrize(
    "status", ["entered-in-error", "cancelled", "registered", "preliminary", "unknown", "", None, 3, ["final"]]
)
def test_statuses_that_do_not_count(status: Any) -> None:
    assert value(glucose(150, status=status), glucose(90, when="2024-01-01")) == 90.0


@pytest.mark.parametrize("status", ["final", "amended", "corrected"])
def test_statuses_that_count(status: str) -> None:
    assert value(glucose(150, status=status)) == 150.0


@pytest.mark.parametrize(
    "effective",
    [
        {"effectivePeriod": {"start": "2024-05-01T08:00:00Z", "end": "2024-05-01T09:00:00Z"}},
        {"effectivePeriod": {"start": "2024-05-01T08:00:00Z"}},
        {"effectiveInstant": "2024-05-01T08:00:00.123Z"},
        {"effectiveTiming": {"event": ["2024-05-01T08:00:00Z"]}},
        {"issued": "2024-05-01T08:00:00Z"},
    ],
)
def test_every_way_to_tell_a_time(effective: dict[str, Any]) -> None:
    assert value(glucose(effectiveDateTime=None, **effective)) == 100.0


def test_a_period_that_lasts_and_a_value_without_a_time_are_not_used() -> None:
    lasting = {"start": "2024-05-01T08:00:00Z", "end": "2024-05-03T08:00:00Z"}
    assert value(glucose(effectiveDateTime=None, effectivePeriod=lasting)) is None
    assert value(glucose(effectiveDateTime=None)) is None
    assert value(glucose(when="yesterday")) is None


def test_units_are_turned() -> None:
    assert value(glucose(5.55, "mmol/L")) == pytest.approx(5.55 * 18.0156)
    assert value(glucose(1.0, "g/L")) == pytest.approx(100)
    by_words = {"value": 100, "unit": "mg/dl"}
    assert value(glucose(valueQuantity=by_words)) == 100.0


@pytest.mark.parametrize(
    "said",
    [
        amount(100, "mm[Hg]"),
        amount(100, "no unit"),
        {"value": 100},
        amount(99999, "mg/dL"),
        amount(-5, "mg/dL"),
        amount(float("nan"), "mg/dL"),
        amount(float("inf"), "mg/dL"),
    ],
)
def test_a_value_that_cannot_be_right_is_flagged_and_gives_way(said: dict[str, Any]) -> None:
    wrong = glucose(valueQuantity=said)
    one = found(wrong)
    assert one.record["glucose"] is None
    assert one.implausible == ("glucose",)
    assert "glucose" not in one.missing
    other = found(wrong, glucose(90, when="2024-01-01"))
    assert (other.record["glucose"], other.implausible) == (90.0, ())


def test_limits_of_detection_count_as_the_limit_and_absent_values_not() -> None:
    assert value(glucose(valueQuantity=amount(40, "mg/dL") | {"comparator": "<"})) == 40.0
    assert found(glucose(valueQuantity=amount(40, "mg/dL") | {"comparator": "?"})).implausible == ("glucose",)
    absent = glucose(valueQuantity=None, dataAbsentReason={"text": "refused"})
    assert found(absent).implausible == ()
    assert "glucose" in found(absent).missing
    assert value(glucose(dataAbsentReason={"text": "error"})) is None


def test_components_and_other_codings_are_found() -> None:
    pressure = glucose(
        code=concept("85354-9"),
        valueQuantity=None,
        component=[
            {"code": concept("8480-6"), "valueQuantity": amount(120, "mm[Hg]")},
            {"code": concept("8462-4"), "valueQuantity": amount(80, "mm[Hg]")},
        ],
    )
    assert value(pressure, name="blood_pressure") == 80.0
    local = {
        "coding": [{"system": LOINC, "code": "2345-7"}, {"system": "x", "code": "G"}, *concept("2339-0")["coding"]]
    }
    assert value(glucose(code=local)) == 100.0
    assert value(glucose(code={"coding": [{"system": "x", "code": "2339-0"}]})) is None
    assert value(glucose(code={"coding": [{"code": "2339-0"}]})) is None


@settings(max_examples=60)
@given(
    values=st.lists(st.tuples(st.integers(50, 400), st.integers(1, 28)), min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_the_order_and_repetition_of_resources_change_nothing(values: list[tuple[int, int]], order: Any) -> None:
    resources = [glucose(number, when=f"2024-04-{day:02d}T08:00:00Z") for number, day in values]
    shuffled = resources * 2
    order.shuffle(shuffled)
    last = max(day for _, day in values)
    assert value(*shuffled) == value(*resources) == max(number for number, day in values if day == last)


def test_several_patients_are_refused_without_naming_them() -> None:
    for other in (
        glucose(subject={"reference": "Patient/p2"}),
        {"resourceType": "Patient", "id": "p2"},
        glucose(subject={"reference": "https://ehr.example.org/fhir/Patient/p2/_history/3"}),
        {"resourceType": "Bundle", "entry": [{"resource": glucose(subject={"reference": "urn:uuid:p2"})}]},
    ):
        with pytest.raises(CallRefused, match="resources of 2 patients") as refused:
            found(PATIENT, glucose(), other)
        assert refused.value.status == 400
        assert "p1" not in str(refused.value)
        assert "p2" not in str(refused.value)


def test_what_says_not_whose_it_is_is_not_used() -> None:
    assert value(PATIENT, glucose(subject=None)) is None
    assert value(PATIENT, glucose(subject={"display": "her"})) is None


def test_references_by_full_url_mean_the_resource() -> None:
    address = "https://ehr.example.org/fhir/whoever"
    entries = [{"fullUrl": address, "resource": PATIENT}, {"resource": glucose(subject={"reference": address})}]
    assert value({"resourceType": "Bundle", "entry": entries}, glucose(95, when="2024-05-02T08:00:00Z")) == 95.0


def test_bundles_too_deep_are_refused_and_deep_resources_are_not_followed() -> None:
    nested: dict[str, Any] = glucose()
    for _ in range(4):
        nested = {"resourceType": "Bundle", "entry": [{"resource": nested}]}
    assert value(nested) == 100.0
    for _ in range(5000):
        nested = {"resourceType": "Bundle", "entry": [{"resource": nested}]}
    with pytest.raises(CallRefused, match="lie in one another"):
        found(nested)
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"extension": [deep]}
    assert value(glucose(extension=[deep])) == 100.0
    assert value(glucose(code=deep)) is None


@pytest.mark.parametrize("field", ["code", "component", "valueQuantity", "effectiveDateTime", "issued", "subject"])
@pytest.mark.parametrize("wrong", [3, "x", [], ["x"], {"coding": "x"}, {"coding": [3]}, {"value": True}, [[]], True])
def test_what_is_not_built_as_fhir_says_is_passed_over(field: str, wrong: Any) -> None:
    one = found(PATIENT, glucose(150) | {field: wrong}, glucose(90, when="2024-01-01"))
    assert one.record["glucose"] in (90.0, 150.0)


def test_words_of_the_study() -> None:
    def smoker(code: str | None) -> dict[str, Any]:
        said = None if code is None else concept(code, SNOMED)
        return glucose(code=concept("72166-2"), valueQuantity=None, valueCodeableConcept=said)

    assert bound(SMOKING, smoker("77176002")).record["smoker"] == "yes"
    assert bound(SMOKING, smoker("266919005")).record["smoker"] == "no"
    assert bound(SMOKING, smoker("1")).implausible == ("smoker",)
    assert bound(SMOKING, smoker(None)).missing == ("smoker",)
    assert bound(SEX, PATIENT).record["sex"] == "F"
    assert bound(SEX, PATIENT | {"gender": "other"}).missing == ("sex",)


def test_conditions() -> None:
    def anaemia(**more: Any) -> dict[str, Any]:
        made = {
            "resourceType": "Condition",
            "code": concept("271737000", SNOMED),
            "subject": {"reference": "Patient/p1"},
            "recordedDate": "2020-01-01",
        }
        return {name: held for name, held in (made | more).items() if held is not None}

    def says(*resources: Any) -> Any:
        return bound(ANAEMIA, *resources).record["anaemia"]

    assert says(anaemia()) == "1"
    assert says() == "0"
    for status in ("refuted", "entered-in-error"):
        assert says(anaemia(verificationStatus=concept(status))) == "0"
    assert says(anaemia(verificationStatus=concept("provisional"))) is None
    assert says(anaemia(verificationStatus=concept("provisional")), anaemia()) == "1"
    assert says(anaemia(recordedDate="2024-06-01")) == "0"
    assert says(anaemia(recordedDate=None)) is None
    assert says(anaemia(clinicalStatus=concept("resolved"))) == "0"
    assert says(anaemia(abatementDateTime="2024-01-01")) == "0"
    assert says(anaemia(abatementDateTime="2024-07-01", clinicalStatus=concept("resolved"))) == "1"
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    told = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}
    assert says(failed) is None
    assert says({"resourceType": "Bundle", "entry": [{"response": {"outcome": failed}}]}) is None
    assert says(told) == "0"
    assert says(failed, anaemia()) == "1"


@pytest.mark.parametrize(("born", "age"), [("2024-06-01", None), ("1850-01-01", None), ("1980", 44), ("2024-05-02", 0)])
def test_ages(born: str, age: int | None) -> None:
    one = found(PATIENT | {"birthDate": born})
    assert one.record["age"] == age
    assert ("age" in one.implausible) == (age is None)
    assert "age" in found(PATIENT | {"birthDate": "the other day"}, at=AT).missing
