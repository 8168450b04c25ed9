"""Log lines about pages that could not be parsed: by name, or by number if there are many."""

from typing import Final

from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.engines.ports import ScanSink

MAX_WARNINGS: Final = 20  # events that name a page; a site can make any number of such pages, and the log names all


class UnreadableNotice:
    """Warns of each unreadable page once."""

    def __init__(self, *, sink: ScanSink, texts: MessageCatalog, module: str) -> None:
        self._sink = sink
        self._texts = texts
        self._module = module
        # URLs that could not be read, in the order of finding.
        self.urls: dict[str, None] = {}

    async def tell(self, url: str, reason: str) -> None:
        """`reason` as `Unreadable` has it."""
        if url in self.urls:
            return
        self.urls[url] = None
        said = self._texts("unreadable", url=url, reason=self._texts(f"unreadable_{reason}"))
        await self._sink.log(LogEntry("WARNING", self._module, said))
        if len(self.urls) <= MAX_WARNINGS:
            await self._sink.warning("partial", said)
