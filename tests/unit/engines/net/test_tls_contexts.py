import ssl

import pytest
import trustme

from app.engines.net.tls_contexts import unverified_context, verifying_context


def handshake(client, authority, *, name="www.a.test"):
    """Between two contexts in memory. Raises what the client says of the certificate."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("www.a.test").configure_cert(server)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for side in sides * 3:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return sides[0].getpeercert(binary_form=True)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def ca_file(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


def test_the_deployments_own_roots_are_trusted_for_the_right_name_alone(authority, ca_file):
    assert handshake(verifying_context(ca_file), authority)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(verifying_context(ca_file), authority, name="www.b.test")


def test_an_unknown_root_is_refused_by_the_verifying_context_alone(authority):
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(verifying_context(None), authority)
    assert handshake(unverified_context(), authority, name="www.b.test")
