import json

from app.cli.doctor.configuration import differing_settings, read_settings, settings_in_force
from app.cli.doctor.result import CheckStatus
from app.core.config import Settings

SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF"


def make(folder, **values):
    return Settings(data_dir=folder, **values)


def test_unknown_and_wrong_variables_are_said_and_the_rest_is_looked_at_all_the_same(tmp_path, monkeypatch):
    environment = {
        "COMPLIANCE_PRT": "1",
        "COMPLIANCE_PORT": "many",
        "COMPLIANCE_LANGUAGE": "en",
        "COMPLIANCE_DATA_DIR": str(tmp_path),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings, findings = read_settings(environment)
    assert (settings.port, settings.language, settings.data_dir) == (8_000, "en", tmp_path)
    assert [(f.name, f.state) for f in findings] == [
        ("variables", CheckStatus.FAILED),
        ("settings", CheckStatus.FAILED),
    ]
    assert "COMPLIANCE_PRT" in findings[0].found
    assert "COMPLIANCE_PORT" in findings[1].found
    assert "many" not in findings[1].found


def test_settings_are_shown_without_secrets(tmp_path):
    settings = make(
        tmp_path,
        secret_key=SECRET,
        database_url="postgresql://me:hidden@db.example/x",
        ct_urls=("https://log.example/?api_key=hidden",),
        port=9_000,
    )
    shown = json.dumps([settings_in_force(settings), differing_settings(settings)])
    assert SECRET not in shown
    assert "hidden" not in shown
    assert differing_settings(settings)["COMPLIANCE_SECRET_KEY"] == "(set)"
    assert settings_in_force(settings)["COMPLIANCE_PORT"] == 9_000
    assert len(settings_in_force(settings)) == len(Settings.model_fields)
