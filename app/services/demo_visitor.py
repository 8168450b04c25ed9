"""As whom `compliance demo` lets browsers of this machine in without a password (ADR 0054)."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

LOCAL_NAME: Final = "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoVisitor:
    """Made by the demo alone, whose server lives as long as one looks at it and scans nothing but this machine."""

    username: str
    password: str

    def is_let_in(self, *, address: str | None, host: str | None) -> bool:
        """Tell whether the browser is on this machine, and asks for it by its own name.

        `address`: of the client; `host`: the name asked for, without a port. By the latter no page of another name gets
        in that has its name lead here (DNS rebinding).
        """
        return _is_loopback(address) and (host == LOCAL_NAME or _is_loopback(host))


def _is_loopback(text: str | None) -> bool:
    try:
        return ip_address((text or "").strip("[]")).is_loopback
    except ValueError:
        return False
