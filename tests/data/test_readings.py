"""Readings are read strictly: each kind of bad input is named, with its line and never with a patient's identifier."""

from pathlib import Path

import numpy as np
import pytest

from bedside.data.readings import read_readings, read_reference, scale
from bedside.errors import BedsideError, FileProblem, OutcomeProblem, StudyError, TableProblem

GOOD = "case,reader,reading,truth\na,ana,1,1\na,ben,0,1\nb,ana,0,0\nb,ben,0,0\n"


def written(folder: Path, text: str, name: str = "readings.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_readings_are_laid_out_by_arm_reader_and_case(tmp_path: Path) -> None:
    text = "reading,arm,case,reader,truth\n1,without,a,ana,1\n0,with,a,ana,1\n1,without,b,ana,0\n0,with,b,ana,0\n"
    table = read_readings([written(tmp_path, text)], scale("call"))
    assert (table.arms, table.readers, table.cases) == (("with", "without"), ("ana",), ("a", "b"))
    assert table.values.tolist() == [[[0.0, 0.0]], [[1.0, 1.0]]]
    assert table.positive.tolist() == [True, False]
    assert table.not_crossed == ""
    assert not table.clustered


def test_one_file_a_reader_is_the_same_as_one_file(tmp_path: Path) -> None:
    whole = read_readings([written(tmp_path, GOOD)], scale("call"))
    header, *lines = GOOD.splitlines()
    parts = [
        written(tmp_path, "\n".join([header, *(line for line in lines if reader in line)]), f"{reader}.csv")
        for reader in ("ana", "ben")
    ]
    assert np.array_equal(read_readings(parts, scale("call")).values, whole.values)


def test_patients_with_several_cases_are_recognised(tmp_path: Path) -> None:
    reference = read_reference(written(tmp_path, "case,truth,patient\na,1,p\nb,0,p\nc,0,q\n", "truth.csv"))
    readings = written(tmp_path, "case,reader,reading\na,ana,1\nb,ana,0\nc,ana,0\n")
    table = read_readings([readings], scale("call"), reference=reference)
    assert table.clustered
    assert table.patient.tolist() == [0, 0, 1]


def test_readers_who_read_different_cases_are_counted(tmp_path: Path) -> None:
    table = read_readings([written(tmp_path, GOOD.replace("b,ben,0,0\n", ""))], scale("call"))
    assert "readers read different cases" in table.not_crossed
    assert "ben (without) 1" in table.not_crossed
    assert np.isnan(table.values).sum() == 1


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("", FileProblem, "is empty"),
        ("case,reader,reading,truth\n", TableProblem, "no line below"),
        ("case,reader,reading,reading\n", FileProblem, "two columns named 'reading'"),
        ("case,reader,readings\na,ana,1\n", TableProblem, "rename 'readings'"),
        (GOOD + "c,ana\n", TableProblem, "line 6: 2 cells where the header has 4"),
        (GOOD + "c,,1,0\n", TableProblem, "line 6: 'reader' is empty"),
        (GOOD + "c,ana,,0\n", TableProblem, "line 6: 'reading' is empty"),
        (GOOD + "c,ana,2,0\n", TableProblem, "line 6: reading is '2' where a whole number from 0 to 1"),
        (GOOD + "c,ana,0.5,0\n", TableProblem, "line 6: reading is '0.5'"),
        (GOOD + "c,ana,nan,0\n", TableProblem, "line 6: reading is 'nan'"),
        (GOOD + "c,ana,inf,0\n", TableProblem, "line 6: reading is 'inf'"),
        (GOOD + "c,ana,Jane Doe,0\n", TableProblem, "line 6: reading is text of 8 characters"),
        (GOOD + "a,ana,1,1\n", TableProblem, "line 6: this reader has read this case in this arm already"),
        (GOOD + "a,cyd,1,0\n", OutcomeProblem, "line 6: this case is given as positive and as negative"),
        (GOOD + "c,ana,1,2\n", TableProblem, "line 6: truth is '2'"),
        (GOOD.replace(",1\n", ",0\n"), OutcomeProblem, "0 of the 2 cases that were read have the condition"),
        ("case,reader,reading\na,ana,1\n", TableProblem, "no reference standard"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, text: str, error: type[BedsideError], said: str) -> None:
    with pytest.raises(error) as caught:
        read_readings([written(tmp_path, text)], scale("call"))
    assert said in str(caught.value)
    assert "Jane" not in str(caught.value)


def test_files_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("case,reader,reading\nä,b,1\n".encode("latin-1"))
    (tmp_path / "binary.csv").write_bytes(b"case\0reader")
    for name, said in (("latin.csv", "UTF-8"), ("binary.csv", "not a text file"), ("absent.csv", "does not exist")):
        with pytest.raises(FileProblem, match=said):
            read_readings([tmp_path / name], scale("call"))


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ("case,truth\na,1\n", "1 of 2 cases that were read are not in the reference standard"),
        ("case,truth\na,1\na,0\nb,0\n", "line 3: this case has a truth already"),
        ("case,truth\na,yes\n", "line 2: truth is 'yes'"),
        ("case,truth,patient\na,1,\nb,0,q\n", "line 2: 'patient' is empty"),
    ],
)
def test_a_bad_reference_standard_is_named(tmp_path: Path, truth: str, said: str) -> None:
    readings = written(tmp_path, "case,reader,reading\na,ana,1\nb,ana,0\n")
    with pytest.raises(TableProblem, match=said):
        read_readings([readings], scale("call"), reference=read_reference(written(tmp_path, truth, "truth.csv")))


def test_the_truth_is_given_once(tmp_path: Path) -> None:
    reference = read_reference(written(tmp_path, "case,truth\na,1\nb,0\n", "truth.csv"))
    with pytest.raises(TableProblem, match="give the truth once"):
        read_readings([written(tmp_path, GOOD)], scale("call"), reference=reference)


def test_an_unknown_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableProblem, match="line 2: this code is not in the key"):
        read_readings([written(tmp_path, "code,reading\nXYZ,1\n")], scale("call"), key={})


def test_scales() -> None:
    assert scale("call").words == "calls, 0 or 1"
    assert scale("1-5", 4).words == "ratings from 1 to 5, positive from 4"
    called = scale("probability", 0.5).call(np.array([0.4, 0.5, np.nan]))
    assert np.array_equal(called, [0.0, 1.0, np.nan], equal_nan=True)
    assert np.isnan(scale("1-5").call(np.array([1.0, 5.0]))).all()


@pytest.mark.parametrize(("text", "threshold"), [("5-1", None), ("often", None), ("1-5", 9), ("1-5", 1), ("call", 0.5)])
def test_impossible_scales_are_refused(text: str, threshold: float | None) -> None:
    with pytest.raises(StudyError):
        scale(text, threshold)
