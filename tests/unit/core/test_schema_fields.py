"""Fields with their documentation."""

from pydantic import BaseModel

from app.core.schema_fields import described


class Thing(BaseModel):
    size: int = described("How large it is.", 3, ge=1)
    parts: list[int] = described("What it is made of.", default_factory=list)


def test_a_field_says_what_it_means_and_how_it_looks_and_keeps_its_bounds():
    schema = Thing.model_json_schema()
    assert schema["properties"]["size"] == {
        "description": "How large it is.",
        "examples": [3],
        "minimum": 1,
        "title": "Size",
        "type": "integer",
    }
    assert "examples" not in schema["properties"]["parts"]
    assert schema["required"] == ["size"]
    assert Thing(size=1).parts == []
