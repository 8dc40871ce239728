"""Each site judged by models that never saw it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bedside.data.patients import Patients
from bedside.data.sample import Sample
from bedside.data.validation.division import ByPatient, Part, attribute, everyone_but
from bedside.errors import CohortProblem


@dataclass(frozen=True, kw_only=True)
class LeaveSiteOut(ByPatient):
    """Internal-external cross-validation: each site is judged by models that never saw it."""

    name: str = "leave_site_out"
    by_split: bool = True
    attribute: str = "site"

    @property
    def design(self) -> str:
        """Who is judged, in a sentence."""
        return (
            f"Internal-external cross-validation: each {self.attribute} in turn was judged by models developed on the "
            "others."
        )

    def parts(self, samples: Sequence[Sample[object, Any]], patients: Patients, seed: int) -> Iterator[Part]:
        """One split a site; raises CohortProblem with fewer than two sites."""
        del seed
        sites = attribute(samples, self.attribute)
        names = np.unique(sites).tolist()
        if len(names) < 2:
            msg = f"leave-site-out needs at least two values of {self.attribute!r}; found {len(names)}"
            raise CohortProblem(msg)
        for site in names:
            test = np.flatnonzero(sites == site).astype(np.int64)
            learn = everyone_but(patients, test)
            if not learn.size:
                msg = f"every patient has a sample at one {self.attribute}; nobody is left to develop on"
                raise CohortProblem(msg)
            yield Part(f"{self.attribute}={site}", learn, test)
