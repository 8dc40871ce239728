"""What CDS Hooks 2.0 sends and receives, field by field, with what 3.0 adds (`version`, `actionSelectionBehavior`).

A field without a value is left out: CDS Hooks has neither null nor empty elements.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Instance = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9\-._:]{1,128}$")]
Summary = Annotated[str, StringConstraints(min_length=1, max_length=139)]


class Sent(BaseModel):
    """Something that a service sends; made right or not at all."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")

    def json_bytes(self) -> bytes:
        """JSON without null elements."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class Received(BaseModel):
    """Something that a client sends; what is not known is passed over, as extensions may say anything."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Coding(Sent):
    """A code of a code system."""

    system: Text
    code: Text
    display: Text | None = None


class Reason(Sent):
    """A reason for not following a card: a coding that says in words what it means."""

    system: Text
    code: Text
    display: Text


class Source(Sent):
    """Whose guidance a card is."""

    label: Text
    url: Text | None = None
    icon: Text | None = None
    topic: Coding | None = None


class Link(Sent):
    """An address that the user may open; never opened on its own."""

    label: Text
    url: Text
    type: Literal["absolute", "smart"]
    app_context: Text | None = None
    autolaunchable: bool | None = None

    @model_validator(mode="after")
    def _context_is_for_apps(self) -> "Link":
        if self.app_context is not None and self.type != "smart":
            msg = "appContext is for links of type smart only"
            raise ValueError(msg)
        return self


class Action(Sent):
    """One change that a suggestion proposes."""

    type: Literal["create", "update", "delete"]
    description: Text
    resource: dict[str, Any] | None = None
    resource_id: Text | None = None

    @model_validator(mode="after")
    def _what_it_is_about(self) -> "Action":
        if (self.type == "delete") != (self.resource is None) or (self.type == "delete") != bool(self.resource_id):
            msg = "create and update carry a resource, delete carries a resourceId"
            raise ValueError(msg)
        return self


class Suggestion(Sent):
    """Changes that the user may accept together."""

    label: Text
    uuid: Text
    is_recommended: bool | None = None
    actions: Annotated[tuple[Action, ...], Field(min_length=1)]
    action_selection_behavior: Literal["all", "any", "at-most-one"] = "all"


class Card(Sent):
    """What the user is shown."""

    uuid: Text
    summary: Summary
    detail: Text | None = None
    indicator: Literal["info", "warning", "critical"]
    source: Source
    suggestions: Annotated[tuple[Suggestion, ...], Field(min_length=1)] | None = None
    selection_behavior: Literal["at-most-one", "any"] | None = None
    override_reasons: Annotated[tuple[Reason, ...], Field(min_length=1)] | None = None
    links: Annotated[tuple[Link, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _behaviour_with_suggestions(self) -> "Card":
        if (self.suggestions is None) != (self.selection_behavior is None):
            msg = "suggestions and selectionBehavior go together"
            raise ValueError(msg)
        return self


class Cards(Sent):
    """The answer to a call; no cards where there is nothing to say."""

    cards: tuple[Card, ...]


class Service(Sent):
    """One service, as discovery tells of it."""

    hook: Text
    title: Text
    description: Text
    id: Text
    prefetch: Annotated[dict[str, Text], Field(min_length=1)] | None = None
    usage_requirements: Text | None = None
    version: Literal["STU1", "STU2", "STU3"] = "STU2"


class Services(Sent):
    """The answer to discovery."""

    services: tuple[Service, ...]


class FhirAuthorization(Received):
    """The token with which a service may fetch from the client's FHIR server."""

    access_token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9\-._~+/]{1,16384}=*$")]
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    subject: str
    patient: str | None = None


class Call(Received):
    """A call of a service."""

    hook: Name
    hook_instance: Instance = Field(alias="hookInstance")
    fhir_server: Annotated[str, StringConstraints(min_length=1, max_length=2048)] | None = Field(
        None, alias="fhirServer"
    )
    fhir_authorization: FhirAuthorization | None = Field(None, alias="fhirAuthorization")
    context: dict[str, Any]
    prefetch: dict[str, dict[str, Any] | None] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _token_for_somewhere(self) -> "Call":
        if self.fhir_authorization is not None and self.fhir_server is None:
            msg = "fhirServer is required with fhirAuthorization"
            raise ValueError(msg)
        return self


class AcceptedSuggestion(Received):
    """A suggestion that the user accepted."""

    id: Name


class OverrideReason(Received):
    """Why the user did not follow a card."""

    reason: dict[str, Any] | None = None
    user_comment: Annotated[str, StringConstraints(max_length=4096)] | None = Field(None, alias="userComment")


class Feedback(Received):
    """What the user did with a card."""

    card: Name
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: Annotated[str, StringConstraints(max_length=64)] = Field(alias="outcomeTimestamp")
    accepted_suggestions: Annotated[list[AcceptedSuggestion], Field(min_length=1, max_length=64)] | None = Field(
        None, alias="acceptedSuggestions"
    )
    override_reason: OverrideReason | None = Field(None, alias="overrideReason")

    @model_validator(mode="after")
    def _complete(self) -> "Feedback":
        if (self.outcome == "accepted") != (self.accepted_suggestions is not None):
            msg = "acceptedSuggestions is required when the outcome is accepted, and only then"
            raise ValueError(msg)
        if self.override_reason is not None and self.outcome != "overridden":
            msg = "overrideReason is for the outcome overridden only"
            raise ValueError(msg)
        try:
            told = datetime.fromisoformat(self.outcome_timestamp)
        except ValueError:
            told = None
        if told is None or told.tzinfo is None:
            msg = "outcomeTimestamp is a time of ISO 8601 with its zone, such as 2020-12-11T10:05:31Z"
            raise ValueError(msg)
        return self


class Feedbacks(Received):
    """A call of the feedback endpoint."""

    feedback: Annotated[list[Feedback], Field(min_length=1, max_length=1000)]
