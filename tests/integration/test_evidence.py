"""What a reader needs of each violation of the demo's site, over a real scan of the test internet."""

import csv
import re
from collections import Counter
from functools import cache
from io import StringIO

import pytest
from selectolax.lexbor import LexborHTMLParser

from app.findings.schemas.findings import FindingDetail, FindingPage
from testnet.expected import expect
from testnet.ground import Ground
from testnet.world import build_world
from tests.support.scanned import TARGET, scanned_once

# (finding, level, what the site does, on which page, hidden by which property, whose words, the repair)
WWW, BLOG, BBS = "https://www.corp.test", "https://blog.corp.test", "http://bbs.corp.test"
HISTORY, POST = f"{WWW}/about/history.html", f"{BLOG}/2020/14/"
ACCOUNT = f"{WWW}/go/account.html"
RULES = "http://campaign-618.corp.test/rules.html"
EXPECTED = [
    ("adult.meiyan-video.test", "high", "link", POST, "opacity_zero", "site", "clean_hacked_page"),
    ("adult.ye-yingyuan.test", "high", "link", HISTORY, "off_screen", "site", "clean_hacked_page"),
    ("drugs.yz168.test", "medium", "link", f"{BBS}/thread-8.html", None, "user", "remove_user_post"),
    ("fraud.zhifubao-verify.test", "critical", "own_redirect", f"{WWW}/go/account.html", None, "site", "fix_redirect"),
    ("gambling.bet-haocai.test", "high", "link", HISTORY, "display_none", "site", "clean_hacked_page"),
    ("gambling.caipiao-wang.test", "high", "link", HISTORY, "visibility_hidden", "site", "clean_hacked_page"),
    ("gambling.huaxin-partner.test", "medium", "link", f"{WWW}/partners/", None, "site", "remove_link"),
    ("gambling.lucky-slots.test", "high", "partner_redirect", f"{WWW}/partners/", None, "site", "end_partnership"),
    ("gambling.royal-bets.test", "high", "link", HISTORY, "zero_font", "site", "clean_hacked_page"),
    ("gambling.wanfu-club.test", "high", "link", POST, "tiny_box", "site", "clean_hacked_page"),
    ("gambling.yinhe-yule.test", "high", "link", f"{WWW}/", None, "site", "remove_link"),
    ("malware.flash-update-center.test", "critical", "link", f"{WWW}/support/4.html", None, "site", "remove_link"),
    ("medical.shenyi-mifang.test", "medium", "link", f"{BBS}/thread-21.html", None, "user", "remove_user_post"),
]

# What is found on the site itself or at a name that points away: (finding, level, what the site does, on which pages,
# hidden by which property, the repair)
OF_THE_SITE = [
    ("tampered.blog.corp.test", "critical", "own_content", {POST}, "opacity_zero", "clean_hacked_page"),
    ("tampered.www.corp.test", "critical", "own_content", {HISTORY, ACCOUNT}, "display_none", "clean_hacked_page"),
    ("takeover.corp.test", "critical", "own_content", set(), None, "fix_dangling_name"),
    ("takeover.quick-event.test", "critical", "code", {RULES}, None, "fix_dangling_name"),
]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    with scanned_once(tmp_path_factory) as scanned:
        yield scanned


@pytest.fixture(scope="module")
def expected():
    return expect(build_world(Ground()), TARGET)


@pytest.fixture(scope="module")
def details(scanned):
    """Every finding in full, by its id."""
    listed = scanned.all_items("/findings", page_size=5)
    found = {item["finding_id"]: scanned.get(f"/findings/{item['finding_id']}?lang=en").json() for item in listed}
    for document in found.values():
        FindingDetail.model_validate(document)
    return found


@pytest.fixture(scope="module")
def in_language(scanned):
    """A finding in one of the languages; asked once."""
    return cache(lambda finding_id, language: scanned.get(f"/findings/{finding_id}?lang={language}").json())


def test_every_violation_of_the_world_is_in_exactly_one_finding(scanned, details, expected):
    FindingPage.model_validate(scanned.get("/findings").json())
    keys = Counter(
        (item["domain"], violation["violation_key"]) for item in details.values() for violation in item["violations"]
    )
    assert keys == Counter((item["domain"], item["violation_key"]) for item in expected["violations"])
    assert sorted(details) == sorted(row[0] for row in (*EXPECTED, *OF_THE_SITE))


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row[0])
def test_a_reader_learns_what_it_is_where_it_stands_how_bad_it_is_and_what_to_do(details, row):
    finding_id, level, embedding, page, hidden_by, author, repair = row
    found = details[finding_id]
    worst = found["references"][0]
    assert (found["risk"]["level"], found["embedding"], found["hidden_by"], found["author"]) == (
        level,
        embedding,
        hidden_by,
        author,
    )
    assert (worst["page_url"], worst["hidden_by"], worst["author"]) == (page, hidden_by, author)
    assert found["risk"]["score"] == sum(reason["points"] for reason in found["risk"]["reasons"])
    assert all(reason["text"] for reason in found["risk"]["reasons"])
    assert repair in [step["code"] for step in found["advice"]]
    assert page in next(step["text"] for step in found["advice"] if step["code"] == repair)


@pytest.mark.parametrize("row", OF_THE_SITE, ids=lambda row: row[0])
def test_what_is_wrong_on_the_site_itself_is_quoted_where_it_stands(scanned, details, row):
    finding_id, level, embedding, pages, hidden_by, repair = row
    found = details[finding_id]
    assert (found["risk"]["level"], found["embedding"], found["hidden_by"]) == (level, embedding, hidden_by)
    assert {one["page_url"] for one in found["references"]} == pages
    assert repair in [step["code"] for step in found["advice"]]
    assert found["evidence"]
    assert {capture["url"] for capture in found["captures"]} == {item["url"] for item in found["evidence"]}
    for one in found["references"]:
        (own,) = [capture for capture in found["site_captures"] if capture["url"] == one["page_url"]]
        stored = scanned.http.get((own["source"] or own["html"])["href"]).content.decode()
        assert stored[one["source"]["offset"] :].startswith(one["source"]["excerpt"])
        assert one["raw"] in one["source"]["excerpt"]
        assert len(LexborHTMLParser(stored).css(one["dom_path"])) == 1


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row[0])
def test_the_way_leads_from_the_page_to_what_was_captured_without_a_gap(details, row):
    found = details[row[0]]
    ends = {capture["final_url"] for capture in found["captures"]}
    for chain in found["chains"]:
        first, *rest = chain["steps"]
        assert first["own"]
        begins = first if chain["linked_from"] is None else rest[0]
        assert begins["url"] == row[3] == chain["origin"]["page_url"]
        assert chain["complete"]
        assert chain["final_url"] in ends
        assert all(step["status"] and step["address"] for step in chain["steps"])
        assert all(step["answer_text"] == f"HTTP {step['status']}; {step['address']}" for step in chain["steps"])
        assert all(step["how"] and step["how_name"] for step in rest)
        assert next(step["status"] for step in rest if step["url"] == chain["final_url"]) == 200


def test_of_an_address_of_the_site_that_forwards_one_learns_which_page_links_to_it(details):
    (chain,) = details["fraud.zhifubao-verify.test"]["chains"]
    assert [(step["url"], step["how"]) for step in chain["steps"][:2]] == [
        (f"{WWW}/links.html", None),
        (f"{WWW}/go/account.html", "link"),
    ]
    assert chain["linked_from"]["page_url"] == f"{WWW}/links.html"
    assert chain["origin"]["page_url"] == f"{WWW}/go/account.html"
    others = [one for found in details.values() for one in found["chains"] if one != chain]
    assert all(one["linked_from"] is None for one in others)


def test_a_domain_that_is_reached_only_through_a_partner_says_so(details):
    found = details["gambling.lucky-slots.test"]
    assert found["via"] == "www.huaxin-partner.test"
    assert [step["url"] for step in found["chains"][0]["steps"]] == [
        f"{WWW}/partners/",
        "http://www.huaxin-partner.test/",
        "https://www.lucky-slots.test/",
    ]
    assert "www.huaxin-partner.test" in found["summary"]


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row[0])
def test_quotations_are_found_again_in_what_was_captured(scanned, details, row):
    """At their offset in the captured text; on the site's own page by the DOM path in its stored source."""
    found = details[row[0]]
    texts = {
        capture["final_url"]: scanned.http.get(capture["text"]["href"]).content.decode()
        for capture in found["captures"]
        if capture["text"]
    }
    placed = [item for item in found["evidence"] if item["offset"] is not None]
    for item in placed:
        assert texts[item["url"]][item["offset"] :].startswith(item["snippet"])
    assert placed or row[0].startswith("fraud"), "a page is quoted with its place"


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row[0])
def test_what_leads_there_is_found_again_in_the_stored_page(scanned, details, row):
    """By its DOM path, and by the place in the source: the page was captured because it refers to a violation.

    Of a domain reached through a partner it is the reference to the partner, of a page that forwards the script.
    """
    found = details[row[0]]
    origin = found["chains"][0]["origin"]
    assert origin["page_url"] == row[3]
    (own,) = [capture for capture in found["site_captures"] if capture["url"] == row[3]]
    stored = scanned.http.get((own["source"] or own["html"])["href"]).content
    source = stored.decode("gbk" if row[3].startswith(BBS) else "utf-8")
    (node,) = LexborHTMLParser(source).css(origin["dom_path"])
    assert (node.tag, origin["kind"]) in {("a", "a[href]"), ("script", "script:location")}
    assert origin["raw"] in (node.html or "")
    assert origin["link_text"] == (node.text(strip=True) if node.tag == "a" else "")
    place = origin["source"]
    assert source[place["offset"] :].startswith(place["excerpt"])
    assert origin["raw"] in place["excerpt"]
    assert origin["link_text"] in place["excerpt"]
    at = source.splitlines(keepends=True)[place["line"] - 1][place["column"] - 1 :]
    assert at.startswith(f"<{node.tag}") or node.tag == "script"
    shown = [place["excerpt"][mark["start"] : mark["end"]] for mark in place["marks"]]
    assert any(origin["raw"] in part for part in shown)
    assert node.tag == "script" or any(part.startswith("<a") and part.endswith("</a>") for part in shown)


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row[0])
def test_the_risk_is_the_sum_of_reasons_that_name_content_way_place_and_hiding(details, row):
    _, level, embedding, _, hidden_by, author, _ = row
    found = details[row[0]]
    reasons = {reason["code"]: reason for reason in found["risk"]["reasons"]}
    assert reasons["type"]["params"] == {"violation_key": found["violation_key"]}
    assert f"embedding.{embedding}" in reasons
    assert f"place.{found['place']}" in reasons
    assert ("hidden" in reasons) == (hidden_by is not None)
    assert ("user_post" in reasons) == (author == "user" and hidden_by is None)
    assert sum(reason["points"] for reason in reasons.values()) == found["risk"]["score"]
    assert found["risk"]["level"] == level


def test_what_must_not_be_called_medium_is_not(details):
    """A casino that the home page links to, malware, and an address of the site that forwards to phishing."""
    levels = {key: details[key]["risk"]["level"] for key in details}
    assert details["gambling.yinhe-yule.test"]["place"] == "start_page"
    assert levels["gambling.yinhe-yule.test"] == "high"
    assert levels["malware.flash-update-center.test"] == "critical"
    assert details["fraud.zhifubao-verify.test"]["embedding"] == "own_redirect"
    assert levels["fraud.zhifubao-verify.test"] == "critical"


VIOLATIONS = [(row[0], row[0].partition(".")[0]) for row in EXPECTED]
VIOLATIONS += [(row[0], "hidden_link") for row in EXPECTED if row[4]]
ON_THE_SITE = [(row[0], row[0].partition(".")[0]) for row in OF_THE_SITE]


def test_these_are_all_violations(expected):
    assert sorted((key.partition(".")[2], violation) for key, violation in (*VIOLATIONS, *ON_THE_SITE)) == sorted(
        (item["domain"], item["violation_key"]) for item in expected["violations"]
    )
    assert len(VIOLATIONS) == 19


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize(("finding_id", "key"), VIOLATIONS, ids=lambda value: value)
def test_each_violation_says_whose_content_it_is_and_where(in_language, finding_id, key, language):
    """A hidden link is the site's own; what it leads to is the third party's, with the address that shows it."""
    found = in_language(finding_id, language)
    row = next(row for row in EXPECTED if row[0] == finding_id)
    (violation,) = [item for item in found["violations"] if item["violation_key"] == key]
    spoken = [item for item in found["evidence"] if item["violation_id"] == violation["violation_id"]]
    assert spoken
    for item in spoken:
        on_site = key == "hidden_link"
        assert item["whose"] == ("site" if on_site else "third_party")
        assert item["whose_name"]
        assert item["text"]
        if on_site:
            assert (item["url"], item["hidden_by"]) == (row[3], row[4])
        else:
            assert item["url"] in {capture["final_url"] for capture in found["captures"]}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row[0])
def test_hiding_author_chain_and_repair_are_said_in_words(in_language, row, language):
    found = in_language(row[0], language)
    worst = found["references"][0]
    assert bool(worst["hidden_text"]) == (row[4] is not None)
    assert worst["author_text"]
    assert all(step["how_name"] for step in found["chains"][0]["steps"][1:])
    assert all(reason["text"] for reason in found["risk"]["reasons"])
    repair = next(step["text"] for step in found["advice"] if step["code"] == row[6])
    assert row[3] in repair
    texts = [found["summary"], *(step["text"] for step in found["advice"])]
    assert all((max(re.sub(r"https?://\S+", "", text)) >= "\u4e00") == (language == "zh-CN") for text in texts)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_domain_that_is_reached_only_through_a_partner_says_so_in_words(in_language, language):
    """In the sentence about it, in the risk, in the chain, and in what is to be done."""
    found = in_language("gambling.lucky-slots.test", language)
    partner = "www.huaxin-partner.test"
    assert partner in found["summary"]
    assert partner in next(reason["text"] for reason in found["risk"]["reasons"] if "partner" in reason["code"])
    assert partner in next(step["text"] for step in found["advice"] if step["code"] == "end_partnership")
    assert [step["how"] for step in found["chains"][0]["steps"]] == [None, "link", "http"]
    assert found["references"][0]["via"] == f"http://{partner}/"


def test_a_page_of_the_site_that_forwards_is_captured_with_its_source_and_where_it_leads(scanned, details):
    found = details["fraud.zhifubao-verify.test"]
    (own,) = found["site_captures"]
    assert (own["url"], own["final_url"]) == (f"{WWW}/go/account.html", "https://zhifubao-verify.test/login")
    assert b"window.location" in scanned.http.get(own["source"]["href"]).content
    assert b"window.location" not in scanned.http.get(own["html"]["href"]).content


def test_captures_say_when_from_where_and_with_which_certificate(details):
    captures = [capture for row in EXPECTED for capture in details[row[0]]["captures"]]
    assert all(capture["captured_at"] and capture["addresses"] and capture["dns"] for capture in captures)
    secure = [capture for capture in captures if capture["url"].startswith("https:")]
    assert secure
    assert all(capture["certificate"]["valid"] for capture in secure)


def test_every_reference_of_the_scan_is_in_the_list_and_in_the_table(scanned):
    listed = scanned.all_items("/references", page_size=40)
    table = scanned.get("/references", headers={"Accept": "text/csv"}).content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(table, newline="")))
    assert [int(row["reference_id"]) for row in rows] == [item["reference_id"] for item in listed]
    assert [row["url"] for row in rows] == [item["url"] for item in listed]
    by_party = [
        item["reference_id"]
        for party in scanned.all_items("/third-parties")
        for item in scanned.all_items(f"/references?domain={party['domain']}")
    ]
    assert len(by_party) == len(set(by_party))
    assert set(by_party) <= {item["reference_id"] for item in listed}


def test_a_page_names_what_stands_on_it(scanned):
    page = next(page for page in scanned.all_items("/pages", page_size=200) if page["url"] == HISTORY)
    detail = scanned.get(f"/pages/{page['page_id']}").json()
    hidden = {item["hidden_by"] for item in detail["references"] if item["hidden_by"]}
    assert {"off_screen", "display_none", "visibility_hidden", "zero_font"} <= hidden


def test_any_third_party_has_its_evidence(scanned):
    detail = scanned.get("/third-parties/health-education.test").json()
    assert detail["findings"] == []
    assert detail["captures"][0]["status"] == 200
    assert detail["references"][0]["page_url"].endswith(".html")


def test_a_scan_is_read_in_either_language(scanned, details):
    for finding_id, english in details.items():
        chinese = scanned.get(f"/findings/{finding_id}?lang=zh-CN").json()
        assert chinese["summary"] != english["summary"]
        assert [reason["points"] for reason in chinese["risk"]["reasons"]] == [
            reason["points"] for reason in english["risk"]["reasons"]
        ]


def test_another_user_sees_none_of_it(scanned, details):
    capture = details["gambling.yinhe-yule.test"]["captures"][0]
    with scanned.as_another_user() as other:
        for path in (f"/api/v1/tasks/{scanned.task_id}/findings", capture["html"]["href"]):
            assert other.get(path).status_code == 404
