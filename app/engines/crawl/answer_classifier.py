"""Coverage of one URL by its response. Pure: a response and its parsed content in, one code out."""

import re
from typing import Final

from app.domain.coverage import Seen
from app.domain.scan_facts import FetchError, PageFact, Reference, Relation
from app.engines.extract.page import Extraction
from app.engines.model import FetchResult

_GOOD: Final = range(200, 300)
_GONE: Final = frozenset({404, 410})
_FIRST_ERROR: Final = 400
_ASKS_WHO: Final = frozenset({401, 407})
WALL_TEXT: Final = 500  # characters: a page that only asks for something says no more
WALL_LINKS: Final = 5  # imprint, privacy, languages; more is a site's own content
SIGN_IN_TEXT: Final = 500
_PASSWORD: Final = re.compile(rb"type=[\"']?password")
_SIGN_IN_PATH: Final = re.compile(r"log-?in|sign-?in|logon|sso|passport|/auth\b|/cas\b|denglu", re.IGNORECASE)
_PASSWORD_SEARCHED: Final = 512 * 1024  # bytes
_SHELL_SEARCHED: Final = 64 * 1024
_UNSEEN: Final = ("script[", "link[", "css:", "header:")  # kinds of references, as the extraction names them
# All words of one line have to be on a page that shows next to nothing else: as words or their beginnings.
_WALLS: Final = (
    ("cookie", "accept"),
    ("cookie", "agree"),
    ("cookie", "consent"),
    ("cookie", "allow"),
    ("cookie", "同意"),
    ("cookie", "接受"),
    ("consent", "privacy"),
    ("隐私", "同意"),
    ("enable", "javascript"),
    ("javascript", "required"),
    ("启用", "javascript"),
    ("开启", "javascript"),
    ("enable", "cookies"),
    ("checking your browser",),
    ("verify", "human"),
    ("not a robot",),
    ("captcha",),
    ("access", "denied"),
    ("request", "blocked"),
    ("been blocked",),
    ("人机验证",),
    ("安全验证",),
    ("请输入验证码",),
    ("访问", "拦截"),
    ("访问", "拒绝"),
    ("禁止访问",),
)


def _word(word: str) -> re.Pattern[str]:
    """Match words that begin so, such as `allowed` and `accepter`. Chinese has no bounds between words."""
    if not word.isascii() or word == "captcha":  # part of names: reCAPTCHA
        return re.compile(re.escape(word))
    return re.compile(rf"(?<![a-z]){word}s?(?![a-z])" if word == "cookie" else rf"(?<![a-z]){re.escape(word)}")


_WALL_PATTERNS: Final = tuple(tuple(map(_word, words)) for words in _WALLS)


def classify_answer(
    result: FetchResult, page: PageFact | None, found: Extraction | None, *, is_document: bool = False
) -> Seen:
    """Say what the answer showed. `page` None: a style sheet. `found`: what was read of a page, or of an error.
    `is_document`: it is a PDF or Office document, which is no page however much of it was read.
    """
    if not result.status:
        return Seen.LIMIT if result.error is FetchError.BLOCKED else Seen.NO_ANSWER
    if result.status not in _GOOD and (not result.hops or result.status >= _FIRST_ERROR):
        return _refusal(result.status)
    if page is not None and page.error is FetchError.UNREADABLE:
        return Seen.UNREADABLE
    if result.hops:
        return Seen.MOVED
    if is_document and result.error is None:
        return Seen.NOT_HTML
    if result.error is not None or (result.truncated and result.body):
        return Seen.TRUNCATED
    if page is None:
        return Seen.SHEET
    if found is None:
        return Seen.NOT_HTML
    return Seen.TRUNCATED if found.overflowed else _document(result, found)


def _refusal(status: int) -> Seen:
    if status in _GONE:
        return Seen.GONE
    if status in _ASKS_WHO:
        return Seen.SIGN_IN
    if status in range(400, 500):
        return Seen.CLIENT_ERROR
    return Seen.SERVER_ERROR if status >= 500 else Seen.NO_ANSWER  # noqa: PLR2004 - classes of RFC 9110


def _document(result: FetchResult, found: Extraction) -> Seen:
    text = found.text.strip()
    if _is_wall(text, found):
        return Seen.WALL
    if _asks_for_password(result, text):
        return Seen.FORM
    if text:
        return Seen.JUDGED
    if found.meta_refresh or found.script_location:
        return Seen.MOVED
    if found.links or any(_is_shown(reference) for reference in found.references):
        return Seen.JUDGED
    return Seen.WALL if _needs_script(result.body) else Seen.NO_ANSWER  # a page of nothing is nothing usable


def _is_shown(reference: Reference) -> bool:
    """Tell whether a visitor sees the reference: an app shell names scripts, styles and servers alone."""
    if reference.relation in (Relation.MENTION, Relation.REDIRECT):
        return reference.relation is Relation.REDIRECT
    return not reference.kind.startswith(_UNSEEN)


def _needs_script(body: bytes) -> bool:
    """Tell whether a page without any text asks for JavaScript."""
    start = body[:_SHELL_SEARCHED].lower()
    return b"<noscript" in start and b"javascript" in start


def _is_wall(text: str, found: Extraction) -> bool:
    if len(text) > WALL_TEXT or len(found.links) > WALL_LINKS:
        return False
    said = text.lower()
    return any(all(word.search(said) for word in words) for words in _WALL_PATTERNS)


def _asks_for_password(result: FetchResult, text: str) -> bool:
    """Tell a page for signing in from one with a box for it beside its content."""
    if _PASSWORD.search(result.body[:_PASSWORD_SEARCHED].lower()) is None:
        return False
    return len(text) <= SIGN_IN_TEXT or _SIGN_IN_PATH.search(result.url) is not None
