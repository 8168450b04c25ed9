"""Character references in text that is no markup."""

import pytest

from app.engines.extract.entities import unescape_html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&#65;&#x41;&amp;", "AA&"),
        ("&#00000000000065;", "A"),
        ("&#" + "9" * 5_000 + ";", "\ufffd"),
        ("&#x" + "f" * 5_000, "\ufffd"),
        ("&#0000000000;", "\ufffd"),
    ],
)
def test_references_are_undone_whatever_their_numbers_are(text, expected):
    assert unescape_html(text) == expected
