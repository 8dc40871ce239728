"""Units: spelling, dimension, molar mass; what cannot be turned is said, never guessed."""

import math
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedside.modalities.records.events.concept import concept, known
from bedside.modalities.records.events.spelling import ucum
from bedside.modalities.records.events.units import ANYTHING, Substance, conversion, is_unit

PACKAGE = "bedside.modalities.records.events"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("mg/dl", "mg/dL"),
        ("MG/DL", "mg/dL"),
        ("K/uL", "10*3/uL"),
        ("x10E3/mcL", "10*3/uL"),
        ("10^9/L", "10*9/L"),
        ("G/L", "10*9/L"),
        ("g/L", "g/L"),
        ("M/uL", "10*6/uL"),
        ("mmHg", "mm[Hg]"),
        ("mm Hg", "mm[Hg]"),
        ("bpm", "/min"),
        ("deg F", "[degF]"),
        ("°C", "Cel"),
        ("µmol/L", "umol/L"),
        ("μmol/L", "umol/L"),
        ("mcg/kg/min", "ug/kg/min"),
        ("mEq/L", "meq/L"),
        ("Units/L", "U/L"),
        ("IU/L", "[iU]/L"),
        ("lbs", "[lb_av]"),
        ("mL/min/1.73 m2", "mL/min/{1.73_m2}"),
        ("(score)", "{score}"),
        ("banana", "banana"),
    ],
)
def test_hospital_spellings_become_ucum(written: str, expected: str) -> None:
    assert ucum(written) == expected


def test_every_spelling_of_the_table_ends_in_a_unit_that_is_read_and_stays() -> None:
    tables = tomllib.loads(files(PACKAGE).joinpath("spellings.toml").read_text("utf-8"))
    ends = {*tables["exact"].values(), *tables["whole"].values()}
    assert [unit for unit in ends if not is_unit(unit) or ucum(unit) != unit] == []


@pytest.mark.parametrize(
    ("number", "written", "unit", "code", "expected"),
    [
        (5.0, "mmol/L", "mg/dL", "LOINC//2345-7", 90.078),
        (88.4, "umol/L", "mg/dL", "LOINC//2160-0", 1.0),  # the factor that laboratories print
        (1.0, "mmol/L", "mg/dL", "LOINC//3094-0", 2.801),
        (17.1, "umol/L", "mg/dL", "LOINC//1975-2", 1.0),
        (2.5, "mmol/L", "mg/dL", "LOINC//17861-6", 10.02),
        (5.0, "meq/L", "mg/dL", "LOINC//17861-6", 10.02),  # calcium carries two charges
        (5.17, "mmol/L", "mg/dL", "LOINC//2093-3", 199.9),
        (140.0, "mEq/L", "mmol/L", "LOINC//2951-2", 140.0),
        (48.0, "mmol/mol", "%", "LOINC//4548-4", 6.54),  # the threshold of diabetes, both ways of writing it
        (98.6, "deg F", "Cel", "LOINC//8310-5", 37.0),
        (0.4, "fraction", "%", "LOINC//3150-6", 40.0),
        (154.0, "lb", "kg", "LOINC//29463-7", 69.853),
        (70.0, "inches", "cm", "LOINC//8302-2", 177.8),
        (13.3322, "kPa", "mm[Hg]", "LOINC//2019-8", 100.0),
        (40.0, "IU/L", "U/L", "LOINC//1742-6", 40.0),
        (8.7, "mmol/L", "g/dL", "LOINC//718-7", 14.02),
        (250.0, "cells/nL", "10*3/uL", "LOINC//777-3", 250.0),
        (2.5, "uIU/mL", "m[iU]/L", "LOINC//3016-3", 2.5),
    ],
)
def test_known_substances_are_converted(number: float, written: str, unit: str, code: str, expected: float) -> None:
    found = concept(code)
    assert found is not None
    assert found.unit == unit
    turn = conversion(written, unit, found.substance)
    assert turn is not None
    assert turn.of(number) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("mmol/L", "mg/dL"),  # of nobody knows what
        ("meq/L", "mmol/L"),
        ("[iU]/L", "/L"),
        ("IU/L", "U/L"),
        ("1", "[pH]"),
        ("mL/h", "mL"),
        ("banana", "mg"),
        ("", "mg"),
        ("mg/dL", "Cel"),
    ],
)
def test_what_cannot_be_known_is_not_converted(written: str, unit: str) -> None:
    assert conversion(written, unit, ANYTHING) is None


CONVERTIBLE = (
    ("mg/dL", "mmol/L"),
    ("g/L", "umol/L"),
    ("Cel", "[degF]"),
    ("mm[Hg]", "kPa"),
    ("10*3/uL", "10*9/L"),
    ("meq/L", "mg/dL"),
    ("kg", "[lb_av]"),
)


@settings(deadline=None)
@given(pair=st.sampled_from(CONVERTIBLE), number=st.floats(-1e4, 1e4))
def test_there_and_back_is_where_one_was(pair: tuple[str, str], number: float) -> None:
    substance = Substance(molar_mass=40.078, valence=2)
    there, back = conversion(*pair, substance), conversion(pair[1], pair[0], substance)
    assert there is not None
    assert back is not None
    assert math.isclose(back.of(there.of(number)), number, rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize("code", known())
def test_every_known_code_has_a_unit_that_is_read_and_limits_that_are_in_order(code: str) -> None:
    found = concept(code)
    assert found is not None
    assert is_unit(found.unit)
    assert ucum(found.unit) == found.unit
    assert found.limits is not None
    assert found.limits[0] < found.limits[1]


def test_limits_belong_to_concepts_that_are_there_and_no_code_to_two() -> None:
    concepts, plausible = (
        tomllib.loads(files(PACKAGE).joinpath(name).read_text("utf-8")) for name in ("concepts.toml", "plausible.toml")
    )
    assert set(plausible) <= set(concepts)
    codes = [
        code
        for entry in concepts.values()
        for listed in (entry["codes"], *entry.get("codes_in", {}).values())
        for code in listed
    ]
    assert len(codes) == len(set(codes))
