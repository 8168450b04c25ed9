"""A connection outlives its token: `auth` puts a fresh one in the old one's place (protocol.md, section 3)."""

from collections.abc import Callable

from app.core.clock import Clock, to_wire
from app.core.errors import Unauthenticated, Unavailable
from app.core.identity import Authenticator, Identity
from app.websocket.codes import CODE_OF_ENDING, CloseCode, ErrorCode
from app.websocket.commands import Auth
from app.websocket.connection import ConnectionInfo
from app.websocket.protocol import AuthResult, Error, ResultError

Confirm = Callable[[ConnectionInfo, float], None]
Record = Callable[..., object]


class Renewal:
    """Same subject, same rights, new end. Anything else ends the connection or changes nothing."""

    def __init__(self, *, authenticator: Authenticator, clock: Clock, record: Record, confirm: Confirm) -> None:
        """`record`: of the audit log. `confirm(connection, since)`: the identity was looked up after `since`."""
        self._authenticator = authenticator
        self._clock = clock
        self._record = record
        self._confirm = confirm

    async def renew(self, connection: ConnectionInfo, command: Auth) -> None:
        since = self._clock.monotonic()
        try:
            identity = await self._authenticator.authenticate(command.token)
        except Unauthenticated as refusal:
            self._note_refusal(connection, refusal.code)
            self._answer(connection, command, ResultError(code=ErrorCode(refusal.code), message=refusal.message))
            return
        except Unavailable:
            busy = ResultError(code=ErrorCode.SERVER_BUSY, message="the database does not answer, try again")
            self._answer(connection, command, busy)
            return
        self._take(connection, command, identity)
        self._confirm(connection, since)

    def _take(self, connection: ConnectionInfo, command: Auth, identity: Identity) -> None:
        if identity.user_id != connection.user_id:
            self._refuse_stranger(connection, command)
        elif identity.role != connection.identity.role:
            # What it follows was judged by the old role.
            connection.close(CODE_OF_ENDING["role_changed"], "role_changed")
        else:
            connection.identity = identity
            self._answer(connection, command)

    def _answer(self, connection: ConnectionInfo, command: Auth, error: ResultError | None = None) -> None:
        frame = AuthResult(
            success=error is None,
            expires_at=None if error else to_wire(connection.identity.expires_at),
            error=error,
            id=command.id,
            timestamp=to_wire(self._clock.now()),
        )
        connection.send(frame.to_bytes())

    def _refuse_stranger(self, connection: ConnectionInfo, command: Auth) -> None:
        self._note_refusal(connection, ErrorCode.TOKEN_MISMATCH)
        frame = Error(
            code=ErrorCode.TOKEN_MISMATCH,
            message="the token belongs to somebody else",
            id=command.id,
            fatal=True,
            timestamp=to_wire(self._clock.now()),
        )
        connection.send(frame.to_bytes())
        connection.close(CloseCode.POLICY, ErrorCode.TOKEN_MISMATCH)

    def _note_refusal(self, connection: ConnectionInfo, code: str) -> None:
        self._record(
            "ws.auth",
            "denied",
            user_id=connection.user_id,
            address=connection.address,
            object_id=connection.connection_id,
            detail={"code": code},
        )
