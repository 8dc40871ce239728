import shutil
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.modalities.records.readers.read import everything, of

from bedside.errors import RecordsProblem
from bedside.modalities.records.readers.eicu import READER, Eicu, patient_of
from bedside.modalities.records.readers.eicu.stays import COLUMNS, placed
from bedside.modalities.records.readers.eicu.tables import APERIODIC, PERIODIC, icd

PATIENT = (
    "patientunitstayid,patienthealthsystemstayid,gender,age,ethnicity,hospitalid,wardid,apacheadmissiondx,admissionheight,"
    "hospitaladmittime24,hospitaladmitoffset,hospitaladmitsource,hospitaldischargeyear,hospitaldischargetime24,"
    "hospitaldischargeoffset,hospitaldischargelocation,hospitaldischargestatus,unittype,unitadmittime24,unitadmitsource,"
    "unitvisitnumber,unitstaytype,admissionweight,dischargeweight,unitdischargetime24,unitdischargeoffset,"
    "unitdischargelocation,unitdischargestatus,uniquepid"
)


def unit(**values: object) -> dict[str, str | None]:
    plain: dict[str, object] = {
        "patientunitstayid": 1,
        "patienthealthsystemstayid": 10,
        "gender": "Female",
        "age": "70",
        "ethnicity": "Caucasian",
        "hospitalid": 59,
        "hospitaladmittime24": "23:36:00",
        "hospitaladmitoffset": -8,
        "hospitaldischargeyear": 2015,
        "hospitaldischargeoffset": 2616,
        "hospitaldischargelocation": "Home",
        "hospitaldischargestatus": "Alive",
        "unittype": "MICU",
        "unitstaytype": "admit",
        "admissionheight": 157.5,
        "admissionweight": 46.5,
        "unitdischargeoffset": 2250,
        "unitdischargelocation": "Floor",
        "unitdischargestatus": "Alive",
        "uniquepid": "002-1",
    }
    return {name: None if value is None else str(value) for name, value in (plain | values).items()}


def frame(*units: dict[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(list(units), schema=dict.fromkeys(COLUMNS, pl.String))


def written(folder: Path, *units: dict[str, str | None], **tables: str) -> Path:
    names = PATIENT.split(",")
    lines = [PATIENT, *(",".join(f'"{row[name]}"' if row.get(name) else "" for name in names) for row in units)]
    (folder / "patient.csv").write_text("\n".join(lines) + "\n")
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_units_of_one_admission_stand_where_its_offsets_say() -> None:
    table = placed(
        frame(
            unit(patientunitstayid=2, hospitaladmitoffset=-2258, hospitaldischargeoffset=366),
            unit(patientunitstayid=1),
        )
    )
    assert table["subject"].unique().to_list() == ["002-1"]
    assert table["patientunitstayid"].to_list() == ["1", "2"]
    assert table["start"][1] - table["start"][0] == timedelta(minutes=2250)
    assert table["start"][0].time().isoformat() == "23:44:00"  # 23:36 and 8 minutes, as unitadmittime24 tells
    assert table["first"].to_list() == table["opens"].to_list() == [True, False]
    assert table["admission"].dt.year().unique().to_list() == [1815]


@pytest.mark.parametrize(
    "order",
    [
        {"hospitaldischargeyear": 2014},
        {"age": "69"},
        {"age": None, "hospitaldischargeyear": 2014},
    ],
)
def test_admissions_in_a_known_order_are_one_subject(order: dict[str, object]) -> None:
    table = placed(
        frame(unit(), unit(patientunitstayid=2, patienthealthsystemstayid=5, **order))  # the lower number came first
    )
    assert table.select("subject", "encounter").rows() == [("002-1", "5"), ("002-1", "10")]
    assert table["start"][0] < table["start"][1]


def test_who_died_died_last() -> None:
    table = placed(
        frame(
            unit(patientunitstayid=2, patienthealthsystemstayid=5, hospitaldischargestatus="Expired"),
            unit(),
        )
    )
    assert table.select("subject", "encounter").rows() == [("002-1", "10"), ("002-1", "5")]


def test_admissions_without_a_known_order_are_subjects_of_their_own() -> None:
    table = placed(
        frame(
            unit(),
            unit(patientunitstayid=2, patienthealthsystemstayid=5),
            unit(patientunitstayid=3, patienthealthsystemstayid=4, hospitaldischargeyear=2014),
            unit(patientunitstayid=4, patienthealthsystemstayid=7, uniquepid="002-2"),
        )
    )
    assert table["subject"].to_list() == ["002-1/10", "002-1/4", "002-1/5", "002-2"]
    assert table.select(patient_of(pl.col("subject"))).to_series().to_list() == ["002-1"] * 3 + ["002-2"]


@settings(deadline=None, max_examples=40)
@given(
    stays=st.lists(
        st.tuples(
            st.integers(2014, 2015),
            st.integers(20, 25),
            st.integers(0, 900_000),
            st.integers(-50_000, 0),
            st.booleans(),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_admissions_of_one_subject_never_overlap_and_keep_their_order(
    stays: list[tuple[int, int, int, int, bool]],
) -> None:
    rows = [
        unit(
            patientunitstayid=number,
            patienthealthsystemstayid=100 + number,
            hospitaldischargeyear=year,
            age=age,
            hospitaldischargeoffset=length + offset,
            hospitaladmitoffset=offset,
            hospitaldischargestatus="Expired" if died else "Alive",
        )
        for number, (year, age, length, offset, died) in enumerate(stays)
    ]
    table = placed(frame(*rows))
    assert table.height == len(stays)
    lengths = {str(100 + number): stay[2] for number, stay in enumerate(stays)}
    ranks = {str(100 + number): (stay[0], stay[1], stay[4]) for number, stay in enumerate(stays)}
    for _, group in table.group_by("subject"):
        ordered = group.sort("admission").select("encounter", "admission").rows()
        for (before, start), (after, following) in pairwise(ordered):
            assert start + timedelta(minutes=lengths[before]) < following
            assert ranks[before] < ranks[after]


def test_beginnings_and_ends(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        unit(age="> 89"),
        unit(
            patientunitstayid=2,
            hospitaladmitoffset=-2258,
            hospitaldischargeoffset=366,
            unitstaytype="stepdown/other",
            unitdischargeoffset=344,
        ),
        unit(
            patientunitstayid=3,
            patienthealthsystemstayid=11,
            uniquepid="002-2",
            hospitaldischargestatus="Expired",
            unitdischargestatus="Expired",
            unitdischargeoffset=2616,
        ),
    )
    events, _ = everything(Eicu(source))
    first = events.filter(pl.col("encounter") == "10").sort("time")
    start = first.filter(pl.col("code") == "ICU_START//MICU")["time"].item()
    hours = {
        code: (time - start) / timedelta(minutes=1)
        for code, time in first.filter(pl.col("code").str.contains("START|END")).select("code", "time").rows()
    }
    assert hours == {
        "ENCOUNTER_START//INPATIENT": -8,
        "ICU_START//MICU": 0,
        "ICU_END//Floor": 2250,
        "EICU//STEPDOWN_START//MICU": 2250,
        "EICU//STEPDOWN_END//Floor": 2594,
        "ENCOUNTER_END//Home": 2616,
    }
    died = of(events, "MEDS_DEATH")
    assert died["subject"].to_list() == ["002-2"]
    assert died["time"].to_list() == of(events, "ENCOUNTER_END//DIED")["time"].to_list()
    assert of(events, "ICU_END//DIED").height == 1
    birth = of(events, "MEDS_BIRTH")["time"][0]
    assert int((start - birth).days / 365.25) == 90
    assert of(events, "EICU//admissionweight")["unit"].to_list() == ["kg"] * 3


def test_a_result_is_known_when_it_was_entered_and_never_before_the_blood_was_drawn(tmp_path: Path) -> None:
    lab = (
        "labid,patientunitstayid,labresultoffset,labtypeid,labname,labresult,labresulttext,labmeasurenamesystem,"
        "labmeasurenameinterface,labresultrevisedoffset\n"
        "1,1,10,1,BUN,31.0,31,mg/dL,mg/dL,45\n"
        "2,1,20,1,BUN,30.0,30,mg/dL,mg/dL,5\n"
        "3,1,30,1,troponin - I,,<0.02,ng/mL,ng/mL,60\n"
        "4,1,30,7,Temperature,37,37,&#176;C,,61\n"
        "5,99,30,1,BUN,31.0,31,mg/dL,mg/dL,45\n"
    )
    events, problems = everything(Eicu(written(tmp_path, unit(), lab=lab)))
    start = of(events, "ICU_START")["time"].item()
    results = of(events, "EICU//LAB").sort("time")
    assert [(time - start) / timedelta(minutes=1) for time in results["time"]] == [20, 45, 60, 61]
    assert results["text_value"].to_list() == [None, None, "<0.02", None]
    assert results["numeric_value"].to_list() == [30, 31, None, 37]
    assert results["unit"].to_list() == ["mg/dL", "mg/dL", "ng/mL", "°C"]
    assert problems.counts["lab: a row of a stay that the patient table does not hold"] == 1


def test_monitors_and_nurses(tmp_path: Path) -> None:
    periodic = f"vitalperiodicid,patientunitstayid,observationoffset,{','.join(PERIODIC)}\n1,1,5,37.1,97,80{',' * 13}\n"
    aperiodic = (
        f"vitalaperiodicid,patientunitstayid,observationoffset,{','.join(APERIODIC)}\n1,1,6,120,80,93{',' * 7}\n"
    )
    nurse = (
        "nursingchartid,patientunitstayid,nursingchartoffset,nursingchartentryoffset,nursingchartcelltypecat,"
        "nursingchartcelltypevallabel,nursingchartcelltypevalname,nursingchartvalue\n"
        "1,1,10,25,Scores,Glasgow coma score,GCS Total,14\n"
        "2,1,10,25,Other,O2 Admin Device,O2 Admin Device,nasal cannula\n"
    )
    source = written(tmp_path, unit(), vitalPeriodic=periodic, vitalAperiodic=aperiodic, nurseCharting=nurse)
    events, problems = everything(Eicu(source))
    start = of(events, "ICU_START")["time"].item()
    seen = {
        code: ((time - start) / timedelta(minutes=1), number, text)
        for code, time, number, text in events.select("code", "time", "numeric_value", "text_value").rows()
        if code.startswith(("EICU//heart", "EICU//sao2", "EICU//nonin", "EICU//NURSE"))
    }
    assert seen == {
        "EICU//sao2": (5, 97, None),
        "EICU//heartrate": (5, 80, None),
        "EICU//noninvasivesystolic": (6, 120, None),
        "EICU//noninvasivediastolic": (6, 80, None),
        "EICU//noninvasivemean": (6, 93, None),
        "EICU//NURSE//Glasgow coma score//GCS Total": (25, 14, None),
        "EICU//NURSE//O2 Admin Device//O2 Admin Device": (25, None, "nasal cannula"),
    }
    assert "vitalPeriodic: the source has no such table" not in problems.counts
    assert problems.counts["lab: the source has no such table"] == 1


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("428.0", "ICD9CM//428.0"),
        ("486", "ICD9CM//486"),
        ("V62.84", "ICD9CM//V62.84"),
        ("E930.8", "ICD9CM//E930.8"),
        ("E87.70", "ICD10CM//E87.70"),
        ("E46", "ICD10CM//E46"),
        ("I50.9", "ICD10CM//I50.9"),
        ("J96.00", "ICD10CM//J96.00"),
    ],
)
def test_two_editions_of_icd_in_one_column(code: str, known: str) -> None:
    assert pl.select(icd(pl.lit(code))).item() == known


def test_predictions_are_no_predictors(tmp_path: Path) -> None:
    source = written(tmp_path, unit(apacheadmissiondx="Sepsis, pulmonary"))
    before, _ = everything(Eicu(source))
    (source / "apachePatientResult.csv").write_text("patientunitstayid,predictedhospitalmortality\n1,0.3\n")
    (source / "apacheApsVar.csv").write_text("patientunitstayid,eyes\n1,3\n")
    after, _ = everything(Eicu(source))
    assert after.equals(before)
    assert not after["code"].str.contains("(?i)apache|sepsis|predict").any()


def test_what_is_not_eicu_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordsProblem, match="lacks patient"):
        READER.open(tmp_path)
    written(tmp_path, unit(), lab="labid,patientunitstayid\n1,1\n")
    with pytest.raises(RecordsProblem, match="no column labname"):
        Eicu(tmp_path).parts()


def demo(public_data: Path) -> Path:
    folder = public_data / "eicu_demo"
    if not folder.is_dir():
        pytest.skip("eicu_demo is not in BEDSIDE_DATA")
    return folder


def test_real_stays(public_data: Path) -> None:
    events, problems = everything(Eicu(demo(public_data)))
    patients = events.select(patient_of(pl.col("subject"))).to_series()
    assert patients.n_unique() == 100
    assert of(events, "ENCOUNTER_START").height == 144
    assert of(events, "EICU//LAB").height == 29_961
    assert of(events, "ICU_START").height + of(events, "EICU//STEPDOWN_START").height == 174
    assert events.filter(~pl.col("static"))["time"].null_count() == 0
    assert problems.counts["medication: neither name nor ingredient"] == 108


def test_real_units_open_at_their_clock_times(public_data: Path) -> None:
    folder = demo(public_data)
    units = pl.read_csv(folder / "patient.csv", infer_schema=False).drop_nulls("uniquepid")
    table = placed(units.select(COLUMNS)).join(units, on="patientunitstayid")
    told = table["unitadmittime24"].str.to_time("%H:%M:%S")
    apart = (table["start"].dt.time().cast(pl.Duration("us")) - told.cast(pl.Duration("us"))).dt.total_seconds().abs()
    assert max(min(int(gap), 86_400 - int(gap)) for gap in apart) < 60


def test_real_tables_by_ranges_and_packed_give_the_same(public_data: Path, tmp_path: Path) -> None:
    import gzip

    source = demo(public_data)
    for name in ("patient", "lab"):
        text = (source / f"{name}.csv").read_bytes()
        (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(text, 1))
    packed = of(everything(Eicu(tmp_path))[0], "EICU//LAB")
    whole = of(everything(Eicu(source))[0], "EICU//LAB")
    shutil.copy(source / "lab.csv", tmp_path / "lab.csv")
    (tmp_path / "lab.csv.gz").unlink()
    cut = of(everything(Eicu(tmp_path, 100_000))[0], "EICU//LAB")
    order = whole.columns
    assert whole.sort(order).equals(packed.sort(order))
    assert whole.sort(order).equals(cut.sort(order))
