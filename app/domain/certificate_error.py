"""Why a certificate was not accepted: from the words of OpenSSL and the system to a code and a text. Pure.

What is stored are these words, as the capture met them.
"""

import re
from enum import StrEnum
from typing import Final

from app.domain.messages import MessageCatalog, Text


class CertificateError(StrEnum):
    """Stable codes; each has a text `certificate.<code>`."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    SELF_SIGNED = "self_signed"
    UNKNOWN_ISSUER = "unknown_issuer"
    WRONG_NAME = "wrong_name"
    REVOKED = "revoked"
    WEAK = "weak"
    UNREADABLE = "unreadable"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    CUT = "cut"
    NO_TLS = "no_tls"
    OTHER = "other"


# The first that fits counts: a chain that ends in a self-signed certificate is one of an unknown issuer. The words are
# those of X509_verify_cert_error_string(3), of `engines.capture.tls`, and of the system.
_WORDS: Final = (
    (re.compile(r"has expired"), CertificateError.EXPIRED),
    (re.compile(r"not yet valid"), CertificateError.NOT_YET_VALID),
    (
        re.compile(r"in certificate chain|issuer certificate|verify the first certificate"),
        CertificateError.UNKNOWN_ISSUER,
    ),
    (re.compile(r"self[- ]signed"), CertificateError.SELF_SIGNED),
    (re.compile(r"mismatch"), CertificateError.WRONG_NAME),
    (re.compile(r"revoked"), CertificateError.REVOKED),
    (re.compile(r"too weak|too small"), CertificateError.WEAK),
    (re.compile(r"unreadable certificate"), CertificateError.UNREADABLE),
    (re.compile(r"no handshake within|timed out"), CertificateError.NO_ANSWER),
    (re.compile(r"refused"), CertificateError.REFUSED),
    (re.compile(r"reset by peer|broken pipe|connection lost"), CertificateError.CUT),
    (re.compile(r"ssl"), CertificateError.NO_TLS),
)


def code_of(words: str) -> CertificateError | None:
    """Return the code for what was stored; None: nothing was wrong."""
    if not words:
        return None
    said = words.lower()
    return next((code for pattern, code in _WORDS if pattern.search(said)), CertificateError.OTHER)


def describe_certificate_error(words: str, texts: MessageCatalog) -> Text | str:
    """Return the text for what was stored, in the language of `texts`; empty: nothing was wrong."""
    code = code_of(words)
    match code:
        case None:
            return ""
        case CertificateError.OTHER:
            return texts("certificate.other", reason=words)
        case _:
            return texts(f"certificate.{code}")
