"""A refusal by a use case looks like one by the borders."""

from app.core.field_faults import FieldFault, InvalidFields
from app.domain.messages import Language


def test_a_refusal_names_each_field_once_and_no_value():
    faults = [
        FieldFault("body.a", "int_type"),
        FieldFault("body.a", "too_long", {"max_length": 3}),
        FieldFault("b", "x"),
    ]
    refusal = InvalidFields(faults=faults)
    assert (refusal.code, refusal.status, refusal.faults) == ("invalid_input", 422, faults)
    for language in Language:
        said = refusal.text_in(language)
        assert said.count("body.a") == 1
        assert "b" in said
