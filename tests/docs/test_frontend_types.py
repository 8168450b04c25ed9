"""The types and texts that the page takes from the server: `frontend/src/generated` has the contracts of
`tests/docs/surface` in TypeScript, and the texts of codes that page and program name alike.

After a change: `.venv/bin/python -m tests.docs.test_frontend_types` writes the files anew.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from app.domain.messages import Language
from tests.docs import texts
from tests.docs.markdown import ROOT
from tests.docs.page_tables import TABLES
from tests.docs.test_surface import SURFACE

FOLDER = ROOT / "frontend" / "src" / "generated"
LABELS = ("category.", "relation.", "stage_status.")
# Of errors the page shows the server's sentence; `admin_only` is one of its own, too.
SHARED = (*LABELS, "error.admin_only", "own_sign.", "reason.", "stage.", "violation.")
HEAD = """\
// Not written by hand: `python -m tests.docs.test_frontend_types` makes this file from {source}, and a test compares.

"""
FROM_CONTRACT = HEAD.format(source="what the server's modules say")
RENAMED = {"Error": "ErrorFrame"}  # would hide JavaScript's own
SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
Json = dict[str, Any]


def type_of(schema: Json) -> str:
    """The TypeScript type of a JSON schema; what the schema leaves open is `unknown`."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return RENAMED.get(name, name)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " | ".join(dict.fromkeys(type_of(branch) for branch in schema[choice]))
    return type_of_kind(schema)


def type_of_kind(schema: Json) -> str:
    match schema.get("type"):
        case "array":
            inner = type_of(schema.get("items", {}))
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case "object" if "properties" in schema:
            return f"{{ {' '.join(fields_of(schema))} }}"
        case "object":
            values = schema.get("additionalProperties")
            return f"Record<string, {type_of(values) if isinstance(values, dict) else 'unknown'}>"
        case kind:
            return SIMPLE.get(str(kind), "unknown")


def fields_of(schema: Json) -> Iterator[str]:
    required = set(schema.get("required", ()))
    for name, field in schema["properties"].items():
        key = name if IDENTIFIER.fullmatch(name) else json.dumps(name)
        yield f"{key}{'' if name in required else '?'}: {type_of(field)};"


def declarations(schemas: Mapping[str, Json]) -> str:
    return "\n".join(declaration(RENAMED.get(name, name), schema) for name, schema in sorted(schemas.items()))


def declaration(name: str, schema: Json) -> str:
    if "properties" not in schema:
        return f"export type {name} = {type_of(schema)};\n"
    fields = "\n".join(f"  {field}" for field in fields_of(schema))
    return f"export interface {name} {{\n{fields}\n}}\n"


def read(name: str) -> Json:
    contract: Json = json.loads((SURFACE / f"{name}.json").read_text("utf-8"))
    return contract


def frames() -> str:
    """Every frame of the server, as `ServerFrame`, and every command of a client, as `ClientCommand`."""
    server, client = read("websocket-server"), commands(read("websocket-client"))
    unions = "\n".join(
        f"export type {name} =\n" + "\n".join(f"  | {type_of(branch)}" for branch in schema["oneOf"]) + ";\n"
        for name, schema in (("ServerFrame", server), ("ClientCommand", client))
    )
    assert not server["$defs"].keys() & client["$defs"].keys()
    head = HEAD.format(source="`compliance export-schema`")
    return f"{head}{unions}\n{declarations(server['$defs'] | client['$defs'])}"


def commands(schema: Json) -> Json:
    """The schema with `Command` behind every name: a `Ping` of the client is not the server's."""
    text = json.dumps(schema["oneOf"]), json.dumps(schema["$defs"])
    branches, definitions = (json.loads(re.sub(r"(#/\$defs/\w+)", r"\1Command", part)) for part in text)
    return {"oneOf": branches, "$defs": {f"{name}Command": part for name, part in definitions.items()}}


def rest() -> str:
    """The bodies of REST; `Answers` and `Bodies` say which route has which."""
    contract = read("openapi")
    routes = sorted(
        (f"{method.upper()} {path}", operation)
        for path, operations in contract["paths"].items()
        for method, operation in operations.items()
    )
    answers = "".join(f"  {json.dumps(route)}: {answer_of(operation)};\n" for route, operation in routes)
    bodies = "".join(
        f"  {json.dumps(route)}: {type_of(json_of(operation['requestBody']))};\n"
        for route, operation in routes
        if "requestBody" in operation
    )
    maps = f"export interface Answers {{\n{answers}}}\n\nexport interface Bodies {{\n{bodies}}}\n"
    return f"{HEAD.format(source='OpenAPI')}{maps}\n{declarations(contract['components']['schemas'])}"


def answer_of(operation: Json) -> str:
    """What a call that went well answers with; `unknown` when it is no JSON."""
    good = next(answer for status, answer in sorted(operation["responses"].items()) if status.startswith("2"))
    return type_of(json_of(good))


def json_of(part: Json) -> Json:
    schema: Json = part.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def contract() -> str:
    """The tables that the page shares with the server."""
    parts = []
    for name, (meaning, value) in TABLES.items():
        text = json.dumps(sorted(value) if isinstance(value, set) else value, indent=2)
        typed = f"new Set<string>({text}) as ReadonlySet<string>" if isinstance(value, set) else f"{text} as const"
        parts.append((f"/** {meaning} */\n" if meaning else "") + f"export const {name} = {typed};\n")
    return FROM_CONTRACT + "\n".join(parts)


def shared_texts(language: str) -> str:
    """The program's texts of these codes. Labels, parts of its sentences, begin with a capital on the page."""
    found = {
        key: f"{text[0].upper()}{text[1:]}" if key.startswith(LABELS) else text
        for key, text in sorted(texts.catalogue(language).items())
        if key.startswith(SHARED)
    }
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


FILES = {
    "frames.ts": frames,
    "rest.ts": rest,
    "contract.ts": contract,
    **{f"texts.{language}.json": partial(shared_texts, language) for language in Language},
}


@pytest.mark.parametrize("name", FILES)
def test_the_page_has_the_types_of_the_contracts(name):
    assert (FOLDER / name).read_text("utf-8") == FILES[name]()


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "number | null"),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, "number"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, '("a" | "b")[]'),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "Record<string, number>"),
        ({"type": "object", "properties": {"a-b": {"type": "string"}}}, '{ "a-b"?: string; }'),
        ({"$ref": "#/$defs/Error"}, "ErrorFrame"),
        ({}, "unknown"),
    ],
)
def test_a_schema_becomes_its_type(schema, expected):
    assert type_of(schema) == expected


def test_every_frame_has_its_type_as_a_literal():
    """By which the page tells them apart; a union without it would let any frame pass."""
    server = read("websocket-server")
    for branch in server["oneOf"]:
        declared = server["$defs"][branch["$ref"].rsplit("/", 1)[1]]
        assert "const" in declared["properties"]["type"]
        assert "type" in declared["required"]


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        (FOLDER / name).write_text(content(), "utf-8")
