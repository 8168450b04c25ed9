from collections import Counter

import pytest

from app.domain.violations import ViolationKey
from app.engines.analyse.text.lexicon import SHIPPED, LexiconError, Role, load_lexicon

CLASSES = ("adult", "gambling", "fraud", "malware", "drugs", "violence", "medical", "other")


def found(lexicon, normaliser, text):
    return [hit.terms[0].pattern for hit in lexicon.find(normaliser.normalise(text))]


@pytest.fixture
def load(tmp_path, normaliser):
    def write(text, name="gambling.en.txt"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return load_lexicon(normaliser, tmp_path)

    return write


@pytest.mark.parametrize("key", CLASSES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_class_ships_at_least_sixty_written_terms_per_language(key, language):
    lines = (SHIPPED / f"{key}.{language}.txt").read_text(encoding="utf-8").splitlines()
    bodies = [line.partition(":")[2] for line in lines if line[:1].isdigit()]
    terms = {term.strip() for body in bodies for term in body.split("|")}
    assert len(terms) >= 60


def test_a_pattern_has_one_role_in_a_class(lexicon):
    counts = Counter((term.pattern, term.key) for term in lexicon.terms)
    assert [pair for pair, count in counts.items() if count > 1] == []


def test_every_shipped_weight_is_a_fraction_and_no_pattern_is_a_single_character(lexicon):
    assert all(0 < term.weight <= 1 for term in lexicon.terms)
    assert [term.pattern for term in lexicon.terms if len(term.pattern) < 2] == []


def test_latin_terms_match_whole_words_and_their_plural(load, normaliser):
    lexicon = load("version: 1\n0.6: slot game | bet")
    assert found(lexicon, normaliser, "Slot games, a BET; but better alphabet betting") == ["slot game", "bet"]


def test_latin_terms_may_touch_chinese_characters(load, normaliser):
    assert found(load("version: 1\n1.0: casino"), normaliser, "澳门casino娱乐") == ["casino"]


def test_a_hit_inside_a_longer_one_is_dropped(load, normaliser):
    lexicon = load("version: 1\n1.0: online casino | casino | casino bonus")
    assert found(lexicon, normaliser, "online casino bonus") == ["online casino", "casino bonus"]


def test_a_guard_hides_the_term_that_it_contains(lexicon, normaliser):
    hits = lexicon.find(normaliser.normalise("反诈骗宣传"))
    assert all(term.role is Role.GUARD for hit in hits for term in hit.terms)


def test_traditional_and_wide_writing_find_the_same_term(load, normaliser):
    lexicon = load("version: 1\n1.0: 百家乐", "gambling.zh.txt")
    assert found(lexicon, normaliser, "百家樂 / 百 家 乐 / 百\u200b家\u200b乐") == ["百家乐"] * 3


def test_lists_fill_templates_in_every_combination(load):
    lexicon = load("version: 1\n@a = x1 | x2\n@b = y1 | y2\n1.0: buy {a} with {b}")
    assert {term.pattern for term in lexicon.terms} == {f"buy x{i} with y{j}" for i in (1, 2) for j in (1, 2)}


def test_guard_lines_name_their_classes(load):
    lexicon = load("version: 1\ngambling,fraud 0.5: helpline\n* 0.9: reporter", "guard.en.txt")
    helpline = {term.key.value for term in lexicon.terms if term.pattern == "helpline"}
    reporter = {term.key.value for term in lexicon.terms if term.pattern == "reporter"}
    assert helpline == {"gambling", "fraud"}
    assert reporter == set(CLASSES)
    assert ViolationKey.HIDDEN_LINK not in reporter


def test_cues_are_read_like_guards(load):
    (term,) = load("gambling 0.4: first deposit", "cue.en.txt").terms
    assert (term.role, term.key) == (Role.CUE, ViolationKey.GAMBLING)


def test_the_version_is_that_of_the_newest_file(load):
    load("version: 2026-01-02\n1.0: one", "gambling.en.txt")
    assert load("version: 2026-03-01\n1.0: two", "adult.en.txt").version == "2026-03-01"


@pytest.mark.parametrize(
    "line", ["no weight: term", "1.5: too heavy", "0: nothing", "1.0:", "1.0: {unknown} list", "just words"]
)
def test_a_malformed_line_is_named(load, line):
    with pytest.raises(LexiconError, match="line 2"):
        load(f"version: 1\n{line}")


def test_an_unknown_class_is_refused(load):
    with pytest.raises(LexiconError):
        load("1.0: term", "nonsense.en.txt")


def test_a_detector_sees_whatever_is_found_of_its_kind(load, normaliser):
    lexicon = load("1.0: online casino | free spins\n0.3: poker\n")
    names_offer = lexicon.detector(lambda term: term.weight > 0.5)
    assert names_offer(normaliser.sketch("Try our Online-Casino!"))
    assert names_offer(normaliser.sketch("monsteronline casinos"))  # no whole word: to be looked at all the same
    assert not names_offer(normaliser.sketch("a poker night"))


def test_a_detector_is_made_once_of_a_function(load):
    def is_offer(term):
        return term.weight > 0.5

    lexicon = load("1.0: online casino\n0.3: poker\n")
    assert lexicon.detector(is_offer) is lexicon.detector(is_offer)
    assert lexicon.detector(lambda term: term.weight < 0.5)("poker")


def test_no_shipped_pattern_is_lost_where_blanks_are_single(lexicon, normaliser):
    patterns = {term.pattern for term in lexicon.terms}
    assert [pattern for pattern in patterns if normaliser.sketch(pattern) != pattern] == []
