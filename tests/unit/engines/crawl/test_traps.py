import itertools
import random

import pytest

from app.engines.crawl.traps import KNOWN_FROM, MAX_COMMON_REPEATS, MAX_ODD, MAX_REPEATS, MAX_STALE, TrapDetector
from app.engines.crawl.url_patterns import url_pattern


def wasted(traps, url_of, text_of, limit=5_000):
    """How many requests a trap gets before it is closed."""
    for number in range(limit):
        pattern = url_pattern(url_of(number))
        if not traps.allows(pattern):
            return number
        traps.learn(pattern, text_of(number), brings_host=False)
    return limit


WORDS = [a + b + c for a, b, c in itertools.product("bdfgk", "aeiou", "lmnrst")]


@pytest.mark.parametrize(
    ("url_of", "text_of"),
    [
        (lambda n: f"https://a.test/cal/{n // 12}/{n % 12}", lambda n: f"Month {n % 12} of {n // 12} Mon Tue"),
        (lambda n: f"https://a.test/cal?month={n}", lambda n: "日历 " + "一二三四五六七八九十冬腊"[n % 12]),
        (lambda n: f"https://a.test/shop;s=x{n}/list", lambda n: "Our shop"),
        (lambda n: "https://a.test/x/" + "/".join("abcdefghijk"[: n % 11]), lambda n: "Folder"),
        (lambda n: f"https://a.test/s?{'&'.join(f'f{k}=1' for k in range(n % 9 + 3))}", lambda n: "Nothing found"),
        (
            lambda n: f"https://a.test/gen/{n}.html",
            lambda n: " ".join(random.Random(n).choices(WORDS, k=60)),
        ),
    ],
)
def test_no_trap_costs_more_than_two_hundred_requests(url_of, text_of):
    assert wasted(TrapDetector(), url_of, text_of) < 200


ADJECTIVES = ["red", "blue", "small", "large", "cheap", "new"]
FACETS = ["colour", "size", "price", "brand", "sort", "stock", "rating"]


def facets(count):
    """Every subset of the filters of one shop is a list of its own."""
    rng = random.Random(7)
    for _ in range(count):
        names = rng.sample(FACETS, rng.randint(1, len(FACETS)))
        query = "&".join(f"{name}={rng.choice(ADJECTIVES)}" for name in names)
        yield f"https://a.test/shop?{query}", " ".join(rng.sample(WORDS[:100], 20))


def test_facets_cost_at_most_two_hundred_requests_over_all_their_combinations():
    traps, asked = TrapDetector(), 0
    for url, text in facets(5_000):
        pattern = url_pattern(url)
        if traps.allows(pattern):
            asked += 1
            traps.learn(pattern, text, brings_host=False)
    assert asked < 200


def test_facets_end_nothing_that_has_news_under_the_same_path():
    traps = TrapDetector()
    for number, (url, text) in enumerate(facets(2_000)):
        pattern = url_pattern(f"https://a.test/shop?id={number}")
        assert traps.allows(pattern)
        traps.learn(pattern, f"article {chr(0x4E00 + number)}", brings_host=False)
        if traps.allows(url_pattern(url)):
            traps.learn(url_pattern(url), text, brings_host=False)
    assert not traps.allows(url_pattern("https://a.test/shop?colour=red&size=large"))


def test_parameters_that_select_content_make_patterns_of_their_own():
    """One part of a program repeats itself without end, and takes no other part with it."""
    traps = TrapDetector()
    for _ in range(MAX_COMMON_REPEATS + 1):
        traps.learn(url_pattern("https://a.test/index.php?m=cal&c=month&a=show&x=1"), "nothing", brings_host=False)
    assert not traps.allows(url_pattern("https://a.test/index.php?m=cal&c=month&a=show&x=2"))
    assert traps.allows(url_pattern("https://a.test/index.php?m=news&c=article&a=show&x=1"))


def test_parts_without_end_are_one_trap():
    def part(number):
        return "".join("abcdefghij"[int(digit)] for digit in str(number))

    assert wasted(TrapDetector(), lambda n: f"https://a.test/i.php?m={part(n)}&a=go", lambda n: "Nothing here") < 220


def test_what_a_host_says_of_all_that_is_gone_is_learnt_once_and_not_for_each_of_its_folders():
    traps = TrapDetector()
    wasted_in = [
        wasted(traps, lambda n, folder=folder: f"https://a.test/{folder}/{n}.html", lambda _: "This page is no more")
        for folder in ("news", "events", "notices", "people")
    ]
    assert wasted_in[0] > KNOWN_FROM
    assert max(wasted_in[1:]) < 20
    other = wasted(traps, lambda n: f"https://b.test/news/{n}.html", lambda _: "This page is no more")
    assert other > KNOWN_FROM


def test_a_folder_with_a_few_pages_that_are_gone_stays_open():
    traps = TrapDetector()
    wasted(traps, lambda n: f"https://a.test/old/{n}.html", lambda _: "This page is no more")
    said = lambda n: "This page is no more" if n % 3 == 0 else f"article {chr(0x4E00 + n)}"  # noqa: E731
    assert wasted(traps, lambda n: f"https://a.test/news/{n}.html", said, limit=600) == 600


def test_forty_articles_that_say_they_are_gone_take_none_of_the_others_with_them():
    traps = TrapDetector()
    for number in range(40 + 200):
        pattern = url_pattern(f"https://a.test/news/{number}.html")
        assert traps.allows(pattern)
        text = "This article is no more" if number < 40 else f"article {chr(0x4E00 + number)}"
        traps.learn(pattern, text, brings_host=False)


def test_articles_are_never_cut_off_however_many_there_are():
    traps = TrapDetector()
    assert wasted(traps, lambda n: f"https://a.test/news/{n}.html", lambda n: f"menu title{chr(0x4E00 + n)}") == 5_000
    assert traps.closed == []


def test_pages_that_bring_a_new_foreign_host_are_always_worth_it():
    traps = TrapDetector()
    for number in range(500):
        pattern = url_pattern(f"https://a.test/go/{number}")
        assert traps.allows(pattern)
        traps.learn(pattern, "You leave our site", brings_host=True)


def test_a_few_repetitions_among_many_pages_close_nothing():
    traps = TrapDetector()
    for number in range(400):
        traps.learn("a.test/w.html", "same" if number % 3 == 0 else f"page {chr(0x4E00 + number)}", brings_host=False)
    assert traps.allows("a.test/w.html")


def test_a_closed_pattern_is_told_once_and_leaves_others_alone():
    traps = TrapDetector()
    for number in range(2 * (MAX_REPEATS + 5)):
        traps.learn("a.test/x?s", "same" if number % 2 else "alike", brings_host=False)
    assert traps.closed == ["a.test/x?s"]
    assert not traps.allows("a.test/x?s")
    assert traps.allows("a.test/y")


def test_new_words_are_counted_for_generated_patterns_alone():
    traps = TrapDetector()
    for number in range(MAX_STALE + 10):
        text = " ".join(random.Random(number).choices(WORDS, k=40))
        traps.learn("a.test/w.html", text, brings_host=False)
        traps.learn("a.test/gen/#", text + " also", brings_host=False)
    assert traps.allows("a.test/w.html")


def test_odd_urls_are_few():
    traps = TrapDetector()
    assert [traps.allows("a.test!odd") for _ in range(MAX_ODD + 1)] == [True] * MAX_ODD + [False]
