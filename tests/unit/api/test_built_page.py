import httpx
import pytest
from starlette.applications import Starlette

from app.api.built_page import add_built_page
from app.api.middleware import SecurityHeaders
from app.services.report_formats.html import content_security_policy, style_source


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>page</title>", "utf-8")
    (tmp_path / "assets" / "main-1234.js").write_text("export {};", "utf-8")
    return tmp_path


@pytest.fixture
async def client(folder):
    application = Starlette()
    assert add_built_page(application, folder)
    transport = httpx.ASGITransport(SecurityHeaders(application))
    async with httpx.AsyncClient(transport=transport, base_url="http://page.test") as client:
        yield client


async def test_the_page_is_served_with_its_files(client):
    page = await client.get("/app/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    script = await client.get("/app/assets/main-1234.js")
    assert script.status_code == 200
    assert "javascript" in script.headers["content-type"]


async def test_nothing_becomes_markup_but_what_the_policy_of_vue_lets_through(client):
    for path in ("/app/", "/app/assets/main-1234.js"):
        parts = [part.strip() for part in (await client.get(path)).headers["content-security-policy"].split(";")]
        assert parts[-2:] == ["require-trusted-types-for 'script'", "trusted-types vue"]


async def test_frames_hold_reports_with_their_own_style_alone(client):
    """A document that is made in memory has the policy of who made it."""
    policy = (await client.get("/app/")).headers["content-security-policy"]
    assert "frame-src blob:;" in policy
    assert f"style-src 'self' {style_source()};" in policy
    assert style_source() in content_security_policy()


async def test_it_comes_with_the_policy_of_all_pages_and_is_asked_for_again_after_an_upgrade(client):
    page = await client.get("/app/")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-cache"
    unchanged = await client.get("/app/", headers={"If-None-Match": page.headers["etag"]})
    assert unchanged.status_code == 304
    assert unchanged.headers["content-security-policy"] == page.headers["content-security-policy"]


async def test_without_the_last_slash_the_reader_is_sent_there_relative_to_where_the_server_is(client):
    answer = await client.get("/app")
    assert answer.status_code == 307
    assert answer.headers["location"] == "./app/"


@pytest.mark.parametrize("path", ["/app/nothing.js", "/app/../secret", "/app/%2e%2e/secret", "/app//etc/passwd"])
async def test_nothing_else_is_served(client, folder, path):
    (folder.parent / "secret").write_text("secret", "utf-8")
    assert (await client.get(path)).status_code == 404


def test_a_program_that_was_not_built_has_no_such_page(tmp_path):
    application = Starlette()
    assert not add_built_page(application, tmp_path)
    assert application.routes == []
