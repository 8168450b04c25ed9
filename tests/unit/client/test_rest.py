"""What each answer of a server means, over a real socket."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from app.client.errors import ClientError, ServerUnreachable, SignInFailed
from app.client.rest import RestClient, Session, fetch_ticket, is_passing, retry_after_s


@asynccontextmanager
async def answering(status, body, **headers):
    """A server with one answer to everything; yields its address and the requests that came."""
    requests = []

    async def answer(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length:")), 0)
        requests.append((head, (await reader.readexactly(length)).decode()))
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(text)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + text)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests


TOKENS = {"access_token": "a", "refresh_token": "r"}


async def test_signing_in_and_renewing_give_a_session():
    async with answering(200, TOKENS) as (url, requests), RestClient(f"{url}/") as rest:
        assert await rest.login("me", "secret") == Session("a", "r")
        assert await rest.refresh("old") == Session("a", "r")
    (login, words), (refresh, token) = requests
    assert login.startswith("POST /api/v1/auth/login ")
    assert json.loads(words) == {"username": "me", "password": "secret"}
    assert refresh.startswith("POST /api/v1/auth/refresh ")
    assert json.loads(token) == {"refresh_token": "old"}


async def test_a_report_is_asked_for_with_the_token_in_the_header_and_the_id_quoted():
    async with answering(200, {"task": {}}) as (url, requests), RestClient(url) as rest:
        assert await rest.report("a/b", "secret") == {"task": {}}
    ((head, _),) = requests
    assert head.startswith("GET /api/v1/tasks/a%2Fb/report ")
    assert "Authorization: Bearer secret" in head


async def test_a_ticket_is_the_text_in_the_answer():
    async with answering(200, {"ticket": "t"}) as (url, requests):
        assert await fetch_ticket(f"{url}/ticket", "secret") == "t"
    assert "Authorization: Bearer secret" in requests[0][0]


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (401, {"code": "expired_token", "detail": "It has expired."}, SignInFailed, "expired_token"),
        (403, {"code": "forbidden", "detail": "No."}, ClientError, "forbidden"),
        (404, [], ClientError, "http_404"),
        (200, b"<html>", ClientError, "not_json"),
        (503, {"code": "database_unavailable", "detail": "Busy."}, ServerUnreachable, "database_unavailable"),
        (502, b"<html>", ServerUnreachable, "http_502"),
        (429, {"code": "rate_limited", "detail": "Slowly."}, ServerUnreachable, "rate_limited"),
    ],
)
async def test_a_refusal_is_the_error_that_says_what_to_do(status, body, kind, code):
    async with answering(status, body, Retry_After="7") as (url, _), RestClient(url) as rest:
        with pytest.raises(kind) as caught:
            await rest.report("t", "secret")
    assert type(caught.value) is kind
    assert caught.value.code == code
    if kind is ServerUnreachable:
        assert caught.value.retry_after_s == 7.0


async def test_no_answer_at_all_is_a_server_that_is_away():
    async with answering(200, {}) as (url, _):
        pass
    async with RestClient(url) as rest:
        with pytest.raises(ServerUnreachable) as caught:
            await rest.login("me", "secret")
    assert caught.value.code == "unreachable"


@pytest.mark.parametrize(("status", "passing"), [(408, True), (429, True), (500, True), (599, True), (404, False)])
def test_some_refusals_pass(status, passing):
    assert is_passing(status) is passing


@pytest.mark.parametrize(("text", "seconds"), [("7", 7.0), ("99999", 3_600.0), ("Wed, 21 Oct 2015", 0.0), ("", 0.0)])
def test_a_pause_is_read_in_seconds(text, seconds):
    assert retry_after_s({"Retry-After": text}) == seconds
