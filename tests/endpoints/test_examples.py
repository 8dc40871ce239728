"""Which cases are shown: the surest right and wrong ones of each class, the best and worst numbers."""

import numpy as np

from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.examples import examples
from bedside.endpoints.multiclass.kind import multiclass
from bedside.endpoints.multilabel.kind import multilabel

BINARY = binary(positive="malignant", negative="benign").target


def test_two_classes_show_true_and_false_positives_and_negatives_surest_first() -> None:
    outcomes = [True] * 5 + [False] * 5
    chances = [0.6, 0.99, 0.9, 0.2, 0.4, 0.1, 0.02, 0.3, 0.7, 0.95]
    found = examples(BINARY, outcomes, chances)
    assert [(one.group, one.case) for one in found] == [
        ("benign, recognised", 6),
        ("benign, recognised", 5),
        ("benign, taken for malignant", 9),
        ("benign, taken for malignant", 8),
        ("malignant, recognised", 1),
        ("malignant, recognised", 2),
        ("malignant, taken for benign", 3),
        ("malignant, taken for benign", 4),
    ]
    assert [one.right for one in found] == [True, True, False, False] * 2
    assert found[2].caption == "Outcome: benign. Predicted probability of benign: 5%, of malignant: 95%."
    assert found[4].caption == "Outcome: malignant. Predicted probability of malignant: 99%."
    assert found[0].members.tolist() == [5, 6, 7]


def test_a_model_that_is_never_wrong_has_no_wrong_examples() -> None:
    assert {one.right for one in examples(BINARY, [True, False], [0.9, 0.1])} == {True}
    assert examples(BINARY, [], []) == ()


def test_more_classes_show_one_of_each_kind_and_name_what_it_was_taken_for() -> None:
    target = multiclass(classes=("a", "b", "c")).target
    found = examples(target, [0, 0, 2], [(0.8, 0.1, 0.1), (0.1, 0.3, 0.6), (0.5, 0.1, 0.4)])
    assert [one.group for one in found] == ["a, recognised", "a, taken for c", "c, taken for a"]
    assert [one.case for one in found] == [0, 1, 2]


def test_findings_that_nobody_read_are_no_examples() -> None:
    target = multilabel(labels=("x", "y")).target
    found = examples(target, [(True, None), (None, None)], [(0.9, 0.1), (0.2, 0.2)])
    assert [(one.group, one.case) for one in found] == [("x, recognised", 0)]


def test_numbers_show_the_smallest_and_the_largest_errors() -> None:
    truth = np.zeros(8).tolist()
    found = examples(continuous(unit="mm").target, truth, [1.0, -5.0, 0.5, 9.0, 2.0, -3.0, 0.1, 4.0])
    assert [one.case for one in found] == [6, 2, 0, 3, 1, 7]
    assert found[3].caption == "Outcome: 0 mm. Predicted: 9 mm."
    assert {one.right for one in found} == {None}
