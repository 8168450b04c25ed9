"""What a party of no list is, by what is seen of it."""

from importlib.resources import files

import pytest

from app.domain.scan_facts import Reference, Relation
from app.engines.identify.characteristics import characterise
from app.engines.identify.classify import read_list
from tests.unit.engines.identify.test_classify import CATEGORIES

DATA = files("app.engines.identify") / "data"
SCRIPT, EMBED, LINK, MENTION = Relation.SCRIPT, Relation.EMBED, Relation.LINK, Relation.MENTION


def refer(relation, url="https://www.party.example/"):
    return Reference("https://corp.example/", url, url, relation, "x")


def seen(*, aliases=(), references=(), page_class="content", declared=()):
    return characterise(aliases=aliases, references=references, page_class=page_class, declared=declared)


@pytest.mark.parametrize(
    ("path", "category"),
    [
        ("/matomo.js", "analytics"),
        ("/a/b/Matomo.js?v=1", "analytics"),
        ("/assets/twikoo.all.min.js", "comments"),
        ("/notmatomo.js", "unknown"),
        ("/matomo.js/x", "unknown"),
        ("/", "unknown"),
    ],
)
def test_scripts_of_well_known_products_are_recognised_by_their_file(path, category):
    assert seen(references=[refer(SCRIPT, f"https://s.party.example{path}")]) == category
    assert seen(references=[refer(LINK, f"https://s.party.example{path}")]) == "unknown"


@pytest.mark.parametrize(
    ("aliases", "relations", "category"),
    [
        (("a.w.alikunlun.com",), (EMBED, SCRIPT, MENTION), "cdn"),
        (("x.party.example", "bucket.oss-cn-hangzhou.aliyuncs.com"), (SCRIPT,), "storage"),
        (("a.w.alikunlun.com",), (EMBED, LINK), "unknown"),  # people are led there: it is a page, whoever delivers it
        (("a.w.alikunlun.com",), (MENTION,), "unknown"),
        (("party.zendesk.com",), (LINK,), "customer_service"),
        (("a.w.alikunlun.com.evil.example",), (EMBED,), "unknown"),
        ((), (EMBED,), "unknown"),
    ],
)
def test_the_service_that_a_name_leads_to_counts_where_it_says_what_the_party_is(aliases, relations, category):
    assert seen(aliases=aliases, references=[refer(relation) for relation in relations]) == category


@pytest.mark.parametrize(
    ("declared", "category"),
    [
        (("type:organization", "type:hotel"), "travel"),
        (("og:website", "generator:discuz! x3.5"), "social"),
        (("og:video.other",), "video"),
        (("meta:siteidcode",), "government"),
        (("meta:description", "generator:wordpress 6.4", "og:article"), "unknown"),
        (("type:hotelroomx",), "unknown"),
        ((), "unknown"),
    ],
)
def test_what_a_page_says_of_itself_counts_last(declared, category):
    assert seen(declared=declared) == category
    assert seen(declared=declared, references=[refer(SCRIPT, "https://a.example/matomo.js")]) == "analytics"


@pytest.mark.parametrize("page_class", ["parked", "for_sale", "expired"])
def test_a_place_holder_is_one_whatever_else_is_seen(page_class):
    assert seen(page_class=page_class, declared=("type:hotel",)) == "parked"


@pytest.mark.parametrize("page_class", ["icp_block", "error", "empty"])
def test_other_pages_without_content_say_nothing(page_class):
    assert seen(page_class=page_class) == "unknown"


@pytest.mark.parametrize("name", ["declared.tsv", "snippets.tsv"])
def test_the_tables_have_known_categories_and_no_line_twice(name):
    rows = read_list((DATA / name).read_text("utf-8"))
    keys = [said for said, _, _ in rows]
    categories = {category for _, category, _ in rows}
    assert len(keys) == len(set(keys))
    assert categories <= CATEGORIES | {"health", "travel"}
    assert all(key == key.lower() for key in keys)
