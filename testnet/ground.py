"""Where the test internet stands: addresses and ports, all inside 127.64.0.0/10 and never on 127.0.0.1."""

from dataclasses import dataclass
from typing import Final

ALLOW_NETWORK: Final = "127.64.0.0/10"
DNS_PORT: Final = 15353
HTTP_PORT: Final = 18080
HTTPS_PORT: Final = 18443
CONTROL_PORT: Final = 17353
FIRST_NET, LAST_NET = 64, 127  # second octets of 127.64.0.0/10


@dataclass(frozen=True, slots=True)
class Ground:
    """One test internet lives in 127.`net`.0.0/16. Two of them with different nets do not see each other."""

    net: int = FIRST_NET

    def __post_init__(self) -> None:
        if not FIRST_NET <= self.net <= LAST_NET:
            raise ValueError(f"net must be {FIRST_NET} to {LAST_NET}, not {self.net}")

    def address(self, block: int, number: int) -> str:
        return f"127.{self.net}.{block}.{number}"

    @property
    def control(self) -> tuple[str, int]:
        return self.address(0, 1), CONTROL_PORT

    @property
    def resolver(self) -> tuple[str, int]:
        return self.address(0, 53), DNS_PORT
