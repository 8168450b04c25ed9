"""The certificate authority of the test internet: one context that picks the certificate by SNI."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import trustme

from testnet.model import Host

ORGANIZATION = "Testnet Certificate Authority"
LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC)
THEN = datetime(2020, 1, 1, tzinfo=UTC)


class Authority:
    """Issues a certificate per host when the host is first asked for. Keys live in memory and in `folder` only."""

    def __init__(self, hosts: Mapping[str, Host], *, folder: Path) -> None:
        self._hosts = hosts
        self._ca = trustme.CA(organization_name=ORGANIZATION)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.ca_file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_file))
        self.ca_file.chmod(0o644)

    def server_context(self) -> ssl.SSLContext:
        """For every HTTPS listener. With a name that no host of the world has, the handshake fails."""
        context = self._build("testnet.invalid", expired=False)
        context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
        host = self._hosts.get((name or "").lower())
        if host is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        if host.name not in self._contexts:
            self._contexts[host.name] = self._build(host.name, *host.certified, expired=host.expired)
        connection.context = self._contexts[host.name]
        return None

    def _build(self, name: str, *further: str, expired: bool) -> ssl.SSLContext:
        begin, end = (LONG_AGO, THEN) if expired else (None, None)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        certificate = self._ca.issue_cert(name, *further, common_name=name, not_before=begin, not_after=end)
        certificate.configure_cert(context)
        return context
