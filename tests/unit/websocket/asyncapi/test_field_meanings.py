"""Every field of every frame says what it means."""

from app.domain.stages import StageKey
from app.websocket.asyncapi.document import payload_schemas
from app.websocket.asyncapi.field_meanings import COMMAND_ID, MEANINGS, meaning_of

SCHEMAS = payload_schemas()[1]
FIELDS = [
    (model, name, field) for model, schema in SCHEMAS.items() for name, field in schema.get("properties", {}).items()
]


def test_every_field_says_what_it_means_in_a_sentence():
    assert len(FIELDS) > 300
    assert [f"{model}.{name}" for model, name, field in FIELDS if not field["description"].endswith((".", ")"))] == []


def test_no_meaning_is_left_over():
    said = {
        f"{model}.{name}" if f"{model}.{name}" in MEANINGS else name
        for model, name, field in FIELDS
        if field["description"] == meaning_of(model, name)
    }
    assert set(MEANINGS) - said == set()


def test_what_is_more_particular_goes_first_and_what_a_field_says_itself_stays():
    assert SCHEMAS["TaskErrorFrame"]["properties"]["error"]["description"] == "The same as `code`."
    assert SCHEMAS["Pong"]["properties"]["id"]["description"] == MEANINGS["id"]
    assert SCHEMAS["PingCommand"]["properties"]["id"]["description"] == COMMAND_ID
    assert SCHEMAS["SnapshotStage"]["properties"]["started_at"]["description"] == "Start time."
    assert meaning_of("TaskSnapshot", "colour") == ""


def test_a_model_in_a_field_is_still_that_model():
    field = SCHEMAS["TaskProgressFrame"]["properties"]["stage_key"]
    assert field["description"] == MEANINGS["stage_key"]
    reference = field["allOf"][0]["$ref"].rpartition("/")[2]
    assert SCHEMAS[reference]["enum"] == [key.value for key in StageKey]
