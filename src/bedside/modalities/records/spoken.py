"""What codes are called where people read of them: in the source's own words, where it has some."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bedside.modalities.records.events.code import BETWEEN, FACTS
from bedside.modalities.records.history import Events, History
from bedside.modalities.records.vocabulary import tables

_CLASSES = {"AMB": "outpatient", "IMP": "inpatient", "EMER": "emergency", "HH": "at home", "VR": "virtual"}
"""Classes of encounters of FHIR (HL7 v3 ActCode), as they are called."""


def spoken(words: Sequence[str], described: Mapping[str, str | None]) -> dict[str, str]:
    """A name for each code, no two alike.

    A description that several codes share is followed by the code. What bedside names itself needs no description
    ("sex: F"); any other code that has none keeps its own form.

    Args:
        words: Codes with their systems.
        described: What the source calls them, by code.

    Example:
        >>> spoken(["LOINC//8867-4", "SEX//F", "X//1"], {"LOINC//8867-4": "Heart rate"})
        {'LOINC//8867-4': 'Heart rate', 'SEX//F': 'sex: F', 'X//1': 'X//1'}
    """
    found = {word: (described.get(word) or "").strip() or plain(word) for word in words}
    often = Counter(found.values())
    return {
        word: name if often[name] == 1 else f"{name} ({word.replace(BETWEEN, ' ')})" for word, name in found.items()
    }


def plain(word: str) -> str:
    """A code of what bedside names itself, or the system of such a code, as words; any other as it is.

    Example:
        >>> plain("ENCOUNTER_START//EMER"), plain("SEX"), plain("LOINC//2160-0")
        ('encounter start: emergency', 'sex', 'LOINC//2160-0')
    """
    system, mark, value = word.partition(BETWEEN)
    if system not in FACTS:
        return word
    if system.startswith("ENCOUNTER"):
        value = _CLASSES.get(value, value)
    name = system.removeprefix("MEDS_").replace("_", " ").lower().replace("icu", "ICU")
    return f"{name}: {value}" if mark else name


def called(histories: Sequence[History]) -> dict[str, str]:
    """What each code of the tables that histories are of is called."""
    events: list[Events] = [table for table, _, _ in tables(histories)]
    return {word: table.called(word) for table in reversed(events) for word in table.words}
