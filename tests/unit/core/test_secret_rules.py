"""Which secrets are refused, and that the refusal never holds them."""

import pytest

from app.core.config import load_settings
from app.core.errors import ConfigurationError
from app.core.secret_rules import check_secret

GOOD = "kq7-Vh2mZ0pX4tRw9yLs3uBd6fGj8cNe"


def test_a_long_random_secret_is_taken():
    check_secret(GOOD, name="COMPLIANCE_SECRET_KEY")


@pytest.mark.parametrize("secret", [GOOD[:31], "x" * 40, "changeme" * 5, f"{GOOD}-Password"])
def test_what_can_be_guessed_is_refused_without_being_repeated(secret):
    with pytest.raises(ConfigurationError) as caught:
        check_secret(secret, name="COMPLIANCE_SECRET_KEY")
    assert "COMPLIANCE_SECRET_KEY" in caught.value.message
    assert secret not in caught.value.message


@pytest.mark.parametrize("url", ["relay.corp.test:587", "http://relay.corp.test", "smtp:///relay", "smtps:///relay"])
def test_what_is_no_mail_server_is_refused_without_being_repeated(url):
    environment = {"COMPLIANCE_SMTP_URL": url, "COMPLIANCE_MAIL_FROM": "scanner@example.com"}
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environment)
    assert "COMPLIANCE_SMTP_URL" in caught.value.message
    assert url not in caught.value.message


@pytest.mark.parametrize(
    "url", ["smtp://u:p@mail.example.com:587", "smtps://mail.example.com", "smtp+plain://127.0.0.1:25"]
)
def test_a_mail_server_is_taken_with_its_sender(url):
    settings = load_settings({"COMPLIANCE_SMTP_URL": url, "COMPLIANCE_MAIL_FROM": "scanner@example.com"})
    assert settings.smtp_url is not None
    assert url not in repr(settings)
    with pytest.raises(ConfigurationError):
        load_settings({"COMPLIANCE_SMTP_URL": url})
