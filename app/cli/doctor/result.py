"""What a check says."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.messages import Language, MessageCatalog

ENGLISH: Final = MessageCatalog(Language.EN)  # for a caller that wants for one check alone


class CheckStatus(StrEnum):
    OK = "ok"
    DEGRADED = "less"  # something works less well, or not at all, and the rest does not need it
    FAILED = "bad"  # the service or its scans do not work like this


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`name` is stable, for scripts. `means`: what works without it and what does not; empty where all is well."""

    name: str
    state: CheckStatus
    found: str
    means: str = ""


def ok(name: str, found: str, means: str = "") -> CheckResult:
    return CheckResult(name, CheckStatus.OK, found, means)


def degraded(name: str, found: str, means: str) -> CheckResult:
    return CheckResult(name, CheckStatus.DEGRADED, found, means)


def failed(name: str, found: str, means: str) -> CheckResult:
    return CheckResult(name, CheckStatus.FAILED, found, means)
