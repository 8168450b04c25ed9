import pytest

from app.domain.certificate_error import CertificateError, code_of, describe_certificate_error
from app.domain.messages import Language, MessageCatalog

# As OpenSSL 3 and the system say it.
SAID = {
    "certificate has expired": CertificateError.EXPIRED,
    "certificate is not yet valid": CertificateError.NOT_YET_VALID,
    "self-signed certificate": CertificateError.SELF_SIGNED,
    "self signed certificate": CertificateError.SELF_SIGNED,
    "self-signed certificate in certificate chain": CertificateError.UNKNOWN_ISSUER,
    "unable to get local issuer certificate": CertificateError.UNKNOWN_ISSUER,
    "unable to verify the first certificate": CertificateError.UNKNOWN_ISSUER,
    "Hostname mismatch, certificate is not valid for 'casino.example'.": CertificateError.WRONG_NAME,
    "IP address mismatch, certificate is not valid for '192.0.2.1'.": CertificateError.WRONG_NAME,
    "certificate revoked": CertificateError.REVOKED,
    "EE certificate key too weak": CertificateError.WEAK,
    "CA signature digest algorithm too weak": CertificateError.WEAK,
    "unreadable certificate: error parsing asn1 value": CertificateError.UNREADABLE,
    "no handshake within 10 s": CertificateError.NO_ANSWER,
    "[Errno 111] Connection refused": CertificateError.REFUSED,
    "[Errno 104] Connection reset by peer": CertificateError.CUT,
    "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)": CertificateError.NO_TLS,
    "unhandled critical extension": CertificateError.OTHER,
}


@pytest.mark.parametrize(("words", "code"), SAID.items())
def test_what_openssl_or_the_system_said_has_a_code(words, code):
    assert code_of(words) is code


def test_every_code_is_said_by_something():
    assert set(SAID.values()) == set(CertificateError)


@pytest.mark.parametrize("language", Language)
def test_every_code_has_its_text(language):
    texts = MessageCatalog(language)
    told = {words: describe_certificate_error(words, texts) for words in SAID}
    assert {told[words] == texts(f"certificate.{code}") for words, code in SAID.items() if code != "other"} == {True}
    assert "unhandled critical extension" in told["unhandled critical extension"]


def test_a_good_certificate_has_nothing_to_say():
    assert (code_of(""), describe_certificate_error("", MessageCatalog("en"))) == (None, "")
