"""The settings of a deployment become those of a scan's network."""

from app.core.config import Settings
from app.engines.model import ReadingModelConfig
from app.tasks.worker.scan_factory import network_config, reading_model_config


def test_the_network_comes_from_the_settings_alone(tmp_path):
    settings = Settings(
        resolvers="127.0.0.1:5353",
        allow_networks="127.64.0.0/10",
        port_map="80=8080,443=8443",
        ca_file=tmp_path / "ca.pem",
        blocked_targets="公司.cn.,oa.corp.example",
        static_hosts="a.example=127.64.0.1,b.example=127.64.0.1:81,c.example=2001:db8::1,d.example=[2001:db8::1]:82,"
        "e.example=[2001:db8::2]",
    )
    network = network_config(settings)
    assert network.blocked_names == ("xn--55qx5d.cn", "oa.corp.example")
    assert network.resolvers == ("127.0.0.1:5353",)
    assert network.port_map == {80: 8080, 443: 8443}
    assert network.ca_file == str(tmp_path / "ca.pem")
    assert network.static_hosts == {
        "a.example": ("127.64.0.1", None),
        "b.example": ("127.64.0.1", 81),
        "c.example": ("2001:db8::1", None),
        "d.example": ("2001:db8::1", 82),
        "e.example": ("2001:db8::2", None),
    }


def test_a_language_model_reads_along_when_an_endpoint_is_named():
    assert reading_model_config(Settings(reading_model_key="sk-1")) is None
    named = {"reading_model_url": "http://127.0.0.1:11434/v1", "reading_model_name": "m", "reading_model_key": "sk-1"}
    asked = reading_model_config(Settings(**named, reading_model_budget=7))
    assert asked == ReadingModelConfig("http://127.0.0.1:11434/v1", "m", "sk-1", budget=7)
