import gzip
import os
import re

import httpx
import pytest
from starlette.applications import Starlette

from app.api.built_page import add_page, is_built
from app.api.middleware import PAGE_POLICY, SecurityHeaders
from app.factory import STATIC
from app.reports.formats.html import content_security_policy, style_source


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>page</title>", "utf-8")
    (tmp_path / "docs.html").write_text("<!doctype html><title>docs</title>", "utf-8")
    (tmp_path / "favicon.svg").write_text("<svg/>", "utf-8")
    (tmp_path / "assets" / "main-1234.js").write_text("export {};", "utf-8")
    return tmp_path


def client_of(folder):
    application = Starlette()
    add_page(application, folder, unbuilt=STATIC / "unbuilt")
    transport = httpx.ASGITransport(SecurityHeaders(application))
    return httpx.AsyncClient(transport=transport, base_url="http://page.test")


@pytest.fixture
async def client(folder):
    async with client_of(folder) as client:
        yield client


async def test_the_page_is_served_with_its_files(client):
    page = await client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    script = await client.get("/assets/main-1234.js")
    assert script.status_code == 200
    assert "javascript" in script.headers["content-type"]
    assert (await client.get("/favicon.svg")).headers["content-type"] == "image/svg+xml"
    assert (await client.post("/")).status_code == 405


async def test_nothing_becomes_markup_but_what_the_policy_of_vue_lets_through(client):
    for path in ("/", "/assets/main-1234.js"):
        parts = [part.strip() for part in (await client.get(path)).headers["content-security-policy"].split(";")]
        assert parts[-2:] == ["require-trusted-types-for 'script'", "trusted-types vue"]


async def test_frames_hold_reports_with_their_own_style_alone(client):
    """A document that is made in memory has the policy of who made it."""
    policy = (await client.get("/")).headers["content-security-policy"]
    assert "frame-src blob:;" in policy
    assert f"style-src 'self' {style_source()};" in policy
    assert style_source() in content_security_policy()


async def test_it_comes_with_the_policy_of_all_pages_and_is_asked_for_again_after_an_upgrade(client):
    page = await client.get("/")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-cache"
    unchanged = await client.get("/", headers={"If-None-Match": page.headers["etag"]})
    assert unchanged.status_code == 304
    assert unchanged.headers["content-security-policy"] == page.headers["content-security-policy"]


async def test_what_stands_there_until_it_is_built_is_known_by_its_content_as_well(tmp_path):
    async with client_of(tmp_path) as client:
        for path in ("/", "/docs"):
            page = await client.get(path)
            assert page.headers["content-security-policy"] == PAGE_POLICY
            unchanged = await client.get(path, headers={"If-None-Match": page.headers["etag"]})
            assert (page.status_code, unchanged.status_code) == (200, 304)
            (tmp_path / ("index.html" if path == "/" else "docs.html")).write_text("built", "utf-8")
            built = await client.get(path, headers={"If-None-Match": page.headers["etag"]})
            assert (built.status_code, built.text) == (200, "built")


async def test_another_build_of_the_same_length_and_time_is_another_page(client, folder):
    index = folder / "index.html"
    before, times = await client.get("/"), index.stat()
    index.write_bytes(before.content[:-2] + b"X\n")
    os.utime(index, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert index.stat().st_size == times.st_size
    after = await client.get("/", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.content != before.content


@pytest.mark.parametrize("is_built", [True, False])
async def test_where_it_was_before_the_reader_is_sent_on_relative_to_where_the_server_is(folder, tmp_path, is_built):
    async with client_of(folder if is_built else tmp_path / "nowhere") as client:
        answers = [await client.get(path) for path in ("/app", "/app/", "/app/?target=a.test")]
    assert {answer.status_code for answer in answers} == {307}
    assert [answer.headers["location"] for answer in answers] == ["./", "../", "../?target=a.test"]


HASHED = "main-Dz_4-k9A.js"
CONTENT = b"export const a = 1;\n" * 200


@pytest.fixture
def compressed(folder):
    """A script with the files that the build puts beside it; what is in them tells which was sent."""
    for name, content in {HASHED: CONTENT, f"{HASHED}.br": b"brotli", f"{HASHED}.gz": gzip.compress(CONTENT)}.items():
        (folder / "assets" / name).write_bytes(content)


@pytest.mark.usefixtures("compressed")
@pytest.mark.parametrize(
    ("accepted", "coding", "content"),
    [
        ("gzip, deflate, br, zstd", "br", None),
        ("gzip, deflate", "gzip", CONTENT),
        ("br;q=0.1, gzip;q=0.2", "gzip", CONTENT),
        ("br;q=0, gzip;q=0", None, CONTENT),
        ("identity", None, CONTENT),
        ("", None, CONTENT),
    ],
)
async def test_a_file_is_sent_as_the_build_has_compressed_it_to_who_takes_that(client, accepted, coding, content):
    async with client.stream("GET", f"/assets/{HASHED}", headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.status_code == 200
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "javascript" in answer.headers["content-type"]
    assert int(answer.headers["content-length"]) == len(raw)
    assert (gzip.decompress(raw) if coding == "gzip" else raw) == (content or b"brotli")
    assert answer.headers["content-security-policy"].endswith("trusted-types vue")


@pytest.mark.usefixtures("compressed")
async def test_a_file_that_is_known_in_one_coding_is_not_taken_for_the_other(client):
    path = f"/assets/{HASHED}"
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    packed = await client.get(path, headers={"Accept-Encoding": "gzip"})
    known = {"If-None-Match": packed.headers["etag"]}
    unchanged = await client.get(path, headers={"Accept-Encoding": "gzip", **known})
    assert (unchanged.status_code, unchanged.headers["vary"]) == (304, "Accept-Encoding")
    assert plain.headers["etag"] != packed.headers["etag"]
    assert (await client.get(path, headers={"Accept-Encoding": "identity", **known})).status_code == 200


@pytest.mark.usefixtures("compressed")
async def test_a_name_with_a_hash_is_kept_for_good_and_every_other_is_asked_for_again(client, folder):
    (folder / "assets" / "notes.js").write_text("export {};", "utf-8")
    kept = [await client.get(f"/assets/{name}") for name in (HASHED, "main-1234.js", "notes.js", "gone-Dz_4-k9A.js")]
    assert [answer.status_code for answer in kept] == [200, 200, 200, 404]
    for_good = "public, max-age=31536000, immutable"
    assert [answer.headers["cache-control"] for answer in kept] == [for_good, "no-cache", "no-cache", "no-cache"]
    assert "vary" not in kept[2].headers
    assert (await client.get("/")).headers["cache-control"] == "no-cache"


@pytest.mark.usefixtures("compressed")
@pytest.mark.parametrize(
    "path",
    [
        "/nothing.js",
        "/index.html",
        "/assets/",
        "/assets/../secret",
        "/assets/%2e%2e/secret",
        "/assets//etc/passwd",
        f"/assets/{HASHED}.br",
        f"/assets/{HASHED}.gz",
    ],
)
async def test_nothing_else_is_served(client, folder, path):
    (folder / "secret").write_text("secret", "utf-8")
    assert (await client.get(path)).status_code == 404


async def test_swagger_ui_has_the_policy_of_every_page_and_no_more(client):
    docs = await client.get("/docs")
    assert "<title>docs</title>" in docs.text
    assert docs.headers["content-security-policy"] == PAGE_POLICY
    assert (await client.get("/docs", headers={"If-None-Match": docs.headers["etag"]})).status_code == 304


async def test_without_a_build_the_documentation_says_so_in_one_sentence_of_each_language(tmp_path):
    async with client_of(tmp_path) as client:
        docs = await client.get("/docs")
    assert (docs.status_code, docs.headers["content-security-policy"]) == (200, PAGE_POLICY)
    sentences = re.findall(r"<p.*?>(.+)</p>", docs.text)
    assert ["<code>make frontend</code>" in one and "openapi.json" in one for one in sentences] == [True, True]


async def test_a_program_that_was_not_built_says_so_in_both_languages_with_the_command(tmp_path):
    assert not is_built(tmp_path)
    async with client_of(tmp_path) as client:
        page = await client.get("/")
    assert page.status_code == 200
    assert "unsafe" not in page.headers["content-security-policy"]
    for said in ("网页尚未构建", "The page has not been built", "<code>make frontend</code>"):
        assert said in page.text


async def test_a_page_that_is_built_under_a_running_server_is_there_when_it_is_loaded_again(folder, tmp_path):
    """As the page that says that it was not built asks the reader to do."""
    place = tmp_path / "later"
    async with client_of(place) as client:
        assert "make frontend" in (await client.get("/")).text
        assert (await client.get("/favicon.svg")).status_code == 404
        place.symlink_to(folder, target_is_directory=True)
        page = await client.get("/")
        assert "<title>page</title>" in page.text
        assert "trusted-types vue" in page.headers["content-security-policy"]
        assert (await client.get("/assets/main-1234.js")).status_code == 200
