"""Issue: the documents were rendered anew for each request, by anybody, on the loop."""

import os

import pytest

from tests.support.service import Service

DOCUMENTS = ["/docs", "/asyncapi", "/asyncapi.json", "/openapi.json"]
ROUNDS = 100


def cpu_s(service: Service) -> float:
    fields = (service.proc / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost_s(service, path, **headers):
    before = cpu_s(service)
    for _ in range(ROUNDS):
        assert service.http.get(path, headers=headers).status_code in (200, 304)
    return (cpu_s(service) - before) / ROUNDS


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_is_rendered_once(service, path):
    first = service.http.get(path)
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-cache"
    again = service.http.get(path)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    # A file costs what it costs to send; rendering cost 10 to 60 ms.
    assert cost_s(service, path) < 4 * max(cost_s(service, "/static/dom.js"), 0.002)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_who_has_it_is_told_so(service, path):
    tag = service.http.get(path).headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}'):
        answer = service.http.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert service.http.get(path, headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_wrong_method_names_the_right_ones(service):
    for _ in range(2):
        answer = service.http.put("/api/v1/tasks")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert set(service.http.post("/docs").headers["allow"].split(", ")) == {"GET", "HEAD"}
