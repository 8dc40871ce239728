"""The readers' page in a real browser: no errors, nothing wider than a telephone, and the window filled."""

import os
import shutil
from pathlib import Path

import pytest
from tests.study.test_category_readers import drawn, model_of

from bedside.report.readers import write_readers
from bedside.study.category_readers import judge_categories
from bedside.study.readers import write_evidence

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.mark.parametrize(("width", "least"), [(400, 350), (1280, 800)])
def test_the_page_of_categories_fits_the_window(tmp_path: Path, width: int, least: int) -> None:
    readings = drawn(cases=60)
    write_evidence(judge_categories(readings, model_of(readings, readings.truth.tolist()), replicates=100), tmp_path)
    path = write_readers(tmp_path)
    switches = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=[*switches, "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": 800})
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.querySelector('main').getBoundingClientRect().width") >= least
        right = page.locator("#confusion tbody tr").filter(has_text="model").locator("td.best")
        assert right.all_inner_texts() == ["20", "20", "20"]
        assert said == []
        browser.close()
