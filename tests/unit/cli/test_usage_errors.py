import re

import pytest

from app.cli import main
from app.domain.messages import Language, MessageCatalog
from app.domain.scan_options import MAX_PAGES
from tests.support.said import said

PAGES = {"least": MAX_PAGES.least, "most": MAX_PAGES.most}
# What is typed, what is wrong with it, the values of that sentence, and the parameter that it is about.
CASES = [
    (["bogus"], "no_such_command", {"name": "bogus"}, None),
    (["watch"], "missing", {"name": "TASK_ID"}, None),
    (["watch", "a", "c.d"], "too_many", {"words": "c.d"}, None),
    (["watch", "a", "\x1b[2J"], "too_many", {"words": r"\x1b[2J"}, None),
    (["scan", "a.b", "-q"], "no_such_option", {"name": "-q"}, None),
    (["scan", "a.b", "--max-pages"], "option_value", {"name": "--max-pages"}, None),
    (["scan", "a.b", "--max-pages", "0"], "number", PAGES, "--max-pages"),
    (["scan", "a.b", "--max-pages", "x"], "number", PAGES, "--max-pages"),
    (["scan", "a.b", "--ca-file", "/nowhere"], "file", {}, "--ca-file"),
    (["scan", "a.b", "--data-dir", __file__], "file", {}, "--data-dir"),
    (["restore", "/nowhere"], "file", {}, "FILE"),
    (["scan", "a.b", "--resolve", "x"], "resolve", {"value": "'x'"}, "--resolve"),
    (["scan", "a.b", "--resolver", "x"], "resolver", {"value": "'x'"}, "--resolver"),
    (["scan", "a.b", "--allow-network", "x"], "network", {"value": "'x'"}, "--allow-network"),
    (["watch", "t", "--url", "x"], "server", {"value": "'x'"}, None),
    (["serve", "--port", "70000"], "number", {"least": 0, "most": 65_535}, "--port"),
    (["--lang", "fr"], "lang", {"names": "zh-CN / en"}, None),
]
SPELT = [
    (["scna"], "no_such_command", "scna", ["scan"]),
    (["scan", "a.b", "--max-pges", "1"], "no_such_option", "--max-pges", ["--max-depth", "--max-pages", "--targets"]),
]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("words", "key", "values", "about"), CASES)
def test_what_is_wrong_is_said_in_both_languages(words, key, values, about, language, capsys, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_LANGUAGE", language)
    wrong = said(f"usage.{key}", language, **values)
    line = said("usage.bad_value", language, name=about, reason=wrong) if about else wrong
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert line in err
    assert out == ""
    assert "\x1b" not in err


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("words", "key", "name", "meant"), SPELT)
def test_what_was_probably_meant_is_said(words, key, name, meant, language, capsys, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_LANGUAGE", language)
    wrong = said(f"usage.{key}", language, name=name)
    assert main(words) == 2
    assert (
        said("usage.did_you_mean", language, said=wrong, names=MessageCatalog(language).join_terms(meant))
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("words", [words for words, *_ in [*CASES, *SPELT]])
def test_nothing_of_it_is_english_in_chinese(words, capsys, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_LANGUAGE", "zh-CN")
    main(words)
    shown = capsys.readouterr().err
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+ [a-z]+", shown.replace("compliance scan --help", "")), shown


def test_no_words_at_all_are_answered_with_help(capsys):
    assert main([]) == 2
    assert "compliance" in capsys.readouterr().err
