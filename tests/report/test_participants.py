"""Table 1 prints numbers with the precision they deserve; every source has its own flow."""

import pytest
from tests.report.evidence_examples import binary

from bedside.evidence.schema import Characteristic, ExternalFlow, FlowStep, Partition, Validation
from bedside.report.facts import Facts
from bedside.report.page import render
from bedside.report.results import Results
from bedside.report.sections.participants import characteristics, partitions


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


def test_every_source_has_its_own_flow() -> None:
    steps = (
        FlowStep(kind="read", text="Records read", records=71, patients=63),
        FlowStep(kind="excluded", text="biopsy <lost>", records=9, patients=8),
        FlowStep(kind="included", text="Included", records=62, patients=55),
    )
    flow = ExternalFlow(validation="external", source="Other hospital", licence="CC0", citation="Jones", steps=steps)
    own = binary()
    external = Validation(
        name="external", description="Judged elsewhere.", partition="test", splits=("external",), primary=False
    )
    judged = Partition(
        validation="external", split="external", partition="test", cases=62, patients=55, outcome={"ill": 20.0}
    )
    evidence = own.model_copy(
        update={
            "external_flows": (flow,),
            "validations": (*own.validations, external),
            "partitions": (*own.partitions, judged),
        }
    )
    page = render(evidence)
    assert "Flow of participants in Other hospital" in page
    assert "included: Included, 62\u00a0records, 55\u00a0patients; Judged, never learned from" in page
    assert "9 (8\u00a0patients): biopsy &lt;lost&gt;" in page
    assert page.count('class="plot flow"') == 2
    assert page.count('class="plot flow"') == 1 + render(own).count('class="plot flow"')
    assert Facts(evidence).external.startswith("Judged elsewhere. Read: 71\u00a0records of 63\u00a0patients")
    assert not Facts(own).external


def test_an_outcome_without_classes_or_numbers_has_no_column() -> None:
    evidence = binary()
    told = partitions(Results(evidence))
    bare = [part.model_copy(update={"outcome": {}}) for part in evidence.partitions]
    silent = partitions(Results(evidence.model_copy(update={"partitions": tuple(bare)})))
    assert told is not None
    assert silent is not None
    assert [column.text for column in told.columns][-2:] == ["Patients", "Outcome"]
    assert [column.text for column in silent.columns][-1] == "Patients"
    assert {len(row.cells) for row in silent.rows} == {len(silent.columns)}
    assert silent.caption.startswith("Size of every partition.")
