"""In which language a reader is answered."""

from types import SimpleNamespace

import pytest
from starlette.requests import HTTPConnection

from app.domain.messages import Language
from app.rest.language import language_of, preferred

ZH, EN = Language.ZH_CN, Language.EN


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", ZH),
        ("*", ZH),
        ("en", EN),
        ("zh-TW,zh;q=0.9,en;q=0.8", ZH),
        ("de-DE,de;q=0.9,en;q=0.5,zh;q=0.4", EN),
        ("en;q=0.4, zh-CN;q=0.9", ZH),
        ("en;q=0, zh;q=0.1", ZH),
        ("fr, *;q=0.5", ZH),
        ("fr", EN),
        ("en;q=nonsense", ZH),
        ("en;level=1", EN),
        (",,;;q=1,", ZH),
        ("xx," * 10_000 + "zh", EN),
    ],
)
def test_what_a_header_asks_for(header, language):
    assert preferred(header, ZH) is language


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        (b"", "", ZH),
        (b"", "en", EN),
        (b"lang=en", "zh", EN),
        (b"lang=zh-CN", "en", ZH),
        (b"lang=xx", "en", EN),
        (b"lang=", "", ZH),
    ],
)
def test_an_error_is_in_the_language_of_the_address_or_the_header(query, header, language):
    services = SimpleNamespace(settings=SimpleNamespace(language=ZH))
    headers = [(b"accept-language", header.encode())]
    scope = {"type": "http", "query_string": query, "headers": headers, "state": {"services": services}}
    assert language_of(HTTPConnection(scope)) is language
