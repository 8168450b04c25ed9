import pytest
from pydantic import ValidationError

from app.api.v1.connection_schemas import MAX_USER_IDS, BroadcastRequest
from app.domain.scan_options import START_URLS
from app.identity.schemas.auth import LoginRequest
from app.rest.schemas import MAX_SURPLUS, MAX_VALUES
from app.scans.schemas.tasks import TaskCreate

LOGIN = {"username": "admin", "password": "x"}
SURPLUS = {f"k{number}": number for number in range(50_000)}
DEEP = {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}  # eight levels with its value


def problems(model, value):
    with pytest.raises(ValidationError) as refused:
        model.model_validate(value)
    return refused.value.errors()


@pytest.mark.parametrize(
    ("model", "value"),
    [
        (LoginRequest, {**SURPLUS, **LOGIN}),
        (LoginRequest, {**LOGIN, **SURPLUS}),
        (LoginRequest, SURPLUS),
        (TaskCreate, {"target_domain": "example.com", "config": SURPLUS}),
    ],
)
def test_of_keys_without_number_a_few_are_refused_and_none_is_accepted(model, value):
    found = [item for item in problems(model, value) if item["type"] == "extra_forbidden"]
    assert len(found) == MAX_SURPLUS


def test_a_known_key_behind_many_unknown_ones_is_judged_too():
    found = problems(LoginRequest, {**SURPLUS, "username": 7})
    assert {item["type"] for item in found if item["loc"][0] in LOGIN} == {"string_type", "missing"}


def test_a_few_unknown_keys_are_all_named():
    found = problems(LoginRequest, {**LOGIN, **dict.fromkeys("abc", 1)})
    assert [item["loc"] for item in found] == [("a",), ("b",), ("c",)]


@pytest.mark.parametrize("item", ["", 0, "https://example.com/"])
def test_of_a_list_that_is_too_long_only_its_beginning_is_validated(item):
    for model, field, most in (
        (TaskCreate, "start_urls", START_URLS.most),
        (BroadcastRequest, "user_ids", MAX_USER_IDS),
    ):
        value = {field: [item] * 100_000}
        body = {"target_domain": "example.com", "config": value} if model is TaskCreate else {"message": "x", **value}
        assert 1 <= len(problems(model, body)) <= most + 1


def test_lists_at_their_limit_pass():
    config = {"start_urls": ["https://example.com/"] * START_URLS.most}
    assert len(TaskCreate.model_validate({"target_domain": "a", "config": config}).config.start_urls) == START_URLS.most
    assert BroadcastRequest.model_validate({"message": "x", "user_ids": ["u"] * MAX_USER_IDS}).user_ids


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"a": [0] * MAX_VALUES}, "too_many_values"),
        ({f"{number}": 0 for number in range(MAX_VALUES)}, "too_many_values"),
        ({"a": {**DEEP}}, "too_deep"),
        ({"a": "\ud800"}, "not_unicode"),
        ({"\ud800": 1}, "not_unicode"),
        ({"a": [float("nan")]}, "not_finite"),
        ({"a": 2**53 + 1}, "integer_too_large"),
    ],
    ids=["list", "keys", "deep", "half a character", "half a key", "no number", "large"],
)
def test_data_that_not_every_reader_can_take_is_refused(data, code):
    assert [item["type"] for item in problems(BroadcastRequest, {"message": "x", "data": data})] == [code]


@pytest.mark.parametrize(
    "data", [{}, DEEP, {"a": [0] * (MAX_VALUES - 3)}, {"名": "é\U0001f600", "b": [1.5, None, True]}]
)
def test_other_data_is_taken_as_it_is(data):
    assert BroadcastRequest.model_validate({"message": "x", "data": data}).data == data
