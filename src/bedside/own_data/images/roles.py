"""From a row of the table of images to its sample, or to an exclusion with its reason."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from bedside.data.sample import Excluded, Sample
from bedside.modalities.imaging.image import Readable
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record
from bedside.own_data.images.declaration import Columned
from bedside.own_data.roles import band
from bedside.types import PatientId, SampleId


@dataclass(frozen=True, eq=False)
class OwnImage:
    """One row of a table of images.

    Attributes:
        row: What is known of the image.
        image: Where it is read from; None where it cannot be.
        outcome: In the endpoint's own type; None where not known.
        reason: Why it gives no sample whatever its outcome; "" where it may give one.
    """

    row: Record
    image: Readable | None
    outcome: object
    reason: str = ""


@dataclass(frozen=True)
class ImageRoles:
    """What the columns are for: patient, site, subgroups, partitions."""

    declaration: Columned

    @cached_property
    def others(self) -> Schema | None:
        """Columns with a role, as text where they are names and as numbers where they are banded; None for none."""
        columns = self.declaration.columns
        found = {name: Column(name, "category") for name in (columns.patient, columns.site) if name}
        for name, part in self.declaration.subgroups.items():
            found.setdefault(name, Column(name, "number" if part.cuts else "category", missing=part.missing))
        for validation in self.declaration.validations:
            if validation.column:
                found.setdefault(validation.column, Column(validation.column, "category"))
        return Schema(tuple(found.values())) if found else None

    def draw(self, record: OwnImage) -> list[Sample[Readable, object] | Excluded]:
        """The sample of one image, or why there is none."""
        columns = self.declaration.columns
        row = record.row.only(self.others) if self.others else record.row
        named = row[columns.patient] if columns.patient else f"{record.row.position}"
        patient = None if named is None else self.pseudonym(str(named))
        if record.reason or record.image is None:
            return [Excluded(record.reason, patient)]
        if patient is None:
            return [Excluded("patient identifier missing")]
        if record.outcome is None:
            return [Excluded("outcome missing", patient, record.image)]
        attributes = {
            name: band(row[name], part.cuts) if part.cuts else (row[name] or "unknown")
            for name, part in self.declaration.subgroups.items()
        }
        for name in (columns.site, *(part.column for part in self.declaration.validations)):
            if name:
                attributes[name] = row[name] or "unknown"
        key = SampleId(f"image {record.row.position + 1}")
        return [Sample(key, patient, record.image, record.outcome, attributes=attributes)]

    def pseudonym(self, named: str) -> PatientId:
        """A name for the patient within a run, keyed by the images' content; results number patients instead."""
        key = bytes.fromhex(self.declaration.images.sha256)
        return PatientId(blake2b(named.encode(), digest_size=8, key=key).hexdigest())
