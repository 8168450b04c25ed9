import pytest

from app.client.endpoint import endpoint_of, ticket_address_of
from app.client.monitor import MonitorClient


@pytest.mark.parametrize(
    ("url", "endpoint", "tickets"),
    [
        (
            "http://127.0.0.1:8000",
            "ws://127.0.0.1:8000/api/v1/monitor/ws",
            "http://127.0.0.1:8000/api/v1/monitor/ws/ticket",
        ),
        (
            "https://host.example/below/",
            "wss://host.example/below/api/v1/monitor/ws",
            "https://host.example/below/api/v1/monitor/ws/ticket",
        ),
        ("ws://127.0.0.1:9/ws?x=1", "ws://127.0.0.1:9/ws", "http://127.0.0.1:9/ws/ticket"),
    ],
)
def test_the_endpoints_follow_from_the_servers_address(url, endpoint, tickets):
    assert endpoint_of(url) == endpoint
    assert ticket_address_of(endpoint) == tickets


async def token(*, renew):
    return "token"


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://host.example", "http://"])
def test_what_is_no_address_is_refused_at_once(url):
    with pytest.raises(ValueError, match="no address of a server"):
        MonitorClient(url, token)
