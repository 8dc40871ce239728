"""The report in a real browser: no errors, no network, nothing wider than a telephone, tables that sort."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.report.evidence_examples import ALL, HOSTILE

from bedside.report.checklist_file import write_checklist
from bedside.report.compare import write_comparison
from bedside.report.page import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless browser."""
    switches = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=[*switches, "--disable-gpu"])
        yield launched
        launched.close()


def visit(browser: Any, folder: Path, example: str, width: int) -> tuple[Any, list[str], list[str]]:
    """The page of an example, with what it logged and what it asked the network for."""
    (folder / "evidence.json").write_text(ALL[example]().model_dump_json(), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 800})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    path = write_report(folder)
    page.goto(path.as_uri())
    return page, said, [url for url in asked if url != path.as_uri()]


@pytest.mark.parametrize("example", ["binary", "many_groups", "hostile", "survival"])
@pytest.mark.parametrize("width", [400, 1280])
def test_no_errors_no_network_no_sideways_scrolling(browser: Any, tmp_path: Path, example: str, width: int) -> None:
    page, said, asked = visit(browser, tmp_path, example, width)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    assert asked == []
    assert page.title() == ALL[example]().study.title
    page.close()


def test_tables_sort_by_keyboard_both_ways(browser: Any, tmp_path: Path) -> None:
    page, _, _ = visit(browser, tmp_path, "sites", 1280)
    rows = "[...document.querySelectorAll('#subgroups-table-leave-site-out tbody tr')]"
    column = f"{rows}.map((row) => Number(row.cells[1].dataset.sort))"
    button = page.locator("#subgroups-table-leave-site-out th button").nth(1)
    button.focus()
    page.keyboard.press("Enter")
    rising = page.evaluate(column)
    assert rising == sorted(rising)
    assert len(set(rising)) > 1
    page.keyboard.press("Enter")
    assert page.evaluate(column) == rising[::-1]
    assert page.locator("#subgroups-table-leave-site-out th[aria-sort=descending]").count() == 1
    page.close()


def test_figures_and_tables_can_be_saved(browser: Any, tmp_path: Path) -> None:
    page, said, _ = visit(browser, tmp_path, "hostile", 1280)
    saved = {}
    for kind in ("svg", "csv-figure"):
        with page.expect_download() as download:
            page.locator(f"#figure-roc [data-do={kind}]").click()
        saved[kind] = Path(download.value.path()).read_text(encoding="utf-8")
    assert saved["svg"].startswith("<?xml")
    assert "prefers-color-scheme" not in saved["svg"]
    assert saved["csv-figure"].lstrip("\ufeff").startswith("series,1 \N{MINUS SIGN} specificity,Sensitivity,low,high")
    with page.expect_download() as download:
        page.locator("#performance-cross-validation [data-do=csv-table]").click()
    table = Path(download.value.path()).read_text(encoding="utf-8")
    assert HOSTILE.replace('"', '""') in table
    assert "\N{MINUS SIGN}" not in table
    assert said == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(browser: Any, tmp_path: Path, scheme: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for every colour that letters are set in."""
    page, _, _ = visit(browser, tmp_path, "simulated", 1280)
    page.emulate_media(color_scheme=scheme)
    ratios = page.evaluate(
        """() => {
        const paint = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
        const rgb = (colour) => {
            paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
            return [...paint.getImageData(0, 0, 1, 1).data];
        };
        const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        const light = (c) => c.slice(0, 3).map((v) => linear(v / 255))
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const behind = (element) => {
            for (let at = element; at; at = at.parentElement) {
                const c = rgb(getComputedStyle(at).backgroundColor);
                if (c[3] > 250) return c;
            }
            return rgb("white");
        };
        const poor = {};
        document.querySelectorAll("body *:not(script)").forEach((element) => {
            if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) return;
            const style = getComputedStyle(element);
            const ink = light(rgb(element instanceof SVGElement ? style.fill : style.color));
            const paper = light(behind(element));
            const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
            if (ratio < 4.5) poor[element.tagName + "." + element.getAttribute("class")] = ratio;
        });
        return poor;
    }"""
    )
    assert ratios == {}
    page.close()


@pytest.mark.parametrize("kind", ["comparison", "checklist"])
def test_pages_without_contents_fill_the_window(browser: Any, tmp_path: Path, kind: str) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        (folder / "evidence.json").write_text(ALL["hostile"]().model_dump_json(), encoding="utf-8")
    if kind == "comparison":
        path = write_comparison(folders, tmp_path / "comparison.html")
    else:
        path = write_checklist(folders[0], "tripod-ai", "html")
    for width in (400, 1280):
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.querySelector('main').clientWidth") > 0.8 * width
        page.close()
