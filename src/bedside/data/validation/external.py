"""Another source judged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bedside.data.patients import Patients
from bedside.data.sample import Sample
from bedside.data.source import Source
from bedside.data.validation.division import ByPatient, Part, everyone_but
from bedside.errors import CohortProblem


@dataclass(frozen=True, kw_only=True)
class External(ByPatient):
    """Judge on the records of another source, from which nothing is learned.

    Attributes:
        source: Whose records are judged.
        same_identifiers: Whether both sources name patients by the same identifiers (a national number, one hospital
            group), so that somebody known to both is recognised: such patients are judged and never learned from, and
            the audit counts them. Otherwise equal identifiers mean nothing.
    """

    source: Source[Any]
    name: str = "external"

    @property
    def design(self) -> str:
        """Who is judged, in a sentence or two."""
        if self.same_identifiers:
            known = "Patients known to both sources by their identifiers were judged and not learned from."
        else:
            known = "Identifiers of the two sources do not match, so that patients known to both cannot be recognised."
        return f"External validation on {self.source.name}, from which nothing was learned. {known}"

    def parts(self, samples: Sequence[Sample[object, Any]], patients: Patients, seed: int) -> Iterator[Part]:
        """One split; raises CohortProblem when either source gives no sample."""
        del seed
        outside = np.array([sample.attributes.get("source") == self.source.name for sample in samples])
        test = np.flatnonzero(outside).astype(np.int64)
        learn = everyone_but(patients, test)
        if not test.size or not learn.size:
            msg = (
                f"external validation needs patients on both sides; found {test.size} samples in {self.source.name!r} "
                f"and {learn.size} other patients to learn from"
            )
            raise CohortProblem(msg)
        yield Part("external", learn, test)
