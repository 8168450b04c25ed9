import re

import pytest

from app.cli import main

CASES = [
    (["bogus"], "There is no command bogus.", "没有命令 bogus。"),
    (["scna"], "There is no command scna. Did you mean scan?", "没有命令 scna。您是否指 scan？"),
    (["watch"], "TASK_ID is missing.", "缺少 TASK_ID。"),
    (["watch", "a", "c.d"], "There are more words than the command takes: c.d", "参数过多：c.d"),
    (
        ["scan", "a.b", "--max-pges", "1"],
        "There is no option --max-pges. Did you mean",
        "没有选项 --max-pges。您是否指",
    ),
    (["scan", "a.b", "-q"], "There is no option -q.", "没有选项 -q。"),
    (["scan", "a.b", "--max-pages"], "--max-pages needs a value", "--max-pages 缺少取值"),
    (["scan", "a.b", "--max-pages", "0"], "--max-pages: a whole number from 1 to", "--max-pages：需要 1 到"),
    (["scan", "a.b", "--max-pages", "x"], "--max-pages: a whole number from 1 to", "--max-pages：需要 1 到"),
    (["scan", "a.b", "--ca-file", "/nowhere"], "--ca-file: no such file", "--ca-file：该文件或目录不存在"),
    (["scan", "a.b", "--data-dir", __file__], "--data-dir: no such file or folder", "--data-dir：该文件或目录"),
    (["restore", "/nowhere"], "FILE: no such file", "FILE：该文件或目录不存在"),
    (["scan", "a.b", "--resolve", "x"], "--resolve: 'x' is not HOST=ADDRESS", "--resolve：'x' 不是 HOST=ADDRESS"),
    (["scan", "a.b", "--resolver", "x"], "--resolver: 'x' is not ADDRESS", "--resolver：'x' 不是 ADDRESS"),
    (["scan", "a.b", "--allow-network", "x"], "--allow-network: 'x' is no network", "--allow-network：'x' 不是网段"),
    (["watch", "t", "--url", "x"], "'x' is not the address of a server", "'x' 不是服务器地址"),
    (["serve", "--port", "70000"], "--port: a whole number from 0 to 65535", "--port：需要 0 到 65535"),
    (["watch", "a", "\x1b[2J"], r": \x1b[2J", r"：\x1b[2J"),
    (["--lang", "fr"], "--lang", "--lang"),
]


@pytest.mark.parametrize(("words", "english", "chinese"), CASES)
def test_what_is_wrong_is_said_in_both_languages(words, english, chinese, capsys, monkeypatch):
    for language, said in (("en", english), ("zh-CN", chinese)):
        monkeypatch.setenv("COMPLIANCE_LANGUAGE", language)
        assert main(words) == 2
        out, err = capsys.readouterr()
        assert said in err
        assert out == ""
        assert "\x1b" not in err


@pytest.mark.parametrize("words", [words for words, _, _ in CASES])
def test_nothing_of_it_is_english_in_chinese(words, capsys, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_LANGUAGE", "zh-CN")
    main(words)
    said = capsys.readouterr().err
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+ [a-z]+", said.replace("compliance scan --help", "")), said


def test_no_words_at_all_are_answered_with_help(capsys):
    assert main([]) == 2
    assert "compliance" in capsys.readouterr().err
