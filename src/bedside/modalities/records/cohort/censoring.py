"""How long each drawn sample was watched and why watching ended."""

import polars as pl

from bedside.errors import RecordsProblem
from bedside.modalities.records.history import HOUR
from bedside.stats.censoring import CENSORED, COMPETING, EVENT, WATCHED, FollowUp


def follow_up(labels: pl.DataFrame) -> FollowUp:
    """The follow-up of drawn samples of a binary outcome; raises RecordsProblem for other labels."""
    needed = ("prediction_time", "observed_until", "boolean_value", "censored", "competing", "reason")
    missing = [name for name in needed if name not in labels.columns]
    if missing:
        msg = (
            f"follow-up: received labels without the column {missing[0]!r}; allowed: labels of a cohort with a binary "
            "outcome"
        )
        raise RecordsProblem(msg)
    samples = labels.filter(pl.col("reason").is_null())
    days = samples.select((pl.col("observed_until") - pl.col("prediction_time")).dt.total_microseconds()).to_series()
    ending = samples.select(
        pl.when("censored")
        .then(int(CENSORED))
        .when("boolean_value")
        .then(int(EVENT))
        .when("competing")
        .then(int(COMPETING))
        .otherwise(int(WATCHED))
        .cast(pl.Int64)
    ).to_series()
    return FollowUp(days.to_numpy() / (24 * HOUR), ending.to_numpy())
