"""What a code is: SYSTEM//CODE, so that two systems never share a word by chance."""

from typing import Final

import polars as pl

from bedside.modalities.records.events.schema import BIRTH, DEATH

BETWEEN: Final = "//"

STANDARD: Final = frozenset(
    {
        "LOINC", "SNOMED", "ICD10CM", "ICD9CM", "ICD10PCS", "ICD9PCS", "ICD10", "ICD9", "RXNORM", "CVX", "NDC",
        "CPT", "HCPCS", "ATC",
    }
)  # fmt: skip
"""Systems that somebody else defines."""

FACTS: Final = frozenset(
    {
        BIRTH, DEATH, "SEX", "ANCESTRY", "ENCOUNTER_START", "ENCOUNTER_END", "ICU_START", "ICU_END",
        "OBSERVATION_PERIOD_START", "OBSERVATION_PERIOD_END",
    }
)  # fmt: skip
"""What MEDS and bedside name themselves."""

SOURCES: Final = frozenset({"MIMIC", "EICU", "PN2012", "PN2019"})
"""Public sources that have codes of their own; a reader of another one names its systems itself."""

KNOWN: Final = STANDARD | FACTS | SOURCES


def code(system: str, value: str) -> str:
    """A code with its system.

    Example:
        >>> code("LOINC", "2160-0")
        'LOINC//2160-0'
    """
    return f"{system}{BETWEEN}{value}"


def system(word: str) -> str | None:
    """The system of a code; None where it names none.

    Example:
        >>> system("LOINC//2160-0"), system("MEDS_BIRTH"), system("creatinine")
        ('LOINC', 'MEDS_BIRTH', None)
    """
    first, between, _ = word.partition(BETWEEN)
    return first if between or first in FACTS else None


def is_birth(codes: pl.Expr) -> pl.Expr:
    """Whether codes say that the subject was born; MEDS lets words follow ("MEDS_BIRTH//home")."""
    return _is(codes, BIRTH)


def is_death(codes: pl.Expr) -> pl.Expr:
    """Whether codes say that the subject died."""
    return _is(codes, DEATH)


def _is(codes: pl.Expr, word: str) -> pl.Expr:
    return (codes == word) | codes.str.starts_with(word + BETWEEN)
