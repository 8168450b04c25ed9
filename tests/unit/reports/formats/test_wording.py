"""Times, durations and decisions in a report."""

import pytest

from app.domain.messages import MessageCatalog
from app.reports.formats.wording import decision_text, duration_text, moment_text
from tests.support.said import said


def test_a_time_says_its_zone():
    assert moment_text("2026-11-26T10:53:12.623Z") == "2026-11-26 10:53:12 UTC"
    assert moment_text(None) == ""


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3_723, "1 h 2 min 3 s"), (-1, "0 s")]
)
def test_a_duration_begins_with_what_is_not_zero(seconds, said):
    assert duration_text(seconds, MessageCatalog("en")) == said


DECISION = {
    "state": "dismissed",
    "reason": "ours",
    "expires_on": None,
    "decided_by": "mei",
    "decided_at": "2026-11-26T10:53:12.623Z",
    "version": 1,
    "holds": True,
    "expired": False,
}
TEMPORARY = {**DECISION, "expires_on": "2027-11-30"}


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (None, ""),
        (DECISION, "Dismissed, by mei, 2026-11-26 10:53:12 UTC: ours"),
        ({**DECISION, "state": "confirmed", "reason": None}, "Confirmed, by mei, 2026-11-26 10:53:12 UTC"),
        (
            {**DECISION, "holds": False},
            said("report.decision_lapsed", decision="Dismissed, by mei, 2026-11-26 10:53:12 UTC: ours"),
        ),
        (TEMPORARY, "Dismissed until 2027-11-30, by mei, 2026-11-26 10:53:12 UTC: ours"),
        (
            {**TEMPORARY, "holds": False, "expired": True},
            "Dismissed until 2027-11-30, by mei, 2026-11-26 10:53:12 UTC: ours (expired: open again)",
        ),
    ],
)
def test_a_decision_says_who_when_and_why(decision, said):
    assert decision_text(decision, MessageCatalog("en")) == said
