"""What the terms of one class say in a text."""

from app.domain.violations import ViolationKey
from app.engines.analyse.own_site.own_terms import as_written, guard_of, has_product, quote_of, words_of
from app.engines.analyse.shipped_data import shipped_data


def read(text: str):
    data = shipped_data()
    normalised = data.normaliser.normalise(text)
    return normalised, data.lexicon.find(normalised)


def test_two_terms_with_a_product_are_an_offer():
    text, hits = read("online casino with welcome bonus and free spins")
    words = words_of(hits)[ViolationKey.GAMBLING]
    assert words.offers
    assert has_product(hits)
    assert as_written(text, words.strongest) in "online casino with welcome bonus and free spins"
    assert "casino" in quote_of(text, words.strongest)


def test_a_guard_word_counts_for_its_class():
    _, hits = read("casino night for the roof, roulette with play money")
    assert words_of(hits)[ViolationKey.GAMBLING].is_guarded
    assert guard_of(ViolationKey.GAMBLING, hits) > 0
    assert guard_of(ViolationKey.DRUGS, hits) == 0
