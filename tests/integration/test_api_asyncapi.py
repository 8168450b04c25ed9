"""The contract is served, as a file and as a page."""

import re
from html.parser import HTMLParser

from tests.support.frames import contract


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = set()
        self.ids = set()
        self.links = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.add(tag)
        self.ids.add(found.get("id"))
        self.links.add(found.get("href"))


async def test_the_document_is_the_generated_one(house):
    answer = await house.client.get("/asyncapi.json")
    assert answer.headers["content-type"] == "application/json"
    served = answer.json()
    version = served["info"].pop("version")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    expected = {**contract(), "info": {**contract()["info"]}}
    del expected["info"]["version"]
    assert served == expected


async def test_the_page_names_every_message_and_runs_nothing(house):
    answer = await house.client.get("/asyncapi")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = Tags(answer.text)
    assert not page.tags & {"script", "style", "link", "img", "iframe"}
    document = contract()
    for message in document["components"]["messages"].values():
        assert f"<code>{message['name']}</code>" in answer.text
        assert f"#{message['payload']['$ref'].rpartition('/')[2]}" in page.links
    assert set(document["components"]["schemas"]) <= page.ids
    for code in document["x-close-codes"]:
        assert f"<td>{code['code']}</td>" in answer.text
    assert {link[1:] for link in page.links if link and link.startswith("#")} <= page.ids


async def test_neither_is_part_of_the_description_of_rest(house):
    paths = (await house.client.get("/openapi.json")).json()["paths"]
    assert not {"/asyncapi", "/asyncapi.json"} & set(paths)
    assert "/api/v1/monitor/tasks/{task_id}/events" in paths
