"""The server ends in order, and does not raise a signal again that it has obeyed."""

import signal

import uvicorn

from app.transport.graceful_server import GracefulServer


async def application(_scope, _receive, _send):
    raise AssertionError("nobody asks")


def make_server(steps=None):
    steps = [] if steps is None else steps

    async def drain(hurry):
        steps.append(("drain", hurry(), server.servers[0].is_serving()))

    async def close():
        steps.append(("close", server.servers[0].is_serving()))

    config = uvicorn.Config(application, lifespan="off", log_config=None, port=0)
    config.load()
    server = GracefulServer(config, drain=drain, close=close)
    server.lifespan = config.lifespan_class(config)
    return server


async def test_clients_are_sent_away_before_it_stops_accepting_and_the_rest_is_closed_after_it():
    steps = []
    server = make_server(steps)
    assert not server.answering.is_set()
    await server.startup()
    assert server.answering.is_set()
    server.force_exit = True
    await server.shutdown()
    assert steps == [("drain", True, True), ("close", False)]


async def test_a_signal_asks_for_the_end_and_is_not_raised_again():
    server = make_server()
    with server.capture_signals():
        signal.raise_signal(signal.SIGTERM)
    assert server.should_exit
