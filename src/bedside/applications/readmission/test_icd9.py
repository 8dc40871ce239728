"""Groups of diagnosis codes at their boundaries, and the comorbidities of the LACE index."""

import pytest

from bedside.applications.readmission.icd9 import comorbidity_points, group


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("139", "other"),
        ("140", "neoplasms"),
        ("239", "neoplasms"),
        ("240", "other"),
        ("249", "other"),
        ("250", "diabetes"),
        ("250.83", "diabetes"),
        ("251", "other"),
        ("389", "other"),
        ("390", "circulatory"),
        ("459", "circulatory"),
        ("460", "respiratory"),
        ("519", "respiratory"),
        ("520", "digestive"),
        ("579", "digestive"),
        ("580", "genitourinary"),
        ("629", "genitourinary"),
        ("630", "other"),
        ("709", "other"),
        ("710", "musculoskeletal"),
        ("739", "musculoskeletal"),
        ("740", "other"),
        ("784", "other"),
        ("785", "circulatory"),
        ("786", "respiratory"),
        ("787", "digestive"),
        ("788", "genitourinary"),
        ("789", "other"),
        ("799", "other"),
        ("800", "injury"),
        ("999", "injury"),
        ("V57", "other"),
        ("E909", "other"),
        ("8", "other"),
        ("42", "other"),
    ],
)
def test_groups(code: str, name: str) -> None:
    assert group(code) == name


@pytest.mark.parametrize(
    ("codes", "points"),
    [
        ((None, None, None), 1),
        (("250.00", "401", "V45"), 1),
        (("250.3", "250.8", "250.9"), 1),
        (("250.4", None, None), 2),
        (("250.70", "250.60", None), 2),
        (("410", None, None), 2),
        (("412", "410", None), 2),
        (("428", None, None), 3),
        (("428", "496", "250.40"), 6),
        (("438", "439", None), 2),
        (("440", "441", "443"), 2),
        (("571", None, None), 3),
        (("572", "571", None), 5),
        (("585", None, None), 5),
        (("584", None, None), 1),
        (("290", "710", None), 7),
        (("42", None, None), 5),
        (("173", "209", None), 1),
        (("172", "174", None), 3),
        (("195", "196", None), 7),
        (("V10", "E878", None), 1),
    ],
)
def test_comorbidity_points(codes: tuple[str | None, ...], points: int) -> None:
    assert comorbidity_points(codes) == points


def test_order_does_not_matter_and_nothing_counts_twice() -> None:
    assert comorbidity_points(("428", "585", "428")) == comorbidity_points(("585", "428", None)) == 7
