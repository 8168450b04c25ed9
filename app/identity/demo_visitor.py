"""As whom `compliance demo` lets browsers of this machine in without a password (ADR 0054)."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

LOCAL_NAME: Final = "localhost"


@dataclass(slots=True, kw_only=True)
class DemoVisitor:
    """Made by the demo alone, whose server lives as long as one looks at it and scans nothing but this machine.

    `is_refused`: the password is not the user's any more. Trying it on would keep others from signing in.
    """

    username: str
    password: str
    is_refused: bool = False

    def is_let_in(self, *, address: str | None, host: str | None) -> bool:
        """Tell whether the browser is on this machine, and asks for it by its own name.

        `address`: of the client; `host`: the name asked for, without a port. By the latter no page of another name gets
        in that has its name lead here (DNS rebinding).
        """
        return not self.is_refused and _is_loopback(address) and (host == LOCAL_NAME or _is_loopback(host))


def _is_loopback(text: str | None) -> bool:
    try:
        return ip_address((text or "").strip("[]")).is_loopback
    except ValueError:
        return False
