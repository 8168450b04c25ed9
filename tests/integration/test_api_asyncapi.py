"""The contract is served, as a file; `test_api_pages.py` has the page about it."""

import re

from tests.support.frames import contract


async def test_the_document_is_the_generated_one(backend):
    answer = await backend.client.get("/asyncapi.json")
    assert answer.headers["content-type"] == "application/json"
    served = answer.json()
    version = served["info"].pop("version")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    expected = {**contract(), "info": {**contract()["info"]}}
    del expected["info"]["version"]
    assert served == expected


async def test_neither_is_part_of_the_description_of_rest(backend):
    paths = (await backend.client.get("/openapi.json")).json()["paths"]
    assert not {"/asyncapi", "/asyncapi.json"} & set(paths)
    assert "/api/v1/monitor/tasks/{task_id}/events" in paths
