"""Downloads of a page that were moved to a foreign host, whose file names say who is paid for each installation.

Who puts programs of his own around others' is paid by channel: the name of the file has the numbers of one, as in
`reader_setup@88_217.exe`. An organisation that keeps its other files itself has no channel.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final
from urllib.parse import urljoin

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_addresses import is_akin
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.own_page import OwnPage
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_FILES: Final = 200
ENOUGH_OWN: Final = 2  # files that the site keeps itself

# What follows is read once, whatever it is.
_HREF: Final = re.compile(r"""\bhref\s{0,3}=\s{0,3}["']?([^"'\s<>]{2,400}+)""", re.IGNORECASE)
_FILE: Final = re.compile(r"\.(?:exe|msi|apk|dmg|zip|rar|7z|pdf|docx?|xlsx?|pptx?|deb|rpm)(?:[?#]|$)", re.IGNORECASE)
_CHANNEL: Final = re.compile(r"[\w.\-]@\d{2,8}_\d{2,10}\.(?:exe|msi|apk)(?:[?#]|$)", re.IGNORECASE)


def examine_downloads(page: OwnPage, is_known: Callable[[str], bool]) -> Iterator[TamperMatch]:
    """Yield at most one sign. `is_known`: whether a host is that of a well-known service."""
    if "@" not in page.markup:
        return
    home = host_of(page.url)
    own = registrable_domain(home)
    kept = 0
    moved: tuple[str, str] | None = None
    files = (match[1] for match in _HREF.finditer(page.markup) if _FILE.search(match[1]))
    for raw in islice(files, MAX_FILES):
        host = _host_in(page.url, raw)
        if registrable_domain(host) == own:
            kept += 1
        elif moved is None and host and _CHANNEL.search(raw) and not is_known(host) and not is_akin(home, host):
            moved = (raw, host)
    if moved is not None and kept >= ENOUGH_OWN:
        yield TamperMatch(TamperSign.LURE, moved[0][:MAX_QUOTE], moved[0][:MAX_QUOTE], (moved[1],))


def _host_in(page_url: str, raw: str) -> str:
    try:
        return host_of(urljoin(page_url, raw))
    except ValueError:  # brackets that are no address
        return ""
