"""Checklists hold every item of their guideline, answer what evidence knows and leave the rest open."""

import io
from pathlib import Path

import pytest
from tests.report.evidence_examples import ALL, HOSTILE, binary, hostile, multiclass, sites

from bedside.errors import FileProblem, StudyError
from bedside.evidence.schema import Evidence
from bedside.report import checklist
from bedside.report.checklist_file import write_checklist
from bedside.report.filled import Item

SIZES = {"tripod-ai": 52, "claim-2024": 44, "stard-ai": 48, "decide-ai": 38, "probast-ai": 34}
TRIPOD = (
    "1 2 3a 3b 3c 4 5a 5b 6a 6b 6c 7 8a 8b 8c 9a 9b 9c 10 11 12a 12b 12c 12d 12e 12f 12g 13 14 15 16 17 18a 18b 18c "
    "18d 18e 18f 19 20a 20b 20c 21 22 23a 23b 24 25 26 27a 27b 27c"
)


def with_card(text: str) -> Evidence:
    """The binary example with another card."""
    evidence = binary()
    return evidence.model_copy(update={"study": evidence.study.model_copy(update={"card": text})})


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("example", ALL)
def test_every_item_is_there_and_is_answered_or_says_what_to_write(name: str, example: str) -> None:
    items = checklist.fill(name, ALL[example]()).items
    assert len(items) == SIZES[name]
    assert len({item.number for item in items}) == len(items)
    for item in items:
        assert item.ask.endswith((".", "?"))
        assert bool(item.answer or item.place) == (item.status != "open")
        assert bool(item.todo) == (item.status != "answered"), item.number


def test_tripod_has_its_27_items_and_52_sub_items_in_order() -> None:
    numbers = [item.number for item in checklist.fill("tripod-ai", binary()).items]
    assert numbers == TRIPOD.split()
    assert len({number.rstrip("abcdefg") for number in numbers}) == 27


def test_an_item_is_answered_by_the_card_and_open_without_it() -> None:
    def funding(evidence: Evidence) -> Item:
        return next(item for item in checklist.fill("tripod-ai", evidence).items if item.number == "18a")

    assert funding(binary()).status == "open"
    answered = funding(with_card("## Funding\nA public research council, which had no role in the study."))
    assert answered.status == "answered"
    assert answered.answer == "A public research council, which had no role in the study."


def test_sites_answer_the_items_on_clusters() -> None:
    items = {item.number: item for item in checklist.fill("tripod-ai", sites()).items}
    assert "hungary" in items["23b"].answer
    items = {item.number: item for item in checklist.fill("tripod-ai", binary()).items}
    assert items["23b"].answer == "Not examined."


def test_the_report_shows_what_suits_the_study() -> None:
    assert checklist.suited(binary()) == ("tripod-ai", "stard-ai", "probast-ai")
    imaging = multiclass()
    imaging = imaging.model_copy(update={"study": imaging.study.model_copy(update={"modality": "imaging"})})
    assert "claim-2024" in checklist.suited(imaging)


@pytest.mark.parametrize("kind", ["md", "html", "docx"])
@pytest.mark.parametrize("name", ["tripod-ai", "decide-ai"])
def test_written_in_every_format(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / "evidence.json").write_text(hostile().model_dump_json(), encoding="utf-8")
    path = write_checklist(tmp_path, name, kind)
    assert path == tmp_path / f"{name}.{kind}"
    content = path.read_bytes()
    if kind == "docx":
        docx = pytest.importorskip("docx")
        table = docx.Document(io.BytesIO(content)).tables[0]
        groups = len(checklist.fill(name, hostile()).groups)
        assert len(table.rows) == 1 + SIZES[name] + groups
        assert HOSTILE in "".join(cell.text for cell in table.columns[2].cells)
    else:
        assert b"<script>document" not in content


def test_markdown_rows_keep_their_columns() -> None:
    from bedside.report import document

    for line in document.to_markdown(checklist.fill("tripod-ai", hostile())).splitlines():
        if line.startswith("|"):
            assert line.replace("\\|", "").count("|") == 5


def test_unknown_names_and_formats_say_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        write_checklist(tmp_path, "tripod-ai", "md")
    (tmp_path / "evidence.json").write_text(binary().model_dump_json(), encoding="utf-8")
    with pytest.raises(StudyError, match="tripod-ai"):
        write_checklist(tmp_path, "tripod", "md")
    with pytest.raises(StudyError, match="md, html or docx"):
        write_checklist(tmp_path, "tripod-ai", "pdf")
