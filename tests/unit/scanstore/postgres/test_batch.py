"""What collects between two flushes."""

from app.domain.scan_facts import FrontierUrl, PageFact, UrlState
from app.scanstore.postgres.batch import Batch, as_blob

URL = FrontierUrl(1, "https://a.test/", "key", "a.test", 4)


def test_an_empty_batch_says_so():
    batch = Batch()
    assert not batch
    batch.put_checkpoint("key", "1")
    assert batch


def test_what_becomes_of_a_new_url_is_written_with_it():
    batch = Batch()
    batch.add_url(URL)
    batch.end_url(1, UrlState.DONE, "judged", as_blob([2, 3]))
    batch.set_depth(1, URL.url, 2)
    assert (batch.ends, batch.depths) == ({}, {})
    ((*_, depth, _, _, state, seen, _, links),) = batch.urls.values()
    assert (depth, state, seen, links) == (2, "done", "judged", as_blob([2, 3]))


def test_what_becomes_of_an_older_url_is_written_to_it():
    batch = Batch()
    batch.end_url(7, UrlState.FAILED, None, as_blob([]))
    batch.set_depth(7, "https://a.test/7", 2)
    assert batch.ends == {7: ("failed", None, None)}
    assert (batch.depths, batch.page_depths) == ({7: 2}, {"https://a.test/7": 2})


def test_a_page_has_the_distance_that_was_said_last():
    batch = Batch()
    batch.set_depth(7, "https://a.test/7", 2)
    batch.put_page(PageFact("https://a.test/7", 1, 200))
    assert batch.page_depths == {}
    batch.set_depth(7, "https://a.test/7", 0)
    assert (batch.pages["https://a.test/7"][1], batch.page_depths) == (0, {})
