"""Documents that are rendered once, and in which language they come."""

import gzip

import pytest
from starlette.requests import Request

from app.api.documents import CachedDocument, TranslatedDocument


def request(tag: str | None = None, *, coding: str | None = None) -> Request:
    given = {"if-none-match": tag, "accept-encoding": coding}
    headers = [(name.encode(), value.encode()) for name, value in given.items() if value is not None]
    return Request({"type": "http", "method": "GET", "path": "/docs", "headers": headers})


async def test_a_document_is_rendered_once_and_known_again_by_its_tag():
    rendered = []

    def render() -> bytes:
        rendered.append(1)
        return b"text"

    document = CachedDocument(render, media_type="text/html")
    first = await document.answer(request())
    assert (first.status_code, first.body) == (200, b"text")
    for tag in (first.headers["etag"], f'"other", W/{first.headers["etag"]}'):
        assert (await document.answer(request(tag))).status_code == 304
    assert (await document.answer(request('"other"'))).status_code == 200
    assert len(rendered) == 1


async def test_a_document_lies_compressed_beside_itself_with_a_tag_of_its_own():
    document = CachedDocument(lambda: b"text" * 1_000, media_type="text/html")
    plain, packed = [await document.answer(request(coding=coding)) for coding in (None, "br, gzip;q=0.5")]
    assert (plain.headers.get("content-encoding"), packed.headers["content-encoding"]) == (None, "gzip")
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["content-length"] == str(len(packed.body))
    assert {answer.headers["vary"] for answer in (plain, packed)} == {"Accept-Encoding"}
    tags = [answer.headers["etag"] for answer in (plain, packed)]
    unchanged = await document.answer(request(tags[1], coding="gzip"))
    assert (unchanged.status_code, unchanged.headers["vary"]) == (304, "Accept-Encoding")
    assert (await document.answer(request(tags[0], coding="gzip"))).status_code == 200


def asking(query: str = "", accept: str | None = None) -> Request:
    headers = [] if accept is None else [(b"accept-language", accept.encode())]
    return Request({"type": "http", "method": "GET", "path": "/x", "query_string": query.encode(), "headers": headers})


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("", None, "en"),  # a program
        ("", "*", "en"),
        ("", "zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("", "de, fr;q=0.5", "en"),
        ("lang=zh", "en", "zh-CN"),
        ("lang=zh-CN", None, "zh-CN"),
        ("lang=en", "zh", "en"),
        ("lang=de", "zh", "zh-CN"),  # is not here: as without it
        ("lang=", "zh", "zh-CN"),
    ],
)
async def test_a_document_comes_in_the_language_that_is_asked_for(query, accept, language):
    document = TranslatedDocument(lambda wanted: wanted.encode())
    answer = await document.answer(asking(query, accept))
    assert (answer.body.decode(), answer.headers["content-language"]) == (language, language)
    assert answer.headers["vary"] == "Accept-Language, Accept-Encoding"


async def test_each_language_is_rendered_once_and_has_its_own_tag():
    rendered: list[str] = []

    def render(language: str) -> bytes:
        rendered.append(language)
        return language.encode()

    document = TranslatedDocument(render)
    tags = {(await document.answer(asking(f"lang={lang}"))).headers["etag"] for lang in ("en", "zh", "en", "zh")}
    assert len(tags) == 2
    assert rendered == ["en", "zh-CN"]
