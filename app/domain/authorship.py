"""Author of a reference on the site: the site's owner, or a user who can post there.

It decides what is to be done (clean up a page, or remove a post), and never whether something is a violation.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

# Labels of hosts, and beginnings of the parts of a path, where visitors write.
_FORUM_HOSTS: Final = frozenset(
    {"bbs", "forum", "forums", "community", "club", "discuss", "ask", "wenda", "tieba", "guestbook"}
)
_FORUM_PATH: Final = re.compile(
    r"(?:^|[/_-])(?:view)?(?:thread|topic|forum|bbs|guestbook|comment|reply|replies|wenda|question|discussion)s?"
    r"(?=[-_./\d?&=]|$)",
    re.IGNORECASE,
)
_MAX_PATH: Final = 2_000  # characters that are looked at


class Author(StrEnum):
    """Author of a reference, as far as its URL and markup indicate."""

    SITE = "site"
    USER = "user"


class AuthorSign(StrEnum):
    """Indicator of user-generated content."""

    REL_UGC = "rel_ugc"  # the site itself marks it so (rel="ugc")
    FORUM_HOST = "forum_host"
    FORUM_PATH = "forum_path"


@dataclass(frozen=True, slots=True)
class Authorship:
    """`sign` is None for the site's own: nothing speaks for a visitor."""

    author: Author
    sign: AuthorSign | None = None


SITE: Final = Authorship(Author.SITE)


def authorship_of(page_url: str, rel: str = "") -> Authorship:
    """Return who wrote a reference on the page. `rel` is the reference's own attribute."""
    sign = _sign_of(page_url, rel)
    return SITE if sign is None else Authorship(Author.USER, sign)


def _sign_of(page_url: str, rel: str) -> AuthorSign | None:
    if "ugc" in rel.split():
        return AuthorSign.REL_UGC
    authority, _, path = page_url.partition("//")[2].partition("/")
    if not _FORUM_HOSTS.isdisjoint(authority.lower().split(".")[:-1]):
        return AuthorSign.FORUM_HOST
    return AuthorSign.FORUM_PATH if _FORUM_PATH.search(unquote("/" + path[:_MAX_PATH])) else None
