"""What a client cannot repair by trying again.

ClientError
├── Stopped             the server said not to come back: close code 1008, 4500 and above, or no ticket for this token
├── SignInFailed        there is no token: wrong password, or the session has ended
├── TaskLost            this task cannot be followed: missing, foreign, or too many subscriptions
└── ServerUnreachable   one REST request got no answer for now; `follow` never raises it, it tries again
"""


class ClientError(Exception):
    """Root. `code` is one of the wire's, or of ours where nothing came over the wire."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Stopped(ClientError):
    """`close_code` is the WebSocket's, None for a refusal before the upgrade."""

    def __init__(self, message: str, *, code: str, close_code: int | None = None) -> None:
        super().__init__(message, code=code)
        self.close_code = close_code


class SignInFailed(ClientError):
    pass


class TaskLost(ClientError):
    pass


class ServerUnreachable(ClientError):
    """`retry_after_s`: the server asks not to come back sooner; 0.0 if it said nothing."""

    def __init__(self, message: str, *, code: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s
