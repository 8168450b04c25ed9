"""ASGI entry: `uvicorn main:app`, or `python main.py` for the server as `compliance serve` runs it.

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
