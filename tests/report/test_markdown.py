"""Cards become safe HTML."""

import pytest

from bedside.report import markdown


def test_blocks_keep_their_kind() -> None:
    text = "# Title\n\nA **bold** word and `code`,\nin one paragraph.\n\n- first\n  goes on\n- second\n\n1. one\n2) two"
    html = markdown.html(text, top=4)
    assert html == (
        "<h4>Title</h4>\n<p>A <strong>bold</strong> word and <code>code</code>, in one paragraph.</p>\n"
        "<ul><li>first goes on</li><li>second</li></ul>\n<ol><li>one</li><li>two</li></ol>"
    )


@pytest.mark.parametrize("text", ["<script>x</script>", "- <img onerror=x>", "# <b>", "`<i>`", "[a](https://x/<u>)"])
def test_nothing_gets_through_unescaped(text: str) -> None:
    html = str(markdown.html(text))
    assert not any(tag in html for tag in ("<script", "<img", "<b>", "<i>", "<u>"))
    assert "&lt;" in html


def test_a_link_shows_its_address_and_loads_nothing() -> None:
    html = str(markdown.inline("[data](https://example.org/a)"))
    assert "https://example.org/a" in html
    assert "href" not in html


def test_section_ends_at_the_next_heading() -> None:
    card = "# A\n\n## Funding\n**None**.\n\nReally.\n\n## Limits\n- one"
    assert markdown.section(card, "fund") == "None. Really."
    assert markdown.section(card, "limit") == "one"
    assert markdown.section(card, "ethics") == ""
