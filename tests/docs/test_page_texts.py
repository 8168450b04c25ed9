"""What the page says of codes of the server, and that it says nothing as markup: read from `frontend/src`."""

import re

import pytest

from app.domain.messages import Language
from app.domain.verdict import Reason, Result
from tests.docs import texts
from tests.docs.markdown import ROOT, first_codes, read, section

SOURCE = ROOT / "frontend" / "src"
OWN_ERRORS = {"network", "slow", "unknown"}  # no server answers with them
WITHOUT_TEXT = {"internal", "unavailable"}  # what a proxy answers counts as one of them
MARKUP = r"v-html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\beval\(|new Function"
# The library of the chart empties its element; the page has it do that without markup (useChart.ts).
EMPTIED = re.compile(r"through `innerHTML`, which the policy|\(element, \"innerHTML\", \{ set: \(\) => element")


def known_texts() -> set[str]:
    return set(texts.frontend_catalogue("en"))


def documented_codes(heading):
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    section = text.split(heading, 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_every_documented_code_that_the_page_can_meet_has_a_text():
    sections = {"## How an attempt fails": "failure", "## Warnings of a task": "warning"}
    keys = {f"{prefix}.{code}" for heading, prefix in sections.items() for code in documented_codes(heading)}
    assert len(keys) > 15
    assert keys - known_texts() == set()


@pytest.mark.parametrize("language", Language)
def test_of_an_error_of_rest_the_page_says_what_the_server_says_or_something_else(language):
    """A text of the page replaces the server's, which comes in the reader's language."""
    own, server = texts.own_texts(language), texts.catalogue(language)
    codes = {key.removeprefix("error.") for key in own if key.startswith("error.")} - OWN_ERRORS
    assert {f"error.{code}" for code in codes} <= server.keys()
    assert codes > WITHOUT_TEXT
    assert [code for code in codes - WITHOUT_TEXT if own[f"error.{code}"] == server[f"error.{code}"]] == []


def test_a_text_that_the_page_has_of_the_program_is_no_second_time_its_own():
    shared = {
        language: set(texts.frontend_catalogue(language)) - set(texts.own_texts(language)) for language in Language
    }
    assert all(len(keys) > 80 for keys in shared.values())


def test_the_page_has_a_text_for_each_reason_and_for_no_other():
    assert texts_of("reason") == {reason.value for reason in Reason}
    assert texts_of("verdict") >= {result.value for result in Result}


def test_the_page_has_words_for_each_action_of_the_audit_log():
    assert texts_of("audited") == set(first_codes(section(read("docs/metrics.md"), "Audit log")))


def texts_of(kind):
    return {key.partition(".")[2] for key in known_texts() if key.startswith(f"{kind}.")}


def test_the_page_never_turns_text_into_markup_or_code():
    sources = [path for path in SOURCE.rglob("*") if path.suffix in {".ts", ".vue"}]
    assert len(sources) > 50
    for path in sources:
        text = EMPTIED.sub("", path.read_text("utf-8"))
        assert re.findall(MARKUP, text) == [], path
