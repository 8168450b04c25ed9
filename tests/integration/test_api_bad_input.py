"""Whatever is sent: a clear problem with a stable code, never a 500, nothing half-created."""

import json

import pytest
import pytest_asyncio

from tests.support.house import House, open_house

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
async def house(tmp_path_factory):
    """One for all: what is refused leaves nothing behind."""
    async with open_house(tmp_path_factory.mktemp("house") / "data") as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def headers(house):
    return await house.login()


async def nothing_was_made(house: House, headers: dict[str, str]) -> None:
    assert (await house.client.get("/api/v1/tasks", headers=headers)).json() == {
        "items": [],
        "total": 0,
        "truncated": False,
    }
    assert house.runner.woken == 0


def check(answer, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    problem = answer.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(("text", "code"), TARGETS)
async def test_what_is_no_domain_is_refused_with_the_reason(house, headers, text, code):
    check(await house.client.post("/api/v1/tasks", json={"target_domain": text}, headers=headers), 422, code)
    await nothing_was_made(house, headers)


@pytest.mark.parametrize("config", CONFIGS, ids=repr)
async def test_options_out_of_their_bounds_are_refused(house, headers, config):
    body = json.dumps({"target_domain": "example.com", "config": config})
    answer = await house.client.post("/api/v1/tasks", content=body, headers={**headers, **JSON})
    check(answer, 422, "invalid_input")
    assert all(field["field"].startswith("body.config") for field in answer.json()["errors"])
    await nothing_was_made(house, headers)


@pytest.mark.parametrize(("url", "code"), START_URLS)
async def test_start_urls_are_complete_and_inside_the_target(house, headers, url, code):
    body = {"target_domain": "example.com", "config": {"start_urls": [url]}}
    check(await house.client.post("/api/v1/tasks", json=body, headers=headers), 422, code)
    await nothing_was_made(house, headers)


@pytest.mark.parametrize(("content", "status", "code"), BODIES, ids=lambda value: repr(value)[:40])
async def test_bodies_that_are_not_what_was_asked_for_are_refused(house, headers, content, status, code):
    answer = await house.client.post("/api/v1/tasks", content=content, headers={**headers, **JSON})
    check(answer, status, code)
    await nothing_was_made(house, headers)


async def test_the_value_that_was_refused_is_not_repeated(house):
    answer = await house.client.post("/api/v1/auth/login", json={"username": ["hunter2"], "password": {"p": "hunter2"}})
    check(answer, 422, "invalid_input")
    assert "hunter2" not in answer.text
    assert {field["field"] for field in answer.json()["errors"]} == {"body.username", "body.password"}


async def test_a_form_is_no_json(house):
    answer = await house.client.post("/api/v1/auth/login", data={"username": "admin", "password": "x"})
    check(answer, 422, "invalid_input")


async def ten_megabytes():
    for _ in range(160):
        yield b" " * 65_536


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
async def test_a_body_of_ten_megabytes_is_refused_before_it_is_read(house, headers, announced):
    content = b" " * 10_485_760 if announced else ten_megabytes()
    answer = await house.client.post("/api/v1/tasks", content=content, headers={**headers, **JSON})
    check(answer, 413, "too_large")
    await nothing_was_made(house, headers)


async def test_the_size_of_a_body_is_a_setting(tmp_path):
    async with open_house(tmp_path / "data", max_body_bytes=1_024) as house:
        body = {"username": "admin", "password": "x" * 1_100}
        check(await house.client.post("/api/v1/auth/login", json=body), 413, "too_large")


@pytest.mark.parametrize("length", ["-1", "x", "9" * 400])
async def test_a_length_that_makes_no_sense_is_too_large(house, length):
    answer = await house.client.post("/api/v1/auth/login", content=b"{}", headers={**JSON, "content-length": length})
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
async def test_a_query_out_of_its_bounds_is_refused(house, headers, query):
    check(await house.client.get(f"/api/v1/tasks?{query}", headers=headers), 422, "invalid_input")


@pytest.mark.parametrize(
    "query", ["after_log_seq=-1", "after_log_seq=" + "9" * 30, "limit=0", "limit=1001", "format=xml"]
)
async def test_a_log_query_out_of_its_bounds_is_refused(house, headers, query):
    answer = await house.client.get(f"/api/v1/monitor/tasks/x/logs?{query}", headers=headers)
    check(answer, 422, "invalid_input")


@pytest.mark.parametrize("task_id", ["x", "%00", "a" * 3_000, "%2e%2e", "01234567-89AB-7CDE-8F01-23456789ABCD", "💥"])
async def test_an_id_that_is_none_is_not_found(house, headers, task_id):
    answer = await house.client.get(f"/api/v1/tasks/{task_id}", headers=headers)
    check(answer, 404, "not_found")


@pytest.mark.parametrize("path", ["/nope", "/api", "/api/v2/tasks", "/api/v1/tasks/", "/static/../main.py"])
async def test_an_address_that_is_none_is_a_problem_too(house, path):
    check(await house.client.get(path), 404, "no_such_route")


async def test_a_method_that_is_none_is_a_problem_that_names_those_that_are(house):
    answer = await house.client.put("/api/v1/tasks")
    check(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


class Broken:
    async def list_page(self, *_: object, **__: object) -> None:
        raise RuntimeError("secret internals")


async def test_an_error_that_nobody_expected_says_nothing_of_itself(tmp_path):
    async with open_house(tmp_path / "data") as house:
        house.services.scans = Broken()
        answer = await house.client.get("/api/v1/tasks", headers=await house.login())
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
async def test_a_user_that_makes_no_sense_is_refused(house, headers, field, value):
    body = {"username": "mei", "email": "mei@example.com", "password": "long enough", "role": "user", field: value}
    check(await house.client.post("/api/v1/admin/users", json=body, headers=headers), 422, "invalid_input")
    assert (await house.client.get("/api/v1/admin/users", headers=headers)).json()["total"] == 1
