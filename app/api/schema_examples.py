"""Examples of models that hold other models: put together from the examples of their parts, so that they agree."""

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]
PREFIX: Final = "#/components/schemas/"


def add_examples(schemas: Mapping[str, Json]) -> None:
    """Give every model its example, and every field that holds models one of theirs in place of its own."""
    fields = [field for schema in schemas.values() for field in schema.get("properties", {}).values()]
    composed = [field for field in fields if _holds_models(field, schemas)]
    for field in composed:
        field.pop("examples", None)
    for field in composed:
        field["examples"] = [example_of(field, schemas)]
    for schema in schemas.values():
        if "properties" in schema:
            schema["examples"] = [example_of(schema, schemas)]


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Json]) -> Any:
    """Return the schema's first example, or one that is made from its parts."""
    if schema.get("examples"):
        return schema["examples"][0]
    match schema:
        case {"$ref": reference}:
            return example_of(_target(reference, schemas), schemas)
        case {"properties": fields}:
            return {name: example_of(field, schemas) for name, field in fields.items()}
        case {"anyOf": [first, *_]} | {"enum": [first, *_]} | {"const": first}:
            return example_of(first, schemas) if "anyOf" in schema else first
        case {"type": "array", "prefixItems": parts}:
            return [example_of(part, schemas) for part in parts]
        case {"type": "array"}:
            # As many as there must be: five stages, for example.
            return [example_of(schema["items"], schemas)] * max(1, schema.get("minItems", 1))
        case {"type": "object"}:
            return {}
    raise ValueError(f"no example of {schema}")


def _holds_models(schema: Mapping[str, Any], schemas: Mapping[str, Json]) -> bool:
    match schema:
        case {"$ref": reference}:
            return "properties" in _target(reference, schemas)
        case {"anyOf": choices}:
            return any(_holds_models(choice, schemas) for choice in choices)
        case {"type": "array", "items": items}:
            return _holds_models(items, schemas)
    return False


def _target(reference: str, schemas: Mapping[str, Json]) -> Json:
    return schemas[reference.removeprefix(PREFIX)]
