"""Examples of models that are made of the examples of their parts."""

import pytest

from app.api.schema_examples import add_examples, example_of

REF = "#/components/schemas/"


def leaf(example):
    return {"type": "integer", "examples": [example]}


def test_a_field_that_holds_models_is_shown_with_theirs():
    inner = {"type": "object", "properties": {"n": leaf(3)}}
    outer = {
        "type": "object",
        "properties": {
            "one": {"$ref": f"{REF}Inner", "examples": [{}]},
            "many": {"type": "array", "items": {"$ref": f"{REF}Inner"}, "minItems": 2},
            "none": {"anyOf": [{"$ref": f"{REF}Inner"}, {"type": "null"}], "examples": [None]},
            "kind": {"$ref": f"{REF}Kind", "examples": ["b"]},
        },
    }
    schemas = {"Outer": outer, "Inner": inner, "Kind": {"type": "string", "enum": ["a", "b"]}}
    add_examples(schemas)
    assert schemas["Outer"]["examples"] == [
        {"one": {"n": 3}, "many": [{"n": 3}, {"n": 3}], "none": {"n": 3}, "kind": "b"}
    ]
    assert "examples" not in schemas["Kind"]


def test_what_has_no_example_and_no_parts_is_a_mistake():
    with pytest.raises(ValueError, match="no example"):
        example_of({"type": "string"}, {})
