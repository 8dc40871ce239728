"""Readings in categories are read strictly: every label is one of the declared, every other spelling is named."""

from pathlib import Path

import numpy as np
import pytest

from bedside.data.category_readings import declared, in_words, read_category_readings, read_category_reference
from bedside.errors import BedsideError, OutcomeProblem, StudyError, TableProblem

GOOD = "case,reader,reading,truth\na,ana,AF,AF\na,ben,sinus,AF\nb,ana,sinus,sinus\nb,ben,sinus,sinus\n"


def written(folder: Path, text: str, name: str = "readings.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_categories_are_those_of_the_reference_standard_unless_declared(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    table = read_category_readings([path])
    assert table.categories == ("AF", "sinus")
    assert table.values.tolist() == [[[0.0, 1.0], [1.0, 1.0]]]
    assert table.truth.tolist() == [0, 1]
    wider = read_category_readings([path], ("flutter", "sinus", "AF"))
    assert wider.categories == ("flutter", "sinus", "AF")
    assert wider.truth.tolist() == [2, 1]


def test_a_reference_in_a_file_of_its_own_brings_patients(tmp_path: Path) -> None:
    truth = written(tmp_path, "case,truth,patient\na,AF,p\nb,sinus,p\nc,AF,q\n", "truth.csv")
    readings = written(tmp_path, "case,reader,reading\na,ana,AF\nb,ana,AF\nc,ana,sinus\n")
    table = read_category_readings([readings], reference=read_category_reference(truth))
    assert table.clustered
    assert np.array_equal(table.patient, [0, 0, 1])
    with pytest.raises(StudyError, match="'AF', which is not declared"):
        read_category_readings(
            [written(tmp_path, "case,reader,reading\na,ana,sinus\nb,ana,sinus\n", "two.csv")],
            ("sinus", "flutter"),
            reference=read_category_reference(truth),
        )


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (GOOD + "c,ana,af,AF\n", TableProblem, "line 6: reading is 'AF' in another spelling; write it as 'AF'"),
        (GOOD + "c,ana,AF,S-I nus\n", StudyError, "'S-I nus' and 'sinus' differ in their spelling at most"),
        (GOOD + "c,ana,VT,AF\n", TableProblem, "line 6: reading is 'VT', which is none of 'AF', 'sinus'"),
        (GOOD + "c,ana,Jane Doe,AF\n", TableProblem, "line 6: reading is text of 8 characters, which is none of"),
        (GOOD + "c,ana,,AF\n", TableProblem, "line 6: 'reading' is empty"),
        (GOOD + "a,ana,AF,AF\n", TableProblem, "line 6: this reader has read this case in this arm already"),
        (GOOD + "a,cyd,AF,sinus\n", OutcomeProblem, "line 6: this case is given two categories as truth"),
        ("case,reader,reading,truth\na,ana,AF,AF\nb,ana,AF,AF\n", StudyError, "1 names of categories"),
        ("case,reader,reading\na,ana,AF\n", TableProblem, "no reference standard"),
        (
            "case,reader,reading,truth\n" + "".join(f"c{k},ana,t{k},t{k}\n" for k in range(21)),
            StudyError,
            "21 different labels",
        ),
    ],
)
def test_bad_input_is_named(tmp_path: Path, text: str, error: type[BedsideError], said: str) -> None:
    with pytest.raises(error) as caught:
        read_category_readings([written(tmp_path, text)])
    assert said in str(caught.value)
    assert "Jane" not in str(caught.value)


def test_cases_of_one_category_judge_nobody(tmp_path: Path) -> None:
    text = "case,reader,reading,truth\na,ana,AF,AF\nb,ana,sinus,AF\n"
    with pytest.raises(OutcomeProblem, match="all 2 cases that were read are of one category"):
        read_category_readings([written(tmp_path, text)], ("AF", "sinus"))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("AF",), "give two or more"),
        (("AF", " "), "1 of them empty"),
        (("AF", "a.f."), "'AF' and 'a.f.' differ in their spelling at most"),
        (("AF", "AF"), "give each once"),
        (("AF", "No majority"), "is kept for ties of a panel"),
    ],
)
def test_categories_that_cannot_be_told_apart_are_refused(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        declared(names)


def test_signs_alone_are_categories() -> None:
    assert declared(("+", "-")) == ("+", "-")


@pytest.mark.parametrize(
    ("truths", "said"),
    [(("a", "b", "c"), True), (("a", "b", "b"), False), (("0", "1", "yes"), False), (("1", "2", "3"), False)],
)
def test_three_words_are_recognised_as_categories(tmp_path: Path, truths: tuple[str, ...], *, said: bool) -> None:
    text = "case,truth\n" + "".join(f"c{k},{truth}\n" for k, truth in enumerate(truths))
    assert in_words([written(tmp_path, text)]) is said
