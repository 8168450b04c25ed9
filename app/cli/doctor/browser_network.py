"""Whether what the browser renders reaches the proxy alone."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from app.cli.doctor.result import ENGLISH, CheckResult, degraded, failed, ok
from app.core.config import Settings
from app.core.system_errors import reason_of
from app.domain.messages import MessageCatalog
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.network_probe import WaysOut, find_ways_out

NAME: Final = "browser_network"


def check_browser_network(
    settings: Settings,
    *,
    texts: MessageCatalog = ENGLISH,
    find: Callable[[str | None], Awaitable[WaysOut]] = find_ways_out,
) -> CheckResult:
    """Let a page in the installed browser try to get past the proxy. Seconds; nothing leaves the machine."""

    async def found() -> WaysOut:
        return await find(settings.chromium_path)

    try:
        ways = asyncio.run(found())
    except BrowserUnavailable as error:
        return degraded(NAME, texts.adopt(error.reason), texts("doctor.network_unknown"))
    except OSError as error:
        return degraded(NAME, texts.adopt(reason_of(error)), texts("doctor.network_unknown"))
    if ways.passed:
        return failed(NAME, texts("doctor.network_open", count=ways.passed), texts("doctor.network_open_means"))
    if ways.exposure:
        return degraded(
            NAME, texts("doctor.network_shared", reason=ways.exposure), texts("doctor.network_shared_means")
        )
    return ok(NAME, texts("doctor.network_own"))
