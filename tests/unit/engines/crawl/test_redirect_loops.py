from types import SimpleNamespace

import pytest

from app.domain.scan_facts import UrlState
from app.engines.crawl.frontier import Frontier
from app.engines.crawl.redirect_loops import MAX_REASKED, RedirectLoops
from app.engines.crawl.traps import TrapDetector

FIRST, SECOND = "https://a.test/1", "https://a.test/2"


@pytest.fixture
def fetcher():
    return SimpleNamespace(cookies_version=0)


@pytest.fixture
def frontier(store):
    frontier = Frontier(store=store, traps=TrapDetector(), max_depth=None)
    frontier.open_host("a.test", "127.64.0.1")
    frontier.add([FIRST], 0)
    return frontier


@pytest.fixture
def follow(frontier, fetcher):
    """Asks the next URL, which sends the browser to `target` and sets a new cookie when `sets_cookie`; its URL."""
    loops = RedirectLoops(frontier, fetcher)

    def run(target, *, sets_cookie=False):
        item, version = frontier.take(), fetcher.cookies_version
        if item is None:
            return None
        fetcher.cookies_version += sets_cookie
        frontier.finish(item.id, UrlState.DONE, same_depth=[target])
        loops.note_redirect(item.id, [target], version)
        return item.url

    return run


def test_a_redirect_is_asked_again_when_a_cookie_was_set_on_the_way_back_to_it(follow):
    assert follow(SECOND) == FIRST
    assert follow(FIRST, sets_cookie=True) == SECOND
    assert follow(SECOND) == FIRST


def test_a_loop_without_a_new_cookie_ends(follow):
    assert [follow(SECOND), follow(FIRST), follow(SECOND)] == [FIRST, SECOND, None]


def test_a_redirect_to_itself_that_sets_a_cookie_is_asked_again(follow):
    assert follow(FIRST, sets_cookie=True) == FIRST
    assert follow(SECOND) == FIRST


def test_a_server_that_sets_ever_new_cookies_does_not_hold_the_crawl(follow):
    asked = []
    while (url := follow(FIRST, sets_cookie=True)) is not None:
        asked.append(url)
    assert asked == [FIRST] * (1 + MAX_REASKED)
