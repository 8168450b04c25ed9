import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.crawl.traps import MAX_DRY, MAX_ECHOES, MAX_ODD, MAX_REPEATS, TrapGuard, shape_of


@pytest.mark.parametrize(
    ("url", "shape"),
    [
        ("https://a.test/", "a.test/w"),
        ("https://a.test", "a.test/w"),
        ("https://a.test/about.html", "a.test/w.html"),
        ("https://a.test/news/2024/05/17.html", "a.test/news/#.html"),
        ("https://a.test/news/some-title", "a.test/news/w"),
        ("https://a.test/p/3f9a?page=2&sort=up", "a.test/p/@?page&sort"),
        ("https://a.test/list?x=1&b=2&y=3", "a.test/w?*"),
        ("https://a.test/index.php?m=news&c=show&a=view&id=7", "a.test/w.php?a=view&c=show&m=news&id"),
        ("https://a.test/index.php?id=7&a=view&c=show&m=news", "a.test/w.php?a=view&c=show&m=news&id"),
        ("https://a.test/forum.php?mod=viewthread&tid=3&page=2&extra=", "a.test/w.php?mod=viewthread&*"),
        ("https://a.test/index.php?a=7f3&m=1", "a.test/w.php?a&m"),
        ("https://a.test/?s=/news/read/id/9.html", "a.test/w?s"),
        ("https://a.test/a/b/c/d/e", "a.test/a/w"),
        ("https://a.test/a/b/c/d/e/f/g", "a.test/a/w"),
        ("https://a.test/a/b/a/b/a/b/a/b", "a.test!odd"),
        ("https://a.test/" + "x" * 2_000, "a.test!odd"),
        ("https://a.test/" + "y/" * 3 + "z/q/" * 9, "a.test!odd"),
        ("https://a.test:8443/x#part", "a.test:8443/w"),
    ],
)
def test_the_shape_is_what_urls_of_a_kind_have_in_common(url, shape):
    assert shape_of(url) == shape


@given(st.text(max_size=60))
def test_any_url_has_a_shape(text):
    assert shape_of("https://a.test/" + text).startswith("a.test")


def wasted(guard, url_of, text_of, limit=5_000):
    """How many requests a trap gets before it is closed."""
    for number in range(limit):
        shape = shape_of(url_of(number))
        if not guard.admits(shape):
            return number
        guard.learn(shape, text_of(number), brings_host=False)
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
    assert wasted(TrapGuard(), url_of, text_of) < 200


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
    guard, asked = TrapGuard(), 0
    for url, text in facets(5_000):
        shape = shape_of(url)
        if guard.admits(shape):
            asked += 1
            guard.learn(shape, text, brings_host=False)
    assert asked < 200


def test_facets_end_nothing_that_has_news_under_the_same_path():
    guard = TrapGuard()
    for number, (url, text) in enumerate(facets(2_000)):
        shape = shape_of(f"https://a.test/shop?id={number}")
        assert guard.admits(shape)
        guard.learn(shape, f"article {chr(0x4E00 + number)}", brings_host=False)
        if guard.admits(shape_of(url)):
            guard.learn(shape_of(url), text, brings_host=False)
    assert not guard.admits(shape_of("https://a.test/shop?colour=red&size=large"))


def test_parameters_that_select_content_make_shapes_of_their_own():
    """One part of a program repeats itself without end, and takes no other part with it."""
    guard = TrapGuard()
    for _ in range(MAX_ECHOES + 1):
        guard.learn(shape_of("https://a.test/index.php?m=cal&c=month&a=show&x=1"), "nothing", brings_host=False)
    assert not guard.admits(shape_of("https://a.test/index.php?m=cal&c=month&a=show&x=2"))
    assert guard.admits(shape_of("https://a.test/index.php?m=news&c=article&a=show&x=1"))


def test_parts_without_end_are_one_trap():
    def part(number):
        return "".join("abcdefghij"[int(digit)] for digit in str(number))

    assert wasted(TrapGuard(), lambda n: f"https://a.test/i.php?m={part(n)}&a=go", lambda n: "Nothing here") < 220


def test_forty_articles_that_say_they_are_gone_take_none_of_the_others_with_them():
    guard = TrapGuard()
    for number in range(40 + 200):
        shape = shape_of(f"https://a.test/news/{number}.html")
        assert guard.admits(shape)
        text = "This article is no more" if number < 40 else f"article {chr(0x4E00 + number)}"
        guard.learn(shape, text, brings_host=False)


def test_articles_are_never_cut_off_however_many_there_are():
    guard = TrapGuard()
    assert wasted(guard, lambda n: f"https://a.test/news/{n}.html", lambda n: f"menu title{chr(0x4E00 + n)}") == 5_000
    assert guard.closed == []


def test_pages_that_bring_a_new_foreign_host_are_always_worth_it():
    guard = TrapGuard()
    for number in range(500):
        shape = shape_of(f"https://a.test/go/{number}")
        assert guard.admits(shape)
        guard.learn(shape, "You leave our site", brings_host=True)


def test_a_few_repetitions_among_many_pages_close_nothing():
    guard = TrapGuard()
    for number in range(400):
        guard.learn("a.test/w.html", "same" if number % 3 == 0 else f"page {chr(0x4E00 + number)}", brings_host=False)
    assert guard.admits("a.test/w.html")


def test_a_closed_shape_is_told_once_and_leaves_others_alone():
    guard = TrapGuard()
    for number in range(2 * (MAX_REPEATS + 5)):
        guard.learn("a.test/x?s", "same" if number % 2 else "alike", brings_host=False)
    assert guard.closed == ["a.test/x?s"]
    assert not guard.admits("a.test/x?s")
    assert guard.admits("a.test/y")


def test_words_run_dry_in_generated_shapes_alone():
    guard = TrapGuard()
    for number in range(MAX_DRY + 10):
        text = " ".join(random.Random(number).choices(WORDS, k=40))
        guard.learn("a.test/w.html", text, brings_host=False)
        guard.learn("a.test/gen/#", text + " also", brings_host=False)
    assert guard.admits("a.test/w.html")


def test_odd_urls_are_few():
    guard = TrapGuard()
    assert [guard.admits("a.test!odd") for _ in range(MAX_ODD + 1)] == [True] * MAX_ODD + [False]
