"""What may be seen: nothing after the index time, proved on what histories return, whatever happens later."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.modalities.records.cohort.patients import DAY, MORTALITY, Row, cohort, stay, written

from bedside.errors import RecordsProblem
from bedside.modalities.records.cohort.draw import draw
from bedside.modalities.records.cohort.histories import histories, joined, samples_of, seen_of
from bedside.modalities.records.cohort.proof import prove
from bedside.modalities.records.events.flag import UNUSABLE, Flag
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.history import STATIC, Events, History

PAST = [
    *stay(1, 0, None),
    (1, -50, "LOINC//1", 3.0),
    (1, 5, "LOINC//1", 4.0, "high"),
    (1, 24, "LOINC//2"),
    *stay(2, 3, None),
]
LATER = st.tuples(
    st.sampled_from([1, 2]),
    st.floats(27.001, 900, allow_nan=False),
    st.sampled_from(["LOINC//1", "LOINC//2", "A//0", "Z//9", "ENCOUNTER_END//HOME", "MEDS_DEATH"]),
    st.one_of(st.none(), st.floats(-1e6, 1e6, width=32)),
    st.one_of(st.none(), st.sampled_from(["high", "Aa", "zz"])),
    st.none(),
    st.sampled_from([0, 0, 0, 1, 128]),
)


def shown(events: Events, view: History) -> tuple[Any, ...]:
    """Every byte of a history, codes and texts as they are written."""
    rows = view.positions()
    return (
        view.start,
        view.index,
        events.times[rows].tobytes(),
        tuple(events.words[k] for k in events.codes[rows]),
        events.numbers[rows].tobytes(),
        tuple(None if k < 0 else events.written[k] for k in events.texts[rows]),
    )


def seen(rows: Sequence[Row], text: str) -> tuple[dict[tuple[int, Any], tuple[Any, ...]], Events]:
    with TemporaryDirectory() as place:
        folder = written(rows, Path(place))
        drawn = draw(folder, cohort(text), jobs=1)
        events, views = histories(folder, drawn.labels)
        names = drawn.samples.select("subject_id", "prediction_time").rows()
        return {name: shown(events, view) for name, view in zip(names, views, strict=True)}, events


@settings(max_examples=10, deadline=None)
@given(st.lists(LATER, max_size=8), st.lists(LATER, max_size=8))
def test_whatever_happens_after_the_index_time_changes_no_byte(one: list[Row], other: list[Row]) -> None:
    text = MORTALITY.replace("[outcome]", '[observation]\nstart = "index - 60h"\n\n[outcome]')
    end: list[Row] = [(1, 1000, "A//1"), (2, 1000, "A//1")]
    first, held = seen([*PAST, *one, *end], text)
    second, again = seen([*PAST, *other, *end], text)
    assert first == second
    assert len(first) == 2
    # With one index time a patient not even the table that is held in memory differs.
    assert (held.words, held.written) == (again.words, again.written)
    for name in ("times", "codes", "numbers", "texts"):
        assert getattr(held, name).tobytes() == getattr(again, name).tobytes()


@settings(max_examples=5, deadline=None)
@given(st.lists(LATER, max_size=8), st.lists(LATER, max_size=8))
def test_the_same_holds_of_every_one_of_many_index_times(one: list[Row], other: list[Row]) -> None:
    text = MORTALITY.replace('offset = "24h"', 'repeat = "6h"\nrepeat_until = "event + 24h"')
    end: list[Row] = [(1, 1000, "A//1"), (2, 1000, "A//1")]
    first, _ = seen([*PAST, *one, *end], text)
    second, _ = seen([*PAST, *other, *end], text)
    assert first == second
    assert len(first) == 10


def test_rows_are_held_once_and_only_where_a_window_sees_them(tmp_path: Path) -> None:
    rows = [*PAST, (1, 1000, "A//1"), (2, 1000, "A//1")]
    folder = written(rows, tmp_path)
    text = MORTALITY.replace('offset = "24h"', 'repeat = "6h"\nrepeat_until = "event + 24h"')
    text = text.replace("[outcome]", '[observation]\nstart = "index - 20h"\n\n[outcome]')
    drawn = draw(folder, cohort(text), jobs=1)
    events, views = histories(folder, drawn.labels)
    assert len(views) == 10
    assert "A//1" not in events.words
    assert "MEDS_BIRTH" not in events.words
    assert len(events) == drawn.proof.held == 2 + 4  # two facts; two admissions and two results
    assert drawn.proof.visible == sum(len(view) for view in views)
    assert drawn.proof.hidden > 0
    assert all(view.events is events for view in views)
    assert [events.words[k] for k in events.codes[slice(*views[4].facts)]] == ["SEX//F"]
    assert events.called("LOINC//2") == "2", "as the source describes it"
    assert (views[4].hours >= 0).all()
    assert views[0].hours.tolist() == [0.0]


def test_an_event_exactly_at_the_start_and_at_the_index_time_is_seen(tmp_path: Path) -> None:
    rows = [*stay(1, 0, None), (1, 4, "A//0"), (1, 24, "A//0"), (1, 24.0001, "A//0"), (1, 900, "A//9")]
    folder = written(rows, tmp_path)
    text = MORTALITY.replace("[outcome]", '[observation]\nstart = "index - 20h"\n\n[outcome]')
    _, views = histories(folder, draw(folder, cohort(text), jobs=1).labels)
    assert views[0].hours.tolist() == [20.0, 0.0]


def test_labels_of_others_are_taken_as_they_are(tmp_path: Path) -> None:
    folder = written([*stay(1, 0, 5), *stay(2, 1, 5)], tmp_path, shards=2)
    labels = pl.DataFrame({"subject_id": [2, 1, 2], "prediction_time": [DAY + timedelta(hours=h) for h in (2, 0, 9)]})
    events, views = histories(folder, labels)
    assert [len(view) for view in views] == [2, 2, 3]
    assert [view.index for view in views] == labels["prediction_time"].cast(pl.Int64).to_list()
    assert events.times[views[0].rows[0]] == views[0].start


def test_labels_that_do_not_belong_to_the_table_are_refused(tmp_path: Path) -> None:
    folder = written(stay(1, 0, 5), tmp_path)
    with pytest.raises(RecordsProblem, match="1 of 2 samples are of patients who are not in the table"):
        histories(folder, pl.DataFrame({"subject_id": [1, 9], "prediction_time": [DAY, DAY]}))
    with pytest.raises(RecordsProblem, match="no column 'prediction_time'"):
        histories(folder, pl.DataFrame({"subject_id": [1]}))
    with pytest.raises(RecordsProblem, match="1 samples have no prediction time"):
        histories(folder, pl.DataFrame({"subject_id": [1], "prediction_time": [None]}))


def drawn_and_shown(folder: EventFolder) -> tuple[pl.DataFrame, pl.DataFrame, Events, list[History], dict[str, int]]:
    samples = draw(folder, cohort(), jobs=1).samples
    frame = folder.read(folder.shards[0])
    part = seen_of(frame, samples_of(samples), UNUSABLE, "a shard")
    events, views = joined([part], len(samples))
    return frame, samples, events, views, dict(part.left_out)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rows": (1, 6)}, "an event is later than the index time"),
        ({"rows": (1, 7)}, "rows lie outside the table"),
        ({"rows": (1, 3)}, "not all events that may be seen are visible"),
        ({"rows": (0, 4)}, "a fact stands among events with a time"),
        ({"facts": (0, 0)}, "not all facts are visible"),
        ({"facts": (1, 2)}, "an event with a time stands among facts"),
        ({"index": 5}, "the index time is not that of the label"),
    ],
)
def test_the_proof_fails_loudly_when_a_history_shows_what_it_must_not(
    tmp_path: Path, wrong: dict[str, Any], message: str
) -> None:
    rows = [*stay(1, 0, None), (1, 5, "LOINC//1", 4.0), (1, 20, "A//1"), (1, 900, "A//1")]
    frame, samples, events, views, left_out = drawn_and_shown(written(rows, tmp_path))
    prove(frame, samples, UNUSABLE, (events, views), left_out)
    everything = Events(*_whole(frame))
    view = replace(views[0], events=everything)
    prove(frame, samples, UNUSABLE, (everything, [view]), left_out)
    with pytest.raises(RecordsProblem, match=f"the proof of the cohort failed: {message}"):
        prove(frame, samples, UNUSABLE, (everything, [replace(view, **wrong)]), left_out)


def test_the_proof_fails_for_outcomes_and_flagged_events_and_other_codes(tmp_path: Path) -> None:
    rows = [*stay(1, 0, None), (1, 5, "LOINC//1", 4.0, None, None, 1), (1, 900, "A//1")]
    frame, samples, events, views, left_out = drawn_and_shown(written(rows, tmp_path))
    with pytest.raises(RecordsProblem, match="flagged events are not all counted"):
        prove(frame, samples, UNUSABLE, (events, views), {})
    with pytest.raises(RecordsProblem, match="not all events that may be seen are visible"):
        prove(frame, samples, Flag.DUPLICATE, (events, views), left_out)
    early = samples.with_columns(outcome_time=pl.col("prediction_time"))
    with pytest.raises(RecordsProblem, match="the outcome is not after the index time"):
        prove(frame, early, UNUSABLE, (events, views), left_out)
    other = replace(events, codes=events.codes[::-1].copy())
    with pytest.raises(RecordsProblem, match="codes of visible events are not those of the table"):
        prove(frame, samples, UNUSABLE, (other, views), left_out)
    with pytest.raises(RecordsProblem, match="there is not one history a sample"):
        prove(frame, samples, UNUSABLE, (events, [*views, *views]), left_out)


def _whole(frame: pl.DataFrame) -> tuple[Any, ...]:
    words = tuple(frame["code"].cast(pl.String).unique().sort())
    codes = np.array([words.index(code) for code in frame["code"]], dtype=np.int32)
    numbers = frame["numeric_value"].fill_null(float("nan")).to_numpy()
    times = frame["time"].cast(pl.Int64).fill_null(STATIC).to_numpy()
    return times, codes, numbers, np.full(len(frame), -1, np.int32), words, ()
