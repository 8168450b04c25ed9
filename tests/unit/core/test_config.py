"""Keys and their order: what refuses to start."""

from pathlib import Path

import pytest
import trustme

from app.core.config import Settings, load_settings, settings_for
from app.core.errors import ConfigurationError
from app.domain.messages import Language
from app.domain.scan_options import PASSIVE_SOURCE_NAMES
from tests.support.said import said

GOOD = "kX3-v9Qp7_zR1mB8cW5tY2uJ6hN4sD0f"


def test_both_keys_are_read_and_shown_to_nobody():
    settings = load_settings({"COMPLIANCE_SECRET_KEY": GOOD, "COMPLIANCE_SECRET_KEY_PREVIOUS": GOOD[::-1]})
    assert settings.secret_key_previous.get_secret_value() == GOOD[::-1]
    assert GOOD not in repr(settings)
    assert GOOD[::-1] not in repr(settings)


@pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_PREVIOUS"])
@pytest.mark.parametrize("value", ["short", "a" * 40, "your-secret-key-your-secret-key-01"])
def test_a_weak_key_refuses_to_start_and_is_named_without_its_value(name, value):
    with pytest.raises(ConfigurationError, match=f"COMPLIANCE_{name} ") as caught:
        load_settings({f"COMPLIANCE_{name}": value})
    assert value not in str(caught.value)


def test_the_first_delay_is_not_above_the_longest():
    with pytest.raises(
        ConfigurationError, match=f"_DELAY_S: {said('field.not_above', other='COMPLIANCE_LOGIN_MAX_DELAY_S')}"
    ):
        load_settings({"COMPLIANCE_LOGIN_DELAY_S": "20", "COMPLIANCE_LOGIN_MAX_DELAY_S": "10"})


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:////var/lib/main.db", "/var/lib/main.db"),
        ("sqlite:///main.db", "main.db"),
        ("sqlite+pysqlite:////main.db?timeout=3", "/main.db"),
        ("sqlite:///:memory:", None),
        ("sqlite://", None),
        ("postgresql:///main", None),
    ],
)
def test_the_database_is_a_file_when_it_is_sqlite(url, file):
    assert Settings(database_url=url).database_file == (None if file is None else Path(file))


def test_addresses_with_passwords_are_shown_to_nobody_and_given_to_our_own_processes():
    url = "postgresql+psycopg://me:hidden@db.example/x"
    settings = Settings(database_url=url, redis_url="redis://me:hidden@redis.example/0", secret_key="hidden" * 9)
    assert "hidden" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert settings.resolved_database_url == url
    given = settings_for({"database_url", "secret_key", "port"}, settings)
    assert given == {"database_url": url, "secret_key": "**********", "port": 8_000}
    assert settings_for({"database_url"}, Settings()) == {"database_url": None}


@pytest.mark.parametrize("url", ["postgresql://me:hidden@db.example/x", "mysql://db.example/x", "nonsense"])
def test_another_database_than_sqlite_and_postgresql_is_refused_at_load(url):
    with pytest.raises(ConfigurationError, match=r"COMPLIANCE_DATABASE_URL.*SQLite") as caught:
        load_settings({"COMPLIANCE_DATABASE_URL": url, "COMPLIANCE_SECRET_KEY": "0123456789abcdef" * 4})
    assert "hidden" not in str(caught.value)


def test_a_variable_that_is_empty_names_no_service():
    settings = load_settings({"COMPLIANCE_DATABASE_URL": "", "COMPLIANCE_REDIS_URL": ""})
    assert (settings.database_url, settings.redis_url, settings.embedded) == (None, None, True)


def test_the_database_is_in_the_data_folder_unless_it_is_said_where():
    assert Settings(data_dir=Path("/srv/data")).database_file == Path("/srv/data/compliance.db")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"COMPLIANCE_PORT": "70000"}, "设置无效：COMPLIANCE_PORT：不能大于 65535。"),
        ({"COMPLIANCE_LOG_LEVEL": "LOUD"}, "设置无效：COMPLIANCE_LOG_LEVEL：只能是 DEBUG、INFO、WARNING、ERROR。"),
        ({"COMPLIANCE_PORT_MAP": "80"}, "设置无效：COMPLIANCE_PORT_MAP：只能是端口对，例如 80=18080。"),
        (
            {"COMPLIANCE_ALLOW_NETWORKS": "here"},
            "设置无效：COMPLIANCE_ALLOW_NETWORKS：只能是网段，例如 192.168.7.0/24。",
        ),
        (
            {"COMPLIANCE_CT_URLS": "https://log.test/?q=1,shodan=https://api.test/"},
            f"设置无效：COMPLIANCE_CT_URLS：只能写已有的来源（{', '.join(PASSIVE_SOURCE_NAMES)}），形如 NAME=URL。",
        ),
        ({"COMPLIANCE_PROT": "1"}, "没有这些设置：COMPLIANCE_PROT。"),
        (
            {"COMPLIANCE_PORT": "x", "COMPLIANCE_LOGIN_DELAY_S": "0"},
            "设置无效：COMPLIANCE_PORT：必须是整数；COMPLIANCE_LOGIN_DELAY_S：必须大于 0。",
        ),
    ],
)
def test_what_is_wrong_is_told_in_the_readers_language(variables, said):
    with pytest.raises(ConfigurationError) as caught:
        load_settings(variables)
    assert caught.value.text_in(Language.ZH_CN) == said


def test_closing_connections_does_not_take_longer_than_the_end_may():
    with pytest.raises(
        ConfigurationError, match=f"_DRAIN_S: {said('field.not_above', other='COMPLIANCE_STOP_WITHIN_S')}"
    ):
        load_settings({"COMPLIANCE_WS_DRAIN_S": "31"})
    assert load_settings({"COMPLIANCE_WS_DRAIN_S": "31", "COMPLIANCE_STOP_WITHIN_S": "60"}).drain_s == 31


def test_a_language_model_has_an_address_and_a_name():
    named = {"COMPLIANCE_READING_MODEL_URL": "http://127.0.0.1:11434/v1", "COMPLIANCE_READING_MODEL_NAME": "m"}
    assert load_settings(named).reading_model_budget == 100
    with pytest.raises(ConfigurationError, match="COMPLIANCE_READING_MODEL_NAME"):
        load_settings({"COMPLIANCE_READING_MODEL_URL": "http://127.0.0.1:11434/v1"})
    with pytest.raises(ConfigurationError, match="must be a URL"):
        load_settings({**named, "COMPLIANCE_READING_MODEL_URL": "127.0.0.1:11434"})


@pytest.mark.parametrize(
    ("content", "code"), [(None, "unreadable"), (b"<svg/>", "no_picture"), (b"\0" * 600_000, "too_large")]
)
def test_a_logo_that_reports_cannot_use_refuses_to_start(tmp_path, content, code):
    logo = tmp_path / "logo.png"
    if content is not None:
        logo.write_bytes(content)
    with pytest.raises(ConfigurationError, match="COMPLIANCE_REPORT_LOGO: ") as refused:
        load_settings({"COMPLIANCE_REPORT_LOGO": str(logo)})
    assert said(f"logo.{code}", **({"most": 512} if code == "too_large" else {})) in str(refused.value)
    assert load_settings({"COMPLIANCE_REPORT_LOGO": ""}).report_logo is None


def test_the_authority_of_time_stamps_has_an_address_and_roots_that_can_be_read(tmp_path):
    roots, url = tmp_path / "roots.pem", "https://tsa.example.com/tsr"
    with pytest.raises(ConfigurationError, match="COMPLIANCE_REPORT_TIMESTAMP_CA_FILE: ") as refused:
        load_settings({"COMPLIANCE_REPORT_TIMESTAMP_CA_FILE": str(roots)})
    assert said("root_certificates.unreadable") in str(refused.value)
    with pytest.raises(ConfigurationError, match="COMPLIANCE_REPORT_TIMESTAMP_URL: must be a URL"):
        load_settings({"COMPLIANCE_REPORT_TIMESTAMP_URL": "tsa.example.com"})
    roots.write_bytes(trustme.CA().cert_pem.bytes())
    given = {"COMPLIANCE_REPORT_TIMESTAMP_URL": url, "COMPLIANCE_REPORT_TIMESTAMP_CA_FILE": str(roots)}
    settings, unset = load_settings(given), load_settings(dict.fromkeys(given, ""))
    assert (settings.report_timestamp_url, settings.report_timestamp_ca_file) == (url, roots)
    assert (unset.report_timestamp_url, unset.report_timestamp_ca_file) == (None, None)
