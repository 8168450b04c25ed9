import socket
import ssl

import pytest
from websockets.exceptions import InvalidMessage

from app.client.reconnect import Backoff, CloseAction, after_close, after_no_ticket, stop_reason, trouble_of


@pytest.mark.parametrize(
    ("code", "reason", "act"),
    [
        (1000, "", CloseAction.RECONNECT),
        (1001, "", CloseAction.RECONNECT),
        (1006, "", CloseAction.RECONNECT),
        (1011, "server_busy", CloseAction.RECONNECT),
        (1012, "", CloseAction.RECONNECT),
        (4008, "", CloseAction.RECONNECT),
        (4010, "", CloseAction.RECONNECT),
        (4029, "bad_json", CloseAction.RECONNECT),
        (4001, "", CloseAction.RENEW),
        (1008, "expired_token", CloseAction.RENEW),
        (1008, "missing_token", CloseAction.STOP),
        (1008, "invalid_token", CloseAction.RECONNECT),
        (1008, "user_disabled", CloseAction.STOP),
        (1008, "token_mismatch", CloseAction.STOP),
        (4500, "", CloseAction.STOP),
        (4501, "", CloseAction.STOP),
        (4503, "", CloseAction.STOP),
        (4999, "", CloseAction.STOP),
    ],
)
def test_the_close_code_says_what_to_do(code, reason, act):
    assert after_close(code, reason) is act


def test_a_token_without_a_ticket_is_renewed_when_it_has_expired():
    codes = ["expired_token", "invalid_token", "user_disabled", "missing_token"]
    assert [after_no_ticket(code) for code in codes] == [
        CloseAction.RENEW,
        CloseAction.STOP,
        CloseAction.STOP,
        CloseAction.STOP,
    ]


def test_the_reason_of_a_stop_is_a_stable_key():
    closed = [(4500, ""), (4500, "closed_by_admin"), (4503, "x"), (1008, "invalid_token"), (4700, "")]
    assert [stop_reason(*pair) for pair in closed] == [
        "logged_out",
        "closed_by_admin",
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


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (TimeoutError(), "no_answer"),
        (socket.gaierror(-2, "Name or service not known"), "no_such_host"),
        (ssl.SSLCertVerificationError(1, "expired"), "bad_certificate"),
        (ssl.SSLError(1, "wrong version"), "no_tls"),
        (ConnectionRefusedError(), "refused_there"),
        (ConnectionResetError(), "cut"),
        (OSError(113, "No route to host"), "no_way"),
        (InvalidMessage("no HTTP"), "not_ours"),
    ],
)
def test_what_happened_to_a_connection_has_a_key(error, key):
    assert trouble_of(error) == key
