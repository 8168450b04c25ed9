"""Whatever is sent: a clear problem with a stable code, never a 500, nothing half-created."""

import json

import pytest
import pytest_asyncio

from tests.support.backend import Backend, open_backend

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"content-type": "application/json"}

TARGETS = [
    ("", "target_empty"),
    ("   ", "target_empty"),
    ("not a domain", "target_not_a_domain"),
    ("nodots", "target_local_name"),
    ("localhost", "target_local_name"),
    ("printer.local", "target_local_name"),
    ("192.0.2.1", "target_ip_address"),
    ("0x7f000001", "target_ip_address"),
    ("2001:db8::1", "target_ip_address"),
    ("[::1]", "target_ip_address"),
    ("com", "target_public_suffix"),
    ("co.uk", "target_public_suffix"),
    ("github.io", "target_public_suffix"),
    ("中国", "target_public_suffix"),
    ("a" * 300, "target_too_long"),
    (".".join(["a" * 60] * 5) + ".com", "target_too_long"),
    ("a" * 64 + ".com", "target_label_too_long"),
    ("exa\x00mple.com", "target_control_characters"),
    ("exam\nple.com", "target_control_characters"),
    ("exa\u202emple.com", "target_control_characters"),
    ("https://example.com/", "target_is_url"),
    ("example.com:80", "target_is_url"),
    ("user@example.com", "target_is_url"),
    ("example..com", "target_not_a_domain"),
    ("-example.com", "target_not_a_domain"),
    ("xn--.com", "target_not_a_domain"),
    ("exa_mple.com", "target_not_a_domain"),
    ("'; DROP TABLE users; --.com", "target_not_a_domain"),
]
CONFIGS = [
    {"max_pages": 0},
    {"max_pages": -1},
    {"max_pages": 10**30},
    {"max_pages": "10"},
    {"max_pages": 1.5},
    {"max_pages": True},
    {"max_pages": None},
    {"max_depth": -1},
    {"max_depth": 101},
    {"time_limit_s": 0},
    {"time_limit_s": 43_201},
    {"screenshots": "yes"},
    {"screenshots": 1},
    {"cloaking": "yes"},
    {"start_urls": "https://example.com/"},
    {"start_urls": [1]},
    {"start_urls": [""]},
    {"start_urls": ["https://example.com/"] * 101},
    {"start_urls": ["https://example.com/" + "a" * 2_048]},
    {"resolvers": ["192.0.2.1"]},
    {"allow_networks": ["10.0.0.0/8"]},
    {"ca_file": "/etc/passwd"},
    {"target": "example.net"},
    [],
    "x",
    7,
]
START_URLS = [
    ("/a", "start_url_invalid"),
    ("ftp://example.com/", "start_url_invalid"),
    ("javascript:alert(1)", "start_url_invalid"),
    ("https://user:pw@example.com/", "start_url_invalid"),
    ("https://example.com:99999/", "start_url_invalid"),
    ("https://example.net/", "start_url_outside_target"),
    ("https://example.com.evil.net/", "start_url_outside_target"),
    ("https://notexample.com/", "start_url_outside_target"),
    ("http://127.0.0.1/", "start_url_outside_target"),
]
BODIES = [
    (b"", 422, "invalid_input"),
    (b"{", 400, "bad_json"),
    (b'{"target_domain": "example.com"', 400, "bad_json"),
    (b"\xff\xfe", 400, "bad_json"),
    (b"[" * 100_000, 400, "bad_json"),
    (b'{"a":' * 50_000, 400, "bad_json"),
    (b"null", 422, "invalid_input"),
    (b"[]", 422, "invalid_input"),
    (b'"example.com"', 422, "invalid_input"),
    (b"{}", 422, "invalid_input"),
    (b'{"target_domain": null}', 422, "invalid_input"),
    (b'{"target_domain": 7}', 422, "invalid_input"),
    (b'{"target_domain": ["example.com"]}', 422, "invalid_input"),
    (b'{"target_domain": "\\ud800.com"}', 422, "invalid_input"),
    (b'{"target_domain": "example.com", "extra": 1}', 422, "invalid_input"),
    (b'{"target_domain": "example.com", "\\ud800": 1}', 422, "invalid_input"),
    (b'{"target_domain": "example.com", "config": {"max_pages": NaN}}', 422, "invalid_input"),
    (b'{"target_domain": "example.com", "config": {"max_pages": 1' + b"0" * 5_000 + b"}}", 400, "bad_json"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def backend(tmp_path_factory):
    """One for all: what is refused leaves nothing behind."""
    async with open_backend(tmp_path_factory.mktemp("backend") / "data") as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def headers(backend):
    return await backend.login()


async def nothing_was_made(backend: Backend, headers: dict[str, str]) -> None:
    assert (await backend.client.get("/api/v1/tasks", headers=headers)).json() == {
        "items": [],
        "total": 0,
        "truncated": False,
    }
    assert backend.runner.woken == 0


def check(answer, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    problem = answer.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(("text", "code"), TARGETS)
async def test_what_is_no_domain_is_refused_with_the_reason(backend, headers, text, code):
    check(await backend.client.post("/api/v1/tasks", json={"target_domain": text}, headers=headers), 422, code)
    await nothing_was_made(backend, headers)


@pytest.mark.parametrize("config", CONFIGS, ids=repr)
async def test_options_out_of_their_bounds_are_refused(backend, headers, config):
    body = json.dumps({"target_domain": "example.com", "config": config})
    answer = await backend.client.post("/api/v1/tasks", content=body, headers={**headers, **JSON})
    check(answer, 422, "invalid_input")
    assert all(field["field"].startswith("body.config") for field in answer.json()["errors"])
    await nothing_was_made(backend, headers)


@pytest.mark.parametrize(("url", "code"), START_URLS)
async def test_start_urls_are_complete_and_inside_the_target(backend, headers, url, code):
    body = {"target_domain": "example.com", "config": {"start_urls": [url]}}
    check(await backend.client.post("/api/v1/tasks", json=body, headers=headers), 422, code)
    await nothing_was_made(backend, headers)


@pytest.mark.parametrize(("content", "status", "code"), BODIES, ids=lambda value: repr(value)[:40])
async def test_bodies_that_are_not_what_was_asked_for_are_refused(backend, headers, content, status, code):
    answer = await backend.client.post("/api/v1/tasks", content=content, headers={**headers, **JSON})
    check(answer, status, code)
    await nothing_was_made(backend, headers)


async def test_the_value_that_was_refused_is_not_repeated(backend):
    answer = await backend.client.post(
        "/api/v1/auth/login", json={"username": ["hunter2"], "password": {"p": "hunter2"}}
    )
    check(answer, 422, "invalid_input")
    assert "hunter2" not in answer.text
    assert {field["field"] for field in answer.json()["errors"]} == {"body.username", "body.password"}


FOREIGN = ["application/x-www-form-urlencoded", "text/plain", "application/xml", "json", "text/json", "*/*", None]


@pytest.mark.parametrize("content_type", FOREIGN)
@pytest.mark.parametrize("content", [b'{"username": "admin", "password": "x"}', b"username=admin&password=x", b"{"])
async def test_a_body_that_does_not_say_that_it_is_json_is_none(backend, content_type, content):
    said = {} if content_type is None else {"content-type": content_type}
    answer = await backend.client.post("/api/v1/auth/login", content=content, headers=said)
    check(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"]
)
async def test_what_is_built_on_json_is_json(backend, content_type):
    content = b'{"username": "admin", "password": "x"}'
    answer = await backend.client.post("/api/v1/auth/login", content=content, headers={"content-type": content_type})
    check(answer, 401, "invalid_credentials")


async def test_no_body_is_a_missing_one_of_whatever_type(backend):
    answer = await backend.client.post("/api/v1/auth/login", headers={"content-type": "text/plain"})
    check(answer, 422, "invalid_input")


async def ten_megabytes():
    for _ in range(160):
        yield b" " * 65_536


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
async def test_a_body_of_ten_megabytes_is_refused_before_it_is_read(backend, headers, announced):
    content = b" " * 10_485_760 if announced else ten_megabytes()
    answer = await backend.client.post("/api/v1/tasks", content=content, headers={**headers, **JSON})
    check(answer, 413, "too_large")
    await nothing_was_made(backend, headers)


async def test_the_size_of_a_body_is_a_setting(tmp_path):
    async with open_backend(tmp_path / "data", max_body_bytes=1_024) as backend:
        body = {"username": "admin", "password": "x" * 1_100}
        check(await backend.client.post("/api/v1/auth/login", json=body), 413, "too_large")


@pytest.mark.parametrize("length", ["-1", "x", "9" * 400])
async def test_a_length_that_makes_no_sense_is_too_large(backend, length):
    answer = await backend.client.post("/api/v1/auth/login", content=b"{}", headers={**JSON, "content-length": length})
    check(answer, 413, "too_large")


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "page=" + "9" * 30,
        "page_size=0",
        "page_size=201",
        "status=asleep",
        "domain=" + "a" * 201,
        "domain=%00",
        "sort=" + "a" * 33,
    ],
)
async def test_a_query_out_of_its_bounds_is_refused(backend, headers, query):
    check(await backend.client.get(f"/api/v1/tasks?{query}", headers=headers), 422, "invalid_input")


@pytest.mark.parametrize(
    "query", ["after_log_seq=-1", "after_log_seq=" + "9" * 30, "limit=0", "limit=1001", "format=xml"]
)
async def test_a_log_query_out_of_its_bounds_is_refused(backend, headers, query):
    answer = await backend.client.get(f"/api/v1/monitor/tasks/x/logs?{query}", headers=headers)
    check(answer, 422, "invalid_input")


@pytest.mark.parametrize("task_id", ["x", "%00", "a" * 3_000, "%2e%2e", "01234567-89AB-7CDE-8F01-23456789ABCD", "💥"])
async def test_an_id_that_is_none_is_not_found(backend, headers, task_id):
    answer = await backend.client.get(f"/api/v1/tasks/{task_id}", headers=headers)
    check(answer, 404, "not_found")


@pytest.mark.parametrize("path", ["/nope", "/api", "/api/v2/tasks", "/api/v1/tasks/", "/static/../main.py"])
async def test_an_address_that_is_none_is_a_problem_too(backend, path):
    check(await backend.client.get(path), 404, "no_such_route")


async def test_a_method_that_is_none_is_a_problem_that_names_those_that_are(backend):
    answer = await backend.client.put("/api/v1/tasks")
    check(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


class Broken:
    async def list_page(self, *_: object, **__: object) -> None:
        raise RuntimeError("secret internals")


async def test_an_error_that_nobody_expected_says_nothing_of_itself(tmp_path):
    async with open_backend(tmp_path / "data") as backend:
        backend.services.scans = Broken()
        answer = await backend.client.get("/api/v1/tasks", headers=await backend.login())
    check(answer, 500, "internal")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("username", "a b"),
        ("username", "名"),
        ("username", "a" * 65),
        ("username", "a\n"),
        ("email", "none"),
        ("email", "a@b@c"),
        ("email", "a@" + "b" * 300),
        ("password", "short"),
        ("password", "x" * 257),
        ("password", "with\0nul-inside"),
        ("role", "root"),
        ("is_active", True),
    ],
)
async def test_a_user_that_makes_no_sense_is_refused(backend, headers, field, value):
    body = {"username": "mei", "email": "mei@example.com", "password": "long enough", "role": "user", field: value}
    check(await backend.client.post("/api/v1/admin/users", json=body, headers=headers), 422, "invalid_input")
    assert (await backend.client.get("/api/v1/admin/users", headers=headers)).json()["total"] == 1
