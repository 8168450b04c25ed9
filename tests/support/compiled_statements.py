"""What SQLAlchemy has compiled for one engine serves all engines of the same kind in this process.

Each test opens a database of its own, and an engine keeps what it has compiled for itself alone: compiling the same
statements again was a fifth of the processor time of what tests do with a started application. The program has one
engine, and compiles each statement once.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.util import LRUCache

KEPT = 2_000  # statements: several times what one application has


class SharedStatements:
    """What engines take for their cache. A key begins with the engine's own dialect; here with what makes it differ."""

    def __init__(self) -> None:
        self._kept: LRUCache[Any, Any] = LRUCache(KEPT)

    def get(self, key: tuple[Any, ...]) -> Any:
        return self._kept.get(self._shared(key))

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        self._kept[self._shared(key)] = compiled

    @staticmethod
    def _shared(key: tuple[Any, ...]) -> tuple[Any, ...]:
        dialect: Dialect = key[0]
        return type(dialect), dialect.paramstyle, dialect.server_version_info, *key[1:]


def share_statements() -> None:
    """Let every engine of this process, from now on, use what others have compiled."""
    shared = SharedStatements()

    @event.listens_for(Engine, "engine_connect")
    def use_shared(connection: Connection) -> None:
        connection.execution_options(compiled_cache=shared)
