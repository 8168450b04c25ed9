"""Every text that the program or the page can show exists in every language, with the same places, and is used.

A key stands where it is used, as a constant (`texts("queued", position=1)`) or behind a prefix (f"stage.{key}"), whose
codes stand in the source as well.
"""

import ast
import re

import pytest

from app.domain.coverage import CrawlCutoff
from app.domain.messages import Language
from app.domain.risk import Embedding
from app.domain.scan_facts import DnsOutcome, FetchError, HopKind, Relation
from app.domain.stages import StageKey, StageStatus
from app.domain.tasks import TaskStatus
from app.domain.third_parties import Outcome
from app.domain.verdict import Reason, Result
from app.domain.violations import RiskLevel, ViolationKey
from app.engines.identify.characteristics import PARKED
from app.engines.identify.classify import UNKNOWN
from app.events.types import WarningCode
from tests.docs import texts
from tests.docs.markdown import ROOT

CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
# Codes that stand in data, in numbers (close codes too), in the library that checks bodies, or as names: of members of
# an enumeration, of commands and their parameters.
FOREIGN_CODES = ("category.", "failure.", "lost.", "status.", "field.", "help.", "kind.")
# Names that are the same in both languages.
NAMES = {"evidence.unknown", "category.cdn", "capture.dns", "chain.status"}
# Sentences of a sentence's length without one Chinese character are not translated.
UNTRANSLATED = re.compile(r"(?:[A-Za-z]{2,}[ ,]+){3,}[A-Za-z]{2,}")
LANGUAGES = list(Language)
# Where the interface is documented: the models of its frames, and the documents that are made of them.
DOCUMENTED = ("app/websocket/messages/", "app/websocket/asyncapi/", "app/cli/export_schema.py")
# What the library says, by which its errors are told apart, and what is caught and told in words by its caller.
FOR_NOBODY = {"Got unexpected extra argument(s)", " has no port between 1 and "}
CODES = {
    "stage.": StageKey,
    "stage_status.": StageStatus,
    "violation.": ViolationKey,
    "reason.": [*Reason, *CrawlCutoff],
    "relation.": Relation,
    "outcome.": Outcome,
    "verdict.": Result,
    "risk.": RiskLevel,
    "capture_error.": FetchError,
    "category.": ["unknown", "cdn", "analytics"],
}
ON_THE_PAGE = {"outcome.": "party_outcome."}  # where `outcome.` is the audit log's
# The wire keeps the seed's name of this stage; the page says what is done in it.
NAMED_OTHERWISE = {"stage.ai_analysis"}


def test_every_key_that_the_program_uses_has_its_text_with_these_places():
    known = texts.catalogue("en")
    wrong = [use for use in texts.uses() if use.key not in known or not use.fits(texts.places_of(known[use.key]))]
    assert wrong == []


def test_every_key_that_the_page_uses_has_its_text_with_these_places():
    known = texts.page_catalogue("en")
    wrong = [
        use for use in texts.page_uses() if use.key not in known or not use.fits(texts.page_places_of(known[use.key]))
    ]
    assert wrong == []


def test_the_uses_are_found():
    """The tests above would be worth nothing if they saw no calls."""
    assert len(list(texts.uses())) > 100
    assert len(list(texts.page_uses())) > 50
    assert {"frame.field_missing", "frame.too_many_commands"} <= {use.key for use in texts.uses()}
    assert {"stage.", "relation.", "violation."} <= texts.prefixes()


def test_no_text_of_the_program_is_left_over():
    assert [key for key in texts.catalogue("en") if not is_used(key)] == []


def is_used(key):
    if key in texts.words():
        return True
    for prefix in texts.prefixes():
        if key.startswith(prefix):
            code = key.removeprefix(prefix)
            if key.startswith(FOREIGN_CODES) or f"{code}." in texts.prefixes():
                return True
            if not {code, code.rpartition(".")[2]}.isdisjoint(texts.words()):
                return True
    return False


def test_no_text_of_the_page_is_left_over():
    sources = "\n".join(texts.scripts().values())
    quoted = set(re.findall(r'"([\w.]+)"', sources))
    prefixes = set(re.findall(r"`([a-z_.]+)\$\{", sources)) | {
        f"{prefix}." for prefix in re.findall(r'textOfCode\([\w.]+, "(\w+)"', sources)
    }
    left = [
        key
        for key in texts.page_catalogue("en")
        if key not in quoted and not any(key.startswith(prefix) for prefix in prefixes)
    ]
    assert left == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_of_the_page_have_the_same_keys_and_places(language):
    first, other = texts.page_catalogue(LANGUAGES[0]), texts.page_catalogue(language)
    assert list(other) == list(first)
    assert [key for key in first if texts.page_places_of(first[key]) != texts.page_places_of(other[key])] == []


@pytest.mark.parametrize("catalogue", [texts.catalogue, texts.page_catalogue], ids=["program", "page"])
def test_no_text_is_in_the_other_language(catalogue):
    english, chinese = catalogue("en"), catalogue("zh-CN")
    assert [text for text in english.values() if CJK.search(text)] == []
    alike = {key for key, text in chinese.items() if not CJK.search(text) and text == english[key]}
    assert {key for key in alike if re.search("[A-Za-z]{2}", english[key])} - NAMES == set()
    assert [text for text in chinese.values() if UNTRANSLATED.search(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_words_for_every_way_a_lookup_ends(language):
    pages = texts.frontend_catalogue(language)
    assert {key for key in pages if key.startswith("dns.")} == {f"dns.{code}" for code in DnsOutcome}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("prefix", CODES)
def test_every_code_is_named_by_the_page_as_by_the_program(prefix, language):
    """A reader who goes from the terminal to the page finds the same words."""
    ours, pages = texts.catalogue(language), texts.frontend_catalogue(language)
    for code in CODES[prefix]:
        if f"{prefix}{code}" in NAMED_OTHERWISE:
            continue
        keys = (f"{prefix}{code}", f"fetch_error.{code}", f"verdict_{code}" if prefix == "verdict." else code)
        said = next(ours[key] for key in keys if key in ours)
        assert pages[f"{ON_THE_PAGE.get(prefix, prefix)}{code}"].casefold() == said.casefold()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_other_code_has_a_text(language):
    ours, pages = texts.catalogue(language), texts.frontend_catalogue(language)
    assert {f"fetch_error.{code}" for code in FetchError} <= set(ours)
    assert {f"hop.{code}" for code in HopKind} <= set(ours)
    assert {f"site.{code}" for code in ViolationKey} <= set(ours)
    assert {f"finding.{code}" for code in Embedding} <= set(ours)
    assert {code.value for code in TaskStatus} <= set(ours)
    assert {f"status.{code}" for code in TaskStatus} <= set(pages)
    assert {f"warning.{code}" for code in codes_of(WarningCode)} <= set(pages)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_category_of_the_lists_has_a_text(language):
    data = ROOT / "app" / "engines" / "identify" / "data"
    lines = [line.split("\t") for path in data.glob("*.tsv") for line in path.read_text("utf-8").splitlines()]
    categories = {line[1] for line in lines if len(line) == 3} | {UNKNOWN, PARKED}
    for catalogue in (texts.catalogue(language), texts.frontend_catalogue(language)):
        named = {key.removeprefix("category.") for key in catalogue if key.startswith("category.")}
        assert named == categories


def test_no_sentence_of_the_command_line_or_the_socket_is_written_in_one_language():
    """What people read there comes from the catalogue; docstrings, and what documents the interface, are English."""
    ours = {
        name: tree
        for name, tree in texts.modules().items()
        if name.startswith(("app/cli/", "app/websocket/")) and not name.startswith(DOCUMENTED)
    }
    assert len(ours) > 50
    written = {
        sentence for tree in ours.values() for sentence in texts.sentences(tree) if UNTRANSLATED.search(sentence)
    }
    assert {sentence for sentence in written if not sentence.startswith("SELECT ")} == FOR_NOBODY


@pytest.mark.parametrize("keyword", ["message", "detail"])
def test_no_message_is_written_where_it_is_sent(keyword):
    """The client is a leaf without a catalogue: what it says goes by its code."""
    calls = [
        (f"{name}:{node.lineno}", word.value)
        for name, tree in texts.modules().items()
        if not name.startswith("app/client/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == keyword
    ]
    assert calls
    assert [where for where, value in calls if isinstance(value, ast.Constant | ast.JoinedStr) and is_said(value)] == []


def is_said(value):
    return not isinstance(value, ast.Constant) or isinstance(value.value, str)


def codes_of(literal):
    return literal.__args__
