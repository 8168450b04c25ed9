"""The tree of our own errors.

ScannerError                 code, message, retryable
├── ConfigurationError       the deployment is set up wrong: refuse to start
├── InvalidInput             what was asked for makes no sense (422)
├── Unauthenticated          no valid identity (401)
├── Forbidden                a valid identity without the right (403)
├── NotFound                 missing, or foreign: the two look the same (404)
├── Conflict                 not in this state (409)
├── LimitReached             too many of something (429)
└── Unavailable              the database is busy, full or down; try again (503)

Messages may be shown to clients: they hold no internals.
"""


class ScannerError(Exception):
    """Root. `code` is stable and documented in docs/errors.md."""

    code = "internal"
    status = 500
    retryable = False

    def __init__(self, message: str, *, code: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.retry_after_s = retry_after_s


class ConfigurationError(ScannerError):
    code = "configuration"


class InvalidInput(ScannerError):
    code = "invalid_input"
    status = 422


class Unauthenticated(ScannerError):
    code = "invalid_token"
    status = 401


class Forbidden(ScannerError):
    code = "forbidden"
    status = 403


class NotFound(ScannerError):
    code = "not_found"
    status = 404


class Conflict(ScannerError):
    code = "conflict"
    status = 409


class LimitReached(ScannerError):
    code = "rate_limited"
    status = 429
    retryable = True


class Unavailable(ScannerError):
    code = "unavailable"
    status = 503
    retryable = True
