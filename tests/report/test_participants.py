"""Table 1 prints numbers with the precision they deserve."""

import pytest
from tests.report.evidence_examples import binary

from bedside.evidence.schema import Characteristic
from bedside.report.results import Results
from bedside.report.sections.participants import characteristics


@pytest.mark.parametrize(
    ("quartiles", "text"),
    [
        ((13.37, 11.7, 15.78), "13.4 (11.7 to 15.8)"),
        ((0.00638, 0.00517, 0.00816), "0.0064 (0.0052 to 0.0082)"),
        ((54.0, 41.0, 67.0), "54 (41 to 67)"),
        ((0.0, 0.0, 0.0), "0 (0 to 0)"),
        ((551.1, 420.3, 782.7), "551 (420 to 783)"),
        ((1303.4, 970.2, 1713.7), "1,303 (970 to 1,714)"),
    ],
)
def test_median_and_quartiles(quartiles: tuple[float, float, float], text: str) -> None:
    median, low, high = quartiles
    row = Characteristic(
        variable="area",
        group="all",
        cases=9,
        missing=2,
        median=median,
        low_quartile=low,
        high_quartile=high,
        unit="mm2",
    )
    table = characteristics(Results(binary().model_copy(update={"characteristics": (row,)})))
    assert table is not None
    assert table.rows[0].cells[0].small == "mm2"
    assert table.rows[0].cells[1].text == text
    assert table.rows[0].cells[1].small == "missing 2 (22.2%)"
