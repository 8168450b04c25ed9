"""Which deployment the settings describe: embedded on one machine, or distributed over PostgreSQL and Redis.

Distributed needs both services. With one of them a process would start, and tell nobody that its events reach no other.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from app.core.errors import ConfigurationError

if TYPE_CHECKING:
    from app.core.config import Settings

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql+psycopg://"
REDIS_SCHEMES: Final = ("redis://", "rediss://")
SCAN_QUEUE: Final = "scan"
BROWSER_QUEUE: Final = "browser"  # pages to be rendered; Chromium is needed on its workers alone
QUEUES: Final = (SCAN_QUEUE, BROWSER_QUEUE)  # that workers take messages from
PACKAGES: Final = ("psycopg", "redis", "celery")  # of requirements/distributed.in
TRACES_PACKAGE: Final = "opentelemetry.sdk"  # of requirements/telemetry.in


def check_services(settings: "Settings") -> None:
    """Raise ConfigurationError unless both of PostgreSQL and Redis are named, or neither; its text holds no address."""
    if not settings.resolved_database_url.startswith((SQLITE, POSTGRESQL)):
        raise ConfigurationError(text="database_url_unknown")
    redis = None if settings.redis_url is None else settings.redis_url.get_secret_value()
    if redis is not None and not redis.startswith(REDIS_SCHEMES):
        raise ConfigurationError(text="redis_url_unknown")
    if settings.embedded and redis is not None:
        raise ConfigurationError(text="database_url_missing")
    if not settings.embedded and redis is None:
        raise ConfigurationError(text="redis_url_missing")


def require_services(settings: "Settings") -> None:
    """Raise ConfigurationError for what works in a distributed deployment alone."""
    if settings.embedded:
        raise ConfigurationError(text="worker_needs_services")


def require_packages(settings: "Settings") -> None:
    """Raise ConfigurationError when packages of what is set are not installed, and say which."""
    missing = [] if settings.embedded else [name for name in PACKAGES if not _is_installed(name)]
    if missing:
        raise ConfigurationError(text="packages_missing", names=", ".join(missing))
    if settings.traces_url is not None and not _is_installed(TRACES_PACKAGE):
        raise ConfigurationError(text="traces_package_missing", name=TRACES_PACKAGE)


def require_shared_key(settings: "Settings") -> None:
    """Raise ConfigurationError when each process of a distributed deployment would make a signing key of its own."""
    if not settings.embedded and settings.secret_key is None:
        raise ConfigurationError(text="secret_key_missing")


def _is_installed(name: str) -> bool:
    """Return whether a module is installed, including a module of a namespace package."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
