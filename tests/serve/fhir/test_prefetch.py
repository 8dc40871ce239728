"""Queries: few, in the tokens of CDS Hooks, and such that what they bring is what is read."""

import re
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.serve.fhir.patients import ANAEMIA, AT, DIABETES_SCREENING, SEX

from bedside.evidence.release import Bindings, BoundPredictor, Coding
from bedside.serve.fhir.prefetch import templates
from bedside.serve.hooks.gathering import filled


def test_a_study_asks_little() -> None:
    asked = templates(DIABETES_SCREENING)
    assert set(asked) == {"patient", "observations", "observations-365-days", "bmi"}
    assert asked["patient"] == "Patient/{{context.patientId}}"
    assert asked["bmi"].endswith("code=http://loinc.org|39156-5&date=ge{{today() - 731 days}}")
    assert "|85354-9" in asked["observations-365-days"]
    assert "date=" not in asked["observations"]


def test_conditions_are_one_query() -> None:
    other = ANAEMIA.model_copy(update={"name": "other", "codes": (Coding(system="urn:x", code="a,b|c"),)})
    asked = templates(Bindings(predictors=(ANAEMIA, other, SEX)))
    assert set(asked) == {"patient", "conditions"}
    assert asked["conditions"].endswith("271737000,urn:x|a%5C%2Cb%5C%7Cc")


def test_nothing_is_asked_for_what_no_resource_holds() -> None:
    assert templates(Bindings(predictors=(BoundPredictor(name="x", source="value", note="by hand"),))) == {}
    assert templates(Bindings()) == {}


def test_a_predictor_called_as_another_query_hides_none() -> None:
    def measured(name: str, days: int | None) -> BoundPredictor:
        codes = (Coding(system="urn:x", code=name),)
        return BoundPredictor(name=name, source="observation", codes=codes, within_days=days)

    names = ("patient", "conditions")
    asked = templates(Bindings(predictors=(measured("patient", 3), measured("conditions", 4), ANAEMIA, SEX)))
    assert len(asked) == 4
    assert all(any(f"|{name}" in query for query in asked.values()) for name in names)


@given(days=st.integers(1, 36500))
def test_tokens_are_those_that_clients_fill_in(days: int) -> None:
    one = BoundPredictor(name="x", source="observation", codes=(Coding(system="u", code="c"),), within_days=days)
    template = templates(Bindings(predictors=(one,)))["x"]
    assert re.findall(r"\{\{(.*?)\}\}", template) == ["context.patientId", f"today() - {days + 1} days"]
    query = filled(template, {"patientId": "p1"}, AT)
    assert query.startswith("Observation?patient=p1&code=u|c&date=ge")
    assert date.fromisoformat(query[-10:]) == AT.date() - timedelta(days=days + 1)
