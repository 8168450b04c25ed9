"""Kinds of violation, risk levels and the two thresholds that turn a score into a violation."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ViolationKey(StrEnum):
    """Stable key on the wire (`violation_key`)."""

    ADULT = "adult"
    GAMBLING = "gambling"
    FRAUD = "fraud"
    MALWARE = "malware"
    DRUGS = "drugs"
    VIOLENCE = "violence"
    MEDICAL = "medical"
    OTHER = "other"
    TAKEOVER = "takeover"
    HIDDEN_LINK = "hidden_link"


class RiskLevel(StrEnum):
    """Ascending in the order of definition."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


VIOLATION_NAMES: Final = MappingProxyType(
    {
        ViolationKey.ADULT: ("色情内容", "Adult content"),
        ViolationKey.GAMBLING: ("赌博内容", "Gambling"),
        ViolationKey.FRAUD: ("诈骗钓鱼", "Fraud and phishing"),
        ViolationKey.MALWARE: ("恶意软件", "Malware"),
        ViolationKey.DRUGS: ("毒品内容", "Drugs"),
        ViolationKey.VIOLENCE: ("暴力仇恨", "Violence and hate"),
        ViolationKey.MEDICAL: ("违规医药", "Illegal medicine"),
        ViolationKey.TAKEOVER: ("域名可被接管", "Domain can be taken over"),
        ViolationKey.HIDDEN_LINK: ("隐藏链接", "Hidden link"),
        ViolationKey.OTHER: ("其他", "Other"),
    }
)

VIOLATION_FROM: Final = 0.5  # from this confidence on it is a violation (protocol.md, section 4)
REVIEW_BELOW: Final = 0.8  # below this one it also needs a review


def violation_name(key: ViolationKey, language: str) -> str:
    """Display text (`violation_type` on the wire) in the deployment's language."""
    zh, en = VIOLATION_NAMES[key]
    return en if language == "en" else zh
