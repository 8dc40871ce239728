"""What discovery tells of the services: who they are, at which hook they answer, and what they need."""

import re
from collections.abc import Iterable
from datetime import datetime

from bedside.evidence.release import State
from bedside.serve.hooks.messages import Service, Services
from bedside.serve.hooks.wording import listed
from bedside.serve.served import Served

SINCE = re.compile(r"&date=ge\{\{today\(\)[^{}]*\}\}")
"""Dates that are reckoned belong to CDS Hooks 3.0; a client of 2.0 fills in its context and nothing else."""


def discovered(all_served: Iterable[Served], at: datetime) -> Services:
    """The services that may answer now."""
    states = [(served, served.state(at)) for served in all_served]
    return Services(services=tuple(_service(served, state) for served, state in states if state.answers))


def _service(served: Served, state: State) -> Service:
    return Service(
        hook=served.hook,
        title=served.manifest.title,
        description=_description(served, state),
        id=served.id,
        prefetch={key: SINCE.sub("", template) for key, template in served.prefetch.items()} or None,
        usage_requirements=_requirements(served),
    )


def _description(served: Served, state: State) -> str:
    manifest = served.manifest
    marks = {
        State.DEMONSTRATION: " Demonstration: it learned from simulated data.",
        State.SHADOW: " In shadow: it computes and records answers, and shows none.",
    }
    return f"{manifest.question} {manifest.intended_use} (version {manifest.version}).{marks.get(state, '')}".strip()


def _requirements(served: Served) -> str:
    unfed = served.bindings.unfed
    by_hand = f" No resource holds {listed(unfed)}; the answer is without." if unfed else ""
    return (
        "Send the prefetched data, or fhirServer and fhirAuthorization with which they can be read. What was not "
        f"measured is missing, and the card says so.{by_hand} {served.manifest.regulation.statement}"
    )
