"""The aggregate: which references make a third party, and what is remembered of them."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.domain.scan_facts import Reference, Relation
from app.engines.identify.aggregate import ThirdPartyAggregate, is_local_literal
from app.engines.scope import Scope, registrable_domain
from app.engines.urls import host_of


def reference(url, relation=Relation.LINK, *, page="http://corp.test/", hidden=None, kind="a[href]"):
    return Reference(page_url=page, url=url, raw=url, relation=relation, kind=kind, hidden=hidden)


def fold_of(*references):
    aggregate = ThirdPartyAggregate(Scope("corp.test"))
    aggregate.add(references)
    return aggregate


def test_new_third_parties_are_named_once_and_in_order():
    aggregate = ThirdPartyAggregate(Scope("corp.test"))
    first = [reference("http://b.evil.test/"), reference("http://a.evil.test/"), reference("http://good.example/")]
    assert aggregate.add(first) == ("evil.test", "good.example")
    assert aggregate.add(first) == ()
    assert len(aggregate) == 2


def test_references_that_are_only_counted_on_their_page_count_here_too():
    aggregate = ThirdPartyAggregate(Scope("corp.test"), max_domains=1)
    links = [reference("http://a.test/"), reference("http://a.test/", hidden="off_screen"), reference("http://b.test/")]
    aggregate.add(replace(link, repeats=number) for number, link in enumerate(links))
    party = aggregate.get("a.test")
    assert (party.references, party.hidden, aggregate.dropped) == (1 + 2, 2, 3)


def test_a_host_that_a_hidden_link_leads_to_is_known_among_any_number_of_others():
    aggregate = fold_of(*(reference(f"http://h{number}.a.test/") for number in range(1_500)))
    aggregate.add([reference("http://late.a.test/"), reference("http://casino.a.test/", hidden="off_screen")])
    hosts = aggregate.get("a.test").hosts
    assert len(hosts) == 1_001
    assert "casino.a.test" in hosts


def test_the_own_domain_is_no_third_party_even_outside_a_narrow_scope():
    aggregate = ThirdPartyAggregate(Scope("www.corp.test"))
    assert aggregate.add([reference("http://mail.corp.test/"), reference("http://corp.test/")]) == ()


def test_a_mention_alone_makes_no_third_party():
    aggregate = ThirdPartyAggregate(Scope("corp.test"))
    assert aggregate.add([reference("http://evil.test/", Relation.MENTION)]) == ()
    assert aggregate.all() == ()
    assert aggregate.get("evil.test").relation is Relation.MENTION
    assert aggregate.add([reference("http://evil.test/")]) == ("evil.test",)
    assert aggregate.get("evil.test").references == 2


def test_a_third_party_has_its_hosts_and_its_strongest_relation():
    aggregate = fold_of(
        reference("http://b.evil.test/", Relation.LINK, page="http://corp.test/1"),
        reference("http://a.evil.test/", Relation.SCRIPT, page="http://corp.test/2", hidden="display_none"),
        reference("http://a.evil.test/", Relation.EMBED, page="http://corp.test/3"),
    )
    party = aggregate.get("evil.test")
    assert party.hosts == ("a.evil.test", "b.evil.test")
    assert party.relation is Relation.SCRIPT
    assert party.example_page == "http://corp.test/2"
    assert (party.references, party.hidden, party.category) == (3, 1, "unknown")


def test_private_suffixes_part_their_users():
    aggregate = fold_of(reference("http://a.github.io/"), reference("http://b.github.io/"))
    assert [party.domain for party in aggregate.all()] == ["a.github.io", "b.github.io"]


def test_the_category_is_the_one_its_hosts_agree_on():
    assert fold_of(reference("https://hm.baidu.com/hm.js")).get("baidu.com").category == "analytics"
    both = fold_of(reference("https://hm.baidu.com/hm.js"), reference("https://api.map.baidu.com/"))
    assert both.get("baidu.com").category == "search"


def test_a_public_address_is_a_third_party_of_its_own():
    assert [party.domain for party in fold_of(reference("http://1.1.1.1/x")).all()] == ["1.1.1.1"]


def test_local_addresses_are_kept_as_mentions():
    hosts = {"127.0.0.1": "127.0.0.1", "10.0.0.1": "10.0.0.1", "[::1]": "::1", "[::ffff:127.0.0.1]": "::ffff:7f00:1"}
    hosts["intranet"] = "intranet"
    aggregate = fold_of(*(reference(f"http://{host}/", Relation.SCRIPT, hidden="display_none") for host in hosts))
    assert aggregate.all() == ()
    kept = [aggregate.get(domain) for domain in hosts.values()]
    assert {(party.relation, party.references, party.hidden) for party in kept} == {(Relation.MENTION, 1, 0)}


def test_local_literals_are_known():
    assert is_local_literal("192.168.1.1")
    assert is_local_literal("169.254.169.254")
    assert not is_local_literal("8.8.8.8")
    assert not is_local_literal("2606:4700::1111")
    for wrapped in ("::ffff:808:808", "64:ff9b::808:808", "2002:808:808::1", "::808:808", "2001:0:808:808::1"):
        assert is_local_literal(wrapped), wrapped
    assert not is_local_literal("corp.test")


def test_the_sample_keeps_the_hidden_and_the_strongest():
    links = [reference(f"http://evil.test/{number}", page=f"http://corp.test/{number}") for number in range(200)]
    rare = [
        reference("http://evil.test/hidden", hidden="zero_font"),
        reference("http://evil.test/s.js", Relation.SCRIPT),
        reference("http://evil.test/mention", Relation.MENTION),
    ]
    aggregate = fold_of(*links, *rare)
    kept = aggregate.references_of("evil.test", 10)
    assert [entry.url for entry in kept[:3]] == [
        "http://evil.test/hidden",
        "http://evil.test/s.js",
        "http://evil.test/0",
    ]
    assert len(kept) == 10
    assert len(aggregate.references_of("evil.test", 1_000)) == 50
    assert aggregate.references_of("other.test", 5) == ()


@given(
    st.lists(
        st.builds(
            reference,
            st.sampled_from(
                ["http://a.evil.test/", "http://b.evil.test/", "http://good.example/", "http://corp.test/"]
            ),
            st.sampled_from(list(Relation)),
            hidden=st.sampled_from([None, "zero_font"]),
        ),
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_changes_no_count(references, random):
    shuffled = list(references)
    random.shuffle(shuffled)
    one, other = fold_of(*references), fold_of(*shuffled)
    domains = {registrable_domain(host_of(reference.url)) for reference in references} - {"corp.test"}
    assert _counts(one, domains) == _counts(other, domains)
    assert len(one) == len(one.all()) == len(other.all())


def _counts(aggregate, domains):
    """Of the merely mentioned ones too."""
    parties = [aggregate.get(domain) for domain in sorted(domains)]
    return [(p.domain, p.hosts, p.references, p.hidden, p.relation) for p in parties]


def test_names_that_are_only_mentioned_keep_no_place_from_what_pages_link_to():
    aggregate = ThirdPartyAggregate(Scope("corp.test"), max_domains=3)
    aggregate.add([reference(f"http://m{number}.test/", Relation.MENTION) for number in range(5)])
    assert aggregate.dropped == 2
    assert aggregate.add([reference("http://a.test/"), reference("http://b.test/")]) == ("a.test", "b.test")
    assert aggregate.add([reference("http://m0.test/")]) == ("m0.test",)
    assert aggregate.add([reference("http://c.test/"), reference("http://m9.test/", Relation.MENTION)]) == ()
    assert [party.domain for party in aggregate.all()] == ["a.test", "b.test", "m0.test"]
    assert aggregate.dropped == 6


def test_what_a_browser_shows_to_be_seen_no_longer_counts_as_hidden():
    url = "http://shop.test/"
    aggregate = fold_of(
        reference(url, hidden="same_colour"),
        reference(url, hidden="same_colour", page="http://corp.test/other"),
        reference("http://shop.test/second", hidden="off_screen"),
        reference(url, kind="shown:a[href]"),
    )
    assert aggregate.get("shop.test").hidden == 2
    hidden = [(one.page_url, one.url) for one in aggregate.references_of("shop.test", 9) if one.hidden]
    assert hidden == [("http://corp.test/other", url), ("http://corp.test/", "http://shop.test/second")]
