"""The close codes, and what the ranges say of them."""

import pytest

from app.client.reconnect import CloseAction, after_close
from app.domain.close_codes import FIRST_STOPPING_CODE, STOP, STOP_REASONS, CloseCode


def test_codes_from_4500_on_and_no_others_tell_the_client_to_stop():
    assert {code for code in CloseCode if code.action == STOP} == {c for c in CloseCode if c >= FIRST_STOPPING_CODE}
    assert set(STOP_REASONS) == {code for code in CloseCode if code.action == STOP}


@pytest.mark.parametrize(
    "code", sorted(set(CloseCode) - {CloseCode.NORMAL, CloseCode.POLICY}), ids=lambda code: code.name
)
def test_the_client_does_what_the_table_says(code):
    """NORMAL is the client's own, and after POLICY the reason decides (tests/unit/client/test_reconnect.py)."""
    renews = code.action.startswith("refresh")
    action = CloseAction.STOP if code.action == STOP else CloseAction.RENEW if renews else CloseAction.RECONNECT
    assert {after_close(code, reason) for reason in code.reasons or ("rate_limited",)} == {action}
