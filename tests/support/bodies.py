"""Bodies that are made to cost their reader: full of what has to be refused, up to a size."""

from collections.abc import Callable, Iterator

Make = Callable[[int], str]


def fill(before: str, item: Make, after: str, size: int) -> bytes:
    """As many items, separated by commas, as go into so many bytes."""

    def items() -> Iterator[str]:
        left, number = size - len(before) - len(after), 0
        while left > len(text := item(number)) + 1:
            yield text
            left -= len(text) + 1
            number += 1

    return (before + ",".join(items()) + after).encode()


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "unknown keys": lambda size: fill("{", '"{:x}":0'.format, "}", size),
    "unknown keys with texts": lambda size: fill("{", '"{:x}":"é"'.format, "}", size - size // 8),
    "one key again and again": lambda size: fill("{", lambda _: '"a":0', "}", size),
    "keys inside": lambda size: fill('{"target_domain":"a.com","config":{', '"{:x}":0'.format, "}}", size),
    "empty addresses": lambda size: fill(
        '{"target_domain":"a.com","config":{"start_urls":[', lambda _: '""', "]}}", size
    ),
    "numbers for addresses": lambda size: fill(
        '{"target_domain":"a.com","config":{"start_urls":[', lambda _: "0", "]}}", size
    ),
    "a list": lambda size: fill("[", lambda _: "0", "]", size),
    "brackets": lambda size: b"[" * size,
    "nested objects": lambda size: b'{"a":' * (size // 5),
    "digits": lambda size: b'{"target_domain":' + b"1" * (size - 18) + b"}",
    "escapes": lambda size: b'{"target_domain":"' + b"\\u00e9" * ((size - 20) // 6) + b'"}',
    "free data": lambda size: fill('{"message":"x","data":{', '"{:x}":0'.format, "}}", size),
    "no text": lambda size: b"\xff" * size,
}


def harmless(size: int) -> bytes:
    """As large, refused for one reason, cheap to read."""
    return b'{"a":"' + b"x" * (size - 8) + b'"}'
