import pytest

from app.cli.terminal import clean, clock_of, language_of


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, None),
        ({"LANG": "C.UTF-8"}, None),
        ({"LANG": "POSIX"}, None),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB"}, "en"),
        ({"LANG": "en_US.UTF-8", "COMPLIANCE_LANGUAGE": "zh-CN"}, "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "COMPLIANCE_LANGUAGE": "en"}, "en"),
    ],
)
def test_the_language_is_asked_for_or_the_locales(environment, language):
    assert language_of(environment) == language


@pytest.mark.parametrize(("seconds", "shown"), [(-1, "00:00"), (5.9, "00:05"), (61, "01:01"), (3_723, "1:02:03")])
def test_durations_read_like_clocks(seconds, shown):
    assert clock_of(seconds) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 文字", "plain 文字"),
        ("\x1b[31mred\x1b[0m", "\ufffd[31mred\ufffd[0m"),
        ("one\ntwo\tthree\u3000four", "one two three four"),
        ("abc\u202egnp.exe", "abc\ufffdgnp.exe"),
        ("\x9b2J", "\ufffd2J"),
    ],
)
def test_nothing_from_a_page_steers_the_terminal(text, shown):
    assert clean(text) == shown
