"""A small hospital in the layout of MIMIC-IV: its columns, shifted dates, release times and units; no real patient."""

import csv
import gzip
import io
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

LABS = {
    "50912": ("Creatinine", "mg/dL", 1.1),
    "50983": ("Sodium", "mEq/L", 139.0),
    "51301": ("White Blood Cells", "K/uL", 9.0),
}
CHARTED = {
    "220045": ("Heart Rate", "bpm", 85.0),
    "223761": ("Temperature Fahrenheit", "°F", 98.6),
    "223762": ("Temperature Celsius", "°C", 37.0),
}

COLUMNS = {
    "hosp/patients": "subject_id,gender,anchor_age,anchor_year,anchor_year_group,dod",
    "hosp/admissions": "subject_id,hadm_id,admittime,dischtime,deathtime,admission_type,admit_provider_id,"
    "admission_location,discharge_location,insurance,language,marital_status,race,edregtime,edouttime,hospital_expire_flag",
    "hosp/transfers": "subject_id,hadm_id,transfer_id,eventtype,careunit,intime,outtime",
    "hosp/services": "subject_id,hadm_id,transfertime,prev_service,curr_service",
    "hosp/labevents": "labevent_id,subject_id,hadm_id,specimen_id,itemid,order_provider_id,charttime,storetime,value,"
    "valuenum,valueuom,ref_range_lower,ref_range_upper,flag,priority,comments",
    "hosp/d_labitems": "itemid,label,fluid,category",
    "hosp/diagnoses_icd": "subject_id,hadm_id,seq_num,icd_code,icd_version",
    "hosp/d_icd_diagnoses": "icd_code,icd_version,long_title",
    "hosp/procedures_icd": "subject_id,hadm_id,seq_num,chartdate,icd_code,icd_version",
    "hosp/prescriptions": "subject_id,hadm_id,pharmacy_id,poe_id,poe_seq,order_provider_id,starttime,stoptime,"
    "drug_type,drug,formulary_drug_cd,gsn,ndc,prod_strength,form_rx,dose_val_rx,dose_unit_rx,form_val_disp,form_unit_disp,"
    "doses_per_24_hrs,route",
    "hosp/emar": "subject_id,hadm_id,emar_id,emar_seq,poe_id,pharmacy_id,enter_provider_id,charttime,medication,"
    "event_txt,scheduletime,storetime",
    "hosp/microbiologyevents": "microevent_id,subject_id,hadm_id,micro_specimen_id,order_provider_id,chartdate,"
    "charttime,spec_itemid,spec_type_desc,test_seq,storedate,storetime,test_itemid,test_name,org_itemid,org_name,isolate_num,"
    "quantity,ab_itemid,ab_name,dilution_text,dilution_comparison,dilution_value,interpretation,comments",
    "hosp/omr": "subject_id,chartdate,seq_num,result_name,result_value",
    "icu/icustays": "subject_id,hadm_id,stay_id,first_careunit,last_careunit,intime,outtime,los",
    "icu/d_items": "itemid,label,abbreviation,linksto,category,unitname,param_type,lownormalvalue,highnormalvalue",
    "icu/chartevents": "subject_id,hadm_id,stay_id,caregiver_id,charttime,storetime,itemid,value,valuenum,"
    "valueuom,warning",
    "icu/inputevents": "subject_id,hadm_id,stay_id,caregiver_id,starttime,endtime,storetime,itemid,amount,amountuom,"
    "rate,rateuom,orderid,linkorderid,ordercategoryname,statusdescription",
    "icu/outputevents": "subject_id,hadm_id,stay_id,caregiver_id,charttime,storetime,itemid,value,valueuom",
    "icu/procedureevents": "subject_id,hadm_id,stay_id,caregiver_id,starttime,endtime,storetime,itemid,value,valueuom,"
    "location,statusdescription",
}

Rows = dict[str, list[dict[str, object]]]


def simulate_mimic_iv(folder: Path, patients: int, seed: int, *, packed: bool = True) -> Rows:
    """Write the tables below `folder`, as .csv.gz or plain, and return what was written.

    Every third patient dies in the last admission; every fourth laboratory result lacks its release; the temperature
    changes its unit from one patient to the next; stays in intensive care have all tables of `icu/`.
    """
    rng = np.random.default_rng(seed)
    rows: Rows = {name: [] for name in COLUMNS}
    _dictionaries(rows)
    for number in range(patients):
        _patient(rows, rng, 10_000_000 + number)
    for name, table in rows.items():
        path = folder / f"{name}.csv{'.gz' if packed else ''}"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS[name].split(","), restval="")
        writer.writeheader()
        writer.writerows(table)
        content = text.getvalue().encode()
        path.write_bytes(gzip.compress(content) if packed else content)
    return rows


def _dictionaries(rows: Rows) -> None:
    rows["hosp/d_labitems"] += [
        {"itemid": item, "label": label, "fluid": "Blood", "category": "Chemistry"}
        for item, (label, *_) in LABS.items()
    ]
    rows["icu/d_items"] += [
        {"itemid": item, "label": label, "abbreviation": label, "linksto": "chartevents"}
        for item, (label, *_) in CHARTED.items()
    ]
    rows["icu/d_items"] += [{"itemid": "225158", "label": "NaCl 0.9%", "linksto": "inputevents"}]
    rows["hosp/d_icd_diagnoses"] += [
        {"icd_code": "4280", "icd_version": 9, "long_title": "Congestive heart failure, unspecified"},
        {"icd_code": "I5020", "icd_version": 10, "long_title": "Unspecified systolic (congestive) heart failure"},
    ]


def _patient(rows: Rows, rng: np.random.Generator, subject: int) -> None:
    year = int(rng.integers(2110, 2190))
    age = int(rng.integers(20, 90))
    first = datetime(year, 3, 1) + timedelta(minutes=int(rng.integers(0, 400_000)))  # noqa: DTZ001
    stays = int(rng.integers(1, 4))
    died = ""
    for number in range(stays):
        start = first + timedelta(days=200 * number)
        end = start + timedelta(minutes=int(rng.integers(3_600, 14_400)))
        dies = number == stays - 1 and subject % 3 == 0
        died = str(end.date()) if dies else died
        _admission(rows, rng, subject, subject * 10 + number, start, end, dies=dies)
    rows["hosp/patients"].append(
        {
            "subject_id": subject,
            "gender": "F" if subject % 2 else "M",
            "anchor_age": age,
            "anchor_year": year,
            "anchor_year_group": "2011 - 2013",
            "dod": died,
        }
    )
    for name, value in (("Blood Pressure", "120/80"), ("Weight (Lbs)", "180.5"), ("BMI (kg/m2)", "25.1")):
        rows["hosp/omr"].append(
            {"subject_id": subject, "chartdate": first.date(), "seq_num": 1, "result_name": name, "result_value": value}
        )


def _admission(
    rows: Rows, rng: np.random.Generator, subject: int, stay: int, start: datetime, end: datetime, *, dies: bool
) -> None:
    ids: dict[str, object] = {"subject_id": subject, "hadm_id": stay}
    rows["hosp/admissions"].append(
        ids
        | {
            "admittime": start,
            "dischtime": end,
            "deathtime": end if dies else "",
            "admission_type": "EW EMER.",
            "admission_location": "EMERGENCY ROOM",
            "discharge_location": "DIED" if dies else "HOME",
            "insurance": "Medicare",
            "language": "ENGLISH",
            "race": "UNKNOWN" if stay % 10 == 0 else "WHITE",
            "hospital_expire_flag": int(dies),
        }
    )
    rows["hosp/transfers"].append(
        ids | {"transfer_id": stay, "eventtype": "admit", "careunit": "Medicine", "intime": start, "outtime": end}
    )
    rows["hosp/transfers"].append(ids | {"transfer_id": stay + 1, "eventtype": "discharge", "intime": end})
    rows["hosp/services"].append(ids | {"transfertime": start, "curr_service": "MED"})
    _laboratory(rows, rng, ids, start)
    _coded(rows, ids, start)
    _given(rows, ids, start)
    _intensive(rows, rng, ids, start + timedelta(hours=6), start + timedelta(hours=54))


def _laboratory(rows: Rows, rng: np.random.Generator, ids: dict[str, object], start: datetime) -> None:
    for hour in range(0, 48, 12):
        for item, (_, unit, mean) in LABS.items():
            drawn = start + timedelta(hours=hour)
            number = len(rows["hosp/labevents"]) + 1
            told = number % 7 != 0
            value = round(float(mean * rng.uniform(0.7, 1.5)), 1)
            rows["hosp/labevents"].append(
                ids
                | {
                    "labevent_id": number,
                    "specimen_id": number,
                    "itemid": item,
                    "charttime": drawn,
                    "storetime": drawn + timedelta(minutes=int(rng.integers(20, 200))) if number % 4 else "",
                    "value": value if told else "HEMOLYZED",
                    "valuenum": value if told else "",
                    "valueuom": unit,
                    "comments": 'as "asked", twice' if number % 5 == 0 else "",
                }
            )
    specimen = len(rows["hosp/microbiologyevents"]) + 1
    culture = ids | {
        "micro_specimen_id": specimen,
        "chartdate": start.replace(hour=0, minute=0, second=0, microsecond=0),
        "charttime": start,
        "spec_type_desc": "BLOOD CULTURE",
        "test_itemid": 90201,
        "test_name": "Blood Culture, Routine",
        "storetime": start + timedelta(days=2) if specimen % 2 else "",
    }
    grown = {"org_name": "ESCHERICHIA COLI"}
    rows["hosp/microbiologyevents"] += [
        culture | grown | {"microevent_id": specimen, "ab_name": "CEFTRIAXONE", "interpretation": "S"},
        culture | grown | {"microevent_id": specimen + 1, "ab_name": "AMPICILLIN", "interpretation": "R"},
    ]


def _coded(rows: Rows, ids: dict[str, object], start: datetime) -> None:
    for place, (code, version) in enumerate((("4280", 9), ("E9500", 9), ("V5861", 9), ("I5020", 10), ("I10", 10))):
        rows["hosp/diagnoses_icd"].append(ids | {"seq_num": place + 1, "icd_code": code, "icd_version": version})
    for code, version in (("3893", 9), ("02HV33Z", 10)):
        rows["hosp/procedures_icd"].append(
            ids | {"seq_num": 1, "chartdate": start.date(), "icd_code": code, "icd_version": version}
        )


def _given(rows: Rows, ids: dict[str, object], start: datetime) -> None:
    for drug, dose, unit in (("Furosemide", "40", "mg"), ("Heparin", "1,000", "UNIT"), ("Docusate", "100-200", "mg")):
        rows["hosp/prescriptions"].append(
            ids | {"starttime": start + timedelta(hours=2), "drug": drug, "dose_val_rx": dose, "dose_unit_rx": unit}
        )
    given = start + timedelta(hours=3)
    rows["hosp/emar"].append(
        ids
        | {
            "charttime": given,
            "storetime": given + timedelta(minutes=4),
            "medication": "Furosemide",
            "event_txt": "Administered",
        }
    )


def _intensive(rows: Rows, rng: np.random.Generator, ids: dict[str, object], start: datetime, end: datetime) -> None:
    here = ids | {"stay_id": int(str(ids["hadm_id"])) + 1}
    units = {
        "first_careunit": "Medical Intensive Care Unit (MICU)",
        "last_careunit": "Surgical Intensive Care Unit (SICU)",
    }
    rows["icu/icustays"].append(here | units | {"intime": start, "outtime": end, "los": 2.0})
    fahrenheit = int(str(ids["subject_id"])) % 2 == 0
    for hour in range(0, 48, 4):
        for item, (_, unit, mean) in CHARTED.items():
            if (item == "223761") != fahrenheit and item != "220045":
                continue
            value = round(float(mean * rng.uniform(0.97, 1.03)), 1)
            charted = start + timedelta(hours=hour)
            rows["icu/chartevents"].append(
                here
                | {
                    "charttime": charted,
                    "storetime": charted + timedelta(minutes=int(rng.integers(1, 50))),
                    "itemid": item,
                    "value": value,
                    "valuenum": value,
                    "valueuom": unit,
                }
            )
    run = {"starttime": start, "endtime": start + timedelta(hours=8), "storetime": start + timedelta(minutes=5)}
    rows["icu/inputevents"].append(
        here | run | {"itemid": "225158", "amount": 800, "amountuom": "ml", "rate": 100, "rateuom": "mL/hour"}
    )
    rows["icu/outputevents"].append(
        here
        | {
            "charttime": start,
            "storetime": start + timedelta(minutes=9),
            "itemid": "226559",
            "value": 200,
            "valueuom": "ml",
        }
    )
    rows["icu/procedureevents"].append(here | run | {"itemid": "225792", "value": 480, "valueuom": "min"})
