"""The description of the interface: complete, and its examples are what it says."""

import re

import pytest
from jsonschema import Draft202012Validator

from app.api.openapi import introduction
from app.domain.messages import Language
from app.rest.documented_responses import CODES
from tests.docs.markdown import read, rows, section
from tests.support.interface import openapi_document

DOCUMENT = openapi_document()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
FIELDS = [
    (name, field, about) for name, schema in SCHEMAS.items() for field, about in schema.get("properties", {}).items()
]
PARAMETERS = [(name, about) for name, operation in OPERATIONS for about in operation.get("parameters", ())]


def check(schema, value) -> None:
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def examples_of(parameter):
    return parameter.get("examples") or parameter["schema"].get("examples")


def test_every_field_has_a_meaning_and_an_example():
    bare = [
        f"{model}.{field}" for model, field, about in FIELDS if not (about.get("description") and about.get("examples"))
    ]
    assert bare == []
    assert all(about["description"].endswith((".", ")")) for _, _, about in FIELDS)


def test_every_parameter_has_a_meaning_and_an_example():
    bare = [
        f"{name}: {about['name']}"
        for name, about in PARAMETERS
        if not (about.get("description") and examples_of(about))
    ]
    assert bare == []


def test_every_example_of_a_field_is_a_value_of_it():
    for model, field, about in FIELDS:
        for value in about["examples"]:
            check(about, value), (model, field)


def test_every_model_has_an_example_that_is_one():
    for name, schema in SCHEMAS.items():
        if "properties" in schema:
            assert schema["examples"], name
            check({"$ref": f"#/components/schemas/{name}"}, schema["examples"][0])


def test_every_example_of_a_parameter_is_a_value_of_it():
    for _, about in PARAMETERS:
        for value in examples_of(about):
            check(about["schema"], value)


def test_every_example_of_a_response_is_one():
    for _, operation in OPERATIONS:
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                for example in content.get("examples", {}).values():
                    check(content["schema"], example["value"])


def test_ids_of_operations_are_words_and_told_apart():
    ids = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+){0,3}", name) for name in ids)


def test_every_group_is_described_and_every_operation_is_in_one():
    described = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    assert {tag for _, operation in OPERATIONS for tag in operation["tags"]} == described


def test_a_problem_is_declared_as_it_is_sent():
    for name, operation in OPERATIONS:
        for status, response in operation["responses"].items():
            assert response["description"], (name, status)
            if CODES in response:
                assert list(response["content"]) == ["application/problem+json"]
                assert set(response["content"]["application/problem+json"]["examples"]) == set(response[CODES])
            elif name != "GET /readyz":
                assert status.startswith("2"), (name, status)


def test_every_code_that_is_declared_is_one_of_that_status():
    table = {code.strip("`"): status for code, status, _ in rows(section(read("docs/errors.md"), "Answers of REST"))}
    declared = {
        (code, status)
        for _, operation in OPERATIONS
        for status, response in operation["responses"].items()
        for code in response.get(CODES, ())
    }
    assert {(code, status) for code, status in declared if table[code] != status} == set()


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_who_needs_a_token_says_so(name, operation):
    path = name.partition(" ")[2]
    is_open = path in {"/livez", "/readyz", "/api/v1/auth/login", "/api/v1/auth/refresh"}
    is_open |= path.startswith("/api/v1/auth/cookie/")  # with a password, or the cookie itself
    assert ("security" in operation) is not is_open
    assert {scheme for choice in operation.get("security", ()) for scheme in choice} <= set(
        DOCUMENT["components"]["securitySchemes"]
    )


def test_the_introduction_goes_through_a_session_on_routes_that_there_are():
    known = {name for name, _ in OPERATIONS}
    named = re.findall(r"`((?:GET|POST) /[^`]+)`", DOCUMENT["info"]["description"])
    assert len(named) >= 7
    assert set(named) <= known


def test_the_introduction_says_the_same_in_every_language():
    """The code in it is the same; a step that only one language has would be seen by that."""
    code = re.compile(r"`[^`]+`")
    english, *others = (sorted(code.findall(introduction(language))) for language in [Language.EN, *Language])
    other_language = re.compile(r"\?lang=[\w-]+")
    for other in others:
        assert [other_language.sub("", text) for text in other] == [other_language.sub("", text) for text in english]
