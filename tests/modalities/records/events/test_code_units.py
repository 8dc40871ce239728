"""Which unit a code is kept in."""

import polars as pl

from bedside.modalities.records.events.code_units import turns
from bedside.modalities.records.events.partition import COUNTED

ROW = tuple[str, str | None, int]


def turned(*rows: ROW) -> dict[tuple[str, str | None], tuple[str | None, float, bool]]:
    found = turns(pl.DataFrame(list(rows), schema=COUNTED, orient="row"))
    return {
        (row["code"], row["unit"]): (row["kept_in"], row["factor"], row["unit_unknown"])
        for row in found.iter_rows(named=True)
    }


def test_a_known_code_has_its_declared_unit_whatever_is_frequent() -> None:
    found = turned(("LOINC//2345-7", "mmol/L", 99), ("LOINC//2345-7", "mg/dl", 1))
    assert found["LOINC//2345-7", "mmol/L"] == ("mg/dL", 18.0156, False)
    assert found["LOINC//2345-7", "mg/dl"] == ("mg/dL", 1.0, False)


def test_another_code_has_its_most_frequent_unit_and_spellings_vote_together() -> None:
    found = turned(("OWN//a", "g/L", 3), ("OWN//a", "mg/dl", 2), ("OWN//a", "MG/DL", 2), ("OWN//a", "words", 9))
    assert found["OWN//a", "g/L"] == ("mg/dL", 100.0, False)
    assert found["OWN//a", "words"] == ("mg/dL", 1.0, True)


def test_a_tie_is_decided_by_the_alphabet_whatever_the_order() -> None:
    rows: list[ROW] = [("OWN//a", "mg/dL", 2), ("OWN//a", "g/L", 2)]
    assert turned(*rows) == turned(*reversed(rows))
    assert turned(*rows)["OWN//a", "mg/dL"][0] == "g/L"


def test_numbers_without_a_unit_are_as_they_are_only_where_no_number_has_one() -> None:
    found = turned(("OWN//a", None, 5), ("LOINC//2345-7", None, 5), ("OWN//b", None, 5), ("OWN//b", "mg", 1))
    assert found["OWN//a", None] == (None, 1.0, False)
    assert found["LOINC//2345-7", None] == (None, 1.0, False)
    assert found["OWN//b", None] == ("mg", 1.0, True)


def test_pure_numbers_need_no_unit() -> None:
    found = turned(("LOINC//2744-1", None, 5), ("LOINC//2744-1", "pH units", 1), ("LOINC//6301-6", None, 1))
    assert found["LOINC//2744-1", None] == ("[pH]", 1.0, False)
    assert found["LOINC//6301-6", None] == ("{INR}", 1.0, False)
