import socket

from app.engines.capture import browser_network
from app.engines.capture.browser_network import BrowserNetwork
from app.engines.capture.own_network import ISOLATED, connect


def handed(place, *messages):
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with control:
        connect(control, str(place))
        for said, descriptors in messages:
            socket.send_fds(control, [said], descriptors)


def test_what_listens_is_received(tmp_path):
    network = BrowserNetwork.expect(tmp_path / "network")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        handed(tmp_path / "network", (ISOLATED, [listener.fileno()]))
        received = network.receive()
        assert not isinstance(received, str)
        with received:
            assert received.getsockname() == listener.getsockname()
    network.close()


def test_a_reason_is_received_and_silence_is_one(tmp_path, monkeypatch):
    network = BrowserNetwork.expect(tmp_path / "network")
    for messages, reason in (([(b"refused", [])], "refused"), ([], "no answer"), ([(ISOLATED, [])], "isolated")):
        handed(tmp_path / "network", *messages)
        assert network.receive() == reason
    network.close()
    monkeypatch.setattr(browser_network, "RECEIVE_LIMIT_S", 0.01)
    network = BrowserNetwork.expect(tmp_path / "second")
    assert network.receive() == "no answer"
    network.close()
