"""Which links of a rendered page a visitor sees: asked of the browser in a world of its own, and believed no further.

Box, computed styles, what cuts an ancestor off and what lies at the place of the link say more than its source: sheets
that are not at hand, rules that scripts add, layout. What comes back is a hostile page's answer: bounded and typed.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import orjson

from app.engines.scope import registrable_domain
from app.engines.urls import host_of, resolve

if TYPE_CHECKING:  # Playwright takes a tenth of a second to import; most processes never render
    from playwright.async_api import BrowserContext, Page

MAX_LINKS: Final = 500  # of a page, that lead to others
DETACH_S: Final = 0.5
MAX_URL: Final = 2_048  # characters of an address; links with longer ones are not looked at
# Kinds of `extract.hidden_elements` that the script tells apart.
KINDS: Final = frozenset(
    {
        "display_none", "content_hidden", "visibility_hidden", "opacity_zero", "off_screen", "zero_font", "tiny_box",
        "clipped", "covered", "same_colour", "transparent_text", "text_indent", "marquee", "closed_details",
        "empty_link",
    }
)  # fmt: skip
_WORLD: Final = "compliance"


@dataclass(frozen=True, slots=True)
class LookLimits:
    """How long a look may take, by the clock of the machine."""

    look_ms: int = 200  # then the script ends with what it has
    ended_after_ms: int = 1_000  # then the browser ends it: one step of it may lay the whole page out
    patience_s: float = 3.0  # for all that is said to the browser and back; it may compute for others


LIMITS: Final = LookLimits()


@dataclass(frozen=True, slots=True)
class LinkSight:
    """One link as the browser shows it."""

    url: str  # absolute, as a `Reference` has it
    kind: str  # of hiding; "": it is seen
    is_sure: bool  # False: it waits for an act or a device, or nobody can tell


async def look_at_links(
    context: "BrowserContext", page: "Page", *, left_s: float = LIMITS.patience_s, limits: LookLimits = LIMITS
) -> tuple[LinkSight, ...]:
    """Return the links of the page that lead to other domains, in order; none when the browser does not answer.

    The page is scrolled about: it is to be called last. `left_s`: of the page's time; what was rendered by then must
    not be lost for the sake of its links.
    """
    from playwright.async_api import Error

    with suppress(Error, TimeoutError):
        async with asyncio.timeout(min(limits.patience_s, left_s)):
            return sights_of(await _ask(context, page, limits))
    return ()


def sights_of(answer: object) -> tuple[LinkSight, ...]:
    """Return what is sound in an answer, whatever it is."""
    items = answer if isinstance(answer, list) else []
    return tuple(_sound(items[:MAX_LINKS]))


def _sound(items: list[Any]) -> Iterator[LinkSight]:
    for item in items:
        match item:
            case [str(address), str(kind), bool(is_sure)] if len(address) <= MAX_URL and (not kind or kind in KINDS):
                if (url := resolve(address, "")) is not None and address.isprintable():
                    yield LinkSight(address if "#" in address else url, kind, is_sure)
            case _:
                continue


async def _ask(context: "BrowserContext", page: "Page", limits: LookLimits) -> object:
    session = await context.new_cdp_session(page)
    try:
        tree = await session.send("Page.getFrameTree")
        frame = tree["frameTree"]["frame"]["id"]
        # With access to sheets of other origins: what they say of a state that shows an element counts, too.
        world = await session.send(
            "Page.createIsolatedWorld", {"frameId": frame, "worldName": _WORLD, "grantUniveralAccess": True}
        )
        result = await session.send(
            "Runtime.evaluate",
            {
                "expression": expression(registrable_domain(host_of(page.url)), look_ms=limits.look_ms),
                "contextId": world["executionContextId"],
                "returnByValue": True,
                "timeout": limits.ended_after_ms,
            },
        )
    finally:
        with suppress(TimeoutError):  # a page whose process is gone, or busy, does not answer that either
            async with asyncio.timeout(DETACH_S):
                await session.detach()
    return result.get("result", {}).get("value")


def expression(own: str, *, look_ms: int = LIMITS.look_ms) -> str:
    """Return the script for a page of that registrable domain, whose links are left out."""
    limits = {"maxLinks": MAX_LINKS, "maxMs": look_ms, "maxUrl": MAX_URL, "own": own}
    return f"{_script()}({orjson.dumps(limits).decode()})"


@cache
def _script() -> str:
    return (files("app.engines.capture") / "link_sight.js").read_text("utf-8").strip()
