"""Identifiers: UUIDv7, so that keys made later sort later in an index. Order itself always comes from `seq`."""

import uuid_utils


def new_id() -> str:
    """A fresh UUIDv7 in its canonical form (36 characters)."""
    return str(uuid_utils.uuid7())
