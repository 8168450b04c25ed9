"""Delays that look random and are the same in every run: a hash of what is asked decides."""

from hashlib import blake2b

from testnet.model import Host, Resource


def spread(key: str, low_ms: int, high_ms: int) -> int:
    """A number of milliseconds in `low_ms`..`high_ms` that depends on `key` alone."""
    digest = int.from_bytes(blake2b(key.encode(), digest_size=4).digest(), "big")
    return low_ms + digest % (high_ms - low_ms + 1)


def resource_delay(host: Host, resource: Resource | None, path: str) -> int:
    if resource is not None and resource.delay_ms is not None:
        return resource.delay_ms
    return spread(host.name + path, *host.delay_ms)


def name_delay(name: str, fixed_ms: int | None) -> int:
    """Name servers answer within 2 to 12 ms, unless the world says otherwise."""
    return spread(name, 2, 12) if fixed_ms is None else fixed_ms
