"""ASGI entry: `python main.py` serves as `compliance serve` does; by hand it is
`uvicorn --ws app.transport.websocket:WebSocketProtocol main:app` (the sockets need that protocol; uvicorn's own HTTP
side bounds neither slow requests nor their number, so do not put that one in the open).

The application is made when it is first asked for; its lifespan starts and stops everything else.
"""

from typing import Any

from app.factory import create_app_from_environment


def __getattr__(name: str) -> Any:
    if name == "app":
        return create_app_from_environment()
    raise AttributeError(name)


if __name__ == "__main__":
    from app.core.config import load_settings
    from app.server import run_server

    run_server(load_settings())
