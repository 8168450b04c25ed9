"""How much of a fault: all of it, or the bounded form that a build has time for (`make test-long`)."""

import os
from typing import Final, TypeVar

Amount = TypeVar("Amount")

SHORT: Final = os.environ.get("FAULTS") == "short"


def either(full: Amount, short: Amount) -> Amount:
    return short if SHORT else full
