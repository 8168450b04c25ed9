"""Builds who may sign in: of what one process keeps, and of what several servers share in their database."""

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.live_settings import SettingsSource
from app.core.security import Passwords, Tokens, load_secret
from app.events.bus.base import Publisher
from app.identity.api_keys import ApiKeys
from app.identity.audit import AuditTrail
from app.identity.auth import AuthService
from app.identity.links import Links
from app.identity.login import Login
from app.identity.login_throttle import LoginThrottle, delay_of
from app.identity.opaque_access import OnChecked, OpaqueAccess
from app.identity.sign_in_counters import MemoryCounters, SharedCounters, SignInCounters
from app.identity.tickets import OpenTickets, SharedTicketStore, Tickets, TicketStore
from app.identity.token_issuer import TokenIssuer
from app.identity.token_rotation import TokenRotation
from app.identity.token_uses import TokenUses


def build_auth(
    source: SettingsSource,
    *,
    db: Database,
    bus: Publisher,
    clock: Clock,
    passwords: Passwords,
    audit: AuditTrail,
    on_checked: OnChecked = lambda _kind, _outcome: None,
) -> AuthService:
    """Signing in; also for commands that only manage users. How long sessions last may change while it runs."""
    settings = source.current
    previous = [key.get_secret_value() for key in (settings.secret_key_previous,) if key]
    tokens = Tokens(secret=load_secret(settings), clock=clock, previous=previous)
    issuer = TokenIssuer(settings=source, clock=clock, tokens=tokens)
    throttle = LoginThrottle(settings=settings, counters=_counters(settings, db, clock))
    return AuthService(
        settings=settings,
        db=db,
        bus=bus,
        clock=clock,
        passwords=passwords,
        tokens=tokens,
        password_login=Login(db=db, clock=clock, passwords=passwords, issuer=issuer, throttle=throttle, audit=audit),
        rotation=TokenRotation(
            db=db, bus=bus, clock=clock, tokens=tokens, issuer=issuer, throttle=throttle, audit=audit
        ),
        throttle=throttle,
        tickets=Tickets(settings=settings, store=_tickets(settings, db, clock)),
        opaque=OpaqueAccess(
            keys=ApiKeys(settings=source, db=db, bus=bus, clock=clock, audit=audit),
            links=Links(settings=source, db=db, clock=clock, audit=audit),
            uses=TokenUses(db=db, clock=clock, audit=audit),
            on_checked=on_checked,
        ),
        audit=audit,
    )


def _counters(settings: Settings, db: Database, clock: Clock) -> SignInCounters:
    delay = delay_of(settings)
    return MemoryCounters(delay, clock=clock) if settings.embedded else SharedCounters(delay, db=db, clock=clock)


def _tickets(settings: Settings, db: Database, clock: Clock) -> OpenTickets:
    return TicketStore(clock=clock) if settings.embedded else SharedTicketStore(db=db)
