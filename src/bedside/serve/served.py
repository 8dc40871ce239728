"""One release as a service: its name in addresses, and whether it may answer now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bedside.errors import CallRefused, ServiceError
from bedside.evidence.release import Bindings, Manifest, State
from bedside.serve.answer import Answering
from bedside.serve.fhir.prefetch import templates
from bedside.serve.worker import Opening


@dataclass(frozen=True)
class Served:
    """A release that a service answers with.

    Attributes:
        id: In addresses: the release's name, or name and version where another release has its name.
        opening: How a worker opens it.
        release: As opened by the service itself, which asks it who it is and never for an answer.
        prefetch: Queries of a FHIR server that bring what it needs, by key.
    """

    id: str
    opening: Opening
    release: Answering
    prefetch: Mapping[str, str]

    @property
    def manifest(self) -> Manifest:
        """Who it is."""
        return self.release.manifest

    @property
    def bindings(self) -> Bindings:
        """Where its predictors stand in a record."""
        return self.release.bindings

    @property
    def hook(self) -> str:
        """At which it answers."""
        return self.bindings.hook

    def state(self, at: datetime) -> State:
        """Where it stands; withdrawn once it has expired."""
        expires = self.manifest.expires_at
        return State.WITHDRAWN if expires is not None and expires <= at else self.release.state

    def may_answer(self, at: datetime) -> State:
        """Where it stands, if it may answer.

        Raises:
            CallRefused: 410 where it was withdrawn or has expired since the service started.
        """
        state = self.state(at)
        if not state.answers:
            msg = f"{self.manifest.label} was withdrawn or has expired, and answers no more"
            raise CallRefused(410, "business-rule", msg)
        return state


def serve_all(openings: Sequence[Opening]) -> dict[str, Served]:
    """Releases as services, by their names in addresses.

    Raises:
        ServiceError: There is none, one may not answer in its state, has no bindings to a record, or is given twice.
    """
    if not openings:
        msg = "a service needs at least one release; give folders that `bedside release` has written"
        raise ServiceError(msg)
    releases = [opening() for opening in openings]
    names = [release.manifest.name for release in releases]
    found: dict[str, Served] = {}
    for opening, release in zip(openings, releases, strict=True):
        label = release.manifest.label
        only = names.count(release.manifest.name) == 1 or release.state.shown
        name = release.manifest.name if only else f"{release.manifest.name}-{release.manifest.version}"
        if name in found:
            msg = f"{label} is given twice, or another version of it is shown too; serve one version of a name"
            raise ServiceError(msg)
        served = Served(name, opening, release, templates(release.bindings))
        if not (state := served.state(datetime.now(UTC))).answers:
            msg = f"{label} is {state} and may not answer; move it to shadow or live in its registry first"
            raise ServiceError(msg)
        if not release.bindings.predictors:
            msg = f"{label} has no bindings of predictors to a record, so nothing can call it; declare Study.bindings"
            raise ServiceError(msg)
        found[name] = served
    return found
