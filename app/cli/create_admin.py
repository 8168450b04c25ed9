"""`compliance create-admin`: an administrator in the database, without a server or beside one."""

import asyncio
import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.cli.migrate import database_of, migrate_alone
from app.core.clock import SystemClock
from app.core.config import Settings, load_settings
from app.core.db import Database
from app.core.errors import ConfigurationError
from app.core.logging import configure_logging
from app.core.security import MIN_PASSWORD, Passwords
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.identity.audit import AuditTrail
from app.identity.build import build_auth
from app.identity.schemas.auth import NewPassword
from app.identity.schemas.users import Username
from app.migrations.runner import head_revision, read_revision

Ask = Callable[[str], str]


def run_create_admin(
    username: str, texts: MessageCatalog, *, reset: bool, data_dir: Path | None = None, ask: Ask = getpass.getpass
) -> int:
    """Make the administrator. Raises ConfigurationError: a bad name or password, or a name that is taken."""
    settings = load_settings(data_dir=data_dir)
    configure_logging(settings.log_level, settings.log_format)
    if not _fits(Username, username):
        raise ConfigurationError(texts("cli.admin_rule"))
    password = read_password(settings, ask, texts)
    with database_of(settings) as db:
        if read_revision(db) != head_revision():
            migrate_alone(settings, db)
        created = asyncio.run(_create_admin(settings, db, username, password, reset=reset))
    if not created:
        raise ConfigurationError(texts("cli.admin_taken", name=username))
    sys.stdout.write(f"{texts('cli.admin_made', name=username)}\n")
    return 0


def read_password(settings: Settings, ask: Ask, texts: MessageCatalog) -> str:
    """Return `COMPLIANCE_ADMIN_PASSWORD`, else what is typed twice. Raises ConfigurationError."""
    if settings.admin_password is not None:
        password = settings.admin_password.get_secret_value()
    elif not sys.stdin.isatty():
        raise ConfigurationError(texts("cli.password_variable"))
    else:
        password = ask_twice(ask, texts)
    if not _fits(NewPassword, password):
        raise ConfigurationError(texts("cli.password_rule", least=MIN_PASSWORD))
    return password


def ask_twice(ask: Ask, texts: MessageCatalog) -> str:
    """Return what was typed twice. Raises ConfigurationError when the two differ."""
    password = ask(texts("cli.password_new"))
    if ask(texts("cli.password_again")) != password:
        raise ConfigurationError(texts("cli.passwords_differ"))
    return password


def _fits(kind: Any, value: str) -> bool:
    try:
        TypeAdapter[str](kind).validate_python(value)
    except ValidationError:
        return False
    return True


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
