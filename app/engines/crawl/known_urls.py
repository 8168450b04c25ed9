"""All URLs that a crawl knows, as numbers: some 35 bytes each, so that a million fit beside everything else.

A URL has an id, from 1 in the order of finding. What it says (address, key, pattern) stands in the store alone; here
is what every step asks for. A key is known by its hash of 64 bits, under a secret of this process (that of `hash`): no
site can choose keys that collide, and among a million the chance that any two do is one in thirty million.
"""

from array import array
from typing import Final

from app.domain.coverage import Seen
from app.domain.scan_facts import UrlState

SEGMENTS: Final = 1_024  # of the index, each of which grows by itself: a thousand numbers at a time, half a millisecond
FIRST_SLOTS: Final = 8
MAX_LATE: Final = 2**16 - 1
MAX_DEPTH: Final = 2**24 - 1
_SEGMENT: Final = SEGMENTS - 1
_SHIFT: Final = SEGMENTS.bit_length() - 1
_STATES: Final = tuple(UrlState)
_CODE_OF: Final = {state: code for code, state in enumerate(_STATES)}
_PENDING: Final = _CODE_OF[UrlState.PENDING]
_SEEN: Final[tuple[Seen | None, ...]] = (None, *Seen)
_SEEN_CODE: Final = {seen: code for code, seen in enumerate(_SEEN)}


class KnownUrls:
    """Columns by id; index 0 of each stands for no URL."""

    def __init__(self) -> None:
        # Names of hosts, and where each is; a URL has the number of its host.
        self.host_names: list[str] = []
        self.depths = array("I", [0])
        self._host_numbers: dict[str, int] = {}
        self._hosts = array("I", [0])
        self._found_on = array("I", [0])
        self._late = array("H", [0])
        self._hops = bytearray(1)
        self._states = bytearray(1)
        self._seen = bytearray(1)
        self._binary = bytearray(1)
        self._index = _KeyIndex()

    def __len__(self) -> int:
        return len(self.depths) - 1

    def find(self, key: str) -> int:
        """Return the id of the URL with this key; 0: it is not known."""
        return self._index.find(hash(key))

    def knows_host(self, host: str) -> bool:
        return host in self._host_numbers

    def add(self, key: str, host: str, depth: int, *, hops: int, found_on: int, is_binary: bool) -> int:
        """Add a pending URL whose key is not known; returns its id."""
        number = self._host_numbers.get(host)
        if number is None:
            number = self._host_numbers[host] = len(self.host_names)
            self.host_names.append(host)
        self.depths.append(depth)
        self._hosts.append(number)
        self._found_on.append(found_on)
        self._late.append(0)
        self._hops.append(hops)
        self._states.append(_PENDING)
        self._seen.append(0)
        self._binary.append(is_binary)
        return self._index.add(hash(key))

    def host(self, url_id: int) -> str:
        return self.host_names[self._hosts[url_id]]

    def hops(self, url_id: int) -> int:
        return self._hops[url_id]

    def found_on(self, url_id: int) -> int:
        return self._found_on[url_id]

    def is_pending(self, url_id: int) -> bool:
        return self._states[url_id] == _PENDING

    def state(self, url_id: int) -> UrlState:
        return _STATES[self._states[url_id]]

    def seen(self, url_id: int) -> Seen | None:
        return _SEEN[self._seen[url_id]]

    def set_state(self, url_id: int, state: UrlState, seen: Seen | None) -> None:
        self._states[url_id] = _CODE_OF[state]
        self._seen[url_id] = _SEEN_CODE[seen]

    def put_deferred(self, url_id: int) -> None:
        """Put it behind all others of its host, once more."""
        self._late[url_id] = min(self._late[url_id] + 1, MAX_LATE)

    def queue_key(self, url_id: int) -> int:
        """Return its place in a queue, the smallest first: how often it was put late, distance, files last, id.

        The id is in the lowest 32 bits.
        """
        depth = min(self.depths[url_id], MAX_DEPTH)
        return ((self._late[url_id] << 24 | depth) << 1 | self._binary[url_id]) << 32 | url_id


class _KeyIndex:
    """From hashes to ids: open addressing in segments, which hold ids, and the hashes by id."""

    def __init__(self) -> None:
        self._hashes = array("q", [0])
        self._segments = [array("I", bytes(4 * FIRST_SLOTS)) for _ in range(SEGMENTS)]  # 0: a free slot
        self._used = array("I", bytes(4 * SEGMENTS))

    def find(self, key_hash: int) -> int:
        slots, hashes = self._segments[key_hash & _SEGMENT], self._hashes
        mask = len(slots) - 1
        slot = key_hash >> _SHIFT & mask
        while url_id := slots[slot]:
            if hashes[url_id] == key_hash:
                return url_id
            slot = slot + 1 & mask
        return 0

    def add(self, key_hash: int) -> int:
        """Add a hash, whose id is the next one."""
        number, url_id = key_hash & _SEGMENT, len(self._hashes)
        self._hashes.append(key_hash)
        if 3 * self._used[number] >= 2 * len(self._segments[number]):
            self._grow(number)
        self._used[number] += 1
        self._put(self._segments[number], key_hash, url_id)
        return url_id

    def _grow(self, number: int) -> None:
        old = self._segments[number]
        new = self._segments[number] = array("I", bytes(8 * len(old)))
        for url_id in old:
            if url_id:
                self._put(new, self._hashes[url_id], url_id)

    def _put(self, slots: "array[int]", key_hash: int, url_id: int) -> None:
        mask = len(slots) - 1
        slot = key_hash >> _SHIFT & mask
        while slots[slot]:
            slot = slot + 1 & mask
        slots[slot] = url_id
