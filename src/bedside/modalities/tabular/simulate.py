"""Synthetic twins of tables: declared distributions and a declared rule for the outcome, no patient behind them.

Example:
    >>> twin = Twin(
    ...     columns=(Number("age", mean=60, sd=12, low=18, high=95), Words("sex", {"female": 0.5, "male": 0.5})),
    ...     outcome=BinaryOutcome("died", prevalence=0.2, effects={"age": 1.0, "sex=male": 0.4}),
    ... )
    >>> len(list(twin.records(50, seed=1)))
    50
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from scipy.optimize import brentq
from scipy.special import expit

from bedside.errors import StudyError
from bedside.modalities.tabular.column import Schema, nearest_name
from bedside.modalities.tabular.table import Record, Table, records
from bedside.types import Floats, Integers


@dataclass(frozen=True)
class Number:
    """A number, normal and cut at its limits.

    Attributes:
        name: Column name.
        mean: Mean before cutting.
        sd: Standard deviation before cutting.
        low: Smallest value.
        high: Largest value.
        missing: Share that is missing, completely at random.
        decimals: Decimals that are kept; 0 gives whole numbers.
        missing_as: What is written for missing (0 in Pima); None leaves the cell empty.
    """

    name: str
    mean: float
    sd: float
    low: float = -np.inf
    high: float = np.inf
    missing: float = 0.0
    decimals: int = 1
    missing_as: float | None = None


@dataclass(frozen=True)
class Words:
    """A category.

    Attributes:
        name: Column name.
        shares: Words with their shares, which are scaled to sum to 1.
        missing: Share that is missing, completely at random.
        missing_as: What is written for missing ("?"); None leaves the cell empty.
    """

    name: str
    shares: Mapping[str, float]
    missing: float = 0.0
    missing_as: str | None = None


@dataclass(frozen=True)
class BinaryOutcome:
    """An outcome of two words by a logistic rule.

    Attributes:
        name: Column name.
        prevalence: Expected share of the positive word.
        effects: Log odds by term: "age" for one standard deviation of a number, "sex=male" for a word, "age*bmi"
            for the product of two standardised numbers.
        negative: Word without the event; whole numbers and True/False are written as such.
        positive: Word with the event.
    """

    name: str
    prevalence: float
    effects: Mapping[str, float]
    negative: "str | int | bool" = 0
    positive: "str | int | bool" = 1


@dataclass(frozen=True)
class ClassOutcome:
    """An outcome of several words by a multinomial rule.

    Attributes:
        name: Column name.
        shares: Words with their shares at average predictors.
        effects: Terms as in BinaryOutcome, by word.
    """

    name: str
    shares: Mapping[str, float]
    effects: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class NumberOutcome:
    """A numerical outcome by a linear rule.

    Attributes:
        name: Column name.
        mean: Mean.
        noise: Standard deviation of what the predictors do not explain.
        effects: Terms as in BinaryOutcome, in units of the outcome.
        low: Smallest value.
        high: Largest value.
        decimals: Decimals that are kept.
    """

    name: str
    mean: float
    noise: float
    effects: Mapping[str, float]
    low: float = -np.inf
    high: float = np.inf
    decimals: int = 1


Outcome: TypeAlias = "BinaryOutcome | ClassOutcome | NumberOutcome"


@dataclass(frozen=True)
class Encounters:
    """Repeated records of one patient.

    Attributes:
        patient: Name of the column that identifies the patient.
        repeated: Mean number of further records a patient has (geometric); 0 for one record each.
        encounter: Name of a column that numbers the records; "" for none.
        within: Share of the variance of numbers that the records of one patient have in common.
    """

    patient: str
    repeated: float = 0.0
    encounter: str = ""
    within: float = 0.7


@dataclass(frozen=True)
class Twin:
    """A synthetic twin of a table.

    Attributes:
        columns: Predictors and other columns, with declared distributions.
        outcome: How the outcome comes about.
        encounters: Patients with several records; None for one record a patient and no identifier.
    """

    columns: tuple[Number | Words, ...]
    outcome: Outcome
    encounters: Encounters | None = None

    @classmethod
    def from_schema(cls, schema: Schema, outcome: Outcome) -> "Twin":
        """A neutral twin where only the schema is known: standard normal numbers, words of equal share."""
        columns = tuple(
            Number(column.name, mean=0, sd=1, decimals=3)
            if column.kind == "number"
            else Words(column.name, dict.fromkeys(column.categories or ("a", "b"), 1.0))
            for column in schema.columns
        )
        return cls(columns, outcome)

    def table(self, n: int, *, seed: int) -> Table:
        """Simulated rows as a table; the same seed gives the same rows."""
        generator = np.random.default_rng(seed)
        patients = _patients(n, self.encounters, generator)
        terms: dict[str, Floats] = {}
        written: dict[str, pl.Series] = {}
        for column in self.columns:
            if isinstance(column, Number):
                written[column.name] = self._number(column, patients, terms, generator)
            else:
                written[column.name] = _words(column, n, terms, generator)
        written[self.outcome.name] = _outcome(self.outcome, n, terms, generator)
        if self.encounters:
            identifiers = pl.Series(self.encounters.patient, patients + 1)
            numbered = self.encounters.encounter
            front = [identifiers, *([pl.Series(numbered, np.arange(1, n + 1))] if numbered else [])]
        else:
            front = []
        return Table(pl.DataFrame([*front, *written.values()]))

    def records(self, n: int, *, seed: int) -> Iterator[Record]:
        """Simulated records, as `Source.simulate` yields them."""
        yield from records(self.table(n, seed=seed))

    def _number(
        self, column: Number, patients: Integers, terms: dict[str, Floats], generator: np.random.Generator
    ) -> pl.Series:
        within = self.encounters.within if self.encounters else 0.0
        own = generator.standard_normal(len(patients))
        shared = generator.standard_normal(len(patients))[patients]
        standard = np.sqrt(within) * shared + np.sqrt(1 - within) * own
        values = np.clip(column.mean + column.sd * standard, column.low, column.high)
        terms[column.name] = (values - column.mean) / column.sd if column.sd > 0 else np.zeros(len(values))
        rounded = np.round(values, column.decimals)
        series = pl.Series(column.name, rounded.astype(np.int64) if column.decimals == 0 else rounded)
        lost = pl.Series(generator.random(len(patients)) < column.missing)
        return series.set(lost, column.missing_as)


def _patients(n: int, encounters: Encounters | None, generator: np.random.Generator) -> Integers:
    """Which patient each row belongs to, from 0; rows of one patient need not stand together."""
    if encounters is None or encounters.repeated <= 0:
        return np.arange(n)
    sizes = generator.geometric(1 / (1 + encounters.repeated), size=n)
    return generator.permutation(np.repeat(np.arange(n), sizes)[:n])


def _words(column: Words, n: int, terms: dict[str, Floats], generator: np.random.Generator) -> pl.Series:
    shares = np.array(list(column.shares.values()), dtype=np.float64)
    drawn = generator.choice(len(shares), size=n, p=shares / shares.sum())
    for place, word in enumerate(column.shares):
        terms[f"{column.name}={word}"] = (drawn == place).astype(np.float64)
    words = list(column.shares)
    series = pl.Series(column.name, [words[place] for place in drawn], dtype=pl.String)
    return series.set(pl.Series(generator.random(n) < column.missing), column.missing_as)


def _linear(effects: Mapping[str, float], n: int, terms: Mapping[str, Floats]) -> Floats:
    total = np.zeros(n)
    for term, effect in effects.items():
        product = np.ones(n)
        for factor in term.split("*"):
            if factor not in terms:
                msg = f"the twin's outcome names {factor!r}, which it does not simulate; {nearest_name(factor, terms)}"
                raise StudyError(msg)
            product = product * terms[factor]
        total += effect * product
    return total


def _outcome(outcome: Outcome, n: int, terms: Mapping[str, Floats], generator: np.random.Generator) -> pl.Series:
    if isinstance(outcome, NumberOutcome):
        values = outcome.mean + _linear(outcome.effects, n, terms) + outcome.noise * generator.standard_normal(n)
        return pl.Series(outcome.name, np.round(np.clip(values, outcome.low, outcome.high), outcome.decimals))
    if isinstance(outcome, BinaryOutcome):
        score = _linear(outcome.effects, n, terms)
        # The intercept is the one that gives the declared prevalence for the predictors that were drawn.
        intercept = brentq(lambda shift: float(expit(score + shift).mean()) - outcome.prevalence, -60, 60) if n else 0
        happened = generator.random(n) < expit(score + intercept)
        words: list[Any] = [outcome.positive if event else outcome.negative for event in happened]
        return pl.Series(outcome.name, words)
    names = list(outcome.shares)
    scores = np.column_stack(
        [np.log(outcome.shares[name]) + _linear(outcome.effects.get(name, {}), n, terms) for name in names]
    )
    # Gumbel noise and the largest score draw from the multinomial.
    drawn = np.argmax(scores + generator.gumbel(size=scores.shape), axis=1)
    return pl.Series(outcome.name, [names[place] for place in drawn], dtype=pl.String)
