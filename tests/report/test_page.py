"""The report says what the evidence says, whole and safe."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.report.evidence_examples import ALL, HOSTILE, binary, continuous, many_groups, simulated, sites

from bedside.errors import FileProblem, OutputProblem
from bedside.evidence.schema import Evidence
from bedside.report.page import render, write_report
from bedside.report.results import Results
from bedside.report.sections import explanation, robustness, shift

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Outline(HTMLParser):
    """Collects ids, links, text and unbalanced tags."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.words: list[str] = []
        self.figures = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note identifiers and links."""
        named = dict(attrs)
        self.figures += tag == "svg" and named.get("role") == "img" and bool(named.get("aria-label"))
        if named.get("id"):
            self.ids.append(str(named["id"]))
        if named.get("href"):
            self.links.append(str(named["href"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Self-closing SVG tags need no end."""

    def handle_endtag(self, tag: str) -> None:
        """Tags must close in order."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        """All visible text, spaces made single."""
        return " ".join(" ".join(self.words).split())


def drawn(evidence: Evidence) -> int:
    """How many figures the report makes of tables: robustness, shift, explanations."""
    made = [*robustness.figures(Results(evidence))]
    made += [figure for each in shift.shifted(Results(evidence)) for figure in each.figures]
    methods = explanation.methods(Results(evidence))
    made += [each.figure for method in methods for each in (*method.first, *method.others)]
    return len(made)


@pytest.fixture(scope="module", params=ALL)
def page(request: pytest.FixtureRequest) -> tuple[str, str]:
    """(name, page) of every example."""
    return request.param, render(ALL[request.param]())


def test_page_is_well_formed_and_its_links_lead_somewhere(page: tuple[str, str]) -> None:
    outline = Outline(page[1])
    assert outline.wrong == []
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert all(link.startswith("#") and link[1:] in outline.ids for link in outline.links)


def test_page_is_self_contained_and_small(page: tuple[str, str]) -> None:
    assert not re.search(r'(?:src|href)="(?!#)', page[1])
    assert "@import" not in page[1]
    assert "url(http" not in page[1]
    assert len(page[1].encode()) < 1_500_000


def test_page_begins_with_the_verdict(page: tuple[str, str]) -> None:
    evidence = ALL[page[0]]()
    outline = Outline(page[1])
    assert " ".join(evidence.verdict.split()) in outline.text
    assert "Not a medical device." in outline.text
    assert outline.figures == len(evidence.figures) + 1 + drawn(evidence)


def test_same_evidence_same_page() -> None:
    assert render(binary()) == render(binary())


def test_every_estimate_of_the_primary_validation_is_printed() -> None:
    evidence = binary()
    text = Outline(render(evidence)).text
    for row in evidence.performance:
        if row.validation == "cross_validation" and row.group == "all" and row.partition == "out_of_fold":
            assert row.value is not None
            assert f"{row.value:.3f}".replace("-", "\N{MINUS SIGN}") in text
    for step in evidence.flow:
        assert step.text in text


def test_simulated_data_are_announced_before_the_verdict() -> None:
    text = Outline(render(simulated())).text
    assert text.index("Simulated data.") < text.index(simulated().verdict)
    assert "Simulated data." not in Outline(render(binary())).text


def test_what_cannot_be_estimated_says_why() -> None:
    text = Outline(render(sites())).text
    assert "not estimable" in text
    assert "Not estimable: only one outcome class in this group" in text


def test_sites_are_drawn_and_tabled_by_name() -> None:
    html = render(sites())
    assert 'id="splits-leave-site-out"' in html
    assert "va_long_beach" in Outline(html).text


def test_primary_contrast_is_marked_once_and_others_adjusted() -> None:
    text = Outline(render(binary())).text
    table = text[text.index("Paired differences:") :]
    assert "primary contrast" in table
    assert "Holm-adjusted" in table


def test_a_number_as_outcome_has_no_classes() -> None:
    text = Outline(render(continuous())).text
    assert "RMSE" in text
    assert "mean 152.1, SD 77.1, median 140.5" in text


def test_long_tables_scroll_within_their_box() -> None:
    assert 'class="scroll long"' in render(many_groups())


def test_hostile_words_stay_words() -> None:
    html = render(ALL["hostile"]())
    assert "<script>document" not in html
    assert html.count("<script>") == 1
    assert HOSTILE in Outline(html).text


def test_a_table_cell_cannot_end_the_data_of_a_figure() -> None:
    evidence = binary()
    series = evidence.figures[0].series[1].model_copy(update={"label": "</script><b>"})
    figure = evidence.figures[0].model_copy(update={"series": (series,)})
    html = render(evidence.model_copy(update={"figures": (figure,)}))
    assert Outline(html).wrong == []


def test_write_report_reads_one_folder_and_writes_one_file(tmp_path: Path) -> None:
    (tmp_path / "evidence.json").write_text(binary().model_dump_json(), encoding="utf-8")
    path = write_report(tmp_path)
    assert path == tmp_path / "report.html"
    assert path.read_text(encoding="utf-8") == render(binary())
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["evidence.json", "report.html"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        ("", "is not evidence"),
        ("{", "is not evidence"),
        ('{"verdict": 1}', "is not evidence"),
    ],
)
def test_bad_evidence_is_one_sentence(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "evidence.json").write_text(content, encoding="utf-8")
    with pytest.raises(FileProblem, match=words) as caught:
        write_report(tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "report.html").exists()


def test_a_page_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "evidence.json").write_text(binary().model_dump_json(), encoding="utf-8")
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputProblem, match="cannot be written"):
        write_report(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["evidence.json", "report.html"]
