from app.domain.scan_facts import Reference, Relation
from app.domain.tampering import TamperSign, kind_of
from app.domain.violations import ViolationKey
from app.engines.pipeline.analysis.tampered_pages import TamperedPages


def sign(page, sign, **more):
    return Reference(page, page, "raw", Relation.MENTION, kind_of(sign), **more)


async def test_each_page_is_one_fact_and_ordinary_references_are_none():
    reported, kept = [], []

    async def report(fact):
        reported.append(fact)

    pages = TamperedPages(report=report, on_page=lambda fact: kept.append(fact.url))
    first, second = "https://www.corp.test/a", "https://news.corp.test/b"
    await pages.take_in(
        [
            Reference(first, "https://b.test/", "b", Relation.LINK, "a[href]"),
            sign(first, TamperSign.TITLE_FOREIGN, text="百家乐, 葡京"),
            sign(first, TamperSign.TITLE, text="百家乐", snippet="澳门百家乐"),
            sign(second, TamperSign.TEXT_UNSURE),
        ]
    )
    assert kept == [first, second]
    one, two = reported
    assert (one.domain, one.violation_key) == ("www.corp.test", ViolationKey.TAMPERED)
    assert (one.confidence_score, one.needs_review, one.found_on) == (0.8625, False, first)
    assert [(item.rule, item.terms, item.snippet) for item in one.evidence] == [
        ("own.title", ("百家乐",), "澳门百家乐"),
        ("own.title_foreign", ("百家乐", "葡京"), ""),
    ]
    assert (two.domain, two.needs_review) == ("news.corp.test", True)
