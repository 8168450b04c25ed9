"""The tree of our own errors.

ScannerError                 code, message, retryable
├── ConfigurationError       the deployment is set up wrong: refuse to start
├── InvalidInput             what was asked for makes no sense (422)
│   └── InvalidFields        and which fields of it (`core.field_faults`)
├── Unauthenticated          no valid identity (401)
├── Forbidden                a valid identity without the right (403)
├── NotFound                 missing, or foreign: the two look the same (404)
├── Conflict                 not in this state (409)
├── LimitReached             too many of something (429)
└── Unavailable              the database is busy, full or down; try again (503)

What a client reads is the text with the error's code, or with a finer key, in the reader's language (`error.*` in
`domain/locales`): there is nothing of internals in it.
"""

from app.domain.messages import Language, MessageCatalog, Text

_PREFIX = "error."


class ScannerError(Exception):
    """Root. `code` is stable and documented in docs/errors.md.

    `text` names the error's text where the code's own is too coarse (`text_key`); `params` are the values in it, a
    `Text` among them is told in the reader's language as well. `message` is for logs: the text in English, or what was
    given: a `Text` of the command line, or for an error that no client is told the details of, a word in English.
    """

    code = "internal"
    status = 500
    retryable = False

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        text: str | None = None,
        retry_after_s: float | None = None,
        **params: object,
    ) -> None:
        self.code = code or type(self).code
        self._given, self.text_key, self.params = message, text or self.code, params
        self.message = message or self.text
        self.retry_after_s = retry_after_s
        super().__init__(self.message)

    @property
    def text(self) -> Text:
        """Return the message for clients, in English; with its key, for a text that contains it."""
        return self.text_in(Language.EN)

    def text_in(self, language: Language) -> Text:
        """Return what people read: of a client, or of a command."""
        texts = MessageCatalog(language)
        if isinstance(self._given, Text):
            return texts.adopt(self._given)
        key = next(key for key in (self.text_key, self.code, ScannerError.code) if _PREFIX + key in texts)
        return texts(_PREFIX + key, **{name: _adopted(value, texts) for name, value in self.params.items()})


def _adopted(value: object, texts: MessageCatalog) -> object:
    return texts.adopt(value) if isinstance(value, Text) else value


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
