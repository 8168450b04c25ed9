"""`/docs`: the interface as one page without scripts, made from its OpenAPI description. Works without the internet."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

METHODS: Final = ("get", "post", "put", "patch", "delete")


def render_docs(openapi: Mapping[str, Any]) -> str:
    """HTML of all operations by tag, and of all schemas."""
    info = openapi["info"]
    title = escape(f"{info['title']} {info['version']}")
    schemas = openapi.get("components", {}).get("schemas", {})
    body = "".join((*_operations(openapi), "<h2>Schemas</h2>", *render_schemas(schemas)))
    return render_page(title, "/openapi.json", body)


def render_page(title: str, document: str, body: str) -> str:
    """The frame of a page about a document. `title` and `body` are HTML."""
    name = escape(document.lstrip("/"))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width"></head>'
        f'<body><h1>{title}</h1><p><a href="{escape(document)}">{name}</a></p>{body}</body></html>'
    )


def _operations(openapi: Mapping[str, Any]) -> Iterator[str]:
    tag = None
    for path, operations in openapi["paths"].items():
        for method in METHODS:
            operation = operations.get(method)
            if operation is None:
                continue
            first = (operation.get("tags") or ["other"])[0]
            if first != tag:
                tag = first
                yield f"<h2>{escape(first)}</h2>"
            yield _operation(path, method, operation)


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    name = f"<code><b>{method.upper()}</b> {escape(path)}</code> {escape(operation.get('summary', ''))}"
    rows = "".join(_parameter(parameter) for parameter in operation.get("parameters", ()))
    table = f"<ul>{rows}</ul>" if rows else ""
    body = _content("Body", operation.get("requestBody", {}))
    answers = "".join(
        _content(status, answer) for status, answer in operation.get("responses", {}).items() if status.startswith("2")
    )
    return f"<details><summary>{name}</summary>{table}{body}{answers}</details>"


def _parameter(parameter: Mapping[str, Any]) -> str:
    needed = ", required" if parameter.get("required") else ""
    described = escape(parameter.get("description", ""))
    return f"<li><code>{escape(parameter['name'])}</code> ({parameter['in']}{needed}) {described}</li>"


def _content(label: str, holder: Mapping[str, Any]) -> str:
    schemas = [content.get("schema", {}) for content in holder.get("content", {}).values()]
    names = [schema["$ref"].rpartition("/")[2] for schema in schemas if "$ref" in schema]
    links = ", ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in names)
    return f"<p>{escape(label)}: {links}</p>" if links else ""


def render_schemas(schemas: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """HTML of each schema with its properties, by name; other parts of a page lead to `#name`."""
    for name, schema in sorted(schemas.items()):
        rows = "".join(_property(key, value, schema) for key, value in schema.get("properties", {}).items())
        described = escape(schema.get("description", ""))
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{described}</p><ul>{rows}</ul>'


def _property(name: str, value: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    needed = ", required" if name in schema.get("required", ()) else ""
    return f"<li><code>{escape(name)}</code>: {escape(_type(value))}{needed}</li>"


def _type(value: Mapping[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2]
    if "anyOf" in value:
        return " or ".join(_type(choice) for choice in value["anyOf"])
    if "enum" in value:
        return " | ".join(map(str, value["enum"]))
    if value.get("type") == "array":
        return f"{_type(value.get('items', {}))}[]"
    return str(value.get("type", value.get("const", "any")))
