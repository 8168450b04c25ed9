"""What scripts of the site's own pages write in plain sight: links to foreign hosts with the words of a trade.

Only a script that writes links into the page counts, and only when it names a foreign host that is no well-known
service's: the state of an application, with its news and products, is no such script.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.marks import Marks, marks
from app.engines.html.own_page import OwnText
from app.engines.html.script_text import unescape_script
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_SCRIPT: Final = 65_536  # characters; what somebody has put into a page is short
MAX_SCRIPTS: Final = 50
MAX_ADDRESSES: Final = 20  # of one script

_MARKS: Final = marks(b"document.write", b"insertadjacenthtml", b"innerhtml", b"createelement")
_WRITING: Final = re.compile(r"\bdocument\s{0,3}\.\s{0,3}write|insertAdjacentHTML|innerHTML|createElement")
_LINK: Final = re.compile(r"<a\b|createElement\(\s{0,3}[\"']a[\"']", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?://((?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62})")


def writes(found: Marks) -> bool:
    """Tell quickly whether a script of the page may write. `found`: marks that stand in the markup."""
    return not found.isdisjoint(_MARKS)


def examine_written(
    scripts: Iterable[OwnText],
    page_url: str,
    is_known: Callable[[str], bool],
    offer_in: Callable[[str], tuple[str, tuple[str, ...]] | None],
) -> Iterator[TamperMatch]:
    """Yield at most one sign. `offer_in`: a quote and the words of a trade that a text offers something with."""
    own = registrable_domain(host_of(page_url))
    for script in islice(scripts, MAX_SCRIPTS):
        code = script.text[:MAX_SCRIPT]
        if _WRITING.search(code) is None or _LINK.search(code) is None:
            continue
        leads_to = tuple(_foreign(code, own, is_known))
        found = offer_in(unescape_script(code)) if leads_to else None
        if found is not None:
            quote, terms = found
            yield TamperMatch(
                TamperSign.SCRIPT_WRITES,
                leads_to[0][:MAX_QUOTE],
                quote,
                terms,
                dom_path=script.dom_path,
                leads_to=leads_to,
            )
            return


def _foreign(code: str, own: str, is_known: Callable[[str], bool]) -> Iterator[str]:
    for match in islice(_ADDRESS.finditer(code), MAX_ADDRESSES):
        host = match[1].lower()
        if registrable_domain(host) != own and not is_known(host):
            yield match[0]
