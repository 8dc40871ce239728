"""What a study.toml says, checked: the whole of a study over one's own table."""

from collections.abc import Mapping
from typing import Annotated, Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from bedside.modalities.tabular.column import Column, Schema

Digest: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, hexadecimal."""


class Part(BaseModel):
    """A frozen part that refuses unknown keys and wrong types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class StudyPart(Part):
    """The question, and what holds for all learners.

    Attributes:
        name: snake_case.
        question: The clinical question.
        intended_use: Who would use the answer, for whom, at which moment.
        eligibility: Who is in the table.
        trials: Settings tried for each learner.
        margin: Difference in the primary measure that is too small to matter.
        group_margin: Difference between groups that is too small to matter, for tests of equivalence.
        minimum_group: Smallest subgroup that is reported.
        smallest_cell: Smallest number of patients that may be shown in a cell; 0 shows every count.
        bootstrap: Number of bootstrap replicates.
        primary_measure: The endpoint's own when empty.
        seed: The seed of the first run, for the record; `bedside run --seed` decides.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    question: str
    intended_use: str
    eligibility: str
    trials: Annotated[int, Field(ge=1)] = 10
    margin: Annotated[float, Field(ge=0)] = 0.01
    group_margin: Annotated[float, Field(gt=0)] = 0.05
    minimum_group: Annotated[int, Field(ge=1)] = 20
    smallest_cell: Annotated[int, Field(ge=0)] = 0
    bootstrap: Annotated[int, Field(ge=1)] = 2000
    primary_measure: str = ""
    seed: int = 0


class TablePart(Part):
    """The file, its content hash and its format (empty for Parquet)."""

    path: Annotated[str, Field(min_length=1)]
    sha256: Digest
    encoding: str = ""
    separator: str = ""
    decimal: str = ""


class OutcomePart(Part):
    """The outcome.

    Attributes:
        column: Where it stands; of a time to an event, what ended the watch.
        endpoint: Its kind; of a time to an event [follow_up] says the rest.
        positive: Word of a binary outcome that means the event.
        negative: The other word.
        classes: Words of a multiclass outcome, in order.
        unit: Unit of a continuous outcome.
        cuts: Values of a continuous outcome between which splits are balanced.
        missing: Values that mean the outcome is unknown; such rows are excluded and counted.
        horizon: When it is judged.
        differs_within_patient: Whether rows of one patient may have different outcomes without an index time.
    """

    column: str
    endpoint: Literal["binary", "multiclass", "continuous", "time_to_event"]
    positive: str = ""
    negative: str = ""
    classes: tuple[str, ...] = ()
    unit: str = ""
    cuts: tuple[float, ...] = ()
    missing: tuple[str | float, ...] = ()
    horizon: str = ""
    differs_within_patient: bool = False

    def as_column(self) -> Column:
        """Text for classes and for what ended a watch, a number for a continuous outcome."""
        return Column(self.column, "number" if self.endpoint == "continuous" else "category", missing=self.missing)


class CausePart(Part):
    """One cause that can end the watch: how it is called, and the words of the column that mean it."""

    name: Annotated[str, Field(min_length=1)]
    words: Annotated[tuple[str, ...], Field(min_length=1)]


class FollowUpPart(Part):
    """How long each case was watched, and at which times predictions are judged.

    Attributes:
        time: Column of the time from the moment of prediction until the event or the last sight.
        entry: Column of the time since when a case was watched, where that is later than 0; empty where it is not.
        unit: Of all times; "" where nobody said.
        missing: Values of those columns that mean not known.
        censored: Words of the outcome column of cases that were last seen without any event.
        causes: The cause of interest first; the others compete with it.
        horizon: At which the primary measure is taken.
        horizons: Further times at which predictions are judged.
        until: Last time that is predicted and judged.
        thresholds: Of the risk at each horizon, at which net benefit is given.
    """

    time: str
    entry: str = ""
    unit: str = ""
    missing: tuple[str | float, ...] = ()
    censored: tuple[str, ...] = ()
    causes: Annotated[tuple[CausePart, ...], Field(min_length=1)]
    horizon: Annotated[float, Field(gt=0)]
    horizons: tuple[Annotated[float, Field(gt=0)], ...] = ()
    until: Annotated[float, Field(gt=0)]
    thresholds: tuple[float, ...] = ()

    def as_columns(self) -> tuple[Column, ...]:
        """The time, and the entry where there is one."""
        return tuple(Column(name, "number", missing=self.missing) for name in (self.time, self.entry) if name)

    def said(self, time: float) -> str:
        """A time with its unit."""
        return f"{time:,.6g} {self.unit}".rstrip()


class ColumnsPart(Part):
    """Columns with a role other than predictor or outcome; empty where there is none."""

    patient: str = ""
    site: str = ""
    index_time: str = ""


class SubgroupPart(Part):
    """A subgroup; numbers are parted at the cuts."""

    cuts: tuple[float, ...] = ()
    missing: tuple[str | float, ...] = ()


class ValidationPart(Part):
    """One validation; settings that its kind does not have are refused when the study is built."""

    kind: Literal["cross_validation", "holdout", "leave_site_out", "temporal", "predefined", "learning_curve"]
    folds: Annotated[int, Field(ge=2)] | None = None
    repeats: Annotated[int, Field(ge=1)] | None = None
    inner: Annotated[int, Field(ge=2)] | None = None
    development: float | None = None
    tuning: float | None = None
    test: float | None = None
    test_fraction: float | None = None
    column: str | None = None
    shares: Annotated[tuple[float, ...], Field(min_length=1)] | None = None


class LearnersPart(Part):
    """Names of the model on trial and of what it is compared with, from simple to complex."""

    model: str
    comparators: Annotated[tuple[str, ...], Field(min_length=1)]
    primary_comparator: str = ""


Validations: TypeAlias = Annotated[tuple[ValidationPart, ...], Field(min_length=1)]


class PredictorPart(Part):
    """One predictor."""

    kind: Literal["number", "category"]
    unit: str = ""
    categories: tuple[str, ...] = ()
    missing: tuple[str | float, ...] = ()
    description: str = ""


class Declared(Protocol):
    """What every study.toml declares, of whatever data."""

    @property
    def study(self) -> StudyPart:
        """The question, and what holds for all learners."""
        ...

    @property
    def columns(self) -> ColumnsPart:
        """Columns with a role."""
        ...

    @property
    def validations(self) -> tuple[ValidationPart, ...]:
        """Each with the column that it may need."""
        ...

    @property
    def learners(self) -> LearnersPart:
        """The model on trial and its comparators."""
        ...

    @property
    def subgroups(self) -> Mapping[str, SubgroupPart]:
        """Columns by which measures are broken down."""
        ...


class Declaration(Part):
    """A whole study.toml."""

    format: Literal[1]
    study: StudyPart
    table: TablePart
    outcome: OutcomePart
    follow_up: FollowUpPart | None = None
    columns: ColumnsPart = ColumnsPart()
    validations: Validations
    learners: LearnersPart
    subgroups: dict[str, SubgroupPart] = Field(default_factory=dict)
    predictors: Annotated[dict[str, PredictorPart], Field(min_length=1)]
    set_aside: dict[str, str] = Field(default_factory=dict)

    def predictor_schema(self) -> Schema:
        """The predictors as a schema."""
        return Schema(
            tuple(
                Column(name, part.kind, part.unit, part.categories, part.description, part.missing)
                for name, part in self.predictors.items()
            )
        )

    def outcome_column(self) -> Column:
        """The outcome as a column: text for classes and for what ended a watch, a number for a continuous outcome."""
        return self.outcome.as_column()
