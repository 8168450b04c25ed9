import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.crawl.traps import MAX_DRY, MAX_ODD, MAX_REPEATS, TrapGuard, shape_of


@pytest.mark.parametrize(
    ("url", "shape"),
    [
        ("https://a.test/", "a.test/w"),
        ("https://a.test", "a.test/w"),
        ("https://a.test/about.html", "a.test/w.html"),
        ("https://a.test/news/2024/05/17.html", "a.test/news/#.html"),
        ("https://a.test/news/some-title", "a.test/news/w"),
        ("https://a.test/p/3f9a?page=2&sort=up", "a.test/p/@?page&sort"),
        ("https://a.test/list?a=1&b=2&c=3", "a.test/w?*"),
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
    for _ in range(MAX_REPEATS + 5):
        guard.learn("a.test/x?s", "same", brings_host=False)
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
