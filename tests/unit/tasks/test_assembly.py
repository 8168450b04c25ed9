import pytest

from app.core.config import Settings
from app.tasks.assembly import network_config, scan_config
from app.tasks.scan_job import JobSpec


def spec(**config):
    return JobSpec("t", 1, 1, "w", "corp.example", config)


def test_what_the_user_left_out_has_its_default():
    config = scan_config(spec(max_pages=None, start_urls=["https://corp.example/a"], screenshots=False))
    assert (config.target, config.max_pages, config.start_urls) == (
        "corp.example",
        5_000,
        ("https://corp.example/a",),
    )
    assert config.screenshots is False


def test_the_network_comes_from_the_settings_alone(tmp_path):
    settings = Settings(
        resolvers="127.0.0.1:5353",
        allow_networks="127.64.0.0/10",
        port_map="80=8080,443=8443",
        ca_file=tmp_path / "ca.pem",
        static_hosts="a.example=127.64.0.1,b.example=127.64.0.1:81,c.example=2001:db8::1,d.example=[2001:db8::1]:82,"
        "e.example=[2001:db8::2]",
    )
    network = network_config(settings)
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


def test_an_option_that_does_not_exist_is_an_error():
    with pytest.raises(TypeError):
        scan_config(spec(resolver="127.0.0.1"))
