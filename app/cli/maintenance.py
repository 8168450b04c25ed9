"""`compliance migrate` and `compliance create-admin`: the database without a server, or beside one."""

import asyncio
import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.core.clock import SystemClock
from app.core.config import Settings, load_settings
from app.core.db import Database
from app.core.errors import ConfigurationError
from app.core.folder import Ownership
from app.core.logging import configure_logging
from app.core.security import MIN_PASSWORD, Passwords
from app.events.bus.memory import MemoryBus
from app.migrations.runner import Migration, head_revision, migrate, read_revision
from app.schemas.auth import NewPassword
from app.schemas.users import Username
from app.services.audit import AuditTrail
from app.wiring import build_auth, open_database

Ask = Callable[[str], str]


def run_migrate() -> int:
    """Raises ConfigurationError, also when a server uses the data folder or the database: it has migrated by itself."""
    settings = load_settings()
    configure_logging(settings.log_level)
    with _database(settings) as db:
        sys.stdout.write(describe_migration(_migrate(settings, db)))
    return 0


def describe_migration(done: Migration) -> str:
    """Lines for people."""
    if not done.changed:
        return f"The database is at {done.after}, the newest revision.\n"
    copy = f"A copy of the old one is at {done.backup}\n" if done.backup is not None else ""
    return f"The database went from {done.before or 'nothing'} to {done.after}.\n{copy}"


def run_create_admin(username: str, *, reset: bool, ask: Ask = getpass.getpass) -> int:
    """Raises ConfigurationError: a bad name or password, or a name that is taken."""
    settings = load_settings()
    configure_logging(settings.log_level)
    _check(Username, username, "a user's name begins with a letter or digit and holds letters, digits and . _ @ -")
    password = read_password(settings, ask)
    with _database(settings) as db:
        if read_revision(db) != head_revision():
            _migrate(settings, db)
        created = asyncio.run(_create_admin(settings, db, username, password, reset=reset))
    if not created:
        raise ConfigurationError(
            f"There is a user {username} already; --reset gives them a new password and this role."
        )
    sys.stdout.write(f"{username} is an administrator.\n")
    return 0


def read_password(settings: Settings, ask: Ask) -> str:
    """From `COMPLIANCE_ADMIN_PASSWORD`, else asked for twice. Raises ConfigurationError."""
    if settings.admin_password is not None:
        password = settings.admin_password.get_secret_value()
    elif not sys.stdin.isatty():
        raise ConfigurationError("Set COMPLIANCE_ADMIN_PASSWORD, or run this in a terminal.")
    else:
        password = ask_twice(ask)
    _check(NewPassword, password, f"a password has at least {MIN_PASSWORD} characters")
    return password


def ask_twice(ask: Ask) -> str:
    """Raises ConfigurationError when the two differ."""
    password = ask("New password: ")
    if ask("Once more: ") != password:
        raise ConfigurationError("The two passwords differ.")
    return password


def _check(kind: Any, value: str, rule: str) -> None:
    try:
        TypeAdapter[str](kind).validate_python(value)
    except ValidationError:
        raise ConfigurationError(rule[0].upper() + rule[1:] + ".") from None


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    db = open_database(settings)
    try:
        yield db
    finally:
        asyncio.run(db.close())


def _migrate(settings: Settings, db: Database) -> Migration:
    lock = Ownership(settings.data_dir, settings.database_file) if settings.embedded else None
    try:
        return migrate(db, clock=SystemClock())
    finally:
        if lock is not None:
            lock.release()


async def _create_admin(settings: Settings, db: Database, username: str, password: str, *, reset: bool) -> bool:
    clock, passwords = SystemClock(), Passwords()
    audit = AuditTrail(db=db, clock=clock)
    auth = build_auth(settings, db=db, bus=MemoryBus(), clock=clock, passwords=passwords, audit=audit)
    await audit.start()
    try:
        return await auth.create_admin(username, password, reset=reset)
    finally:
        await audit.stop()
        passwords.close()
