"""The settings of a deployment become those of a scan's network."""

from app.core.config import Settings
from app.tasks.network_settings import network_config


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
