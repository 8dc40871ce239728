"""The small part of Markdown that a card uses, as safe HTML: everything is escaped first."""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_ITEM = re.compile(r"^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$")
_MARKS = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*(.+?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w*])\*(?!\s)([^*]+?)(?<!\s)\*(?![\w*])"), r"<em>\1</em>"),
    (re.compile(r"(?<![\w_])_(?!\s)([^_]+?)(?<!\s)_(?![\w_])"), r"<em>\1</em>"),
)
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")


def inline(text: str) -> Markup:
    """One line of Markdown: code, bold, emphasis; a link keeps its words and shows its address."""
    safe = str(escape(text))
    safe = _LINK.sub(r'\1 (<span class="address">\2</span>)', safe)
    for pattern, replacement in _MARKS:
        safe = pattern.sub(replacement, safe)
    return Markup(safe)  # noqa: S704 - escaped above; only our own tags were added


def blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Split into ("h2", [line]), ("p", lines), ("ul", items), ("ol", items) in order."""
    kind, lines = "", list[str]()
    for line in [*text.splitlines(), ""]:
        heading, item = _HEADING.match(line), _ITEM.match(line)
        if heading or not line.strip():
            if lines:
                yield kind, lines
            kind, lines = "", []
            if heading:
                yield f"h{len(heading[1])}", [heading[2]]
        elif item:
            wanted = "ol" if item[1] else "ul"
            if lines and kind != wanted:
                yield kind, lines
                lines = []
            kind = wanted
            lines.append(item[2])
        elif kind in ("ul", "ol") and lines:
            lines[-1] += " " + line.strip()
        else:
            kind = "p"
            lines.append(line.strip())


def html(text: str, *, top: int = 3) -> Markup:
    """Markdown as HTML whose highest heading is `<h{top}>`."""
    parts = []
    levels = [int(kind[1]) for kind, _ in blocks(text) if kind.startswith("h")]
    shift = top - min(levels, default=top)
    for kind, lines in blocks(text):
        if kind in ("ul", "ol"):
            items = "".join(f"<li>{inline(item)}</li>" for item in lines)
            parts.append(f"<{kind}>{items}</{kind}>")
        elif kind == "p":
            parts.append(f"<p>{inline(' '.join(lines))}</p>")
        else:
            tag = f"h{min(6, int(kind[1]) + shift)}"
            parts.append(f"<{tag}>{inline(lines[0])}</{tag}>")
    return Markup("\n".join(parts))  # noqa: S704 - parts are escaped by `inline`


def plain(text: str) -> str:
    """One line of Markdown as the words alone; a link keeps its address."""
    text = _LINK.sub(r"\1 (\2)", text)
    for pattern, _ in _MARKS:
        text = pattern.sub(r"\1", text)
    return text


def section(text: str, *titles: str) -> str:
    """The plain text below the first heading that contains one of `titles`, up to the next heading; "" if none."""
    wanted, found = [title.lower() for title in titles], list[str]()
    taking = False
    for kind, lines in blocks(text):
        if kind.startswith("h"):
            if taking:
                break
            taking = any(title in lines[0].lower() for title in wanted)
        elif taking:
            found.extend(lines if kind != "p" else [" ".join(lines)])
    return " ".join(map(plain, found))
