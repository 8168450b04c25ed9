"""What a request must not be, whatever its route."""

import pytest

from app.api.strictness import is_json
from tests.support.said import said


@pytest.mark.parametrize(
    ("content_type", "verdict"),
    [
        ("application/json", True),
        ("APPLICATION/JSON ; charset=utf-8", True),
        ("application/vnd.api+json", True),
        ("", False),
        ("json", False),
        ("text/json", False),
        ("application/jsonx", False),
        ("application/x-www-form-urlencoded; application/json", False),
    ],
)
def test_a_type_is_json_or_built_on_it(content_type, verdict):
    assert is_json(content_type) is verdict


ADDRESSES = [
    "/api/v1/tasks",
    "/api/v1/tasks/x",
    "/api/v1/tasks/x/findings",
    "/api/v1/monitor/tasks/x/events",
    "/api/v1/monitor/tasks/x/logs",
    "/api/v1/admin/users",
    "/api/v1/auth/me",
]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_parameter_that_no_route_knows_is_refused_by_its_name(backend, address):
    answer = await backend.client.get(f"{address}?colour=red&lang=en", headers=await backend.login())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert answer.json()["errors"] == [
        {"field": "query.colour", "code": "extra_forbidden", "message": "is not a known field"}
    ]
    assert "red" not in answer.text


async def test_every_route_knows_the_language(backend):
    headers = await backend.login()
    told = {
        language: (await backend.client.get(f"/api/v1/tasks/x?lang={language}", headers=headers)).json()["detail"]
        for language in ("en", "zh-CN")
    }
    assert told == {language: said("error.no_such_task", language) for language in ("en", "zh-CN")}


async def test_parameters_without_number_are_named_within_bounds(backend):
    many = "&".join(f"k{number}=1" for number in range(2_000))
    answer = await backend.client.get(f"/api/v1/tasks?{many}", headers=await backend.login())
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 20)


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_probes_may_add_what_they_like(backend, path):
    assert (await backend.client.get(f"{path}?colour=red")).status_code == 200
