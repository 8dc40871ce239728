"""Tables of one's own: any separator, encoding, clock and shape; what cannot be read is counted and named by file."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.events.convert import convert
from bedside.modalities.records.events.flag import Flag
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers.long_csv import LongCsv
from bedside.modalities.records.readers.long_csv.reader import mapped, unmapped

LONG = """
[[table]]
subject = "pat"
time = "when"
code = "test"
value = "result"
unit = "unit"
"""


LATE = "pat,when,test,result,unit\n" + "1,2020-01-01,OWN//a,2,g\n" * 1000 + "1,2020-01-01,OWN//a,2,µg\n"


def source(folder: Path, declared: str, content: str | bytes | None = None, name: str = "labs.csv") -> LongCsv:
    """A file and its map; the folder where no content is given."""
    (folder / "map.toml").write_text(declared, "utf-8")
    if content is None:
        return mapped(folder, folder / "map.toml")
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return mapped(folder / name, folder / "map.toml")


def read(found: LongCsv) -> tuple[list[dict[str, object]], Problems]:
    problems = Problems()
    frames = [frame for part in found.parts() for frame in part.frames(problems)]
    return (pl.concat(frames).to_dicts() if frames else []), problems


def test_a_long_table_is_an_event_a_row(tmp_path: Path) -> None:
    declared = LONG + 'system = "OWN"\nencounter = "stay"\ntext = "note"\ncodes = { Krea = "LOINC//2160-0" }\n'
    content = (
        "pat,stay,when,test,result,unit,note,else\n"
        'p1,s1,2020-01-02 03:04,Krea,1.5,mg/dl,"haemolysed, repeat",x\n'
        "p1,,2020-01-02T03:04:05Z,Culture,E. coli,,,x\n"
    )
    events, problems = read(source(tmp_path, declared, content))
    assert events == [
        {
            "subject": "p1",
            "time": datetime(2020, 1, 2, 3, 4),  # noqa: DTZ001 - records have no zone
            "code": "LOINC//2160-0",
            "numeric_value": 1.5,
            "text_value": "haemolysed, repeat",
            "unit": "mg/dl",
            "encounter": "s1",
            "static": False,
        },
        {
            "subject": "p1",
            "time": datetime(2020, 1, 2, 3, 4, 5),  # noqa: DTZ001
            "code": "OWN//Culture",
            "numeric_value": None,
            "text_value": "E. coli",
            "unit": None,
            "encounter": None,
            "static": False,
        },
    ]
    assert problems.counts == {}


def test_a_wide_table_is_an_event_a_recorded_cell(tmp_path: Path) -> None:
    declared = """
    [[table]]
    subject = "id"
    time = "hours"
    time_unit = "hours"
    time_since = "admitted"
    time_format = "%d.%m.%Y %H:%M"
    decimal = ","
    missing = ["-", "n/a"]
    [table.wide]
    hr = { code = "LOINC//8867-4", unit = "bpm" }
    temp = { code = "LOINC//8310-5", unit = "°C" }
    """
    content = (
        "id;admitted;hours;hr;temp\n"
        "1;31.12.2019 23:00;1,5;80;36,6\n"
        "1;31.12.2019 23:00;2;-;n/a\n"
        "1;31.12.2019 23:00;x;90;\n"
    )
    events, problems = read(source(tmp_path, declared, content))
    assert [(one["time"], one["code"], one["numeric_value"], one["unit"]) for one in events] == [
        (datetime(2020, 1, 1, 0, 30), "LOINC//8867-4", 80.0, "bpm"),  # noqa: DTZ001
        (None, "LOINC//8867-4", 90.0, "bpm"),
        (datetime(2020, 1, 1, 0, 30), "LOINC//8310-5", 36.6, "°C"),  # noqa: DTZ001
    ]
    assert problems.counts == {"labs.csv: a time that cannot be read": 1}


def test_facts_births_and_deaths_come_from_columns_of_their_own(tmp_path: Path) -> None:
    declared = """
    [[table]]
    subject = "id"
    static = { sex = "SEX", ward = "WARD7" }
    birth = "born"
    death = "died"
    """
    content = "id,sex,ward,born,died\n1,F,a,1950-02-03,\n2,M,,soon,2020-01-01 10:00\n1,F,a,1950-02-03,\n"
    found = source(tmp_path, declared, content)
    events, problems = read(found)
    assert [(one["subject"], one["code"], one["time"], one["static"]) for one in events] == [
        ("1", "SEX//F", None, True),
        ("2", "SEX//M", None, True),
        ("1", "WARD7//a", None, True),
        ("1", "MEDS_BIRTH", datetime(1950, 2, 3), False),  # noqa: DTZ001 - before whatever else that day brought
        ("2", "MEDS_DEATH", datetime(2020, 1, 1, 10), False),  # noqa: DTZ001
    ]
    assert problems.counts == {"labs.csv: a time of MEDS_BIRTH that cannot be read": 1}
    table = convert(found, tmp_path / "events", jobs=1).folder.scan().collect()
    assert table.filter(pl.col("flags") != 0).is_empty()  # WARD7 is known: the map named it


@pytest.mark.parametrize(
    ("content", "extra", "number"),
    [
        (b"pat\twhen\ttest\tresult\tunit\n1\t2020-01-01\tOWN//a\t1.5\tmg\n", "", 1.5),
        ("pat|when|test|result|unit\n1|2020-01-01|OWN//a|1,5|µg\n".encode(), 'decimal = ","', 1.5),
        (
            "pat;when;test;result;unit\n1;2020-01-01;OWN//a;2;µg\n".encode("cp1252"),
            'encoding = "windows-1252"',
            2.0,
        ),
        ("pat,when,test,result,unit\n1,2020-01-01,OWN//a,2,µg\n".encode("utf-16"), 'encoding = "utf-16"', 2.0),
        (b"\xef\xbb\xbfpat,when,test,result,unit\r\n1,2020-01-01,OWN//a, 1e3 ,mg\r\n", "", 1000.0),
    ],
)
def test_any_separator_encoding_and_decimal_is_read(tmp_path: Path, content: bytes, extra: str, number: float) -> None:
    events, problems = read(source(tmp_path, LONG + extra, content))
    (event,) = events
    assert event["numeric_value"] == number
    assert str(event["unit"])[-1] == "g"
    assert event["time"] == datetime(2020, 1, 1, 23, 59, 59)  # noqa: DTZ001 - a day is its last second
    assert problems.counts == {}


def test_lines_and_cells_that_cannot_be_read_are_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    declared = LONG.replace("value", "number")
    content = (
        "pat,when,test,result,unit\n"
        "1,2020-01-01,OWN//a,1,mg\n"
        "1,2020-01-01,OWN//a,1,mg,more\n"
        "1,yesterday,OWN//a,about 5,mg\n"
        "1,2020-01-01,OWN"
    )
    found = source(tmp_path, declared, content)
    events, problems = read(found)
    assert [(one["numeric_value"], one["text_value"]) for one in events] == [(1.0, None), (None, "about 5")]
    assert problems.examples["labs.csv: a line with 6 cells instead of 5"] == ["row 3 of the file"]
    assert problems.counts == {
        "labs.csv: a line with 6 cells instead of 5": 1,
        "labs.csv: a line with 3 cells instead of 5": 1,
        "labs.csv: a time that cannot be read": 1,
        "labs.csv: a number that cannot be read, kept as text": 1,
    }
    quality = convert(found, tmp_path / "events", jobs=1).quality
    assert {what: one.count for what, one in quality.problems.items()} == problems.counts
    assert quality.flags[Flag.NO_TIME.word].events == 1


def test_several_kinds_of_files_in_a_folder_and_parquet_with_its_types(tmp_path: Path) -> None:
    (tmp_path / "labs_1.csv").write_text("pat,when,test,result,unit\n7,2020-01-01,OWN//a,1,mg\n")
    (tmp_path / "labs_2.csv").write_text("pat,when,test,result,unit\n8,2020-01-01,OWN//a,2,mg\n")
    pl.DataFrame(
        {"person": [7], "at": [datetime(2020, 1, 1, 8)], "pulse": [70.0], "born": [date(1950, 1, 1)]}  # noqa: DTZ001
    ).write_parquet(tmp_path / "vitals.parquet")
    declared = (
        LONG.replace("[[table]]", '[[table]]\nfile = "labs_*.csv"')
        + """
    [[table]]
    file = "vitals.parquet"
    subject = "person"
    time = "at"
    birth = "born"
    wide = { pulse = { code = "LOINC//8867-4", unit = "/min" } }
    """
    )
    found = source(tmp_path, declared)
    table = convert(found, tmp_path / "events", jobs=1).folder.scan().collect()
    assert table.select("subject_id", "code", "numeric_value").rows() == [
        (7, "MEDS_BIRTH", None),
        (7, "LOINC//8867-4", 70.0),
        (7, "OWN//a", 1.0),
        (8, "OWN//a", 2.0),
    ]
    assert found.descriptions() == {"LOINC//8867-4": "pulse"}


def test_what_a_file_says_is_what_is_read(tmp_path: Path) -> None:
    declared = LONG + 'units = { a = "mg" }\nsystem = "OWN"\nmissing = ["NA"]\n'
    content = "pat,when,test,result,unit\n1,2020-01-01,a,NA,\n1,2020-01-01,b,5,NA\n"
    events, _ = read(source(tmp_path, declared, content))
    assert [(one["code"], one["numeric_value"], one["text_value"], one["unit"]) for one in events] == [
        ("OWN//a", None, None, "mg"),
        ("OWN//b", 5.0, None, None),
    ]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ("[[table]\n", "not valid TOML"),
        ("", "table: Field required"),
        ('[[table]]\nsubject = "pat"\n', "it names no event"),
        (LONG + 'when_ = "x"\n', "table.0.when_: Extra inputs"),
        (LONG.replace('time = "when"', ""), "time is not set"),
        (LONG + 'number = "result"\n', "value and number are both set"),
        (LONG + 'time_unit = "hours"\n', "time_unit needs time_since or time_origin"),
        (LONG + 'time_unit = "fortnights"\ntime_origin = 2020-01-01T00:00:00\n', "time_unit: Input should be"),
        (LONG + '[table.wide]\nx = { code = "A//b" }\n', "a table is long or wide"),
    ],
)
def test_a_map_that_says_nonsense_is_refused_in_words(tmp_path: Path, declared: str, words: str) -> None:
    with pytest.raises(RecordsProblem, match=words):
        source(tmp_path, declared, "pat\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("pat,when,test,result\n", "has no column unit; it has pat, when, test, result"),
        ("pat,when,test,result,unit,unit\n", "two columns of one name"),
        ("pat,when,test,result,unit\n1,2020-01-01,OWN//a,2,µg\n".encode("cp1252"), "cannot be read as text in utf-8"),
        (LATE.encode("cp1252"), "not text in utf-8; copy it again"),
        (b"\xff\xfe\x00", "cannot be read as text in utf-8"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_words(tmp_path: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(RecordsProblem, match=words):
        read(source(tmp_path, LONG, content))


def test_a_map_is_needed_and_files_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(RecordsProblem, match="give it with --map"):
        unmapped(tmp_path)
    with pytest.raises(FileProblem, match=r"map\.toml cannot be read"):
        mapped(tmp_path, tmp_path / "map.toml")
    (tmp_path / "map.toml").write_text(LONG)
    with pytest.raises(FileProblem, match="does not exist"):
        mapped(tmp_path / "none.csv", tmp_path / "map.toml")
    with pytest.raises(RecordsProblem, match="names no `file`"):
        mapped(tmp_path, tmp_path / "map.toml").parts()
    with pytest.raises(RecordsProblem, match=r"holds no file x\*.csv"):
        source(tmp_path, LONG.replace("[[table]]", '[[table]]\nfile = "x*.csv"')).parts()
    with pytest.raises(RecordsProblem, match=r"is one file, and .* explains 2 kinds"):
        source(tmp_path, LONG + LONG, "pat\n")


CELL = st.text(st.characters(codec="utf-8", exclude_characters='"\r\n\0', exclude_categories=["C", "Z"]), min_size=1)


MOMENT = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELL, MOMENT, CELL, st.floats(-1e6, 1e6)), min_size=1))
def test_whatever_is_written_is_read_back(tmp_path: Path, rows: list[tuple[str, datetime, str, float]]) -> None:
    quoted = [f'"{pat}","{when.isoformat(" ")}","{code}",{number!r},' for pat, when, code, number in rows]
    events, problems = read(source(tmp_path, LONG, "\n".join(["pat,when,test,result,unit", *quoted])))
    assert [(one["subject"], one["time"], one["code"], one["numeric_value"]) for one in events] == rows
    assert problems.counts == {}
