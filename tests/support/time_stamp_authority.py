"""A time-stamp authority (RFC 3161) over real HTTP on this machine, which misbehaves as it is told to.

It writes its answers itself, so that no program of the machine is needed; a system test reads them with openssl.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

STAMPED_AT: Final = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)
CERTIFIED: Final = (STAMPED_AT - timedelta(days=1), STAMPED_AT + timedelta(days=36_500))
NAME: Final = "Test TSA"
WAIT_S: Final = 30.0  # ends a thread that a test would leave

INTEGER, BITS, OCTETS, NULL, UTF8, TIME, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x05, 0x0C, 0x18, 0x30, 0x31
CONTENT: Final = 0xA0  # [0]


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def number(value: int) -> bytes:
    return der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    first, second, *others = map(int, dotted.split("."))
    body = bytearray([40 * first + second])
    for part in others:
        septets = [part & 0x7F]
        while part := part >> 7:
            septets.append(0x80 | part & 0x7F)
        body += bytes(reversed(septets))
    return der(0x06, bytes(body))


def read(data: bytes) -> tuple[int, bytes, bytes]:
    """Return the tag, the body and what follows."""
    size, start = data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    return data[0], data[start : start + size], data[start + size :]


def elements(body: bytes) -> Iterator[tuple[int, bytes]]:
    while body:
        tag, inner, body = read(body)
        yield tag, inner


SHA256: Final = der(SEQUENCE, oid("2.16.840.1.101.3.4.2.1"))
ECDSA: Final = der(SEQUENCE, oid("1.2.840.10045.4.3.2"))
TST_INFO: Final = oid("1.2.840.113549.1.9.16.1.4")


@dataclass(frozen=True)
class Query:
    """A TimeStampReq."""

    imprint: bytes
    nonce: int | None
    wants_certificate: bool

    @classmethod
    def parse(cls, data: bytes) -> "Query":
        _, imprint, *others = elements(read(data)[1])
        (_, algorithm), (_, digest) = elements(imprint[1])
        assert der(SEQUENCE, algorithm) in (SHA256, der(SEQUENCE, oid("2.16.840.1.101.3.4.2.1"), der(NULL)))
        values = dict(others)
        nonce = values.get(INTEGER)
        return cls(digest, None if nonce is None else int.from_bytes(nonce, "big"), values.get(0x01) == b"\xff")


class Chain:
    """A root, and a certificate for time stamps that it has issued."""

    def __init__(self, name: str = "Test root") -> None:
        root_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        self.root = (
            _builder(root_name, root_name, root_key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(root_key, hashes.SHA256())
        )
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
        self.certificate = (
            _builder(subject, root_name, self.key.public_key())
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .sign(root_key, hashes.SHA256())
        )

    def write_root(self, folder: Path) -> Path:
        path = folder / "tsa-roots.pem"
        path.write_bytes(self.root.public_bytes(Encoding.PEM))
        return path

    def token(self, info: bytes, *certificates: x509.Certificate, embeds_own: bool = True) -> bytes:
        """Sign a TSTInfo; `certificates` are embedded besides the signer's own."""
        own = self.certificate.public_bytes(Encoding.DER)
        attributes = sorted(
            (
                _attribute("1.2.840.113549.1.9.3", TST_INFO),
                _attribute("1.2.840.113549.1.9.4", der(OCTETS, sha256(info).digest())),
                _attribute(
                    "1.2.840.113549.1.9.16.2.47",
                    der(SEQUENCE, der(SEQUENCE, der(SEQUENCE, der(OCTETS, sha256(own).digest())))),
                ),
            )
        )
        signature = self.key.sign(der(SET, *attributes), ec.ECDSA(hashes.SHA256()))
        issuer = self.certificate.issuer.public_bytes()
        signer = der(
            SEQUENCE,
            number(1),
            der(SEQUENCE, issuer, number(self.certificate.serial_number)),
            SHA256,
            der(0xA0, *attributes),
            ECDSA,
            der(OCTETS, signature),
        )
        embedded = (
            own if embeds_own else b"",
            *(certificate.public_bytes(Encoding.DER) for certificate in certificates),
        )
        signed = der(
            SEQUENCE,
            number(3),
            der(SET, SHA256),
            der(SEQUENCE, TST_INFO, der(CONTENT, der(OCTETS, info))),
            der(0xA0, *embedded),
            der(SET, signer),
        )
        return der(SEQUENCE, oid("1.2.840.113549.1.7.2"), der(CONTENT, signed))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(CERTIFIED[0])
        .not_valid_after(CERTIFIED[1])
    )


def _attribute(kind: str, value: bytes) -> bytes:
    return der(SEQUENCE, oid(kind), der(SET, value))


def tst_info(imprint: bytes, nonce: int | None) -> bytes:
    return der(
        SEQUENCE,
        number(1),
        oid("1.3.6.1.4.1.55555.1"),
        der(SEQUENCE, SHA256, der(OCTETS, imprint)),
        number(4711),
        der(TIME, STAMPED_AT.strftime("%Y%m%d%H%M%SZ").encode()),
        *(() if nonce is None else (number(nonce),)),
    )


def granted(token: bytes, status: int = 0) -> bytes:
    """Return a TimeStampResp with this token."""
    return der(SEQUENCE, der(SEQUENCE, number(status)), token)


def rejection(reason: str = "busy") -> bytes:
    return der(SEQUENCE, der(SEQUENCE, number(2), der(SEQUENCE, der(UTF8, reason.encode())), der(BITS, b"\x05\x20")))


Behaviour = Callable[[Query], bytes]


def stamping(chain: Chain) -> Behaviour:
    return lambda query: granted(chain.token(tst_info(query.imprint, query.nonce)))


@dataclass
class Authority:
    """`behave` and `status` may be exchanged at any time."""

    chain: Chain
    behave: Behaviour
    url: str = ""
    status: int = 200
    media_types: list[str] = field(default_factory=list)  # of the requests
    ended: threading.Event = field(default_factory=threading.Event)  # set at the end of the test

    def hang(self, _: Query) -> bytes:
        self.ended.wait(WAIT_S)
        return b""

    def answer(self, body: bytes, media_type: str) -> bytes:
        self.media_types.append(media_type)
        query = Query.parse(body)
        assert query.wants_certificate
        return self.behave(query)


@contextmanager
def authority(chain: Chain | None = None) -> Iterator[Authority]:
    """Stamps what it is asked for, until it is told to do something else."""
    chain = chain or Chain()
    service = Authority(chain, stamping(chain))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = service.answer(body, self.headers["Content-Type"])
            self.send_response(service.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/tsr"
    try:
        yield service
    finally:
        service.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
