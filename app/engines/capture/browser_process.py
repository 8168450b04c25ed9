"""Starting Chromium behind the guarded proxy, starting it again after a crash, and ending it for certain."""

import asyncio
import contextlib
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.domain.messages import Text, english
from app.engines.capture.browser_memory import MemoryWatch, pids_of
from app.engines.capture.browser_network import BrowserNetwork
from app.engines.capture.browser_processor import ProcessorTimes, times_of
from app.engines.capture.browser_profile import BrowserProfile, BrowserUnavailable, find_chromium
from app.engines.model import NetworkConfig
from app.engines.net.failures import printable

if TYPE_CHECKING:  # Playwright takes a tenth of a second to import; most processes never render
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import BrowserContext, Playwright

Serve = Callable[[socket.socket], Awaitable[asyncio.Server]]
START_TIMEOUTS_S: Final = (20.0, 40.0, 60.0)  # on a busy machine the first start may not come to its end
CLOSE_TIMEOUT_S: Final = 0.5  # then it is killed: a cancelled scan must be gone within 2 s
STOP_TIMEOUT_S: Final = 0.3  # the driver's, after the browser
MAX_RESTARTS: Final = 3  # after crashes, in one scan

# Chromium's own windows prepare two documents for their address bar, which took 0.4 s of a processor with each page.
ADDRESS_BAR_FEATURES: Final = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
# What Playwright 1.65 switches off: of several lists Chromium takes the last alone, so ours has to name these again.
PLAYWRIGHT_FEATURES: Final = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "TcpPortRandomizationWin",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "msForceBrowserSignIn",
    "msEdgeUpdateLaunchServicesPreferredVersion",
)
WITHOUT_FEATURES: Final = f"--disable-features={','.join((*PLAYWRIGHT_FEATURES, *ADDRESS_BAR_FEATURES))}"

ARGS: Final = (
    "--disable-quic",  # UDP goes past every proxy
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # its name before, which Chromium 156 does not know
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # names are the proxy's business, also in prefetches
    "--dns-prefetch-disable",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-extensions",
    "--no-pings",
    WITHOUT_FEATURES,
)


# How Chromium says that it may not make namespaces, or that its helper has not the rights to.
_SANDBOX: Final = re.compile("no usable sandbox|suid sandbox", re.IGNORECASE)


class BrowserProcess:
    """The system's Chromium, sandboxed, with no way out but the proxy.

    The proxy's URL and credentials come from a started `EgressProxy`.
    """

    def __init__(
        self,
        *,
        config: NetworkConfig,
        proxy_url: str,
        proxy_username: str,
        proxy_password: str,
        serve: Serve | None = None,
        args: Sequence[str] = ARGS,
        start_driver: "Callable[[], Awaitable[Playwright]] | None" = None,
        start_timeouts_s: Sequence[float] = START_TIMEOUTS_S,
    ) -> None:
        """`serve`: has the proxy serve a socket that listens in the browser's own network; None: it has ours.
        `args`: switches of Chromium. `start_driver`: Playwright's own when None. `start_timeouts_s`: one for each try.
        """
        self._serve = serve
        self._args = args
        self._start_timeouts_s = start_timeouts_s
        self._start_driver = start_driver or _start_playwright
        self.config = config
        self._proxy_url = proxy_url
        self._credentials = (proxy_username, proxy_password)
        self._launching = asyncio.Lock()
        self._restarts = 0
        self._profile: BrowserProfile | None = None
        self._playwright: Playwright | None = None
        self._main: BrowserContext | None = None  # the persistent context; none of its pages is used
        self._watching: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None  # of the proxy, in the browser's own network
        # Why the browser has our network, in which switches of its own alone lead it to the proxy; "": it has its own.
        # Set by `start`.
        self.exposure = ""
        # How many of its processes were ended because all together took too much memory.
        self.memory_ends = 0

    async def start(self) -> None:
        """Raises `BrowserUnavailable` with the reason; nothing is left behind then. One that is slow is tried again,
        one that fails once more: a moment without memory to spare is no machine without a browser.
        """
        executable = find_chromium(self.config.chromium_path)
        failure: BrowserUnavailable | None = None
        for timeout_s in self._start_timeouts_s:
            try:
                if await self._try_to_start(executable, timeout_s):
                    return
            except BrowserUnavailable as error:
                if failure is not None:
                    raise
                failure = error
        tries, longest_s = len(self._start_timeouts_s), max(self._start_timeouts_s)
        raise failure or BrowserUnavailable(english("browser.slow", tries=tries, seconds=longest_s))

    async def _try_to_start(self, executable: str, timeout_s: float) -> bool:
        """False: not in time."""
        try:
            port = urlsplit(self._proxy_url).port if self._serve is not None else None
            self._profile = BrowserProfile.prepare(executable, proxy_port=port)
            self._watching = asyncio.create_task(self._watch_memory(self._profile), name="browser-memory")
            async with asyncio.timeout(timeout_s):
                await self._launch_in_network(self._profile)
        except TimeoutError:
            await self.close()
            return False
        except BaseException:
            await self.close()
            raise
        return True

    async def close(self) -> None:
        """End the browser, by force if need be; leaves no process and no file. May be called twice."""
        profile, main, playwright, server = self._profile, self._main, self._playwright, self._server
        self._profile = self._main = self._playwright = self._server = None
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        if server is not None:
            server.close()
        if profile is None:
            return
        try:
            await _close(main)
            await _stop(playwright)
        finally:
            await profile.kill()
            await asyncio.to_thread(profile.remove)

    async def _watch_memory(self, profile: BrowserProfile) -> None:
        await MemoryWatch(profile, max_bytes=self.config.browser_max_bytes, on_end=self._note_memory_end).run()

    async def processor_times(self) -> ProcessorTimes:
        """What its processes ran, and waited for a processor; nothing where the system does not tell."""
        profile = self._profile
        if profile is None:
            return ProcessorTimes()
        return await asyncio.to_thread(lambda: times_of(pids_of(profile)))

    def _note_memory_end(self) -> None:
        self.memory_ends += 1

    async def _launch_in_network(self, profile: BrowserProfile) -> None:
        if self._serve is None:
            await self._launch(profile)
            return
        with contextlib.closing(BrowserNetwork.expect(profile.network)) as network:
            await self._launch(profile)
            found = await asyncio.to_thread(network.receive)
        if isinstance(found, str):
            self.exposure = found
        else:
            self.exposure = ""
            self._server = await self._serve(found)

    async def _launch(self, profile: BrowserProfile) -> None:
        from playwright.async_api import Error

        username, password = self._credentials
        self._playwright = await self._start_driver()
        try:
            # Only a persistent context lets the profile be prepared for another user.
            self._main = await self._playwright.chromium.launch_persistent_context(
                profile.folder,
                executable_path=profile.wrapper,
                chromium_sandbox=True,  # Playwright's default is to switch it off for root
                headless=True,
                args=list(self._args),
                env=profile.environment(),
                proxy={"server": self._proxy_url, "bypass": "<-loopback>", "username": username, "password": password},
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
                service_workers="block",
                accept_downloads=False,
            )
        except Error as failure:
            reason = start_failure(failure.message)
            raise BrowserUnavailable(reason, is_lasting=reason.key == "browser.sandbox") from failure

    async def running(self) -> "Chromium":
        """The browser; a crashed one is started again."""
        async with self._launching:
            chromium = self._main.browser if self._main is not None else None
            if chromium is not None and chromium.is_connected():
                return chromium
            if self._profile is None or self._restarts >= MAX_RESTARTS:
                raise BrowserUnavailable(english("browser.crashed"))
            self._restarts += 1
            await self.close()
            await self.start()
            if self._main is None or self._main.browser is None:
                raise BrowserUnavailable(english("browser.exited"))
            return self._main.browser


def start_failure(message: str) -> Text:
    """Return why the browser did not start, from what Playwright says: a line, and then the browser's own output."""
    if _SANDBOX.search(message):
        return english("browser.sandbox")
    if "has been closed" in message:
        return english("browser.exited")
    return english("browser.start_failed", reason=printable(message.strip().partition("\n")[0]))


async def _start_playwright() -> "Playwright":
    from playwright.async_api import async_playwright

    return await async_playwright().start()


async def _close(main: "BrowserContext | None") -> None:
    from playwright.async_api import Error

    with contextlib.suppress(Error, TimeoutError):
        if main is not None:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await main.close()


async def _stop(playwright: "Playwright | None") -> None:
    """Ask the driver to end: of one that is killed unasked an error is printed, long after nobody waits for it."""
    with contextlib.suppress(TimeoutError):
        if playwright is not None:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await playwright.stop()
