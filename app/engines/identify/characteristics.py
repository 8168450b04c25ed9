"""Category of a third party in no list, by its CNAME, the resources loaded from it, and its content.

Only a name for people: no rule of the analysis trusts it, because a page can say of itself whatever it likes.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

from app.domain.scan_facts import Reference, Relation
from app.engines.identify.classify import UNKNOWN, classify, read_list

PARKED: Final = "parked"  # the category of what is nobody's page
_PLACE_HOLDERS: Final = frozenset({"parked", "for_sale", "expired"})
_FILES: Final = frozenset({Relation.SCRIPT, Relation.EMBED})
# Who delivers a page says nothing about the page; who delivers files alone says what these come from.
_DELIVERY: Final = frozenset({"cdn", "hosting", "cloud", "storage"})
_DATA: Final = "app.engines.identify"


def characterise(
    *, aliases: Sequence[str], references: Iterable[Reference], page_class: str, declared: Iterable[str]
) -> str:
    """The category, by the surest sign first; "unknown" when nothing says what it is.

    Args:
        aliases: the names that its host is an alias of, in their order.
        references: how the site refers to it.
        page_class: of what its host shows.
        declared: what its page says of itself, as `PageContent.declared` has it.
    """
    known = list(references)
    if page_class in _PLACE_HOLDERS:
        return PARKED
    return _of_files(known) or _of_aliases(aliases, known) or _of_page(declared) or UNKNOWN


def _of_files(references: Iterable[Reference]) -> str | None:
    """By the products whose scripts are loaded."""
    names = (
        urlsplit(reference.url).path.rpartition("/")[2].lower()
        for reference in references
        if reference.relation is Relation.SCRIPT
    )
    return next((snippets[name] for name in names if name in (snippets := _snippets())), None)


def _of_aliases(aliases: Sequence[str], references: Sequence[Reference]) -> str | None:
    """By the service that its name leads to, the last one first."""
    used = {reference.relation for reference in references} - {Relation.MENTION}
    only_files = bool(used) and used <= _FILES
    for name in reversed(aliases):
        category = classify(name)
        if category != UNKNOWN and (only_files or category not in _DELIVERY):
            return category
    return None


def _of_page(declared: Iterable[str]) -> str | None:
    exact, beginnings = _declared()
    for said in declared:
        if said in exact:
            return exact[said]
        found = next((category for beginning, category in beginnings if said.startswith(beginning)), None)
        if found is not None:
            return found
    return None


@cache
def _snippets() -> dict[str, str]:
    """Category by the name of a file."""
    return {name: category for name, category, _ in read_list(_text("snippets.tsv"))}


@cache
def _declared() -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Category by `kind:value`, and by the beginnings of such."""
    rows = [(said, category) for said, category, _ in read_list(_text("declared.tsv"))]
    exact = {said: category for said, category in rows if not said.endswith("*")}
    return exact, tuple((said.removesuffix("*"), category) for said, category in rows if said.endswith("*"))


def _text(name: str) -> str:
    return (files(_DATA) / "data" / name).read_text("utf-8")
