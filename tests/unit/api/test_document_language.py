"""What a translation changes of a document, and what not; `tests/docs/test_sentences.py` has the sentences."""

import json
import re

import pytest

from app.api.document_language import WORDS, sentences_of, translate
from app.core.config import Settings
from app.domain.messages import Language
from app.factory import create_app
from app.websocket.asyncapi.document import build_document
from tests.support.interface import openapi_document

DOCUMENTS = {"openapi": openapi_document(), "asyncapi": build_document("1.2.3")}
HAN = re.compile(r"[\u4e00-\u9fff]")


def shape(node):
    """The document with its words taken out."""
    if isinstance(node, dict):
        return {
            key: shape(value) if not isinstance(value, str) or key not in WORDS | {"title"} else ""
            for key, value in node.items()
        }
    return [shape(item) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize("name", DOCUMENTS)
def test_only_words_change(name):
    document = DOCUMENTS[name]
    translated = translate(document, Language.ZH_CN)
    assert translated != document
    assert shape(translated) == shape(document)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_given_document_and_the_english_one_stay_as_they_are(name):
    before = json.dumps(DOCUMENTS[name])
    translate(DOCUMENTS[name], Language.ZH_CN)
    assert json.dumps(DOCUMENTS[name]) == before
    assert translate(DOCUMENTS[name], Language.EN) == DOCUMENTS[name]


def test_values_and_names_of_fields_are_no_words():
    document = {
        "info": {"title": "T"},
        "components": {
            "schemas": {
                "M": {
                    "properties": {"summary": {"description": "All  of\nit.", "default": "All of it.", "title": "S"}},
                    "examples": [{"description": "All of it."}],
                }
            }
        },
    }
    assert list(sentences_of(document)) == ["All of it.", "T"]


def test_the_description_of_the_application_is_made_in_the_language():
    chinese = create_app(Settings()).describe(Language.ZH_CN)
    assert "一次会话的完整过程" in chinese["info"]["description"]
    said = [
        text
        for methods in chinese["paths"].values()
        for operation in methods.values()
        for text in (operation["summary"], *(response["description"] for response in operation["responses"].values()))
    ]
    assert len(said) > 100
    assert [text for text in said if not HAN.search(text)] == []
