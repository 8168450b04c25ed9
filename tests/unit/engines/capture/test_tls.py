import datetime as dt
import ssl

import pytest
import trustme

from app.engines.capture.tls import read_certificate, tls_facts
from app.engines.net.policy import AddressPolicy
from tests.unit.engines.net.servers import http_server, response, routes

POLICY = AddressPolicy(allow_networks=("127.64.0.0/10",), allowed_ports=(443,))
ADDRESS = "127.64.0.1"


@pytest.fixture
def authority(tmp_path):
    made = trustme.CA(organization_name="Test Trust")
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    made.file = str(tmp_path / "ca.pem")
    return made


def serving(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return http_server(routes({"/": response(b"")}), ssl=context)


async def test_a_valid_certificate_is_valid(authority):
    async with serving(authority.issue_cert("www.a.test", "a.test", "127.64.0.1")) as server:
        facts = await tls_facts("www.a.test", ADDRESS, server.port, policy=POLICY, ca_file=authority.file)
    assert facts.valid
    assert facts.error == ""
    assert facts.names == ("www.a.test", "a.test", "127.64.0.1")
    assert "Test Trust" in facts.issuer
    assert facts.not_before < facts.not_after
    assert facts.not_after.endswith("Z")


async def test_an_unknown_issuer_is_invalid_and_still_read(authority):
    async with serving(authority.issue_cert("www.a.test")) as server:
        facts = await tls_facts("www.a.test", ADDRESS, server.port, policy=POLICY)
    assert not facts.valid
    assert "certificate" in facts.error
    assert facts.names == ("www.a.test",)


async def test_a_certificate_for_another_name_is_invalid(authority):
    async with serving(authority.issue_cert("www.b.test")) as server:
        facts = await tls_facts("www.a.test", ADDRESS, server.port, policy=POLICY, ca_file=authority.file)
    assert not facts.valid
    assert "www.a.test" in facts.error
    assert facts.names == ("www.b.test",)


async def test_an_expired_certificate_is_invalid(authority):
    long_ago = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    async with serving(authority.issue_cert("a.test", not_before=long_ago, not_after=long_ago)) as server:
        facts = await tls_facts("a.test", ADDRESS, server.port, policy=POLICY, ca_file=authority.file)
    assert (facts.valid, facts.error, facts.not_after) == (False, "certificate has expired", "2001-01-01T00:00:00Z")


async def test_a_server_without_tls_is_an_error():
    async def plain(head, writer):
        writer.write(b"not tls at all\r\n\r\n")

    async with http_server(plain) as server:
        facts = await tls_facts("a.test", ADDRESS, server.port, policy=POLICY, timeout_s=0.5)
    assert not facts.valid
    assert facts.error
    assert facts.names == ()


async def test_a_forbidden_address_is_not_asked(authority):
    async with http_server(routes({}), address="127.0.0.1") as victim:
        facts = await tls_facts("a.test", "127.0.0.1", victim.port, policy=POLICY)
    assert "address policy" in facts.error
    assert victim.connections == 0


async def test_a_name_that_cannot_be_asked_for_is_an_error(authority):
    async with serving(authority.issue_cert("a.test")) as server:
        facts = await tls_facts("a" * 300, ADDRESS, server.port, policy=POLICY)
    assert facts.error


def test_what_is_no_certificate_is_an_error():
    assert read_certificate(b"nonsense").error.startswith("unreadable certificate")
