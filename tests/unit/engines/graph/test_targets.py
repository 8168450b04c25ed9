import pytest

from app.engines.graph.targets import Target, TargetBook, target_of
from app.engines.model import Reference, Relation


def ref(url, relation=Relation.LINK, kind="a[href]"):
    return Reference("https://corp.example/", url, url, relation, kind)


@pytest.mark.parametrize(
    ("reference", "url", "leads"),
    [
        (ref("https://www.b.example/offer?x=1#top"), "https://www.b.example/offer?x=1", True),
        (ref("http://b.example/go", Relation.REDIRECT, "redirect:http"), "http://b.example/go", True),
        (ref("https://b.example/frame", Relation.SCRIPT, "iframe[src]"), "https://b.example/frame", True),
        (ref("https://b.example:8443/a.js", Relation.SCRIPT, "script[src]"), "https://b.example:8443/", False),
        (ref("https://b.example/i.png", Relation.EMBED, "img[src]"), "https://b.example/", False),
    ],
)
def test_people_are_followed_and_of_what_is_loaded_the_start_page_is_looked_at(reference, url, leads):
    target = target_of(reference)
    assert (target.url, target.domain, target.leads) == (url, "b.example", leads)


def test_a_page_is_chosen_once_however_it_is_written():
    book = TargetBook()
    chosen = book.choose(
        [ref("http://b.example/a"), ref("http://b.example:80/a"), ref("http://b.example/a?utm_source=x")]
    )
    assert [target.url for target in chosen] == ["http://b.example/a"]
    assert book.choose([ref("http://b.example/a#x")]) == []


def test_a_mention_leads_nowhere():
    assert TargetBook().choose([ref("http://b.example/", Relation.MENTION)]) == []


def test_a_domain_has_a_few_pages_and_the_scan_a_limit_that_is_counted():
    book = TargetBook(per_domain=2, limit=3)
    chosen = book.choose([ref(f"http://b.example/{n}") for n in range(5)])
    assert len(chosen) == 2
    assert book.left_out == 0
    book.choose([ref("http://c.example/"), ref("http://d.example/"), ref("http://e.example/")])
    assert book.left_out == 2


def test_what_was_captured_before_is_not_chosen_again():
    book = TargetBook()
    book.known(Target("b.example", "b.example", "http://b.example/a"))
    assert book.choose([ref("http://b.example/a")]) == []


def test_own_start_pages_have_no_limit_of_a_domain():
    book = TargetBook(per_domain=1)
    chosen = [book.choose_own("corp.example", f"https://h{n}.corp.example/") for n in range(3)]
    assert all(target.own for target in chosen)
    assert book.choose_own("corp.example", "https://h0.corp.example/") is None


def test_what_has_no_host_is_no_target():
    assert target_of(ref("mailto:a@b.example")) is None
