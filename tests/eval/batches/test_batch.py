"""The batches are what they say: long whole pages, each labelled, none of them anybody's."""

from collections import Counter

import pytest

from app.domain.violations import ViolationKey
from app.engines.html.document import HtmlDocument
from tests.eval.batches.batch import BATCHES, FOLDER, own_pages, third_party_pages
from tests.eval.eval_set import CLASSES, CLEAN
from tests.eval.own_pages.own_pages import KINDS
from tests.eval.provenance import named_hosts

# violating, clean, changed sites
SIZES = {
    6: (100, 120, 25),
    **dict.fromkeys((7, 8, 9), (100, 150, 40)),
    **dict.fromkeys((10, 11), (100, 150, 0)),
    12: (0, 0, 40),
    13: (0, 0, 40),
    14: (0, 0, 40),
    15: (0, 0, 40),
}
each_batch = pytest.mark.parametrize("batch", BATCHES)
with_third_parties = pytest.mark.parametrize("batch", [batch for batch in BATCHES if SIZES[batch][0]])
NEWEST_OF_THIRD_PARTIES = 11
# Namespaces, what templates of programs for sites bring with them, and what a false window pretends to show.
SHOWN = {
    *("www.w3.org", "schema.org", "steamcommunity.com", "api.w.org", "fonts.googleapis.com", "gmpg.org", "ogp.me"),
    *("www.discuz.vip", "www.google.com", "www.microsoft.com", "www.mozilla.org", "c.d.e"),
}
# Authorities and services that honest pages link to or load, by batch: never a part of what was changed.
LINKED = {
    15: {
        *(
            "beian.miit.gov.cn",
            "dcs.conac.cn",
            "www.12377.cn",
            "www.chsi.com.cn",
            "www.cwl.gov.cn",
            "www.lottery.gov.cn",
        ),
        *("www.moe.gov.cn", "www.ncss.cn", "www.nhc.gov.cn", "www.service-public.fr", "www.sport.gov.cn"),
        *("api.map.baidu.com", "hm.baidu.com", "push.zhanzhang.baidu.com", "wpa.qq.com", "zz.bdstatic.com"),
        *("cdn.jsdelivr.net", "challenges.cloudflare.com", "code.jquery.com", "consent.cookiebot.com"),
        *("fonts.gstatic.com", "js.stripe.com", "plausible.io", "static.cloudflareinsights.com"),
        *("widget.trustpilot.com", "www.dedecms.com", "www.discuz.net", "www.facebook.com", "www.googletagmanager.com"),
        *("www.instagram.com", "www.openstreetmap.org", "yoast.com"),
    }
}
WHOLE = "{content}"  # a frame that is nothing: the page was written as a whole


def pages_of(batch):
    return (*third_party_pages(batch), *own_pages(batch))


@pytest.fixture(scope="module")
def pages():
    return [page for batch in BATCHES for page in pages_of(batch)]


@each_batch
def test_there_are_as_many_pages_as_the_figures_say(batch):
    labels = Counter(page.label for page in third_party_pages(batch))
    violating, clean, changed = SIZES[batch]
    assert (labels.total() - labels[CLEAN], labels[CLEAN]) == (violating, clean)
    assert {*labels} == ({*CLASSES, CLEAN} if violating else set())
    assert Counter(page.tampered for page in own_pages(batch)) == Counter({True: changed, False: changed})


def test_ids_and_pages_are_unique(pages):
    for part in ("id", "html"):
        assert max(Counter(getattr(page, part) for page in pages).values()) == 1, part


@with_third_parties
def test_two_thirds_are_chinese(batch):
    languages = Counter(page.lang for page in third_party_pages(batch))
    assert 0.6 < languages["zh"] / languages.total() < 0.72


@each_batch
def test_every_frame_is_used(batch):
    pages = pages_of(batch)
    for frame in (FOLDER / str(batch) / "frames").iterdir():
        start = frame.read_text(encoding="utf-8").strip()[:20]
        assert start == WHOLE or any(start in page.html for page in pages), frame


def test_pages_are_as_long_as_pages_of_the_web(pages):
    lengths = sorted(len(page.html.encode()) for page in pages)
    assert lengths[0] >= 2000
    assert lengths[len(lengths) // 2] >= 5000


def test_a_page_is_the_same_on_every_call():
    page = third_party_pages(NEWEST_OF_THIRD_PARTIES)[0]
    third_party_pages.cache_clear()
    assert third_party_pages(NEWEST_OF_THIRD_PARTIES)[0] == page


@each_batch
def test_a_page_of_a_third_party_is_labelled_and_has_a_title(batch):
    for page in third_party_pages(batch):
        assert page.label in {*CLASSES, CLEAN}, page.id
        assert (page.near in set(ViolationKey)) is (page.label == CLEAN), page.id
        assert HtmlDocument(page.html).title, page.id


@each_batch
def test_of_an_own_page_the_quote_stands_where_somebody_changed_it(batch):
    for page in own_pages(batch):
        assert page.kind in KINDS, page.id
        assert (page.quote in page.decoded and page.quote not in page.honest) is page.tampered, page.id
        assert (page.trade in set(ViolationKey)) is page.tampered, page.id
        assert page.html != page.honest, page.id
        assert not any(host in page.quote for host in LINKED.get(batch, ())), page.id


@each_batch
def test_every_host_is_invented_and_the_page_says_who_wrote_it(batch):
    for page in pages_of(batch):
        hosts = named_hosts(f"{page.url} {page.html}") - SHOWN - LINKED.get(batch, set())
        assert hosts == set(), (page.id, hosts)
        origin = page.provenance.origin
        assert "before the rules were touched" in origin or "had read neither the rules" in origin, page.id
