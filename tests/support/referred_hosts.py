"""What the references of a store point to."""

from collections import Counter

from app.engines.ports import ScanStore
from app.scanstore.rows import host_in


def referred_hosts(store: ScanStore) -> list[tuple[str, int]]:
    """Every host, with how many references point to it, by host."""
    return sorted(Counter(host_in(reference.url) for reference in store.references()).items())
