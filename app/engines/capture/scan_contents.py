"""Contents that one scan stores and reads: off the event loop, within its quota, and also without the storage."""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, islice, repeat
from typing import Final, TypeVar

import structlog

from app.captures.contents import Contents, digest_of, pack
from app.captures.outage import StorageOutage
from app.captures.port import ContentMissing, ContentStorage, ContentsUnavailable
from app.captures.quota import CaptureQuota, UnlimitedQuota

THREADS: Final = 8  # as many captures are made at once
MAX_UNKEPT_BYTES: Final = 32 << 20  # of contents that could not be kept: they are analysed, then forgotten
# Contents are young for a day (ADR 0031): what a long scan meets again is made young well before.
RENEW_AFTER_S: Final = 6 * 3_600.0
PAUSES_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)  # before the storage is asked again; the last one repeats
HASHED_AT_ONCE: Final = 65_536  # bytes that the loop hashes itself, some 0.1 ms: a thread would cost as much
AT_ONCE: Final = 100  # contents that a resumed scan looks for in one go
T = TypeVar("T")
log = structlog.get_logger(__name__)


class ScanContents:
    """The contents of one attempt. The loop's alone; `close` once.

    A storage that is away is waited for (`captures.outage`). What could not be kept, for want of room or because nobody
    answered, can be read here for a while: so it is analysed all the same. A disk that fails is an OSError, which the
    scan's owner handles: the scan goes on from its checkpoint.
    """

    def __init__(
        self,
        storage: ContentStorage,
        quota: CaptureQuota | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._storage = storage
        self._contents = Contents(storage)
        self._quota: CaptureQuota = quota or UnlimitedQuota()
        self._monotonic = monotonic
        self._sleep = sleep
        self._outage = StorageOutage(monotonic)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="captures")
        self._kept: dict[str, float] = {}  # hashes that were counted, with the time when they were made young
        self._unkept: OrderedDict[str, bytes] = OrderedDict()  # the newest last
        self._lost: set[str] = set()  # hashes that are not kept because the storage was away

    def close(self) -> None:
        """Let go of the threads. One that waits for a storage ends with its request."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def problems(self) -> list[str]:
        """Why contents are not kept, as keys of texts."""
        refusal = self._quota.refusal
        full = [] if refusal is None else [f"captures_full_{refusal}"]
        return [*full, "captures_away"] if self._outage.was_given_up else full

    @property
    def lost(self) -> int:
        """How many contents are not kept because the storage was away."""
        return len(self._lost)

    def is_kept(self, sha256: str) -> bool:
        """Whether others will find it."""
        return sha256 in self._kept

    async def put(self, data: bytes) -> str:
        """Store and return the sha256 in hex; `is_kept` tells whether there was room, and a storage. Raises OSError."""
        digest = digest_of(data) if len(data) <= HASHED_AT_ONCE else await self._in_thread(partial(digest_of, data))
        if self._monotonic() - self._kept.get(digest, -RENEW_AFTER_S) < RENEW_AFTER_S:
            return digest
        try:
            kept = await self._keep(digest, data)
        except ContentsUnavailable:
            self._lost.add(digest)
            kept = False
        if kept:
            self._lost.discard(digest)
            self._unkept.pop(digest, None)
        else:
            self._remember(digest, data)
        return digest

    async def get(self, sha256: str) -> bytes:
        """Raises as `Contents.get`."""
        if sha256 in self._unkept:
            return self._unkept[sha256]
        return await self._insist(partial(self._contents.get, sha256))

    async def resume(self, hashes: Iterable[str]) -> None:
        """What an earlier attempt of the scan has kept counts, as far as the storage answers."""
        wanted = (sha256 for sha256 in hashes if sha256 and sha256 not in self._kept)
        while some := set(islice(wanted, AT_ONCE)):
            async with asyncio.TaskGroup() as group:
                found = {sha256: group.create_task(self._renew(sha256)) for sha256 in some}
            for sha256, renewal in found.items():
                if (size := renewal.result()) is not None:
                    self._kept[sha256] = self._monotonic()
                    self._quota.resume(size)

    async def _renew(self, sha256: str) -> int | None:
        try:
            return await self._insist(partial(self._storage.renew, sha256))
        except (ContentsUnavailable, ValueError):
            return None

    async def _keep(self, digest: str, data: bytes) -> bool:
        """False: there is no room. What was counted once is not counted again."""
        size, packed = await self._insist(partial(self._look_for, digest, data))
        is_counted = digest in self._kept
        if not is_counted and not self._quota.take(size if size is not None else len(packed)):
            return False
        self._kept[digest] = self._monotonic()
        if packed:
            try:
                await self._insist(partial(self._storage.write, digest, packed))
            except BaseException:
                if not is_counted:
                    self._kept.pop(digest, None)
                    self._quota.give_back(len(packed))
                raise
        return True

    def _look_for(self, digest: str, data: bytes) -> tuple[int | None, bytes]:
        """The size of what is there; what is not there is packed instead."""
        size = self._storage.renew(digest)
        return size, b"" if size is not None else pack(data)

    def _remember(self, digest: str, data: bytes) -> None:
        self._unkept[digest] = data
        while len(self._unkept) > 1 and sum(map(len, self._unkept.values())) > MAX_UNKEPT_BYTES:
            self._unkept.popitem(last=False)

    async def _insist(self, work: Callable[[], T]) -> T:
        """Try until the storage answers, as long as it is worth waiting for. Raises ContentsUnavailable."""
        for pause in chain(PAUSES_S, repeat(PAUSES_S[-1])):
            if not self._outage.may_ask():
                break
            try:
                value = await self._in_thread(work)
            except ContentsUnavailable as error:
                if not self._outage.note_failure():
                    log.warning("captures_not_kept", reason=str(error))
                    raise
                log.warning("captures_storage_away", reason=str(error), seconds=pause)
                await self._sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that not all ask at once
            except (ContentMissing, ValueError):  # that is an answer
                self._note_answer()
                raise
            else:
                self._note_answer()
                return value
        raise ContentsUnavailable("the storage of captures is away")

    def _note_answer(self) -> None:
        if self._outage.note_answer():
            log.info("captures_storage_back")

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
