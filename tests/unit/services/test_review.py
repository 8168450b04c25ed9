import base64
import json
from datetime import UTC, datetime

import pytest

from app.core.errors import InvalidInput
from app.services.review import ReviewCursor

AT = datetime(2026, 11, 27, 7, 40, 4, 623_001, tzinfo=UTC)


@pytest.mark.parametrize("after", [None, (0.7999999999999999, "v1")])
def test_a_cursor_comes_back_as_it_was(after):
    cursor = ReviewCursor(AT, "t1", after)
    assert ReviewCursor.parse(str(cursor)) == cursor


def written(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "!!!!",
        "é",
        written(),
        written(AT.isoformat()),
        written("2026-11-27T07:40:04", "t"),
        written(AT.isoformat(), 7),
        written(AT.isoformat(), "t\0"),
        written(AT.isoformat(), "t", 0.5),
        written(AT.isoformat(), "t", "0.5", "v"),
        written(AT.isoformat(), "t", None, "v"),
        written(AT.isoformat(), "t", 0.5, ["v"]),
        written(AT.isoformat(), "t", 0.5, "v", 1),
        written(1, "t"),
        written("0001-01-01T00:00:00+14:00", "t"),
    ],
)
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(InvalidInput) as refused:
        ReviewCursor.parse(text)
    assert refused.value.code == "invalid_cursor"
