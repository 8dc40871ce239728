"""From an answer to the card that a clinician reads."""

from dataclasses import dataclass
from urllib.parse import quote
from uuid import uuid4

from bedside.evidence.release import BoundPredictor, Manifest, State
from bedside.serve.answer import Answer, Outcome
from bedside.serve.hooks.messages import Action, Card, Coding, Link, Reason, Source, Suggestion
from bedside.serve.hooks.wording import between, in_people, listed, plain, shortened
from bedside.serve.served import Served
from bedside.types import Json

LONGEST_SUMMARY = 139
LONGEST_LABEL = 80
SUGGESTED = 5
"""Measurements that one card proposes at most."""

NON_ADHERENCE = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
OVERRIDES = tuple(
    Reason(system=NON_ADHERENCE, code=code, display=display)
    for code, display in (
        ("cds-not-applicable", "Does not apply to this patient"),
        ("cds-suboptimal-context", "Came at the wrong moment or to the wrong person"),
        ("recipient-disagrees-evidence", "I disagree with the evidence"),
        ("recipient-concerns-outcomes", "Following it may harm the patient"),
        ("does-not-align-preferences", "Not what the patient prefers"),
        ("not-convenient-feasible", "Not feasible here"),
    )
)
"""Of the code system that HL7 publishes with CDS Hooks 3.0."""


@dataclass(frozen=True)
class Place:
    """Where a service is found: what cards link to.

    Attributes:
        base_url: Without a slash at its end.
    """

    base_url: str

    def service(self, service: str) -> str:
        """The address that is called."""
        return f"{self.base_url}/cds-services/{quote(service, safe='')}"

    def model(self, service: str) -> str:
        """The page that says what a model is and how it was judged."""
        return f"{self.base_url}/models/{quote(service, safe='')}"


def card_of(answer: Answer, served: Served, place: Place, patient: str, state: State) -> Card:
    """The card of an answer, or of an attempt that gave none.

    Args:
        answer: Of the model.
        served: Who answered.
        place: Of the service.
        patient: FHIR id, for what the card proposes to order.
        state: Of the release; what is a demonstration says so first.
    """
    suggestions = _measurements(answer, served, patient)
    return Card(
        uuid=str(uuid4()),
        summary=_summary(answer, served.manifest, state),
        detail="\n\n".join(_detail(answer, served.manifest, state)),
        indicator="warning" if _needs_attention(answer) else "info",
        source=_source(served, place),
        suggestions=suggestions or None,
        selection_behavior="any" if suggestions else None,
        override_reasons=OVERRIDES,
        links=(Link(label="How this model was judged", url=f"{place.model(served.id)}/report", type="absolute"),),
    )


def _needs_attention(answer: Answer) -> bool:
    """A risk at which the study declared that somebody acts, or silence that must not be read as a low risk."""
    return bool(answer.flagged) or answer.outcome in (Outcome.FAILED, Outcome.TIMED_OUT)


def _source(served: Served, place: Place) -> Source:
    topic = next(iter(served.bindings.result), None)
    return Source(
        label=shortened(served.manifest.title, LONGEST_LABEL),
        url=place.model(served.id),
        topic=Coding(system=topic.system, code=topic.code, display=topic.display or None) if topic else None,
    )


def _summary(answer: Answer, manifest: Manifest, state: State) -> str:
    before = "Demonstration only. " if state is State.DEMONSTRATION else ""
    return before + shortened(_said(answer, manifest), LONGEST_SUMMARY - len(before))


def _said(answer: Answer, manifest: Manifest) -> str:
    if answer.outcome is not Outcome.ANSWERED:
        missing = f"; not found: {listed(answer.missing)}" if answer.missing else ""
        return f"{shortened(manifest.title, LONGEST_LABEL)}: no answer{missing}"
    if answer.risk is not None:
        people = in_people(answer.risk)
        event = shortened(answer.event or manifest.title, LONGEST_LABEL)
        return f"{event[:1].upper()}{event[1:]}: {people}{', at or above the threshold' if answer.flagged else ''}"
    if answer.value is not None:
        return f"{shortened(answer.event or manifest.title, LONGEST_LABEL)}: {answer.value:.3g} {answer.unit}".strip()
    return f"{shortened(manifest.title, LONGEST_LABEL)}: {answer.statement or 'see the details'}"


def _detail(answer: Answer, manifest: Manifest, state: State) -> list[str]:
    """Paragraphs of Markdown: what is said, of whom it holds, why, what was missing, who says it."""
    told = [_demonstration(state), _headline(answer, manifest), _among_judged(answer), plain(answer.statement)]
    if answer.reasons:
        told.append("What moved the answer most:\n\n" + "\n".join(f"- {plain(reason)}" for reason in answer.reasons))
    told.append(f"For comparison: {plain(answer.comparator)}" if answer.comparator else "")
    told += _lacking(answer)
    told.append(f"{plain(manifest.label)} ({plain(manifest.learner.label)}). {plain(manifest.regulation.statement)}")
    return [paragraph for paragraph in told if paragraph]


def _demonstration(state: State) -> str:
    if state is not State.DEMONSTRATION:
        return ""
    return "**Demonstration. This model learned from simulated data: what it says is about nobody.**"


def _headline(answer: Answer, manifest: Manifest) -> str:
    if answer.outcome is Outcome.ANSWERED:
        return f"**{plain(_said(answer, manifest))}.**"
    why = f" {plain(answer.why[:1].upper() + answer.why[1:])}." if answer.why else ""
    return f"**No answer.**{why} This says nothing about the patient's risk."


def _among_judged(answer: Answer) -> str:
    if answer.low is None or answer.high is None:
        return ""
    if answer.risk is not None:
        range_ = between(answer.low, answer.high)
        return f"Of judged patients to whom the model gave a risk like this, {range_} had it (95 % interval)."
    return f"Interval: {answer.low:.3g} to {answer.high:.3g} {plain(answer.unit)}".rstrip() + "."


def _lacking(answer: Answer) -> list[str]:
    answered = answer.outcome is Outcome.ANSWERED
    told = []
    if answer.missing:
        without = "; the model answered without" if answered else ""
        told.append(f"Not found in the record: {plain(listed(answer.missing))}{without}.")
    if answer.implausible:
        told.append(f"Not used, because the value found cannot be right: {plain(listed(answer.implausible))}.")
    return told


def _measurements(answer: Answer, served: Served, patient: str) -> tuple[Suggestion, ...]:
    """One suggestion for each missing measurement that can be ordered."""
    bound = {one.name: one for one in served.bindings.predictors}
    asked = (bound[name] for name in answer.missing if name in bound)
    orders = [one for one in asked if one.source == "observation"][:SUGGESTED]
    return tuple(_measurement(one, patient) for one in orders)


def _measurement(one: BoundPredictor, patient: str) -> Suggestion:
    code = one.codes[0]
    words = code.display or one.name
    coding: dict[str, Json] = {"system": code.system, "code": code.code}
    if code.display:
        coding["display"] = code.display
    resource: dict[str, Json] = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "code": {"coding": [coding], "text": words},
        "subject": {"reference": f"Patient/{patient}"},
    }
    action = Action(type="create", description=f"Propose an order for {words}", resource=resource)
    return Suggestion(label=shortened(f"Order {words}", LONGEST_LABEL), uuid=str(uuid4()), actions=(action,))
