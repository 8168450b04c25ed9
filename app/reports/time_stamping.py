"""Asks a time-stamp authority for a time stamp (RFC 3161), and judges its answer.

Blocking: for a process of its own, or for a command. How the authority is reached is the caller's.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

import structlog
from cryptography.x509 import Certificate, ObjectIdentifier, load_der_x509_certificate
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from app.core.redact import display_text
from app.reports.formats.time_stamp import NoStampReason, NoTimeStamp, TimeStamp

SHA256: Final = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
MAX_SHOWN_CHARS: Final = 200  # of what the authority says of itself
Ask = Callable[[bytes], bytes]  # sends a TimeStampReq and returns the answer, or raises NoTimeStamp
log = structlog.get_logger(__name__)


def time_stamp(data: bytes, *, ask: Ask, roots: Sequence[Certificate]) -> TimeStamp:
    """Return a time stamp of the SHA-256 of `data`.

    `roots`: those of the authority; empty: its signature is not checked.

    Raises:
        NoTimeStamp: the authority gave none, or one that does not belong to the data, the request or the roots.
    """
    builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    answer = ask(request.as_bytes())
    return _verified(answer, data, roots, nonce=request.nonce)


def verify_kept(response: bytes, data: bytes, *, roots: Sequence[Certificate]) -> TimeStamp:
    """Return the time stamp that an earlier request for the same data was answered with, verified anew.

    Its nonce was compared then, and is not known any more. Raises as `time_stamp`.
    """
    return _verified(response, data, roots, nonce=None)


def _verified(answer: bytes, data: bytes, roots: Sequence[Certificate], *, nonce: int | None) -> TimeStamp:
    """`nonce`: of the request; None: any. Raises NoTimeStamp."""
    try:
        return _judge(answer, sha256(data).digest(), roots, nonce)
    except ValueError as error:
        raise NoTimeStamp(NoStampReason.UNREADABLE, cause=str(error)) from error
    except NoTimeStamp:
        raise
    except Exception as error:  # a boundary: whatever a stranger's bytes do to the parsers, there is no time stamp
        log.exception("time_stamp_unreadable")
        raise NoTimeStamp(NoStampReason.UNREADABLE, cause=type(error).__name__) from error


def _judge(answer: bytes, digest: bytes, roots: Sequence[Certificate], nonce: int | None) -> TimeStamp:
    """Raises NoTimeStamp and, for what cannot be parsed, ValueError."""
    response = decode_timestamp_response(answer)
    if response.status != PKIStatus.GRANTED:
        said = display_text("; ".join(response.status_string))[:MAX_SHOWN_CHARS]
        raise NoTimeStamp(NoStampReason.REJECTED, status=response.status, cause=said)
    info = response.tst_info
    if info.message_imprint.hash_algorithm != SHA256 or info.message_imprint.message != digest:
        raise NoTimeStamp(NoStampReason.OTHER_DATA)
    if nonce is not None and info.nonce != nonce:
        raise NoTimeStamp(NoStampReason.OTHER_REQUEST)
    if roots:
        _check_signature(response, digest, roots, nonce)
    return TimeStamp(answer, info.gen_time, _authority(response), is_trusted=bool(roots))


def _check_signature(
    response: TimeStampResponse, digest: bytes, roots: Sequence[Certificate], nonce: int | None
) -> None:
    """Certificates in the answer may lead to a root, but are never roots themselves."""
    verifier = VerifierBuilder(roots=list(roots), nonce=nonce).build()
    try:
        verifier.verify(response, digest)
    except VerificationError as error:
        raise NoTimeStamp(NoStampReason.UNTRUSTED, cause=str(error)) from error


def _authority(response: TimeStampResponse) -> str:
    """Return the subject of the certificate that signed; it was asked for, so an answer without it is none."""
    signers = {(signer.issuer, signer.serial_number) for signer in response.signed_data.signer_infos}
    for encoded in response.signed_data.certificates:
        certificate = load_der_x509_certificate(encoded)
        if (certificate.issuer, certificate.serial_number) in signers:
            return display_text(certificate.subject.rfc4514_string())[:MAX_SHOWN_CHARS]
    raise NoTimeStamp(NoStampReason.UNREADABLE, cause="no certificate of the signer")
