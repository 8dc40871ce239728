"""Diabetes-130: ten years of diabetic encounters at 130 US hospitals."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from bedside.data.files import locate
from bedside.data.source import DataFile
from bedside.errors import FileProblem
from bedside.modalities.tabular.table import Record, Table, records
from bedside.types import Integers

DRUGS = (
    "metformin",
    "repaglinide",
    "nateglinide",
    "chlorpropamide",
    "glimepiride",
    "acetohexamide",
    "glipizide",
    "glyburide",
    "tolbutamide",
    "pioglitazone",
    "rosiglitazone",
    "acarbose",
    "miglitol",
    "troglitazone",
    "tolazamide",
    "examide",
    "citoglipton",
    "insulin",
    "glyburide-metformin",
    "glipizide-metformin",
    "glimepiride-pioglitazone",
    "metformin-rosiglitazone",
    "metformin-pioglitazone",
)
"""Columns that tell how the dose of a drug was changed: "No" (not given), "Steady", "Up", "Down"."""

NUMBERS = (
    "encounter_id",
    "patient_nbr",
    "admission_type_id",
    "discharge_disposition_id",
    "admission_source_id",
    "time_in_hospital",
    "num_lab_procedures",
    "num_procedures",
    "num_medications",
    "number_outpatient",
    "number_emergency",
    "number_inpatient",
    "number_diagnoses",
)
"""Columns of whole numbers; identifiers and coded columns among them."""

COLUMNS = (
    *("encounter_id", "patient_nbr", "race", "gender", "age", "weight"),
    *("admission_type_id", "discharge_disposition_id", "admission_source_id", "time_in_hospital"),
    *("payer_code", "medical_specialty", "num_lab_procedures", "num_procedures", "num_medications"),
    *("number_outpatient", "number_emergency", "number_inpatient", "diag_1", "diag_2", "diag_3", "number_diagnoses"),
    *("max_glu_serum", "A1Cresult", *DRUGS, "change", "diabetesMed", "readmitted"),
)
"""All columns of the published table, in order, under its own names."""

_MEMBER = "diabetic_data.csv"
_ENCOUNTERS = 101_766


@dataclass(frozen=True)
class Diabetes130:
    """101,766 encounters of 71,518 patients, 1999 to 2008; `readmitted` ("<30", ">30", "NO") is the outcome column.

    A `?` in the file is null. The word "None" of `max_glu_serum` and `A1Cresult` stays: it says "not measured".
    Neither hospital nor date are published, so encounters of one patient cannot be put in order.
    """

    name: str = "diabetes_130"
    licence: str = "CC BY 4.0"
    citation: str = (
        "Strack B, DeShazo JP, Gennings C, Olmo JL, Ventura S, Cios KJ, Clore JN. Impact of HbA1c measurement on "
        "hospital readmission rates: analysis of 70,000 clinical database patient records. BioMed Research "
        "International 2014:781670. doi:10.1155/2014/781670; data doi:10.24432/C5230J"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="diabetes130/dataset_diabetes.zip",
            # The archive as the publisher serves it, and an older packing of the same two tables.
            sha256=(
                "f82ac129da2ddd2299391ff6fbae3a6a58b3edcf59ac9d7bd480c00fe453112a",
                "3a17a3b55b6dd4a1926703185c0ad8e2ed30bc8e2f9b927cdd1000b733d1de8e",
            ),
            address="https://archive.ics.uci.edu/static/public/296/diabetes+130-us+hospitals+for+years+1999-2008.zip",
        ),
    )

    def records(self, root: Path) -> Iterator[Record]:
        """Yield the 101,766 encounters.

        Raises:
            FileProblem: The archive is absent, cannot be fetched, or is not a published one.
        """
        frame = _read(locate(self.files[0], root))
        if frame.height != _ENCOUNTERS:
            msg = f"{self.files[0].path} holds {frame.height} encounters; {_ENCOUNTERS} are expected"
            raise FileProblem(msg)
        yield from records(Table(frame))

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic encounters of about 0.6 n patients: earlier admissions raise the risk of another one."""
        yield from records(Table(_simulated(n, np.random.default_rng([seed, 130]))))


def _read(path: Path) -> pl.DataFrame:
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.rpartition("/")[2] == _MEMBER]
        if len(members) != 1:
            msg = f"{path} holds {len(members)} files named {_MEMBER}, where one is expected"
            raise FileProblem(msg)
        text = archive.read(members[0])
    frame = pl.read_csv(text, null_values=["?"], infer_schema=False)
    if tuple(frame.columns) != COLUMNS:
        different = sorted(set(frame.columns) ^ set(COLUMNS))
        msg = f"{path} has other columns than the published table; they differ in {different or 'their order'}"
        raise FileProblem(msg)
    return frame.cast(dict.fromkeys(NUMBERS, pl.Int64))


def _simulated(n: int, chance: np.random.Generator) -> pl.DataFrame:
    patient = np.sort(chance.integers(0, max(1, n), n))
    frailty = chance.normal(size=max(1, n))[patient]
    inpatient = chance.poisson(np.exp(-1.0 + 0.9 * frailty))
    stay = np.clip(1 + chance.poisson(np.exp(1.1 + 0.2 * frailty)), 1, 14)
    disposition = chance.choice([1, 3, 6, 18, 22, 11, 13, 25], n, p=[0.58, 0.14, 0.12, 0.04, 0.03, 0.03, 0.03, 0.03])
    risk = -2.3 + 0.8 * np.minimum(inpatient, 4) + 0.5 * np.isin(disposition, (3, 22)) + 0.06 * stay
    readmitted = np.where(chance.random(n) < 1 / (1 + np.exp(-risk)), "<30", chance.choice([">30", "NO"], n))

    def words(choices: dict[str | None, float]) -> pl.Series:
        share = np.array(list(choices.values()))
        drawn = chance.choice(len(share), n, p=share / share.sum())
        return pl.Series([list(choices)[code] for code in drawn], dtype=pl.String)

    drugs = {drug: words({"No": 0.97, "Steady": 0.03}) for drug in DRUGS}
    drugs |= {drug: words({"No": 1.0}) for drug in ("examide", "citoglipton")}  # columns that never vary
    drugs["insulin"] = words({"No": 0.47, "Steady": 0.3, "Down": 0.12, "Up": 0.11})
    drugs["metformin"] = words({"No": 0.8, "Steady": 0.18, "Down": 0.01, "Up": 0.01})
    changed = pl.Series(np.where(drugs["insulin"].is_in(["Up", "Down"]).to_numpy(), "Ch", "No"))
    return (
        pl.DataFrame(
            {
                **_simulated_persons(patient, words),
                "encounter_id": np.arange(n) + 1,
                "patient_nbr": patient + 1,
                "admission_type_id": chance.choice([1, 2, 3, 5, 6], n, p=[0.54, 0.18, 0.18, 0.05, 0.05]),
                "discharge_disposition_id": disposition,
                "admission_source_id": chance.choice([1, 4, 7, 17], n, p=[0.3, 0.05, 0.58, 0.07]),
                "time_in_hospital": stay,
                "num_lab_procedures": np.clip(chance.normal(43, 20, n), 1, 132).astype(int),
                "num_procedures": np.clip(chance.poisson(1.3, n), 0, 6),
                "num_medications": np.clip(chance.poisson(16, n), 1, 81),
                "number_outpatient": chance.poisson(0.4, n),
                "number_emergency": chance.poisson(np.exp(-2 + 0.7 * frailty)),
                "number_inpatient": inpatient,
                "number_diagnoses": np.clip(chance.poisson(7.4, n), 1, 16),
                "max_glu_serum": words({"None": 0.95, "Norm": 0.03, ">200": 0.01, ">300": 0.01}),
                "A1Cresult": words({"None": 0.83, "Norm": 0.05, ">7": 0.04, ">8": 0.08}),
                **drugs,
                "change": changed,
                "diabetesMed": words({"Yes": 0.77, "No": 0.23}),
                "readmitted": readmitted,
            }
        )
        .select(COLUMNS)
        .cast(dict.fromkeys(NUMBERS, pl.Int64))
    )


_AGES = {30: 4, 40: 10, 50: 17, 60: 22, 70: 26, 80: 17, 90: 4}
"""First year of a band, and how many per cent of encounters are in it."""


def _simulated_persons(
    patient: Integers, words: Callable[[dict[str | None, float]], pl.Series]
) -> dict[str, pl.Series]:
    """What belongs to the person is the same at each encounter; what belongs to the stay is not."""
    of_person = {
        "race": words({"Caucasian": 0.72, "AfricanAmerican": 0.2, "Hispanic": 0.04, "Other": 0.02, None: 0.02}),
        "gender": words({"Female": 0.54, "Male": 0.46}),
        "age": words({f"[{low}-{low + 10})": share for low, share in _AGES.items()}),
    }
    first = np.searchsorted(patient, patient)
    codes: dict[str | None, float] = {"428": 3, "414": 3, "250.02": 2, "250.6": 1, "486": 2, "491": 2, "715": 1}
    more: dict[str | None, float] = codes | {"401": 3, "276": 3, "585": 2, "V45": 1, "E878": 0.3, "198": 0.5, None: 0.2}
    return {name: series[first] for name, series in of_person.items()} | {
        "weight": words({None: 0.97, "[75-100)": 0.03}),
        "payer_code": words({"MC": 0.32, "HM": 0.06, "SP": 0.05, "BC": 0.05, "MD": 0.04, None: 0.48}),
        "medical_specialty": words(
            {"InternalMedicine": 0.15, "Emergency/Trauma": 0.08, "Cardiology": 0.06, "Oncology": 0.02, None: 0.69}
        ),
        "diag_1": words(codes),
        "diag_2": words(more),
        "diag_3": words(more),
    }
