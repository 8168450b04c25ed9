"""What is refused is counted, and bounded whoever asks."""

from datetime import UTC, datetime

from app.identity.denial_aggregator import MAX_NARROW, MAX_OF_WIDER, MAX_WIDE, WINDOW_S, AuditRow, DenialAggregator

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def denied(address: str, *, code: str = "invalid_token", user_id: str | None = None) -> AuditRow:
    return AuditRow(THEN, "auth.refresh", "denied", user_id, address, "an object", {"code": code})


def test_the_first_is_a_row_and_the_others_a_number():
    refusals = DenialAggregator()
    assert [refusals.note(denied("192.0.2.7"), now) for now in (0.0, 1.0, 2.0)] == [True, False, False]
    assert refusals.take_ended(WINDOW_S - 1) == []
    assert refusals.take_ended(WINDOW_S) == [
        AuditRow(THEN, "auth.refresh", "denied", None, "192.0.2.7", None, {"code": "invalid_token", "count": 2})
    ]
    assert not len(refusals)
    assert refusals.note(denied("192.0.2.7"), WINDOW_S)
    assert refusals.take_ended(3 * WINDOW_S) == []  # a first one is no more than itself


def test_addresses_users_and_reasons_are_told_apart():
    refusals = DenialAggregator()
    rows = [
        denied("192.0.2.7"),
        denied("192.0.2.8"),
        denied("192.0.2.7", code="expired_token"),
        denied("192.0.2.7", user_id="u"),
        denied("2001:db8::1"),
    ]
    assert [refusals.note(row, 0) for row in rows] == [True] * 5
    assert not refusals.note(denied("2001:db8::2"), 0)  # the same /64


def test_who_owns_a_48_writes_no_more_than_a_few_rows():
    refusals = DenialAggregator()
    written = sum(refusals.note(denied(f"2001:db8:1:{n:x}::1"), 0) for n in range(10_000))
    assert written == MAX_OF_WIDER + 1
    (row,) = refusals.take_all()
    assert (row.address, row.detail["count"]) == ("2001:db8:1::/48", 10_000 - written)
    assert refusals.note(denied("192.0.2.7"), 0)


def test_ten_thousand_networks_write_a_bounded_number_of_rows():
    refusals = DenialAggregator()
    written = sum(refusals.note(denied(f"10.{n // 256}.{n % 256}.1"), 0) for n in range(10_000))
    assert written == MAX_NARROW + MAX_WIDE + 1
    counted = refusals.take_all()
    assert [row.address for row in counted] == [None]
    assert written + sum(row.detail["count"] for row in counted) == 10_000
    assert not len(refusals)
    assert refusals.note(denied("10.0.0.1"), 0)


def test_an_address_that_is_none_is_one_kind():
    refusals = DenialAggregator()
    assert [refusals.note(AuditRow(THEN, "ws.connect", "denied"), 0) for _ in range(3)] == [True, False, False]
