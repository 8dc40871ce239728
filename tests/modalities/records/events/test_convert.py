"""Conversion: the table is the source's events, whatever the order, the processes and the faults in it."""

import hashlib
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as over
from hypothesis import strategies as st
from meds.schema import CodeMetadataSchema, DataSchema, code_metadata_filepath
from tests.modalities.records.events.given import START, Given, GivenPart, at, event, frame, given

from bedside.errors import OutputProblem, RecordsProblem
from bedside.modalities.records.events.convert import Converted, convert
from bedside.modalities.records.events.flag import UNUSABLE, Flag
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.events.schema import BIRTH, DEATH, EVENTS

CREATININE = "LOINC//2160-0"


def content(folder: Path) -> dict[str, str]:
    """SHA-256 of every file."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(converted: Converted) -> list[dict[str, object]]:
    return converted.folder.scan().collect().to_dicts()


def flags(converted: Converted) -> list[int]:
    return converted.folder.scan().collect().get_column("flags").to_list()


def some(n: int, *, seed: int = 0, subjects: int = 40) -> list[dict[str, object]]:
    """Events of made-up patients, with units and codes of many kinds."""
    rng = np.random.default_rng(seed)
    codes = [CREATININE, "LOINC//8867-4", "OWN//a", "odd", "RXNORM//1"]
    units = ["mg/dL", "umol/L", "bpm", None, "words"]
    return [
        event(
            f"p{rng.integers(subjects)}",
            float(rng.integers(0, 1000)),
            codes[rng.integers(5)],
            float(rng.normal(50, 30)) if rng.random() < 0.8 else None,
            units[rng.integers(5)],
            encounter=str(rng.integers(5)),
        )
        for _ in range(n)
    ]


def test_a_table_is_one_of_meds(tmp_path: Path) -> None:
    found = convert(given(*some(300), event("p1", None, "SEX//F", static=True)), tmp_path / "out", jobs=1)
    for shard in found.folder.shards:
        DataSchema.validate(pq.read_table(shard))  # raises
    CodeMetadataSchema.validate(pq.read_table(tmp_path / "out" / code_metadata_filepath))
    assert found.folder.scan().collect_schema() == EVENTS
    assert found.folder.name == "given"
    assert found.folder.codes.columns == [
        "code", "description", "parent_codes", "unit", "system", "events", "subjects",
    ]  # fmt: skip


def test_events_are_read_back_as_they_were_and_numbers_in_the_unit_of_their_code(tmp_path: Path) -> None:
    found = convert(
        given(
            event("7", 2, CREATININE, 88.4, "umol/L", encounter="12"),
            event("7", 1, CREATININE, 1.5, "mg/dl", encounter="adm-1"),
            event("7", None, "SEX//F", static=True),
            event("7", 3, "OWN//note", text="  Never smoked "),
        ),
        tmp_path / "out",
        jobs=1,
    )
    first, second, third, last = rows(found)
    assert (first["subject_id"], first["time"], first["code"]) == (7, None, "SEX//F")
    assert (second["time"], second["numeric_value"]) == (at(1), 1.5)
    assert int(str(second["encounter_id"])) >= 2**62
    assert (third["time"], third["encounter_id"]) == (at(2), 12)
    assert third["numeric_value"] == pytest.approx(1.0, rel=1e-3)
    assert (last["text_value"], last["numeric_value"]) == ("  Never smoked ", None)
    assert flags(found) == [0, 0, 0, 0]
    assert found.quality.units[CREATININE].converted == {"umol/L": 1}
    assert dict(found.folder.codes.select("code", "unit").iter_rows())[CREATININE] == "mg/dL"
    assert found.folder.people.collect().to_dicts() == [{"subject_id": 7, "identifier": "7"}]


@pytest.mark.parametrize(
    ("events", "flag", "expected"),
    [
        ([event("1", 0, CREATININE, 500.0, "mg/dL")], Flag.IMPLAUSIBLE, [True]),
        ([event("1", 0, CREATININE, 500.0, "umol/L")], Flag.IMPLAUSIBLE, [False]),
        ([event("1", 0, CREATININE, 500.0)], Flag.IMPLAUSIBLE, [False]),  # nobody says in which unit
        (
            [event("1", 0, CREATININE, 1.0, "words"), event("1", 1, CREATININE, 1.0, "mg/dL")],
            Flag.UNIT_UNKNOWN,
            [True, False],
        ),
        (
            [event("1", 0, "odd", 1.0), event("1", 1, "ELSE//1"), event("1", 2, "OWN//1")],
            Flag.SYSTEM_UNKNOWN,
            [True, True, False],
        ),
        ([event("1", None, "OWN//1"), event("1", None, "SEX//F", static=True)], Flag.NO_TIME, [False, True]),
        (
            [event("1", 60, BIRTH), event("1", 49, "OWN//1"), event("1", 47, "OWN//1"), event("2", 0, "OWN//1")],
            Flag.BEFORE_BIRTH,
            [True, False, False, False],
        ),
        (
            [event("1", 50, DEATH), event("1", 71, "OWN//1"), event("1", 73, "OWN//1")],
            Flag.AFTER_DEATH,
            [False, False, True],
        ),
        ([event("1", 1, "OWN//1"), event("1", 1e6, "OWN//1")], Flag.IN_FUTURE, [False, True]),
        (
            [event("1", 1, "OWN//1", 1.0), event("1", 1, "OWN//1", 1.0, encounter="5"), event("1", 1, "OWN//1", 2.0)],
            Flag.DUPLICATE,
            [False, True, False],
        ),
        (
            [event("1", 1, "OWN//1", encounter=stay) for stay in ("5", "5", "6", None, None)],
            Flag.DUPLICATE,
            [False, True, False, True, True],
        ),
        ([event("1", 1, "OWN//1", math.inf), event("1", 2, "OWN//1", 1e39)], Flag.NOT_A_NUMBER, [True, True]),
        ([event("1", 1, "OWN//1", math.nan)], Flag.NOT_A_NUMBER, [False]),  # nothing was written
    ],
)
def test_what_is_the_matter_is_flagged_and_counted_and_stays(
    tmp_path: Path, events: list[dict[str, object]], flag: Flag, expected: list[bool]
) -> None:
    found = convert(given(*events), tmp_path / "out", jobs=1)
    assert [bool(one & flag) for one in flags(found)] == expected
    assert found.quality.events == len(events)
    assert found.quality.flags[flag.word].events == sum(expected)
    assert found.quality.flags[flag.word].subjects == (1 if any(expected) else 0)
    assert sum(found.quality.flags[flag.word].codes.values()) == sum(expected)


def test_the_duplicate_that_knows_its_encounter_is_the_one_that_counts(tmp_path: Path) -> None:
    found = convert(given(event("1", 1, "OWN//1"), event("1", 1, "OWN//1", encounter="5")), tmp_path / "out", jobs=1)
    assert [(row["encounter_id"], row["flags"]) for row in rows(found)] == [(5, 0), (None, int(Flag.DUPLICATE))]


def test_infinite_numbers_are_stored_as_missing(tmp_path: Path) -> None:
    found = convert(given(event("1", 1, "OWN//1", -math.inf)), tmp_path / "out", jobs=1)
    assert rows(found)[0]["numeric_value"] is None


def test_a_birth_or_death_in_the_future_condemns_nobody(tmp_path: Path) -> None:
    found = convert(given(event("1", 1e6, BIRTH), event("1", 1, "OWN//1")), tmp_path / "out", jobs=1)
    assert flags(found) == [0, int(Flag.IN_FUTURE)]


def test_the_date_until_which_a_source_reaches_is_the_callers_then_the_readers(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Shifted(Given):
        until: datetime | None = datetime(2300, 1, 1)  # noqa: DTZ001 - records have no zone

    source = Shifted([[frame(event("1", 1e6, "OWN//1"))]])
    assert flags(convert(source, tmp_path / "a", jobs=1)) == [0]
    assert flags(convert(source, tmp_path / "b", jobs=1, until=at(1))) == [int(Flag.IN_FUTURE)]


def test_people_without_events_and_with_several_births_or_deaths_are_counted(tmp_path: Path) -> None:
    found = convert(
        given(
            event("1", 1, BIRTH),
            event("1", None, "SEX//F", static=True),
            event("2", 1, BIRTH),
            event("2", 2, BIRTH),  # the same day
            event("3", 1, BIRTH),
            event("3", 50, BIRTH),
            event("3", 60, "OWN//1"),
            event("3", 70, DEATH),
            event("3", 100, DEATH),
        ),
        tmp_path / "out",
        jobs=1,
    )
    assert found.quality.subjects == 3
    assert found.quality.subjects_without_events == 2
    assert found.quality.subjects_with_several_births == 1
    assert found.quality.subjects_with_several_deaths == 1


def test_rows_of_nobody_or_of_nothing_are_counted(tmp_path: Path) -> None:
    found = convert(
        given(event(None, 1, "OWN//1"), event("", 1, "OWN//1"), event("1", 1, None), event("1", 1, "OWN//1")),
        tmp_path / "out",
        jobs=1,
    )
    assert {what: one.count for what, one in found.quality.problems.items()} == {
        "event without a code": 1,
        "event without a subject": 2,
    }
    assert found.quality.events == 1


EVENTS_DRAWN = st.lists(
    st.builds(
        event,
        subject=st.sampled_from(["1", "2", "x", "y", "z"]),
        time=st.one_of(st.none(), st.sampled_from([-1e5, 0.0, 1.0, 30.0, 1e6])),
        code=st.sampled_from([CREATININE, "OWN//a", "odd", BIRTH, DEATH]),
        number=st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.0, 90.0, math.inf, math.nan])),
        unit=st.sampled_from([None, "mg/dL", "umol/L", "words"]),
        text=st.sampled_from([None, "a", "b"]),
        encounter=st.sampled_from([None, "1", "e"]),
        static=st.booleans(),
    ),
    min_size=1,
    max_size=25,
)
SLOW_FOLDERS = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW_FOLDERS
@over(events=EVENTS_DRAWN, data=st.data())
def test_neither_the_order_nor_the_cut_into_parts_and_frames_changes_a_byte(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, object]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("orders")
    convert(given(*events), folder / "a", jobs=1)
    order = data.draw(st.permutations(range(len(events))))
    cut = data.draw(st.integers(0, len(events)))
    shuffled = [events[k] for k in order]
    convert(Given([[frame(*shuffled[:cut])], [frame(), frame(*shuffled[cut:])]]), folder / "b", jobs=1)
    assert content(folder / "a") == content(folder / "b")


@SLOW_FOLDERS
@over(events=EVENTS_DRAWN, shard_events=st.sampled_from([1, 5, 1000]))
def test_no_event_is_lost_and_subjects_lie_together_in_order(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, object]], shard_events: int
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    found = convert(given(*events), folder / "out", jobs=1, shard_events=shard_events)
    table = found.folder.scan().collect()
    assert table.height == len(events) == found.quality.events
    names = dict(found.folder.people.collect().iter_rows())
    stored = [
        (names[row["subject_id"]], str(row["time"]), row["code"], str(row["text_value"]))
        for row in table.iter_rows(named=True)
    ]
    drawn = [tuple(str(one[column]) for column in ("subject", "time", "code", "text_value")) for one in events]
    assert sorted(stored) == sorted(drawn)
    assert table.get_column("subject_id").rle_id().max() == table.get_column("subject_id").n_unique() - 1
    for (_,), person in table.group_by("subject_id"):
        times = person.get_column("time")
        assert times.equals(times.sort(nulls_last=False))
    for flag in Flag:
        assert found.quality.flags[flag.word].events == sum(bool(one & flag) for one in table.get_column("flags"))
    usable = table.filter(pl.col("flags") & int(UNUSABLE) == 0).get_column("time")
    assert (found.quality.first, found.quality.last) == (usable.min(), usable.max())


def test_processes_change_no_byte(tmp_path: Path) -> None:
    source = Given([[frame(*some(200, seed=seed))] for seed in range(5)])
    convert(source, tmp_path / "one", jobs=1, shard_events=300)
    convert(source, tmp_path / "two", jobs=2, shard_events=300)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert len(EventFolder(tmp_path / "one").shards) >= 3


def test_a_bucket_larger_than_a_shard_is_divided_by_subject(tmp_path: Path) -> None:
    found = convert(given(*some(3000, subjects=300)), tmp_path / "out", jobs=1, shard_events=20)
    people = [set(found.folder.read(shard).get_column("subject_id")) for shard in found.folder.shards]
    assert sum(map(len, people)) == len(set.union(*people)) == found.quality.subjects
    assert len(people) > 64
    assert found.quality.events == 3000


def test_row_groups_hold_whole_subjects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bedside.modalities.records.events import shard

    monkeypatch.setattr(shard, "GROUP_EVENTS", 50)
    found = convert(given(*some(1000)), tmp_path / "out", jobs=1)
    file = pq.ParquetFile(found.folder.shards[0])
    people = [set(file.read_row_group(k)["subject_id"].to_pylist()) for k in range(file.num_row_groups)]
    assert file.num_row_groups > 5
    assert sum(map(len, people)) == len(set.union(*people))


def test_two_identifiers_of_one_number_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bedside.modalities.records.events import subjects

    monkeypatch.setattr(subjects, "_hash", lambda _: 2**62 + 5)
    with pytest.raises(RecordsProblem, match=r"1 number\(s\) of subjects stand for two identifiers"):
        convert(given(event("a", 1, "OWN//1"), event("b", 1, "OWN//1")), tmp_path / "out", jobs=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (frame(event("1", 1, "OWN//1")).drop("unit"), "unit is absent where String is needed"),
        (frame(event("1", 1, "OWN//1")).with_columns(pl.col("time").dt.cast_time_unit("ns")), "time is Datetime"),
        (frame(event("1", 1, "OWN//1")).with_columns(pl.lit(1).alias("more")), "more is not one of subject, time"),
    ],
)
def test_a_reader_that_breaks_its_word_is_named(tmp_path: Path, wrong: pl.DataFrame, words: str) -> None:
    with pytest.raises(RecordsProblem, match=words):
        convert(Given([[wrong]]), tmp_path / "out", jobs=1)
    assert list(tmp_path.iterdir()) == []


def test_a_source_without_events_is_refused_and_says_what_it_had(tmp_path: Path) -> None:
    with pytest.raises(RecordsProblem, match=r"no event could be read from 1 part.*is it the right folder"):
        convert(Given([[frame()]]), tmp_path / "out", jobs=1)
    with pytest.raises(RecordsProblem, match="1 x event without a code"):
        convert(given(event("1", 1, None)), tmp_path / "out", jobs=1)
    with pytest.raises(RecordsProblem, match=r"0 part\(s\)"):
        convert(Given([]), tmp_path / "out", jobs=1)
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True)
class Interrupted(GivenPart):
    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        yield from super().frames(problems)
        raise KeyboardInterrupt


@dataclass(frozen=True)
class Stopped(Given):
    def parts(self) -> Sequence[GivenPart]:
        return [Interrupted("part", self.given[0])]


def test_an_interrupted_conversion_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        convert(Stopped([[frame(event("1", 1, "OWN//1"))]]), tmp_path / "out", jobs=1)
    assert list(tmp_path.iterdir()) == []


def test_what_lies_there_is_replaced_only_when_asked_and_only_a_table_of_events(tmp_path: Path) -> None:
    out = tmp_path / "out"
    convert(given(event("1", 1, "OWN//1")), out, jobs=1)
    before = content(out)
    with pytest.raises(OutputProblem, match="exists and is not empty"):
        convert(given(event("2", 1, "OWN//1")), out, jobs=1)
    with pytest.raises(RecordsProblem):
        convert(Given([]), out, jobs=1, replace=True)
    assert content(out) == before
    assert rows(convert(given(event("2", 1, "OWN//1")), out, jobs=1, replace=True))[0]["subject_id"] == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputProblem, match="is not replaced"):
        convert(given(event("2", 1, "OWN//1")), tmp_path / "mine", jobs=1, replace=True)
    with pytest.raises(OutputProblem, match="is a file"):
        convert(given(event("2", 1, "OWN//1")), tmp_path / "mine" / "thesis.txt", jobs=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]


FULL = """
import resource, sys
from pathlib import Path
from tests.modalities.records.events.test_convert import some
from tests.modalities.records.events.given import given
from bedside.errors import OutputProblem
from bedside.modalities.records.events.convert import convert
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    convert(given(*some(3000)), Path(sys.argv[1]) / "out", jobs=1)
except OutputProblem as problem:
    print(problem)
"""


def test_a_disk_that_takes_no_more_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=False, cwd=Path.cwd()
    )
    assert "could not be written" in answer.stdout, answer.stderr
    assert "nothing was kept" in answer.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists() or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputProblem, match="cannot be written"):
        convert(given(event("1", 1, "OWN//1")), tmp_path / "out", jobs=1)


def test_progress_is_told_stage_by_stage(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    convert(given(event("1", 1, "OWN//1")), tmp_path / "out", jobs=1, on_progress=lambda *one: told.append(one))
    assert told == [("Reading", 0, 1), ("Reading", 1, 1), ("Sorting", 0, 1), ("Sorting", 1, 1)]


def test_words_for_codes_are_the_readers(tmp_path: Path) -> None:
    found = convert(Given([[frame(event("1", 1, "OWN//1"))]], words={"OWN//1": "One"}), tmp_path / "out", jobs=1)
    assert found.folder.codes.row(0, named=True) == {
        "code": "OWN//1",
        "description": "One",
        "parent_codes": None,
        "unit": None,
        "system": "OWN",
        "events": 1,
        "subjects": 1,
    }
    assert found.quality.first == START.replace(hour=1)
