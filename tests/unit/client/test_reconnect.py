import pytest

from app.client.reconnect import Act, Backoff, after_close, after_no_ticket, stop_reason


@pytest.mark.parametrize(
    ("code", "reason", "act"),
    [
        (1000, "", Act.RECONNECT),
        (1001, "", Act.RECONNECT),
        (1006, "", Act.RECONNECT),
        (1011, "server_busy", Act.RECONNECT),
        (1012, "", Act.RECONNECT),
        (4008, "", Act.RECONNECT),
        (4010, "", Act.RECONNECT),
        (4029, "bad_json", Act.RECONNECT),
        (4001, "", Act.RENEW),
        (1008, "expired_token", Act.RENEW),
        (1008, "missing_token", Act.STOP),
        (1008, "invalid_token", Act.RECONNECT),
        (1008, "user_disabled", Act.STOP),
        (1008, "token_mismatch", Act.STOP),
        (4500, "", Act.STOP),
        (4501, "", Act.STOP),
        (4503, "", Act.STOP),
        (4999, "", Act.STOP),
    ],
)
def test_the_close_code_says_what_to_do(code, reason, act):
    assert after_close(code, reason) is act


def test_a_token_without_a_ticket_is_renewed_when_it_has_expired():
    codes = ["expired_token", "invalid_token", "user_disabled", "missing_token"]
    assert [after_no_ticket(code) for code in codes] == [Act.RENEW, Act.STOP, Act.STOP, Act.STOP]


def test_the_reason_of_a_stop_is_a_stable_key():
    assert [stop_reason(*pair) for pair in [(4500, ""), (4503, "x"), (1008, "invalid_token"), (4700, "")]] == [
        "logged_out",
        "connection_limit",
        "invalid_token",
        "refused",
    ]


def test_the_delay_is_anything_up_to_a_limit_that_doubles_to_thirty_seconds():
    most, least = Backoff(random=lambda: 1.0), Backoff(random=lambda: 0.0)
    assert [most.next_delay_s() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert [least.next_delay_s() for _ in range(3)] == [0, 0, 0]


def test_it_never_overflows():
    backoff = Backoff(random=lambda: 1.0)
    assert {backoff.next_delay_s() for _ in range(5_000)} == {0.5, 1, 2, 4, 8, 16, 30}


def test_only_a_stable_connection_starts_anew():
    backoff = Backoff(random=lambda: 1.0)
    for _ in range(3):
        backoff.next_delay_s()
    backoff.was_connected(29.9)
    assert backoff.next_delay_s() == 4
    backoff.was_connected(30.0)
    assert backoff.next_delay_s() == 0.5


def test_the_servers_advice_counts_for_the_next_delay_alone():
    backoff = Backoff(random=lambda: 0.5)
    backoff.advise(2.0, 6.0)
    assert backoff.next_delay_s() == 4.0
    assert backoff.next_delay_s() == 0.5


def test_a_hold_is_the_least_that_is_waited_and_those_who_waited_do_not_come_at_once():
    eager, late = Backoff(random=lambda: 0.0), Backoff(random=lambda: 1.0)
    for backoff in (eager, late):
        backoff.hold(5.0)
        backoff.hold(3.0)
    assert [eager.next_delay_s(), late.next_delay_s()] == [5.0, 5.5]
    assert [eager.next_delay_s(), late.next_delay_s()] == [0.0, 1.0]
