"""A connection outlives its token: `auth` puts a fresh one in the old one's place (protocol.md, section 3)."""

from collections.abc import Callable
from dataclasses import dataclass

from app.core.clock import Clock, to_wire
from app.core.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from app.core.principal import Authenticator, Principal
from app.domain.close_codes import CODE_OF_ENDING, CloseCode
from app.domain.messages import Language
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.messages.codes import ErrorCode
from app.websocket.messages.commands import Auth
from app.websocket.messages.frames import AuthResult, Error, ResultError
from app.websocket.messages.wording import result_error, say

Confirm = Callable[[ConnectionInfo, float], None]
Record = Callable[..., object]


@dataclass(kw_only=True, eq=False, repr=False)
class TokenRefresh:
    """Same subject, same rights, new end. Anything else ends the connection or changes nothing."""

    authenticator: Authenticator
    clock: Clock
    record: Record
    confirm: Confirm

    async def refresh(self, connection: ConnectionInfo, command: Auth) -> None:
        since = self.clock.monotonic()
        try:
            principal = await self._principal_of(command.token)
        except (Unauthenticated, Forbidden) as refusal:
            self._note_refusal(connection, refusal.code)
            self._answer(connection, command, _result(refusal, connection.language))
            return
        except Unavailable:
            self._answer(connection, command, result_error(ErrorCode.SERVER_BUSY, connection.language))
            return
        self._take(connection, command, principal)
        self.confirm(connection, since)

    async def _principal_of(self, token: str) -> Principal:
        try:
            principal = await self.authenticator.authenticate(token)
        except NotFound as refusal:  # a link
            raise Unauthenticated(code="invalid_token") from refusal
        principal.require_socket()
        return principal

    def _take(self, connection: ConnectionInfo, command: Auth, principal: Principal) -> None:
        if principal.user_id != connection.user_id:
            self._refuse_stranger(connection, command)
        elif (principal.role, principal.group) != (connection.principal.role, connection.principal.group):
            # What it follows was judged by the old role, or group.
            connection.close(CODE_OF_ENDING["role_changed"], "role_changed")
        else:
            connection.principal = principal
            self._answer(connection, command)

    def _answer(self, connection: ConnectionInfo, command: Auth, error: ResultError | None = None) -> None:
        connection.send_frame(
            AuthResult(
                success=error is None,
                expires_at=None if error else to_wire(connection.principal.expires_at),
                error=error,
                id=command.id,
                timestamp=to_wire(self.clock.now()),
            )
        )

    def _refuse_stranger(self, connection: ConnectionInfo, command: Auth) -> None:
        self._note_refusal(connection, ErrorCode.TOKEN_MISMATCH)
        connection.send_frame(
            Error(
                code=ErrorCode.TOKEN_MISMATCH,
                message=say(ErrorCode.TOKEN_MISMATCH, connection.language),
                id=command.id,
                fatal=True,
                timestamp=to_wire(self.clock.now()),
            )
        )
        connection.close(CloseCode.POLICY, ErrorCode.TOKEN_MISMATCH)

    def _note_refusal(self, connection: ConnectionInfo, code: str) -> None:
        self.record(
            "ws.auth",
            "denied",
            user_id=connection.user_id,
            address=connection.address,
            object_id=connection.connection_id,
            detail={"code": code},
        )


def _result(refusal: Unauthenticated | Forbidden, language: Language) -> ResultError:
    return ResultError(code=ErrorCode(refusal.code), message=refusal.text_in(language))
