"""One resource asked of the reader of training at a time: the event that it becomes, if it becomes one."""

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers.fhir.resources import READ
from bedside.modalities.records.readers.fhir.rows import Resource, Row, Rows
from bedside.modalities.records.readers.fhir.surroundings import Surroundings
from bedside.serve.fhir.given import FAULTS


class Heard(Rows):
    """Keeps events as they are written.

    Attributes:
        events: So far.
    """

    def __init__(self) -> None:
        super().__init__(Problems())
        self.events: list[Row] = []

    def event(self, row: Row) -> None:
        """Keep an event."""
        self.events.append(row)


def heard(resource: Resource, around: Surroundings) -> list[Row]:
    """Events that training's reader makes of a resource; none where it is not built as FHIR says."""
    rows = Heard()
    try:
        READ[resource["resourceType"]](resource, rows, around)
    except FAULTS:
        return []
    return rows.events
