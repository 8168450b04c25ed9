"""Every word of the documents of the interface is there in every language, and nothing else is."""

import re
from collections import Counter

import pytest

from app.domain.messages import Language
from tests.docs.sentences import OTHERS, catalogue, spoken

HAN = re.compile(r"[\u4e00-\u9fff]")
# Names, and values that stand in the data as they are.
SAME_IN_BOTH = {"The WebSocket", "`admin` or `user`."}
VALUES_ALONE = re.compile(r"^(\w+(, | or ))+\w+\.$")
ENGLISH = re.compile(r"(?:[A-Za-z]{2,}[ ,]+){3,}[A-Za-z]{2,}")  # a sentence of four words was forgotten


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_has_its_translation_and_none_is_left_over(language):
    """A sentence that changed is missing under its new words, and left over under the old ones."""
    known, said = set(catalogue(language)), set(spoken())
    assert sorted(said - known) == []
    assert sorted(known - said) == []


def test_the_sentences_are_found():
    """The test above would be worth nothing if it saw none."""
    said = set(spoken())
    assert len(said) > 500
    assert {"Start a scan", "Names in scope that resolve.", "The token expired.", "reconnect and resume"} <= said


def test_the_chinese_is_chinese_and_keeps_codes_and_numbers():
    for english, chinese in catalogue(Language.ZH_CN).items():
        assert HAN.search(chinese) or english in SAME_IN_BOTH or VALUES_ALONE.match(english), english
        words = re.sub(r"`[^`]*`", "", chinese)
        assert VALUES_ALONE.match(english) or not ENGLISH.search(words), chinese
        assert not re.search(r"[\u4e00-\u9fff][,;:!?.]", words), chinese  # Chinese text has its own marks
        for kept in (r"`[^`]+`", r"\d+(?:,\d{3})*"):
            assert Counter(re.findall(kept, english)) == Counter(re.findall(kept, chinese)), english
        assert english.endswith(".") == chinese.endswith(("。", ".")), english
