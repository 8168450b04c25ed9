import pytest
from pydantic import SecretStr

from app.core import deployment
from app.core.config import Settings, load_settings
from app.core.deployment import check_services, require_packages, require_shared_key
from app.core.errors import ConfigurationError
from app.domain.messages import Language

POSTGRESQL = "postgresql+psycopg://me:hidden@db.example/x"
REDIS = "redis://:hidden@redis.example/0"


def test_both_services_make_a_distributed_deployment_and_none_an_embedded_one():
    both = load_settings({"COMPLIANCE_DATABASE_URL": POSTGRESQL, "COMPLIANCE_REDIS_URL": REDIS})
    assert not both.embedded
    assert load_settings({}).embedded
    assert "hidden" not in repr(both.redis_url)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({"DATABASE_URL": POSTGRESQL}, "COMPLIANCE_REDIS_URL"),
        ({"REDIS_URL": REDIS}, "COMPLIANCE_DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:///x.db", "REDIS_URL": REDIS}, "COMPLIANCE_DATABASE_URL"),
        ({"DATABASE_URL": POSTGRESQL, "REDIS_URL": "http://redis.example"}, "COMPLIANCE_REDIS_URL"),
        ({"DATABASE_URL": "postgresql://me:hidden@db.example/x", "REDIS_URL": REDIS}, "COMPLIANCE_DATABASE_URL"),
    ],
)
def test_one_without_the_other_is_refused_with_one_line_that_says_which(variables, missing, language):
    with pytest.raises(ConfigurationError) as caught:
        load_settings({f"COMPLIANCE_{name}": value for name, value in variables.items()})
    said = caught.value.text_in(language)
    assert missing in said
    assert "hidden" not in said
    assert len(said.splitlines()) == 1


def test_packages_are_only_needed_for_a_distributed_deployment(monkeypatch):
    settings = Settings(database_url=POSTGRESQL, redis_url=SecretStr(REDIS))
    check_services(settings)
    monkeypatch.setattr(deployment, "find_spec", lambda name: None if name == "celery" else object())
    with pytest.raises(ConfigurationError, match=r"\(celery\).*requirements/distributed\.txt"):
        require_packages(settings)
    require_packages(Settings())


@pytest.mark.parametrize("language", list(Language))
def test_traces_need_packages_of_their_own(monkeypatch, language):
    settings = Settings(traces_url="http://127.0.0.1:4318")
    require_packages(settings)

    def is_missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(deployment, "find_spec", is_missing)
    with pytest.raises(ConfigurationError) as caught:
        require_packages(settings)
    said = caught.value.text_in(language)
    assert "opentelemetry.sdk" in said
    assert "requirements/telemetry.txt" in said
    require_packages(Settings())


@pytest.mark.parametrize("url", ["127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://", "https:///x", "javascript:1"])
def test_traces_go_to_an_address_and_nowhere_else(url):
    with pytest.raises(ConfigurationError, match="COMPLIANCE_TRACES_URL: must be a URL"):
        load_settings({"COMPLIANCE_TRACES_URL": url})
    assert load_settings({"COMPLIANCE_TRACES_URL": ""}).traces_url is None


def test_processes_that_share_the_work_share_a_key():
    settings = Settings(database_url=POSTGRESQL, redis_url=SecretStr(REDIS))
    with pytest.raises(ConfigurationError, match="COMPLIANCE_SECRET_KEY"):
        require_shared_key(settings)
    require_shared_key(settings.model_copy(update={"secret_key": SecretStr("x" * 40)}))
    require_shared_key(Settings())
