"""What a finding still waits for, or what came of it, stands among the reasons of its risk."""

from dataclasses import asdict

import pytest

from app.domain.rechecks import NOTE_AT_MOST, Recheck, is_unconfirmed, recheck_of, stored_recheck_of, with_recheck
from app.domain.risk import Embedding, Exposure, Place, assess, level_of
from app.domain.violations import RiskLevel, ViolationKey

HIGH = assess(ViolationKey.FRAUD, Exposure(Embedding.CODE, Place.WHOLE_SITE))
LOW = assess(ViolationKey.OTHER, Exposure(Embedding.MENTION, Place.DEEP))


def stored(risk):
    return [asdict(reason) for reason in risk.reasons]


@pytest.mark.parametrize("risk", [HIGH, LOW], ids=["high", "low"])
def test_what_was_seen_once_is_low_and_its_reasons_still_add_up(risk):
    noted = with_recheck(risk, Recheck.NOT_CONFIRMED)
    assert (noted.level, level_of(NOTE_AT_MOST + 1)) == (RiskLevel.LOW, RiskLevel.MEDIUM)
    assert noted.score == min(NOTE_AT_MOST, risk.score) == sum(reason.points for reason in noted.reasons)
    assert is_unconfirmed(stored(noted))


def test_what_is_awaited_weighs_as_much_as_before_and_says_so():
    awaited = with_recheck(HIGH, Recheck.AWAITED)
    assert (awaited.level, awaited.score) == (HIGH.level, HIGH.score)
    assert stored_recheck_of(stored(awaited)) is Recheck.AWAITED
    assert not is_unconfirmed(stored(awaited))


def test_what_was_upheld_is_as_if_nothing_had_been_asked():
    assert with_recheck(HIGH, Recheck.UPHELD) is HIGH
    assert recheck_of(reason.code for reason in HIGH.reasons) is None
