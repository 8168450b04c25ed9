"""Codes are their values on the wire, and each says what it means."""

import pytest

from app.websocket.messages.codes import ErrorCode, SnapshotReason


@pytest.mark.parametrize("code", [*ErrorCode, *SnapshotReason])
def test_a_code_is_found_by_its_value_and_keeps_its_meaning(code):
    found = type(code)(str(code))
    assert found is code
    assert found.meaning.endswith(".")
