"""Markdown out: names and values from data that no renderer takes for markup.

>>> plain("<b>|x|</b> [a](b)")
'&#60;b&#62;&#124;x&#124;&#60;/b&#62; &#91;a&#93;(b)'
>>> code("@team `x`")
'<code>&#64;team &#96;x&#96;</code>'
>>> prose("[a](javascript:b) [c](https://d.example)", under=2)
'[a&#93;(javascript:b) [c](https://d.example)'
>>> prose("# Big <script>x</script>", under=2)
'### Big &lt;script>x&lt;/script>'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from registry.reports.names import cut, visible

_INLINE = r"[&<>|@`\[\]*~\\$]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\."
_MARKUP = re.compile(_INLINE)
_STARTING = re.compile(rf"{_INLINE}|^[-+=#]+(?=\s|$)|^\d+(?=[.)](?:\s|$))")
_TAG = re.compile(r"<(?=[A-Za-z/!?])(?!https?://)")
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})")
# The end of a link's text whose target is neither the web, an address, a place of this page nor a path.
_LINK = re.compile(r"\](?=[(:])(?![(:][ \t]*<?(?:https?://|mailto:|#|\.{0,2}/|[\w-]+(?:[./][\w./#-]*)?(?=[\s)>])))")
_HEADING = re.compile(r" {0,3}(#{1,6})(\s|$)")
_SETEXT = re.compile(r" {0,3}(=+|-+)\s*$")


def plain(text: object, limit: int = 500) -> str:
    """`text` on one line as text only: every character that could begin markup is an entity."""
    return _STARTING.sub(_entity, cut(" ".join(str(text).split()), limit))


def _entity(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in found[0])


def code(text: object, limit: int = 120) -> str:
    """`text` as inline code; HTML rather than backticks, so that no content can end it."""
    return f"<code>{_MARKUP.sub(_entity, cut(str(text), limit))}</code>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: int = 0) -> str:
    """A table of ready cells; the last `right` columns are aligned right."""
    rules = ["---"] * (len(heads) - right) + ["---:"] * right
    lines = [heads, rules, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def prose(text: str, *, under: int) -> str:
    """Declared Markdown, kept as such but for what could reach beyond it.

    Raw HTML becomes text, links to other schemes than the web's too, control characters
    visible; headings are moved below level `under`, and a code fence left open is closed.
    """
    lines, fence = [], ""
    for raw in text.strip().split("\n"):
        line = "\t".join(visible(part) for part in raw.split("\t"))
        opened = _FENCE.match(line)
        if opened and (not fence or (opened[2][0] == fence[0] and len(opened[2]) >= len(fence))):
            fence = "" if fence else opened[2]
            lines.append(line)
        else:
            lines.append(line if fence else _line(line, under))
    return "\n".join([*lines, fence] if fence else lines)


def _line(line: str, under: int) -> str:
    line = _LINK.sub("&#93;", _TAG.sub("&lt;", line))
    heading = _HEADING.match(line)
    if heading:
        return "#" * min(6, len(heading[1]) + under) + line[heading.end(1) :]
    return "\\" + line.lstrip() if _SETEXT.match(line) else line
