"""What Python's garbage collector looks through, and how often."""

import gc
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

# What a page makes goes with it: next to nothing is left to be collected, and looking for it takes 3 % of a crawl.
OF_SCANS: Final = 20_000
_switching: Final = threading.Lock()  # or a block that begins while another ends would switch it off for ever


@contextmanager
def without_collection() -> Iterator[None]:
    """Look for no garbage in the block, in no thread: it makes very many objects, and keeps them until its end. Of
    overlapping blocks the first counts, so that work without a pause cannot keep the collector away for ever.
    """
    with _switching:
        looked = gc.isenabled()
        gc.disable()
    try:
        yield
    finally:
        if looked:
            with _switching:
                gc.enable()


def loading() -> AbstractContextManager[None]:
    """Load modules in the block: they stay, and looking for garbage among them took a fifth of a start."""
    return without_collection()


def settle_heap(*, collect_every: int | None = None) -> None:
    """Exclude the objects of the start from garbage collection from now on. A full collection stops every
    socket, for 0.1 s when it looks through all modules, for 0.01 s without them (docs/performance.md).

    `collect_every`: objects more than there were, from which on it looks at the youngest; by default Python's 700,
    which is often for who makes some hundred of a page and gives them back at once.
    """
    gc.collect()
    gc.freeze()
    if collect_every is not None:
        gc.set_threshold(collect_every)
