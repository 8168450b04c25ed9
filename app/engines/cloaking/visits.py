"""Visitors as which a page is requested. They differ in the sent headers only; the IP address stays the same."""

from dataclasses import dataclass
from typing import Final

from app.domain.visitors import Visitor

# User agents as they are in common use; a site that looks closer at them (`Sec-CH-UA`, TLS) is not deceived.
_DESKTOP: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
_PHONE: Final = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36"
)
_BAIDU_ROBOT: Final = "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"
_GOOGLE_ROBOT: Final = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_BAIDU: Final = "https://www.baidu.com/link?url="
_GOOGLE: Final = "https://www.google.com/"
_BAIDU_ON_PHONES: Final = "https://m.baidu.com/s?word="


@dataclass(frozen=True, slots=True)
class Visit:
    """One way to come to a page."""

    visitor: Visitor
    agent: str
    referrer: str = ""
    has_cookies: bool = False  # sends those that the site has set in the crawl

    @property
    def headers(self) -> dict[str, str]:
        """What is sent, beside cookies."""
        return {"User-Agent": self.agent} | ({"Referer": self.referrer} if self.referrer else {})


# Two of these are compared with each other before anything else counts.
PLAIN: Final = Visit(Visitor.BROWSER, _DESKTOP, has_cookies=True)
_NEWCOMER: Final = Visit(Visitor.NEWCOMER, _DESKTOP)
_ROBOTS: Final = (Visit(Visitor.ROBOT, _BAIDU_ROBOT), Visit(Visitor.ROBOT, _GOOGLE_ROBOT))
_CHINESE: Final = (Visit(Visitor.SEARCH, _DESKTOP, _BAIDU), Visit(Visitor.PHONE, _PHONE, _BAIDU_ON_PHONES))
_OTHERS: Final = (Visit(Visitor.SEARCH, _DESKTOP, _GOOGLE), Visit(Visitor.PHONE, _PHONE, _GOOGLE))


def visits_for(text: str) -> tuple[Visit, ...]:
    """Return the visits that are compared with the plain ones, by the text of the page: who searches in Chinese comes
    from Baidu. Newcomers are first: what they are shown explains what others without cookies are.
    """
    is_chinese = any("\u4e00" <= character <= "\u9fff" for character in text)
    return (_NEWCOMER, *(_CHINESE if is_chinese else _OTHERS), *_ROBOTS)
