import pytest

from app.cli.language import UnknownLanguage, reader_of, take_language
from app.domain.messages import DEFAULT_LANGUAGE, Language


@pytest.mark.parametrize(
    "words",
    [
        ["--lang", "en", "scan", "x"],
        ["scan", "--lang=en", "x"],
        ["scan", "x", "--lang", "en_GB.UTF-8"],
        ["--lang", "zh", "scan", "x", "--lang", "en"],
    ],
)
def test_it_may_stand_anywhere_and_the_last_one_counts(words):
    reader, kept = take_language(words, {"COMPLIANCE_LANGUAGE": "zh-CN"})
    assert (reader.language, reader.asked) == (Language.EN, Language.EN)
    assert kept == ["scan", "x"]
    assert reader.texts("confidence") == "Confidence"


def test_behind_two_dashes_it_is_a_word_like_others():
    reader, kept = take_language(["scan", "--", "--lang", "en"], {})
    assert kept == ["scan", "--", "--lang", "en"]
    assert reader.asked is None


@pytest.mark.parametrize("words", [["--lang"], ["--lang="], ["--lang", "fr"], ["--lang", ""]])
def test_a_language_that_is_not_here_is_refused(words):
    with pytest.raises(UnknownLanguage):
        take_language(words, {})


def test_without_it_variable_and_locale_decide():
    assert reader_of({"COMPLIANCE_LANGUAGE": "en", "LANG": "zh_CN"}).language is Language.EN
    assert take_language(["x"], {"LANG": "en_US.UTF-8"})[0].language is Language.EN
    assert reader_of({}).language is DEFAULT_LANGUAGE
