"""Just enough of Markdown for the tests that hold the documents against the code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Papers of the backend itself; licences and notices of others are not ours to check.
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/adr/*.md")], key=str)
_FENCE = re.compile(r"^(`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^\1[ ]*$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) +(.+?) *$", re.MULTILINE)
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Block:
    """A fenced block. `language` is the first word of its info string, `words` are the others."""

    language: str
    words: tuple[str, ...]
    body: str


def read(name: str) -> str:
    """A document by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    found = [(match["info"].split(), match["body"]) for match in _FENCE.finditer(text)]
    return [Block(info[0] if info else "", tuple(info[1:]), body) for info, body in found]


def prose(text: str) -> str:
    """Without the fenced blocks."""
    return _FENCE.sub("", text)


def codes(text: str) -> list[str]:
    """All inline code spans."""
    return _CODE.findall(prose(text))


def links(text: str) -> list[str]:
    """Targets of all links and pictures."""
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """What a `#fragment` may name: headings as GitHub turns them into ids."""
    titles = [title.replace("`", "").lower() for _, title in _HEADING.findall(prose(text))]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.lstrip("#").strip() == title and line.startswith("#")]
    assert starts, f"there is no heading {title!r}"
    level = lines[starts[0]].index(" ")
    rest = lines[starts[0] + 1 :]
    inside_fence = False
    for number, line in enumerate(rest):
        inside_fence ^= line.startswith("```")
        if not inside_fence and re.match(rf"#{{1,{level}}} ", line):
            return "\n".join(rest[:number])
    return "\n".join(rest)


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every table row below a table's head."""
    in_table = False
    for line in prose(text).splitlines():
        if not line.startswith("|"):
            in_table = False
        elif set(line) <= set("|-: "):
            in_table = True
        elif in_table:
            yield [cell.replace("\\|", "|").strip() for cell in _CELL.split(line.strip())[1:-1]]


def first_codes(text: str) -> list[str]:
    """The code spans in the first cells of all tables."""
    return [code for cells in rows(text) for code in _CODE.findall(cells[0])]
