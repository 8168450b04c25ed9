"""One catalogue, and every text in every language."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from app.domain.authorship import Author, AuthorSign
from app.domain.coverage import CrawlCutoff
from app.domain.messages import LOCALES, Language, MessageCatalog
from app.domain.recommendations import Advice
from app.domain.risk import Embedding, Place
from app.domain.stages import STAGES
from app.domain.verdict import Reason
from app.domain.violations import ViolationKey

APP = Path(__file__).parents[3] / "app"
KEYS = {language: list(MessageCatalog(language)._texts) for language in Language}
# What a page or a server outside is told of languages is no choice of ours between texts.
FOREIGN = {"engines/capture", "engines/net"}


def test_every_language_has_its_file_and_every_file_its_language():
    assert {path.stem for path in LOCALES.glob("*.json")} == set(Language)


@pytest.mark.parametrize("language", Language)
def test_every_text_exists_in_every_language_in_the_same_order(language):
    assert KEYS[language] == KEYS[Language.ZH_CN]
    assert all(MessageCatalog(language)._texts.values())


@pytest.mark.parametrize("language", [language for language in Language if language is not Language.ZH_CN])
def test_all_languages_name_the_same_facts(language):
    def facts(text):
        return sorted(name for _, name, _, _ in Formatter().parse(text) if name)

    texts, chinese = MessageCatalog(language)._texts, MessageCatalog(Language.ZH_CN)._texts
    assert [key for key, text in texts.items() if facts(text) != facts(chinese[key])] == []


def test_chinese_is_chinese_and_english_is_not():
    shared = {"evidence.unknown", "category.cdn"}
    chinese, english = MessageCatalog("zh-CN")._texts, MessageCatalog("en")._texts
    assert {key for key, text in chinese.items() if not re.search(r"[\u3001-\u9fff\uff00-\uffef]", text)} == shared
    assert not [key for key, text in english.items() if re.search(r"[\u3001-\u9fff\uff00-\uffef]", text)]


def test_every_code_of_the_domain_has_its_text():
    for prefix, codes in (
        ("stage", [spec.key for spec in STAGES]),
        ("violation", ViolationKey),
        ("reason", [*Reason, *CrawlCutoff]),
        ("finding", [*Embedding, "hidden", "tampered", "user_post", "forwards", "own_takeover"]),
        ("risk.embedding", Embedding),
        ("risk.place", Place),
        ("advice", Advice),
        ("author", Author),
        ("author_sign", AuthorSign),
    ):
        named = {key.removeprefix(f"{prefix}.") for key in KEYS[Language.EN] if key.startswith(f"{prefix}.")}
        assert named == set(codes)


@pytest.fixture(scope="module")
def trees():
    """The syntax of every module of the program, by its path."""
    return {path.relative_to(APP).as_posix(): ast.parse(path.read_text("utf-8")) for path in sorted(APP.rglob("*.py"))}


def test_no_other_module_knows_what_languages_there_are(trees):
    """A new one is a file and a line of `Language`: no module chooses between two texts by itself."""
    elsewhere = [
        f"{path}:{node.lineno}"
        for path, tree in trees.items()
        if path != "domain/messages.py" and not any(path.startswith(place) for place in FOREIGN)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in [*Language, "zh"]
    ]
    assert elsewhere == []


def test_no_warning_is_written_where_it_is_given(trees):
    literal = [
        f"{path}:{call.lineno}"
        for path, tree in trees.items()
        if path.startswith("engines/")
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "warning"
        if any(isinstance(text, ast.Constant | ast.JoinedStr) for text in call.args[1:2])  # a log's event stands alone
    ]
    assert literal == []


def test_a_text_is_in_the_language_that_was_chosen():
    assert MessageCatalog("en")("crawl_time", limit_s=60) == "The crawl was stopped by the time limit of 60 s."
    assert MessageCatalog("zh-CN")("crawl_time", limit_s=60) == "已达到 60 秒的时间上限，爬取提前结束"
    assert MessageCatalog("en")("queue_place", position=2) == "position 2 in the queue"
    assert MessageCatalog("zh-CN")("queue_place", position=2) == "队列位置 2"


def test_the_form_of_a_word_fits_the_number():
    said = [MessageCatalog("en")("identifying", third_parties=count) for count in (0, 1, 2)]
    assert said == ["0 third parties identified", "1 third party identified", "2 third parties identified"]
    assert MessageCatalog("zh-CN")("identifying", third_parties=1) == "已识别 1 个第三方域名"


def test_lists_are_joined_as_the_language_does():
    assert MessageCatalog("en").join_terms(["a", "b"]) == "a, b"
    assert MessageCatalog("zh-CN").join_clauses(["a", "b"]) == "a；b"


def test_an_unknown_language_or_key_is_refused():
    with pytest.raises(ValueError, match="xx"):
        MessageCatalog("xx")
    with pytest.raises(KeyError):
        MessageCatalog("en")("no_such_text")
    assert "no_such_text" not in MessageCatalog("en")


@pytest.mark.parametrize(
    ("locale", "language"), [("zh_TW.UTF-8", "zh-CN"), ("en-US", "en"), ("EN", "en"), ("de_DE.UTF-8", None), ("", None)]
)
def test_a_locale_is_matched_without_its_region(locale, language):
    assert Language.of_locale(locale) == language


def test_the_page_speaks_the_same_languages_and_chooses_between_no_two_of_them():
    static = APP / "static"
    index = (static / "locales" / "index.js").read_text("utf-8")
    listed = re.search(r"LOCALES = \{(.+)\}", index)[1]
    assert [tag.split(":")[0].strip('" ') for tag in listed.split(",")] == list(Language)
    named = rf"""["'`](?:{"|".join([*Language, "zh"])})["'`]"""
    rest = [path for path in static.rglob("*.js") if path.parent.name != "locales"]
    assert [path.name for path in rest if re.search(named, path.read_text("utf-8"))] == []


@pytest.mark.parametrize("language", Language)
def test_a_sentence_alone_is_the_one_that_is_remade(language):
    texts = MessageCatalog("zh-CN")
    reader = MessageCatalog(language)
    for text in (
        texts("discovering", subdomains=1),
        texts("violation_found", domain="a.test", name=texts("violation.gambling"), confidence=0.97),
        texts.join_clauses([texts("reason.robots"), texts.join_terms(["a", "b"])]),
        texts("task_cut", reasons=texts.join_clauses([texts("reason.depth"), texts("reason.trap")])),
    ):
        assert reader.sentence(text.key, text.params) == reader.remake(text.key, text.params) == reader.adopt(text)


@pytest.mark.parametrize("params", [{}, {"reason": {"text_key": "no.such", "params": {}}}])
def test_a_sentence_of_another_version_is_none(params):
    assert MessageCatalog("en").sentence("scan_cut_somehow", params) is None
    assert MessageCatalog("en").sentence("no_browser", params) is None
