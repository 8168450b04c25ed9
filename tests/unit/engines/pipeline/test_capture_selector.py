import pytest

from app.domain.scan_facts import Capture, Reference, Relation
from app.engines.pipeline.capture_selector import (
    MAX_EVIDENCE_PAGES,
    MAX_OWN_STARTS,
    CaptureSelector,
    CaptureTarget,
    target_of,
    target_of_capture,
)


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
    selector = CaptureSelector()
    chosen = selector.choose(
        [ref("http://b.example/a"), ref("http://b.example:80/a"), ref("http://b.example/a?utm_source=x")]
    )
    assert [target.url for target in chosen] == ["http://b.example/a"]
    assert selector.choose([ref("http://b.example/a#x")]) == []


def test_a_mention_leads_nowhere():
    assert CaptureSelector().choose([ref("http://b.example/", Relation.MENTION)]) == []


def test_a_domain_has_a_few_pages_and_the_scan_a_limit_that_is_counted():
    selector = CaptureSelector(per_domain=2, limit=3)
    chosen = selector.choose([ref(f"http://b.example/{n}") for n in range(5)])
    assert len(chosen) == 2
    assert selector.left_out == 0
    selector.choose([ref("http://c.example/"), ref("http://d.example/"), ref("http://e.example/")])
    assert selector.left_out == 2


def test_what_was_captured_before_is_not_chosen_again():
    selector = CaptureSelector()
    selector.known(CaptureTarget("b.example", "b.example", "http://b.example/a"))
    assert selector.choose([ref("http://b.example/a")]) == []


def test_own_start_pages_have_no_limit_of_a_domain():
    selector = CaptureSelector(per_domain=1)
    chosen = [selector.choose_own("corp.example", f"https://h{n}.corp.example/") for n in range(3)]
    assert all(target.own for (target,) in chosen)
    assert selector.choose_own("corp.example", "https://h0.corp.example/") == []


def test_the_site_has_a_limit_of_start_pages_and_of_pages_that_are_kept_as_evidence():
    selector = CaptureSelector()
    urls = [f"https://corp.example/{n}" for n in range(MAX_OWN_STARTS + MAX_EVIDENCE_PAGES)]
    assert len([url for url in urls if selector.choose_own("corp.example", url)]) == MAX_OWN_STARTS
    assert len([url for url in urls if selector.choose_evidence("corp.example", url)]) == MAX_EVIDENCE_PAGES
    assert selector.evidence_pages == MAX_EVIDENCE_PAGES
    assert selector.choose_evidence("corp.example", "https://corp.example/more") == []


def test_a_page_that_refers_to_a_violation_is_kept_once_and_is_no_start_page():
    selector = CaptureSelector()
    (target,) = selector.choose_evidence("corp.example", "https://corp.example/a")
    assert (target.own, target.evidence) == (False, True)
    assert selector.choose_evidence("corp.example", "https://corp.example/a#b") == []
    selector.choose_own("corp.example", "https://corp.example/")
    assert selector.choose_evidence("corp.example", "https://corp.example/") == []


@pytest.mark.parametrize(
    ("url", "own", "evidence"),
    [
        ("https://corp.example/", True, False),
        ("https://corp.example/given", True, False),
        ("https://corp.example/a", False, True),
    ],
)
def test_what_an_earlier_attempt_captured_of_the_site_is_told_by_its_address(url, own, evidence):
    target = target_of_capture(Capture("corp.example", "corp.example", url, url), True, ("https://corp.example/given",))
    assert (target.own, target.evidence) == (own, evidence)


def test_what_an_earlier_attempt_captured_of_others_is_neither():
    target = target_of_capture(Capture("b.example", "b.example", "http://b.example/a", ""), False, ())
    assert (target.own, target.evidence) == (False, False)


def test_what_has_no_host_is_no_target():
    assert target_of(ref("mailto:a@b.example")) is None
