"""The Nottingham index and the Mayo score at every boundary, and against figures that others printed."""

import math

import pytest

from bedside.comparators.scores.mayo_cholangitis import mayo_score
from bedside.comparators.scores.nottingham import nottingham_index
from bedside.errors import StudyError


@pytest.mark.parametrize(("nodes", "stage"), [(0, 1), (1, 2), (3, 2), (4, 3), (34, 3)])
@pytest.mark.parametrize("grade", [1, 2, 3])
def test_nottingham_stages(nodes: int, stage: int, grade: int) -> None:
    assert nottingham_index(size=2.5, grade=grade, nodes=nodes) == pytest.approx(0.5 + grade + stage)


def test_nottingham_extremes() -> None:
    # The groups of the index: excellent to 2.4, moderate from 3.41, poor above 5.4 (Blamey et al., Eur J Cancer 2007).
    assert nottingham_index(size=1.0, grade=1, nodes=0) == pytest.approx(2.2)
    assert nottingham_index(size=2.0, grade=2, nodes=4) == pytest.approx(5.4)


@pytest.mark.parametrize(("size", "grade", "nodes"), [(0.0, 2, 1), (2.0, 0, 1), (2.0, 4, 1), (2.0, 2, -1)])
def test_nottingham_refuses(size: float, grade: int, nodes: int) -> None:
    with pytest.raises(StudyError, match="sizes above 0"):
        nottingham_index(size=size, grade=grade, nodes=nodes)


def test_mayo_terms() -> None:
    # At albumin and prothrombin time of 1 and bilirubin of 1 all logarithms vanish.
    assert mayo_score(age=50, bilirubin=1, albumin=1, prothrombin_time=1, oedema=0) == pytest.approx(1.95)
    base = mayo_score(age=50, bilirubin=2, albumin=3.5, prothrombin_time=10, oedema=0)
    assert mayo_score(age=51, bilirubin=2, albumin=3.5, prothrombin_time=10, oedema=0) - base == pytest.approx(0.039)
    assert mayo_score(age=50, bilirubin=2 * math.e, albumin=3.5, prothrombin_time=10, oedema=0) - base == pytest.approx(
        0.871
    )
    assert mayo_score(age=50, bilirubin=2, albumin=3.5 * math.e, prothrombin_time=10, oedema=0) - base == pytest.approx(
        -2.53
    )
    assert mayo_score(age=50, bilirubin=2, albumin=3.5, prothrombin_time=10 * math.e, oedema=0) - base == pytest.approx(
        2.38
    )
    assert mayo_score(age=50, bilirubin=2, albumin=3.5, prothrombin_time=10, oedema=1) - base == pytest.approx(0.859)


@pytest.mark.parametrize("wrong", [{"age": 0.0}, {"bilirubin": -1.0}, {"albumin": 0.0}, {"oedema": 2.0}])
def test_mayo_refuses(wrong: dict[str, float]) -> None:
    right = {"age": 50.0, "bilirubin": 1.0, "albumin": 3.5, "prothrombin_time": 10.0, "oedema": 0.0}
    with pytest.raises(StudyError, match="Mayo score"):
        mayo_score(**{**right, **wrong})
