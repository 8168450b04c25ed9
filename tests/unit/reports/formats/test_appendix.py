"""The appendix: the record of the scan, what was not checked, and what else it has met."""

from dataclasses import replace

import pytest

from app.domain.coverage import Seen
from app.domain.messages import MessageCatalog
from app.domain.reputation_lists import ListKind, UsedList
from app.domain.rule_data import RULE_DATA
from app.reports.formats.appendix import Appendix, lists_section
from app.reports.formats.blocks import Facts, Heading, Items, Table
from app.reports.formats.capture_register import CaptureRegister
from app.reports.formats.extent import HTML_EXTENT


def appendix(report, **extent):
    return list(Appendix(report, replace(HTML_EXTENT, **extent), CaptureRegister(report)))


def facts(blocks):
    return {name: value for block in blocks if isinstance(block, Facts) for name, value in block.rows}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_record_says_by_what_the_scan_is_found_again(make_report, language):
    report = make_report(language)
    record = facts(appendix(report))
    said = {
        key: record[report.texts(f"report.{key}")] for key in ("task", "attempt", "started_by", "made_by", "program")
    }
    assert said == {
        "task": report.row.id,
        "attempt": report.texts("report.attempt_number", attempt=2),
        "started_by": "wei",
        "made_by": "mei",
        "program": "scanner 1.0",
    }
    assert record[report.texts("report.started_at")] == "2026-01-01 10:00:00 UTC"
    assert record[report.texts("report.made_at")] == "2026-01-02 03:04:05 UTC"


def test_it_says_how_old_the_rules_were_and_how_much_was_looked_at(make_report, store):
    assert "Rule data" not in facts(appendix(make_report()))  # a scan of before
    store.put_checkpoint(RULE_DATA, {"houses": "2026-01-03", "lexicon": "2026-01-02"})
    store.flush()
    record = facts(appendix(make_report()))
    assert record["Rule data"] == "word list 2026-01-02; gambling brands 2026-01-03"
    assert record["URLs crawled"] == "0 of 0 known"
    assert record["Maximum number of pages"] == "500"


def test_its_parts_have_letters(make_report):
    titles = [block.text for block in appendix(make_report()) if isinstance(block, Heading) and block.level == 2]
    assert [title.split(":")[0] for title in titles] == [f"Appendix {letter}" for letter in "ABCDE"]


def test_a_third_party_with_a_finding_has_its_category(make_report):
    report = make_report()
    (table,) = [block for block in appendix(report) if isinstance(block, Table) and len(block.columns) == 7]
    (partner,) = [row for row in table.rows if row[0] == "partner.test"]
    assert partner[1] == report.texts("violation.gambling")


def test_warnings_of_urls_stand_in_the_table_of_hosts_alone(make_report):
    reason = {"text_key": "reason.robots", "params": {}}
    params = {"host": "www.corp.test", "count": 2, "reason": reason}
    told = {"code": "partial", "message": "", "text_key": "not_seen", "params": params}
    report = make_report(warnings=[told, {"code": "partial", "message": "another"}])

    def said():
        return [text for block in appendix(report) if isinstance(block, Items) for text in block.texts]

    assert {
        "another",
        report.texts("not_seen", host="www.corp.test", count=2, reason=report.texts("reason.robots")),
    } <= set(said())
    report.coverage = replace(report.coverage, hosts={"www.corp.test": {Seen.ROBOTS: 2}})
    assert report.texts("reason.robots") not in "".join(said())
    assert "another" in said()


def used(kind):
    return UsedList("1", "feed", kind, "https://lists.example/a", "2026-11-20", "ab" * 32, 18_204, "1" * 64, 1)


def test_a_scan_without_lists_has_no_section():
    assert list(lists_section((), MessageCatalog("en"))) == []


@pytest.mark.parametrize(
    ("language", "kind", "said"),
    [
        ("en", ListKind.BLOCK, "feed (block list), https://lists.example/a"),
        ("en", ListKind.ALLOW, "feed (allow list), https://lists.example/a"),
        ("zh-CN", ListKind.BLOCK, "feed（黑名单），https://lists.example/a"),
    ],
)
def test_each_list_stands_there_with_its_date_its_entries_and_its_hash(language, kind, said):
    heading, table = lists_section([used(kind)], MessageCatalog(language))
    assert isinstance(heading, Heading)
    assert isinstance(table, Table)
    assert table.rows == [[said, "2026-11-20", "18204", "ab" * 32]]
