"""Times, codings and references: what FHIR writes, as the table needs it."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.modalities.records.readers.fhir.codings import KNOWN, named, system_name
from bedside.modalities.records.readers.fhir.references import identifier, own
from bedside.modalities.records.readers.fhir.times import begins, known_by


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2019-03-01T23:30:00-05:00", "2019-03-01T23:30:00"),
        ("2019-03-01T23:30:00Z", "2019-03-01T23:30:00"),
        ("2019-03-01T23:30:00.123456789+14:00", "2019-03-01T23:30:00.123456"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59"),
        ("2019-03-01", "2019-03-01T23:59:59"),
        ("2020-02", "2020-02-29T23:59:59"),
        ("2019", "2019-12-31T23:59:59"),
    ],
)
def test_clocks_are_kept_and_days_stand_at_their_last_second(text: str, moment: str) -> None:
    assert known_by(text) == datetime.fromisoformat(moment)


@pytest.mark.parametrize("text", ["", "soon", "2019-13", "2019-02-30", "2019-13-01T00:00:00Z", "20", 2019, None, {}])
def test_what_is_no_time_is_none(text: object) -> None:
    assert known_by(text) is None
    assert begins(text) is None


@given(st.datetimes(), st.sampled_from(["Z", "+01:00", "-11:30"]))
def test_an_offset_never_moves_the_clock(moment: datetime, offset: str) -> None:
    assert known_by(moment.isoformat() + offset) == moment
    assert begins(moment.isoformat() + offset) == moment


@given(st.dates())
def test_less_precise_is_never_earlier_than_more_precise(day: object) -> None:
    text = str(day)
    precise = [known_by(text[:size]) for size in (10, 7, 4)]
    starts = [begins(text[:size]) for size in (10, 7, 4)]
    assert None not in precise + starts
    assert precise == sorted(precise, key=str)
    assert starts == sorted(starts, key=str, reverse=True)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://loinc.org", "LOINC"),
        ("https://LOINC.org/", "LOINC"),
        ("urn:oid:2.16.840.1.113883.6.96", "SNOMED"),
        ("http://snomed.info/sct|http://snomed.info/sct/731000124108", "SNOMED"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "ICD10CM"),
        ("http://www.cms.gov/Medicare/Coding/ICD10", "ICD10PCS"),
        ("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "HCPCS"),
        ("http://hospital.example/codes", "http://hospital.example/codes"),
    ],
)
def test_systems_have_one_name(address: str, name: str) -> None:
    assert system_name(address) == name


def test_every_address_is_of_one_system() -> None:
    addresses = [address for several in KNOWN.values() for address in several]
    assert len(set(addresses)) == len(addresses)
    assert all(address == address.lower() for address in addresses)


def test_of_several_codings_the_first_of_the_order_is_taken_wherever_it_stands() -> None:
    own_code = {"system": "http://hospital.example/labs", "code": "CREA"}
    loinc = {"system": "http://loinc.org", "code": "2160-0", "display": "Creatinine"}
    snomed = {"system": "http://snomed.info/sct", "code": "113075003"}
    for codings in ([own_code, snomed, loinc], [loinc, snomed, own_code], [snomed, loinc, own_code]):
        found = named({"coding": codings, "text": "creatinine"})
        assert found is not None
        assert (found.code, found.words, found.choices) == ("LOINC//2160-0", "Creatinine", 3)


def test_what_has_no_known_system_is_kept_as_written() -> None:
    def code(concept: dict[str, object]) -> str | None:
        found = named(concept)
        return found.code if found else None

    assert code({"coding": [{"system": "http://h.example/c", "code": "7"}]}) == "http://h.example/c//7"
    assert code({"coding": [{"code": "7"}]}) == "NO_SYSTEM//7"
    assert code({"text": " chest \n pain "}) == "TEXT//chest pain"
    assert code({"coding": [{"display": "Chest pain"}]}) == "TEXT//Chest pain"
    assert code({"coding": [{"system": "http://loinc.org", "code": " "}]}) is None
    assert code({}) is None
    assert named(None) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Patient/7", "7"),
        ("https://ehr.example/fhir/Patient/7", "7"),
        ("https://ehr.example/fhir/Patient/7/_history/2", "7"),
        ("urn:uuid:aa-bb", "aa-bb"),
        ("http://entry.example/x", "mapped"),
        ("#p", None),
        ("Patient?identifier=s|7", None),
        ("Group/7", None),
        ("7", None),
        ("Patient/", None),
        ("", None),
    ],
)
def test_references_are_resolved(text: str, found: str | None) -> None:
    assert identifier({"reference": text}, "Patient", {"http://entry.example/x": "mapped"}) == found


def test_an_absent_reference_is_none() -> None:
    assert identifier(None, "Patient", {}) is None
    assert identifier({"identifier": {"value": "7"}}, "Patient", {}) is None
    assert own("urn:uuid:aa") == "aa"
    assert own("https://ehr.example/Patient/7") == "7"
