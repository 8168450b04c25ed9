"""Scripts of unknown sites that one page of the whole site uses: known when the crawl has seen all of its pages.

One page with a script of its own is nothing: a map, a form of a partner. But who plants a script in one page gives it a
name that says nothing, on a host that nobody knows.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from app.domain.scan_facts import Reference, Relation, ThirdParty
from app.domain.tampering import TamperSign, kind_of, sign_of
from app.engines.identify.classify import UNKNOWN

MIN_PAGES: Final = 20  # of the site that were read: of fewer, one page is too many of them

# Numbers, one or two letters, or what stands for statistics: a library or a service calls itself by its name.
_MEANINGLESS: Final = re.compile(
    r"(?:\d{1,10}|[a-z]{1,2}\d{0,4}|tj\d{0,4}|tongji\d{0,4}|js\d{0,4}|[0-9a-f]{16,64})\.js", re.IGNORECASE
)


def rare_scripts(
    parties: Iterable[tuple[ThirdParty, Sequence[Reference]]], *, pages: int, known: Iterable[Reference] = ()
) -> Iterator[Reference]:
    """Yield a sign for each page with such a script, as a reference of the page to itself.

    Args:
        parties: all third parties, each with the references to it that are kept.
        pages: how many pages of the site were read.
        known: signs that an earlier attempt of the scan has found.
    """
    if pages < MIN_PAGES:
        return
    found = {sign.page_url for sign in known if sign_of(sign.kind) is TamperSign.RARE_SCRIPT}
    for party, references in parties:
        script = _lone_script(party, references)
        if script is not None and script.page_url not in found:
            found.add(script.page_url)
            yield Reference(
                page_url=script.page_url,
                url=script.page_url,
                raw=script.raw,
                relation=Relation.MENTION,
                kind=kind_of(TamperSign.RARE_SCRIPT),
                dom_path=script.dom_path,
                snippet=script.raw,
            )


def _lone_script(party: ThirdParty, references: Sequence[Reference]) -> Reference | None:
    """The script, when it is all that the site has of an unknown party."""
    is_lone = (
        party.category == UNKNOWN and party.relation is Relation.SCRIPT and party.references == len(references) == 1
    )
    script = references[0] if is_lone else None
    if script is None or not script.kind.startswith("script[src]"):
        return None
    return script if _MEANINGLESS.fullmatch(urlsplit(script.url).path.rpartition("/")[2]) else None
