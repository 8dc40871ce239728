"""Whether a table and a declaration of times to events fit one another."""

from collections import Counter

import polars as pl

from bedside.endpoints.time_to_event.outcome import Followed, times_of
from bedside.errors import CohortProblem, OutcomeProblem, StudyError
from bedside.own_data.declaration import FollowUpPart, OutcomePart
from bedside.own_data.followed import codes_of, followed
from bedside.own_data.horizons import check_horizons

KIND = "time_to_event"


def check_follow_up(outcome: OutcomePart, part: FollowUpPart | None) -> None:
    """Raise StudyError where [outcome] and [follow_up] contradict each other or themselves."""
    if part is None:
        if outcome.endpoint == KIND:
            msg = f"endpoint {KIND!r} needs the part [follow_up]: the column of the time, the causes, the horizon"
            raise StudyError(msg)
        return
    if outcome.endpoint != KIND:
        msg = f"[follow_up] belongs to endpoint {KIND!r}, not to {outcome.endpoint!r}; take one of them out"
        raise StudyError(msg)
    words = Counter([*part.censored, *(word for cause in part.causes for word in cause.words)])
    twice = [word for word, count in words.items() if count > 1]
    if twice:
        msg = f"{twice[0]!r} has two meanings in [follow_up]; name each word once, under censored or one cause"
        raise StudyError(msg)


def with_follow_up(outcome: OutcomePart, part: FollowUpPart, others: pl.DataFrame) -> pl.DataFrame:
    """The columns with a role, where the outcome column tells each case's whole ending, null where it is not usable.

    Raises:
        OutcomeProblem: Events are unknown words or absent, times are all missing or the same, or a horizon is beyond
            all follow-up.
    """
    codes, cells = codes_of(part), others.get_column(outcome.column)
    strange = int((~cells.drop_nulls().is_in(list(codes))).sum())
    if strange:
        msg = (
            f"the event {outcome.column!r} is none of {', '.join(map(repr, codes))} in {strange} of {len(cells)} rows; "
            "add them to censored or to a cause in [follow_up], or list their value under missing in [outcome]"
        )
        raise OutcomeProblem(msg)
    entries = others.get_column(part.entry).to_list() if part.entry else [0.0] * len(cells)
    cases = zip(others.get_column(part.time).to_list(), cells.to_list(), entries, strict=True)
    rows = [followed(*case, codes, outcome.column) for case in cases]
    known = [row for row in rows if isinstance(row, Followed)]
    check_events(known, part, len(rows))
    check_horizons(times_of(known), (part.horizon, *part.horizons), part.unit, part.causes[0].name)
    told = [f"{row.event} {row.entry!r} {row.time!r}" if isinstance(row, Followed) else None for row in rows]
    return others.with_columns(pl.Series(outcome.column, told, dtype=pl.String))


def check_events(outcomes: list[Followed], part: FollowUpPart, rows: int) -> None:
    """Refuse a table in which nothing can be learned of times.

    Args:
        outcomes: Of the rows that can be used.
        part: What they are.
        rows: Of the table.

    Raises:
        OutcomeProblem: There is no usable row, one time only, or no event of interest.
    """
    if not outcomes:
        msg = f"none of the {rows} rows has a usable time ({part.time!r}) and event; a time is a number above 0"
        raise OutcomeProblem(msg)
    times = times_of(outcomes)
    if (times.time == times.time[0]).all():
        msg = f"the time {part.time!r} is the same in all rows where it is known; nothing can be learned from it"
        raise OutcomeProblem(msg)
    name = part.causes[0].name
    if not (times.event == 1).any():
        msg = f"there is no {name} in any of the {len(outcomes)} rows with a usable time; a study needs events"
        raise OutcomeProblem(msg)


def check_one_row_each(patients: pl.Series) -> None:
    """Raise OutcomeProblem where patients have several rows that nothing tells apart."""
    count = int((patients.value_counts().get_column("count") > 1).sum())
    if not count:
        return
    msg = (
        f"{count:,} patient(s) have several rows and no index time tells them apart; a time to an event is one row a "
        "patient, from the moment of prediction to the first event: recurrent events and intervals are not supported; "
        "keep one row each, name the column of the index time (--index-time), or, where each row counts its time from "
        "an encounter of its own, say so (--encounters)"
    )
    raise OutcomeProblem(msg)


def check_enough_events(known: pl.DataFrame, cause: str, folds: int) -> None:
    """Raise CohortProblem where fewer patients have the event than there are folds.

    Args:
        known: Columns patient and outcome, as `with_follow_up` words it.
        cause: Of interest.
        folds: Of the cross-validation.
    """
    had = known.filter(pl.col("outcome").str.starts_with("1 ")).get_column("patient").n_unique()
    if had < folds:
        msg = (
            f"{had} patient(s) had the event ({cause}), fewer than the {folds} folds; use fewer folds or more patients"
        )
        raise CohortProblem(msg)
