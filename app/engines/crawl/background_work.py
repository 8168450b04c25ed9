"""Work beside the crawl of URLs: reading sitemaps, retrying hosts, and reporting hosts to discovery."""

import asyncio
from collections.abc import Awaitable, Callable


class BackgroundWork:
    """Counts what is under way; the crawl does not end before it."""

    def __init__(self, on_done: Callable[[], None]) -> None:
        """`on_done` is called after each piece of work, whether it failed or not."""
        self._on_done = on_done
        self.running = 0  # pieces that may bring hosts or URLs
        self.begun = 0  # pieces ever

    def start(self, group: asyncio.TaskGroup, work: Awaitable[None]) -> None:
        """Do it in the group."""
        self.running += 1
        self.begun += 1
        group.create_task(self._carry(work))

    async def _carry(self, work: Awaitable[None]) -> None:
        try:
            await work
        finally:
            self.running -= 1
            self._on_done()
