"""Class of a captured page (`Capture.page_class`). Pure."""

from typing import Final
from urllib.parse import urlsplit

from app.engines.capture.place_holders import class_of_host, class_of_source, matching
from app.engines.html.page_content import PageContent

NOTICE_TEXT: Final = 1_500  # characters; notices are short, longer pages merely talk about such things
EMPTY_TEXT: Final = 4  # fewer characters and nothing embedded: there is no page
ERROR_FROM: Final = 400


def classify(content: PageContent, *, status: int, final_url: str) -> str:
    """One of the model's page classes. A notice counts before its status: block pages come as 403, others as 404."""
    notice = class_of_host(urlsplit(final_url).hostname or "") or _notice(content)
    if notice is not None:
        return notice
    if not 0 < status < ERROR_FROM:
        return "error"
    return "content" if content.has_embeds or len(content.text) >= EMPTY_TEXT else "empty"


def _notice(content: PageContent) -> str | None:
    if len(content.text) > NOTICE_TEXT:
        return None
    by_source = next((kind for source in content.sources if (kind := class_of_source(source))), None)
    return by_source or next((rule.page_class for rule in matching(content.title, content.text)), None)
