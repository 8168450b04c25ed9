"""`/asyncapi`: the real-time contract as one page without scripts, made from its AsyncAPI description."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from app.api.docs import render_page, render_schemas

DOCUMENT: Final = "/asyncapi.json"
Json = Mapping[str, Any]
# How an action of the server reads for whoever writes a client.
_DIRECTIONS: Final = {"receive": "You say", "send": "The server says"}


def render_asyncapi(document: Json) -> str:
    """HTML of all operations by channel, of the codes and of all schemas."""
    info = document["info"]
    title = escape(f"{info['title']} {info['version']}")
    parts = (
        f"<p>{escape(info['description'])}</p>",
        *(part for name in document["channels"] for part in _channel(name, document)),
        "<h2>Close codes</h2>",
        _codes((code["code"], code["meaning"], code["do"]) for code in document["x-close-codes"]),
        "<h2>Error codes</h2>",
        _codes((code["code"], code["meaning"]) for code in document["x-error-codes"]),
        "<h2>Why a snapshot came instead of a replay</h2>",
        _codes((code["reason"], code["meaning"]) for code in document["x-snapshot-reasons"]),
        "<h2>Schemas</h2>",
        *render_schemas(document["components"]["schemas"]),
    )
    return render_page(title, DOCUMENT, "".join(parts))


def _channel(name: str, document: Json) -> Iterator[str]:
    channel = document["channels"][name]
    yield f"<h2>{escape(channel['title'])}</h2><p><code>{escape(channel['address'])}</code></p>"
    yield f"<p>{escape(channel['description'])}</p>"
    here = f"#/channels/{name}"
    for operation in document["operations"].values():
        if operation["channel"]["$ref"] == here:
            yield _operation(operation, document)


def _operation(operation: Json, document: Json) -> str:
    known = document["components"]["messages"]
    keys = [_last(reference) for reference in operation["messages"]]
    answers = [_last(reference) for reference in operation.get("reply", {}).get("messages", ())]
    single = len(keys) == 1
    heading = f"{_DIRECTIONS[operation['action']]}{f' <code>{escape(_short(keys[0]))}</code>' if single else ''}"
    messages = "".join(_message(known[key], named=not single) for key in keys)
    replies = "".join(_message(known[key], named=True) for key in answers)
    answered = f"<p>Answered with one of:</p>{replies}" if replies else ""
    return f"<details><summary>{heading}: {escape(operation['summary'])}</summary>{messages}{answered}</details>"


def _message(message: Json, *, named: bool) -> str:
    schema = _last(message["payload"])
    example = json.dumps(message["examples"][0]["payload"], ensure_ascii=False, indent=1)
    name = f"<h4><code>{escape(message['name'])}</code></h4><p>{escape(message['summary'])}</p>" if named else ""
    return f'{name}<p><a href="#{escape(schema)}">{escape(schema)}</a></p><pre>{escape(example)}</pre>'


def _codes(rows: Any) -> str:
    cells = ("".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _last(reference: Json) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _short(key: str) -> str:
    return key.removeprefix("command.")
