"""Every route refuses as its documentation says: with that status, that content type, that shape and that code."""

import re
from operator import attrgetter

import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator

from app.api.errors import MEDIA_TYPE
from app.core.errors import LimitReached
from app.rest.documented_responses import CODES
from tests.support.backend import OWN_PAGE, open_backend
from tests.support.interface import openapi_document

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Of nothing that there is, and still what an address of that kind takes.
NOTHING = {"page_id": "4711", "number": "4711", "sha256": "0" * 64}
# Who says that there is too much of something.
LIMITED = {
    "login": ("auth", "login"),
    "refresh": ("auth", "refresh"),
    "cookie_login": ("auth", "login"),
    "cookie_refresh": ("auth", "refresh"),
    "change_password": ("auth", "change_password"),
    "issue_ticket": ("auth", "issue_ticket"),
    "create_task": ("scans", "create_once"),
    "create_order": ("orders", "create_once"),
    "retry_task": ("scans", "retry"),
    "create_channel": ("notifications.channels", "create"),
    "test_channel": ("notifications.channels", "test"),
    "create_rule": ("notifications.rules", "create"),
    "run_group": ("sites.service", "run_group"),
    "run_site": ("sites.service", "run"),
    "get_order_report": ("report_files", "open_order"),
    "get_report": ("report_files", "open"),
    "list_inventory": ("report_files", "open_parties"),
    "list_references": ("evidence", "open_table"),
    "follow_events": ("manager", "open_stream"),
    "broadcast": ("manager", "broadcast"),
    "ask_reading_model": ("reading_model_probe", "test"),
}
QUERIES = {"list_references": "?format=csv", "list_inventory": "?format=csv", "list_sites_of_service": "?service=Maps"}


def described():
    """(id, method, address, operation) of every route."""
    document = openapi_document()
    return document, [
        (operation["operationId"], method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


DOCUMENT, OPERATIONS = described()
PROBLEM = Draft202012Validator({"$ref": "#/components/schemas/Problem", "components": DOCUMENT["components"]})


def those(status: str, *, code: str = "", besides: tuple[str, ...] = ()):
    """The operations that declare a problem of this status, with this code."""
    rows = [
        row
        for row in OPERATIONS
        if CODES in (said := row[3]["responses"].get(status, {}))
        and code in ["", *said[CODES]]
        and row[0] not in besides
    ]
    assert rows
    return pytest.mark.parametrize(
        ("method", "path", "operation"), [row[1:] for row in rows], ids=[row[0] for row in rows]
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def backend(tmp_path_factory):
    async with open_backend(tmp_path_factory.mktemp("backend") / "data", max_body_bytes=10_000) as opened:
        opened.client.headers.update(OWN_PAGE)
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(backend):
    return await backend.login()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def user(backend):
    return await backend.add_user()


def fill(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: NOTHING.get(match[1], "x"), path)


def example(operation) -> dict:
    """A body that the documentation gives as one."""
    if "requestBody" not in operation:
        return {}
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return {"json": DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]["examples"][0]}


def check(answer, status: int, operation=None) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE), answer.text
    PROBLEM.validate(answer.json())
    assert answer.json()["status"] == status
    assert answer.headers["content-language"]
    if operation is not None:
        said = operation["responses"][str(status)]
        assert list(said["content"]) == [MEDIA_TYPE]
        assert answer.json()["code"] in said[CODES]
        needed = {"401": {"www-authenticate"}, "429": {"retry-after"}}.get(str(status), set())
        assert needed <= set(answer.headers)
        assert needed <= {name.lower() for name in said["headers"]}


@those("401", code="missing_token")
async def test_who_says_nothing_of_oneself_is_asked(backend, method, path, operation):
    check(await backend.client.request(method, fill(path), **example(operation)), 401, operation)


async def test_who_signs_in_wrongly_is_refused_as_documented(backend):
    for name in ("login", "refresh", "cookie_login"):
        _, method, path, operation = next(row for row in OPERATIONS if row[0] == name)
        check(await backend.client.request(method, path, **example(operation)), 401, operation)


# Their examples are for anybody: test_api_keys.py and test_notifications.py.
@those("403", code="admin_only", besides=("create_key", "create_rule", "replace_rule"))
async def test_who_may_not_is_refused(backend, user, method, path, operation):
    check(await backend.client.request(method, fill(path), headers=user, **example(operation)), 403, operation)


@those("403", code="origin_not_allowed")
async def test_what_is_for_our_own_page_is_refused_to_others(backend, method, path, operation):
    foreign = {"Origin": "https://elsewhere.test"}
    check(await backend.client.request(method, path, headers=foreign, **example(operation)), 403, operation)


@those("404", besides=("follow_events",))  # this backend has no streams: tests/integration/test_streams.py
async def test_what_is_not_there_is_not_found(backend, admin, method, path, operation):
    check(await backend.client.request(method, fill(path), headers=admin, **example(operation)), 404, operation)


@pytest.mark.parametrize("path", sorted(DOCUMENT["paths"]))
async def test_another_method_is_refused_with_those_that_there_are(backend, path):
    known = {method.upper() for method in DOCUMENT["paths"][path]}
    other = next(method for method in ("PUT", "PATCH") if method not in known)
    answer = await backend.client.request(other, fill(path))
    check(answer, 405)
    assert known <= set(answer.headers["allow"].split(", "))


@those("413")
async def test_too_large_a_body_is_refused(backend, admin, method, path, operation):
    check(await backend.client.request(method, fill(path), headers=admin, json="x" * 20_000), 413, operation)


@those("415")
async def test_a_foreign_body_is_refused(backend, admin, method, path, operation):
    answer = await backend.client.request(method, fill(path), headers=admin, data={"a": "b"})
    check(answer, 415, operation)


@those("400")
async def test_what_is_no_json_is_refused(backend, admin, method, path, operation):
    headers = {**admin, "content-type": "application/json"}
    check(await backend.client.request(method, fill(path), headers=headers, content=b"{"), 400, operation)


@those("422")
async def test_an_unknown_parameter_is_refused(backend, admin, method, path, operation):
    answer = await backend.client.request(f"{method}", f"{fill(path)}?colour=red", headers=admin, **example(operation))
    check(answer, 422, operation)
    assert [field["field"] for field in answer.json()["errors"]] == ["query.colour"]


@those("415")
async def test_an_unknown_field_is_refused(backend, admin, method, path, operation):
    body = {**example(operation)["json"], "colour": "red"}
    answer = await backend.client.request(method, fill(path), headers=admin, json=body)
    check(answer, 422, operation)
    assert [field["field"] for field in answer.json()["errors"]] == ["body.colour"]


async def test_everybody_who_counts_is_known():
    limited = {row[0] for row in OPERATIONS if CODES in row[3]["responses"].get("429", {})}
    assert limited == set(LIMITED)


@those("429")
async def test_too_much_is_refused(backend, method, path, operation):
    headers = await backend.login() | {"Cookie": "compliance-refresh=any"}
    service, name = LIMITED[operation["operationId"]]
    for code in operation["responses"]["429"][CODES]:

        async def refuse(*_: object, _code: str = code, **__: object) -> None:
            raise LimitReached(code=_code, retry_after_s=1, limit=20)

        owner = attrgetter(service)(backend.services)
        setattr(owner, name, refuse)
        query = QUERIES.get(operation["operationId"], "")
        try:
            answer = await backend.client.request(method, fill(path) + query, headers=headers, **example(operation))
        finally:
            delattr(owner, name)
        check(answer, 429, operation)
        assert answer.json()["code"] == code
