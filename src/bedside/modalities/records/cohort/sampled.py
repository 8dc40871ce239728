"""Drawn cases of a binary outcome as a study takes them: samples with their follow-up, censored cases, exclusions."""

from bedside.data.sample import Censored, Excluded, Sample, Watched
from bedside.errors import RecordsProblem
from bedside.modalities.records.cohort.cases import Case
from bedside.modalities.records.history import History
from bedside.stats.censoring import Ending
from bedside.types import PatientId, SampleId

DAY = 86_400.0
"""Seconds."""

_NEEDED = ("boolean_value", "censored", "competing", "observed_until")


def sampled(case: Case) -> Sample[History, bool] | Censored | Excluded:
    """One row of the labels, as `Cohort.draw` gives it; censored where watching ended before the outcome was known.

    Raises:
        RecordsProblem: The labels are of another outcome.
    """
    patient = PatientId(case.patient)
    if case.history is None or case.index_time is None:
        return Excluded(case.reason or "", patient)
    missing = [name for name in _NEEDED if name not in case.label]
    if missing:
        msg = (
            f"a sample with its follow-up was asked of labels without the column {missing[0]!r}; draw a cohort with a "
            "binary outcome"
        )
        raise RecordsProblem(msg)
    key, label = SampleId(str(case.sample)), case.label
    days = (label["observed_until"] - case.index_time).total_seconds() / DAY
    if label["censored"]:
        return Censored(key, patient, days, case.index_time, case.attributes)
    ending = Ending.EVENT if label["boolean_value"] else Ending.COMPETING if label["competing"] else Ending.WATCHED
    watched = Watched(days, ending)
    return Sample(key, patient, case.history, label["boolean_value"], case.index_time, case.attributes, watched)
