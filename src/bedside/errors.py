"""Every error that bedside raises on purpose.

    BedsideError
    ├── DataError               what was given cannot be used
    │   ├── FileProblem         a file is missing, empty, truncated, not what its name says
    │   ├── TableProblem        columns or values of a table
    │   ├── RecordsProblem      records over time: layout, codes, units, declarations of cohorts
    │   ├── OutcomeProblem      the outcome is absent, constant, contradictory or of the wrong kind
    │   └── CohortProblem       too few patients, an empty cohort, folds that cannot be drawn
    ├── StudyError              a study is declared inconsistently
    │   └── PlanError           a run departs from its frozen analysis plan
    ├── RunError                a run cannot go on
    │   ├── RunLocked           another process works in the same folder
    │   ├── RunMismatch         a folder holds a run of something else
    │   └── OutputProblem       the output folder cannot be written or is full
    ├── ModelError              a learner could not be fitted, saved or loaded
    ├── ReleaseError            a model cannot be released, or a release not be used
    │   ├── ReleaseRefused      a gate did not pass, or what would be served is not what was judged
    │   ├── ReleaseProblem      a folder of a release is altered, incomplete, newer or of other code
    │   └── RegistryProblem     a registry is damaged, or does not allow a move
    ├── ServiceError            a service cannot start as it was set up
    │   └── CallRefused         a call to a service is answered with an HTTP error
    └── StatisticsError         a statistic was asked of input on which it is not defined

A message names the file, field or column, what was received, what is allowed and what to do. It never
holds a patient's values: not an identifier, not a date, not free text.
"""

from collections.abc import Mapping


class BedsideError(Exception):
    """Base of all errors raised on purpose; the command line prints it as one sentence."""

    exit_code = 1


class DataError(BedsideError):
    """What was given cannot be used."""

    exit_code = 3


class FileProblem(DataError):  # noqa: N818 - reads as what it is
    """A file is missing, empty, truncated, wrongly encoded or not what its name says."""


class TableProblem(DataError):  # noqa: N818
    """Columns or values of a table do not allow the study."""


class RecordsProblem(DataError):  # noqa: N818
    """Records over time do not have the layout, the codes or the times that were declared."""


class OutcomeProblem(DataError):  # noqa: N818
    """The outcome is absent, constant, contradictory or not of the endpoint's kind."""


class CohortProblem(DataError):  # noqa: N818
    """The cohort is empty or too small for what was asked."""


class StudyError(BedsideError):
    """A study is declared inconsistently."""

    exit_code = 2


class PlanError(StudyError):
    """A run departs from its frozen analysis plan."""


class RunError(BedsideError):
    """A run cannot go on."""

    exit_code = 4


class RunLocked(RunError):  # noqa: N818
    """Another process works in the same folder."""


class RunMismatch(RunError):  # noqa: N818
    """The folder holds a run of another study, seed or code."""


class OutputProblem(RunError):  # noqa: N818
    """The output folder cannot be written, or its disk is full."""


class ModelError(BedsideError):
    """A learner could not be fitted, saved or loaded."""

    exit_code = 5


class ServiceError(BedsideError):
    """A service cannot start as it was set up."""

    exit_code = 2


class CallRefused(ServiceError):  # noqa: N818
    """A call to a service is answered with an HTTP error.

    Attributes:
        status: Of HTTP.
        code: Of the issue, from FHIR's value set issue-type ("invalid", "security", "timeout" ...).
        headers: That go with the answer.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


class ReleaseError(BedsideError):
    """A model cannot be released, or a release cannot be used."""

    exit_code = 6


class ReleaseRefused(ReleaseError):  # noqa: N818
    """A gate did not pass, or what would be served is not what was judged."""


class ReleaseProblem(ReleaseError):  # noqa: N818
    """A folder of a release is altered, incomplete, of a newer version or of other code."""


class RegistryProblem(ReleaseError):  # noqa: N818
    """A registry is damaged, or does not allow a move."""


class StatisticsError(BedsideError):
    """A statistic was asked of input on which it is not defined."""
