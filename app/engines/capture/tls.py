"""Content of a server's certificate, valid or not."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from app.domain.scan_facts import TlsFacts
from app.engines.net.failures import printable
from app.engines.net.policy import AddressPolicy
from app.engines.net.tls_contexts import unverified_context, verifying_context

MAX_NAMES = 200  # certificates of large hosters list hundreds of customers


async def tls_facts(
    host: str,
    address: str,
    port: int,
    *,
    sni: str | None = None,
    policy: AddressPolicy,
    ca_file: str | None = None,
    timeout_s: float = 10.0,
) -> TlsFacts:
    """Shake hands once as a browser would, and once more only to look when that was refused.

    `address` and `port` are where to connect to (after the port map), `host` is whom the certificate must name,
    `sni` what is asked for (default: the host). Never raises for what the network does: `error` says it.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await _facts(sni or host, address, port, policy, ca_file)
    except TimeoutError:
        return TlsFacts(error=f"no handshake within {timeout_s:g} s")
    except (OSError, ValueError) as failure:  # ssl.SSLError is an OSError; ValueError: a name that idna refuses
        return TlsFacts(error=printable(str(failure)))


async def _facts(name: str, address: str, port: int, policy: AddressPolicy, ca_file: str | None) -> TlsFacts:
    try:
        certificate = await _certificate(name, address, port, policy, verifying_context(ca_file))
    except ssl.SSLCertVerificationError as refusal:
        certificate = await _certificate(name, address, port, policy, unverified_context())
        return read_certificate(certificate, error=refusal.verify_message or str(refusal))
    return read_certificate(certificate)


async def _certificate(name: str, address: str, port: int, policy: AddressPolicy, context: ssl.SSLContext) -> bytes:
    with _guarded_socket(address, port, policy) as sock:
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
        _, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=name)
        try:
            handshake: ssl.SSLObject = writer.get_extra_info("ssl_object")
            return handshake.getpeercert(binary_form=True) or b""
        finally:
            writer.transport.abort()  # all is known; a closing handshake could be drawn out by a bad server


@contextlib.contextmanager
def _guarded_socket(address: str, port: int, policy: AddressPolicy) -> Iterator[socket.socket]:
    policy.check(address, port)
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        yield sock


def read_certificate(der: bytes, *, error: str = "") -> TlsFacts:
    """Facts of a certificate in DER; one that cannot be read is an error too, never an exception."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        return TlsFacts(
            subject=_name(certificate.subject),
            issuer=_name(certificate.issuer),
            names=_alternative_names(certificate),
            not_before=certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
            not_after=certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
            valid=not error,
            error=printable(error),
        )
    except ValueError as broken:
        return TlsFacts(error=printable(error or f"unreadable certificate: {broken}"))


def _name(name: x509.Name) -> str:
    """The common name, or the whole name where there is none."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return printable(str(common[0].value) if common else name.rfc4514_string())


def _alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return ()
    assert isinstance(extension.value, x509.SubjectAlternativeName)
    names = extension.value.get_values_for_type(x509.DNSName)
    addresses = [str(address) for address in extension.value.get_values_for_type(x509.IPAddress)]
    return tuple(printable(name.lower()) for name in (*names, *addresses))[:MAX_NAMES]
