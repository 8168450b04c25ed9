"""Cookies of one scan: sites that require a cookie get it back, as from a browser."""

from collections import Counter
from typing import Final

from aiohttp import CookieJar
from yarl import URL

from app.engines.urls import host_of

MAX_PER_HOST: Final = 200  # settings of a cookie by one host; a server could set new ones without end
MAX_LINE: Final = 4_096  # bytes of one Set-Cookie (RFC 6265, section 6.1)
MAX_SENT: Final = 8_192  # bytes of one Cookie header, as servers take them


class ScanCookies:
    """Keeps cookies in memory, for the target alone; make it inside the running loop."""

    def __init__(self) -> None:
        self._jar = CookieJar()
        self._settings: Counter[str] = Counter()
        # Grows with every cookie that was set to something new.
        self.version = 0

    def take(self, url: str, lines: tuple[str, ...]) -> None:
        """Take the values of the answer's Set-Cookie headers."""
        host = host_of(url)
        usable = [line for line in lines if len(line) <= MAX_LINE]
        if not usable or self._settings[host] >= MAX_PER_HOST:
            return
        self._settings[host] += len(usable)
        before = self.header_for(url)
        self._jar.update_cookies_from_headers(usable, URL(url, encoded=True))
        self.version += self.header_for(url) != before

    def header_for(self, url: str) -> str:
        """Return the value of the Cookie header, empty when there is none to send."""
        if not self._settings:
            return ""
        found = self._jar.filter_cookies(URL(url, encoded=True))
        return "; ".join(f"{morsel.key}={morsel.coded_value}" for morsel in found.values())[:MAX_SENT]
