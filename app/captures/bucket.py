"""Contents in object storage that speaks S3, which scans and servers of many machines have in common.

Objects are `<first two digits>/<sha256>/<day>.zst`: the day (UTC) on which somebody last put the content. S3 has no way
to remove an object only if it is still the old one, and a removal that was sent may arrive late or twice. So a content
that is put again gets a new object, and only objects of days long gone are removed: who puts it meanwhile has an
object that no removal means (ADR 0031).
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from app.captures.contents import MAX_PACKED_BYTES
from app.captures.port import (
    ENDING,
    ContentDamaged,
    ContentMissing,
    ContentsUnavailable,
    is_sha256,
    require_sha256,
)

CONNECT_TIMEOUT_S: Final = 3
REQUEST_TIMEOUT_S: Final = 20  # of one request to its last byte; contents are a few MiB
RETRIES: Final = 2  # after refusals, errors of the server and broken connections, with pauses that grow and differ
RETRY_TIMEOUT_S: Final = 10  # after which nothing is tried again
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
DAY_S: Final = 86_400
READ_TRIES: Final = 3  # a content's object may be taken away by the tidying while a newer one is there
MAX_REASON: Final = 200  # characters of an error that are logged
_NAME: Final = re.compile(rf"[0-9a-f]{{2}}/([0-9a-f]{{64}})/([0-9]{{8}}){re.escape(ENDING)}")
_QUERY: Final = re.compile(r"\?\S*")  # of an address in an error: it may carry a token


class BucketStorage:
    """Fulfils `ContentStorage`. `variables`: what the environment says of endpoint and credentials (`location`).

    Nothing is asked before the first call.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str,
        variables: Mapping[str, str],
        *,
        now: Callable[[], float] = time.time,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        """Raises ValueError for variables that make no sense."""
        self._now = now
        # Servers that are not Amazon's often know the plain way to remove an object alone.
        config = {"disable_bulk_delete": True, **{key.lower(): value for key, value in variables.items()}}
        try:
            self._store = S3Store(
                bucket,
                prefix=prefix or None,
                config=cast("Any", config),  # it checks the names
                client_options={
                    "connect_timeout": timedelta(seconds=CONNECT_TIMEOUT_S),
                    "timeout": timedelta(seconds=request_timeout_s),
                },
                retry_config={
                    "max_retries": RETRIES,
                    "retry_timeout": timedelta(seconds=RETRY_TIMEOUT_S),
                    "backoff": {
                        "init_backoff": timedelta(seconds=FIRST_PAUSE_S),
                        "max_backoff": timedelta(seconds=LONGEST_PAUSE_S),
                        "base": 2,
                    },
                },
            )
        except BaseError as error:
            raise ValueError(_reason(error)) from None

    def renew(self, sha256: str) -> int | None:
        objects = self._objects_of(sha256)
        if not objects:
            return None
        newest, today = objects[-1], self._today(sha256)
        if newest["path"] < today:
            with _translated():
                try:
                    obstore.copy(self._store, newest["path"], today)
                except FileNotFoundError:  # removed in this moment
                    return None
        return int(newest["size"])

    def write(self, sha256: str, packed: bytes) -> None:
        with _translated():
            try:
                obstore.put(self._store, self._today(sha256), packed, use_multipart=False)
            except FileNotFoundError as no_bucket:
                raise ContentsUnavailable(_reason(no_bucket)) from None

    def read(self, sha256: str) -> bytes:
        for _ in range(READ_TRIES):
            objects = self._objects_of(sha256)
            if not objects:
                break
            if (packed := self._fetch(sha256, objects[-1]["path"])) is not None:
                return packed
        raise ContentMissing(sha256)

    def list_all(self) -> Iterator[tuple[str, int]]:
        for sha256, objects in groupby(self._named_objects(), key=lambda named: named[0]):
            yield sha256, int(max(objects, key=lambda named: str(named[1]["path"]))[1]["size"])

    def list_old(self, before: float) -> Iterator[str]:
        """List as the port says, and remove of several objects of one content all old ones but the newest."""
        for sha256, named in groupby(self._named_objects(), key=lambda named: named[0]):
            objects = sorted((found for _, found in named), key=lambda found: str(found["path"]))
            for found in objects[:-1]:
                if _is_old(found, before):
                    self._delete(found["path"])
            if _is_old(objects[-1], before):
                yield sha256

    def remove(self, sha256: str, before: float) -> int:
        """Remove as the port says: a content that was put since has a newer object, and that one stays."""
        freed = 0
        for found in self._objects_of(sha256):
            if _is_old(found, before):
                self._delete(found["path"])
                freed += found["size"]
        return freed

    def _objects_of(self, sha256: str) -> list[Any]:
        """Return the objects of a content, the newest last."""
        found = (item for item in self._listed(f"{_folder(sha256)}/") if _NAME.fullmatch(item["path"]))
        return sorted(found, key=lambda one: str(one["path"]))

    def _named_objects(self) -> Iterator[tuple[str, Any]]:
        """Yield every object of ours with its content's hash; servers list by name, so those of one come together."""
        for item in self._listed(None):
            if (name := _NAME.fullmatch(item["path"])) is not None and is_sha256(name[1]):
                yield name[1], item

    def _listed(self, prefix: str | None) -> Iterator[Any]:
        with _translated():
            try:
                for chunk in obstore.list(self._store, prefix):
                    yield from chunk
            except FileNotFoundError as no_bucket:
                raise ContentsUnavailable(_reason(no_bucket)) from None

    def _fetch(self, sha256: str, path: str) -> bytes | None:
        """Return the object; None when it is gone. Raises ContentDamaged for one that is larger than any content."""
        with _translated():
            try:
                answer = obstore.get(self._store, path)
            except FileNotFoundError:
                return None
            size = answer.meta["size"]
            if size > MAX_PACKED_BYTES:
                raise ContentDamaged(sha256)
            packed = _joined(answer.stream(), sha256)
        if len(packed) != size:
            raise ContentsUnavailable(f"{len(packed)} of {size} bytes came")
        return packed

    def _delete(self, path: str) -> None:
        with _translated(), _ignored_if_missing():
            obstore.delete(self._store, path)

    def _today(self, sha256: str) -> str:
        return f"{_folder(sha256)}/{datetime.fromtimestamp(self._now(), UTC):%Y%m%d}{ENDING}"


def _folder(sha256: str) -> str:
    return f"{require_sha256(sha256)[:2]}/{sha256}"


def _is_old(found: Any, before: float) -> bool:
    """Whether its day had ended by then. A day that is none is never over."""
    name = _NAME.fullmatch(found["path"])
    assert name is not None  # only such are asked about
    try:
        day = datetime.strptime(name[2], "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return day.timestamp() + DAY_S <= before


def _joined(chunks: Iterable[Any], sha256: str) -> bytes:
    """Whatever was announced, no more than any content is taken."""
    packed = bytearray()
    for chunk in chunks:
        packed += chunk
        if len(packed) > MAX_PACKED_BYTES:
            raise ContentDamaged(sha256)
    return bytes(packed)


@contextmanager
def _translated() -> Iterator[None]:
    """Say in our own errors what went wrong; that nothing is there stays FileNotFoundError."""
    try:
        yield
    except (ContentsUnavailable, FileNotFoundError):
        raise
    except (BaseError, OSError) as error:
        raise ContentsUnavailable(_reason(error)) from None


@contextmanager
def _ignored_if_missing() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        return


def _reason(error: BaseException) -> str:
    """Return the error's first line for logs, without what addresses carry."""
    first = str(error).partition("\n")[0]
    return _QUERY.sub("?", first)[:MAX_REASON]
