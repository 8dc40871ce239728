"""Blinded lists: nothing in them tells which case is which, and the key opens them again."""

import csv
import stat
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.data.readings import read_readings, read_reference, scale
from bedside.errors import StudyError, TableProblem
from bedside.study.reading_list import blind_list, read_key, write_lists

CASES = tuple(f"patient-{k}" for k in range(12))
READERS = ("ana", "ben")


def test_every_reader_reads_every_case_once_in_an_own_order() -> None:
    made = blind_list(CASES, READERS, seed=1)
    orders = [[item.case for item in made.of(reader)] for reader in READERS]
    assert [sorted(order) for order in orders] == [sorted(CASES)] * 2
    assert orders[0] != orders[1]
    assert orders[0] != sorted(CASES)
    assert len({item.code for item in made.items}) == len(made.items)
    assert {item.arm for item in made.items} == {"without"}


def test_a_crossover_is_balanced() -> None:
    made = blind_list(CASES, READERS, seed=1, aided=True, washout_days=42)
    for reader in READERS:
        each = made.of(reader)
        assert sorted((item.case, item.arm) for item in each) == sorted(
            (case, arm) for case in CASES for arm in ("with", "without")
        )
        assert Counter((item.session, item.arm) for item in each) == Counter(
            {(session, arm): 6 for session in (1, 2) for arm in ("with", "without")}
        )
    first = {reader: {i.case: i.arm for i in made.of(reader) if i.session == 1} for reader in READERS}
    assert all(first["ana"][case] != first["ben"][case] for case in CASES)
    assert made.washout_days == 42


@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_list_whatever_the_order_of_cases(cases: int, readers: int, seed: int) -> None:
    names = [f"r{k}" for k in range(readers)]
    keys = [f"c{k}" for k in range(cases)]
    made = blind_list(keys, names, seed=seed)
    assert made == blind_list(keys[::-1], names, seed=seed)
    assert len(made.items) == cases * readers


def test_a_drawn_seed_differs() -> None:
    assert blind_list(CASES, READERS).seed != blind_list(CASES, READERS).seed


def test_lists_hold_no_identifier_and_the_key_opens_them(tmp_path: Path) -> None:
    made = blind_list(CASES, READERS, seed=3, aided=True)
    key = tmp_path / "apart" / "key.csv"
    lists = write_lists(made, tmp_path / "lists", key)
    assert [path.name for path in lists] == ["ana.csv", "ben.csv"]
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    for path in lists:
        text = path.read_text("utf-8")
        assert "patient-" not in text
        rows = list(csv.DictReader(text.splitlines()))
        assert {row["not_before_day"] for row in rows if row["session"] == "2"} == {"28"}
        for row in rows:
            row["reading"] = "1"
        with path.open("w", encoding="utf-8") as stream:
            table = csv.DictWriter(stream, rows[0])
            table.writeheader()
            table.writerows(rows)
    truth = tmp_path / "truth.csv"
    truth.write_text("case,truth\n" + "".join(f"{case},{k % 2}\n" for k, case in enumerate(CASES)))
    opened = read_readings(lists, scale("call"), reference=read_reference(truth), key=read_key(key))
    assert opened.values.shape == (2, 2, 12)
    assert opened.not_crossed == ""


def test_the_key_never_lies_beside_the_lists(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="keep it elsewhere"):
        write_lists(blind_list(CASES, READERS, seed=1), tmp_path, tmp_path / "sub" / "key.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_begun_list_is_never_overwritten(tmp_path: Path) -> None:
    made = blind_list(CASES, READERS, seed=1)
    write_lists(made, tmp_path / "lists", tmp_path / "key.csv")
    with pytest.raises(StudyError, match="never overwritten"):
        write_lists(made, tmp_path / "lists", tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("cases", "readers", "aided", "washout"),
    [
        ((), READERS, False, 28),
        (CASES, (), False, 28),
        (("a", "a"), READERS, False, 28),
        (CASES, ("ana", ""), False, 28),
        (CASES, READERS, True, 0),
        (("a",), READERS, True, 28),
    ],
)
def test_impossible_lists_are_refused(
    cases: tuple[str, ...], readers: tuple[str, ...], aided: bool, washout: int
) -> None:
    with pytest.raises(StudyError):
        blind_list(cases, readers, seed=0, aided=aided, washout_days=washout)


def test_names_that_give_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="same file name"):
        write_lists(blind_list(CASES, ("a b", "a.b"), seed=1), tmp_path / "lists", tmp_path / "key.csv")


def test_a_key_with_one_code_twice_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "key.csv"
    key.write_text("code,reader,arm,case\nX,ana,with,a\nX,ana,with,b\n")
    with pytest.raises(TableProblem, match="line 3"):
        read_key(key)
