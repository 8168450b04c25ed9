"""URLs as URIs."""

import pytest

from app.reports.formats.uris import uri_of


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("https://www.corp.test/a?b=c&d=%20e#f", "https://www.corp.test/a?b=c&d=%20e#f"),
        ("http://[2001:db8::1]:8080/a[1]", "http://[2001:db8::1]:8080/a%5B1%5D"),
        ("https://corp.test/赌 场", "https://corp.test/%E8%B5%8C%20%E5%9C%BA"),
        (
            'https://corp.test/100%?q="<script>"|\\^`{}',
            "https://corp.test/100%25?q=%22%3Cscript%3E%22%7C%5C%5E%60%7B%7D",
        ),
        ("https://corp.test/#a#b", "https://corp.test/#a%23b"),
        ("https://corp.test/\ud800", "https://corp.test/?"),
        ("", ""),
    ],
)
def test_what_a_uri_does_not_have_is_escaped_and_the_rest_stays(url, uri):
    assert uri_of(url) == uri
    assert uri_of(uri) == uri
