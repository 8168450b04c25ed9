"""What is learnt for the text classifier is learnt of words, and judged on what was held back."""

from collections import Counter

import pytest

from app.engines.analyse.text.classifier import number_of, read_heads
from tests.eval import learn_classifier
from tests.eval.batches.batch import learnt_pages, third_party_pages
from tests.eval.learn_classifier import (
    Examiner,
    HeldBack,
    Page,
    half_of,
    hold_back,
    learnt,
    margins,
    mix,
    mix_shipped,
    print_bins,
    print_group,
)

GROUPS = ("batch 7", "taught 1", "taught 2")


def page(group, label, *words, rules=None):
    return Page(group, label, tuple(sorted({number_of(word) for word in words})), rules)


@pytest.fixture
def known():
    """In each group the jackpot violates and the garden does not; each page has a word of its own."""
    return [
        page(group, "gambling" if at % 2 else "clean", "jackpot" if at % 2 else "garden", f"{group} {at}")
        for group in GROUPS
        for at in range(20)
    ]


def test_words_of_violating_pages_speak_for_it(known):
    bad, good = margins(learnt(known, []), [page("x", "clean", "jackpot"), page("x", "clean", "garden")])
    assert bad > 0 > good


def test_pages_of_the_web_are_clean_ones(known):
    web = [page(f"site {at}", "clean", "jackpot", f"press {at}") for at in range(400)]
    (alone,), (beside,) = (margins(learnt(known, found), [page("x", "clean", "jackpot")]) for found in ([], web))
    assert beside < alone


def test_each_group_is_judged_by_a_model_that_has_not_seen_it(known, capsys):
    odd = [
        page("taught 3", "clean" if at % 2 else "fraud", "jackpot" if at % 2 else "garden", f"odd {at}")
        for at in range(20)
    ]
    held = hold_back([*known, *odd], [])
    mixture = mix([held[name] for name in GROUPS], None)
    for name in (*GROUPS, "taught 3"):
        print_group(name, held[name], mixture)
    print_bins([held[name] for name in GROUPS], mixture)
    said = capsys.readouterr().out
    assert "| batch 7 | both | 10 | 10 | 1.000 | 10 | 0 |" in said
    assert "| taught 3 | both | 10 | 10 | 0.000 |" in said


def test_a_rule_that_accuses_everybody_is_believed_less(known):
    def confidence(rules_of):
        found = [page(one.group, one.label, "x", rules=rules_of(one)) for one in known]
        held = HeldBack(found, [0.0] * len(found))
        return mix([held], None).confidence(0.0, 0.9)

    assert confidence(lambda one: 0.9 if one.violates else None) > 0.9
    assert confidence(lambda _: 0.9) == pytest.approx(0.5, abs=0.05)


def test_the_mixture_is_fitted_anew_and_the_words_stay(tmp_path, monkeypatch, capsys):
    shipped = tmp_path / "classifier.bin"
    shipped.write_bytes(learn_classifier.SHIPPED.read_bytes())
    monkeypatch.setattr(learn_classifier, "SHIPPED", shipped)
    monkeypatch.setattr(learn_classifier, "third_party_pages", lambda batch: third_party_pages(batch)[::10])
    before, heads = read_heads(shipped)
    site = next(name for name in map(str, range(100)) if half_of(name) == 1)
    web = [page(site, "clean", "garden", f"press {at}") for at in range(20)]
    mix_shipped(Examiner(), web, write=True)
    after, same = read_heads(shipped)
    assert same == heads
    assert after["mixture"] != before["mixture"]
    assert capsys.readouterr().out.count("| batch, 25 pages | both |") == 6


def test_frames_tell_nothing_of_a_label():
    frames = {
        label: Counter(body.html[:200] for _, body in learnt_pages("7") if (body.label == "clean") is label)
        for label in (True, False)
    }
    assert len(frames[True]) > 10
    assert set(frames[True]) & set(frames[False])
    assert {body.id for _, body in learnt_pages("7")} == {body.id for body in third_party_pages(7)}


def test_half_of_the_sites_are_held_back():
    halves = Counter(half_of(f"owner+site-{at}.github.io") for at in range(1_000))
    assert 400 < halves[0] < 600
