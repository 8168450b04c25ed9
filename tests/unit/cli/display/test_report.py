import io
from datetime import timedelta, timezone

import pytest
from rich.console import Console

from app.cli.display.report import print_report
from app.cli.display.result import MAX_FINDINGS, ScanResult
from app.domain.messages import Language, MessageCatalog
from app.domain.third_parties import Outcome
from tests.support.said import said

EN = MessageCatalog("en")


FINDING = {
    "domain": "bets.example\x1b[2J",
    "violation_name": "Gambling",
    "summary": "The site links to it.",
    "risk": {
        "level": "critical",
        "score": 80,
        "reasons": [{"points": 80, "text": "[bold]terms[/bold]"}, {"points": 0, "text": "nothing"}],
    },
    "confidence_score": 0.95,
    "needs_review": True,
    "state": "open",
    "hidden_text": None,
    "author_text": "written by the site",
    "page_url": "http://bets.example/",
    "evidence": [
        {"whose_name": "their page", "text": "it has terms", "snippet": "a\nquotation", "url": "http://bets.example/"}
    ],
    "references": [],
    "reference_count": 0,
    "chains": [],
    "advice": [{"code": "scan_again", "text": "Scan again."}],
}


def show(report, console, texts, *findings, counts=None, dismissed=0):
    """`counts`: of the run's open findings by level; None: `findings` are all, and critical."""
    by_level = counts or {"critical": len(findings)}
    still_open = sum(by_level.values())
    count = still_open + dismissed
    open_counts = {"total": still_open, **by_level, "needs_review": still_open}
    task = {**report["task"], "finding_counts": {"total": count}, "open_counts": open_counts}
    print_report(ScanResult({**report, "task": task}, findings, count), console, texts)


def test_it_lists_findings_third_parties_coverage_and_warnings(report):
    console = Console(file=io.StringIO(), width=100)
    show(report, console, EN, FINDING, {**FINDING, "domain": "party-7.example"}, counts={"critical": 2, "high": 3})
    shown = console.file.getvalue()
    for text in (
        "site.example: completed after 01:05",
        "Findings (5)",
        "... and 3 more findings",
        "confidence 95 % · needs review",
        "it has terms",
        "“a quotation”",
        "Referring page      http://bets.example/",
        "+80 [bold]terms[/bold]",
        "1. Scan again.",
        "Third parties (60)",
        "... and 10 more",
        said("crawled_of", crawled=17, known=20),
        "!  not all names",
    ):
        assert text in shown
    assert "\x1b" not in shown
    assert "partial" not in shown  # no codes
    assert "+0" not in shown  # no factor that adds nothing
    rows = [line.strip() for line in shown.splitlines() if line.startswith(" party-")]
    # Those with findings come first, the worst of them too, then what nobody saw, whatever is cut.
    assert rows[0].split(None, 1) == [
        "party-7.example",
        "risk: critical · checked · advertising · references: 2 · hidden: 1",
    ]
    assert rows[1].startswith("party-59.example  risk: high · checked")
    assert rows[2].startswith("party-58.example  unreachable")
    assert shown.splitlines()[-1] == "site.example: violations found · findings: 5 (critical 2, high 3)"


def test_page_and_hiding_are_those_of_the_finding_whatever_its_references_say(report):
    reference = {"page_url": "http://site.example/other", "url": "http://bets.example/", "link_text": "", "via": None}
    reference |= {
        "loaded_by": ["http://tags.example/t.js"],
        "dom_path": None,
        "source": None,
        "snippet": "",
        "hidden_text": "seen",
        "author_text": "a user",
    }
    finding = {**FINDING, "hidden_text": "off screen", "page_url": "http://site.example/", "references": [reference]}
    console = Console(file=io.StringIO(), width=100)
    show(report, console, EN, finding)
    lines = [line.strip() for line in console.file.getvalue().splitlines()]
    said_of = {
        name: next(line for line in lines if line.startswith(EN(f"record.{name}"))) for name in ("page", "hidden")
    }
    assert said_of["page"].endswith(" http://site.example/")
    assert said_of["hidden"].endswith(" off screen")
    assert not [line for line in lines if line.endswith(("seen", "a user"))]
    assert [line for line in lines if line.startswith(EN("record.loaded_by")) and line.endswith("/t.js")]


def test_the_last_line_counts_all_findings_and_not_only_those_shown(report):
    console = Console(file=io.StringIO(), width=100)
    shown = [{**FINDING, "domain": f"bets-{number}.example"} for number in range(MAX_FINDINGS)]
    show(report, console, EN, *shown, counts={"critical": MAX_FINDINGS + 3, "high": 7, "medium": 0, "low": 1})
    last = console.file.getvalue().splitlines()[-1]
    assert last.endswith(" 61 (critical 53, high 7, low 1)")


def test_dismissed_findings_are_marked_last_and_counted_apart(report):
    dismissed = {**FINDING, "domain": "first.example", "state": "dismissed"}
    for width, mark in ((140, "95% (dismissed)"), (100, "confidence 95 % · dismissed")):
        console = Console(file=io.StringIO(), width=width)
        show(report, console, EN, dismissed, FINDING, counts={"critical": 1}, dismissed=1)
        shown = console.file.getvalue()
        assert "Findings (1)" in shown
        assert shown.index("first.example") > shown.index("bets.example")
        assert (shown.count(mark), shown.count("dismissed")) == (1, 3 if width == 140 else 2)
        assert shown.splitlines()[-1].endswith("findings: 1 (critical 1, 1 dismissed)")


def test_a_wide_terminal_has_an_overview_with_addresses_that_can_be_copied(report):
    address = "http://site.example/" + "long/" * 40
    page = {**FINDING, "page_url": address}
    wide, narrow = (Console(file=io.StringIO(), width=width) for width in (140, 139))
    show(report, wide, EN, page)
    show(report, narrow, EN, page)
    row = next(line for line in wide.file.getvalue().splitlines() if line.startswith(" 1  critical"))
    assert row.endswith(f"95% (needs review)  {address}")
    assert " 1  critical" not in narrow.file.getvalue()
    assert f"Referring page      {address}\n" in narrow.file.getvalue()


def test_times_are_labelled_and_name_their_zone(report):
    times = {"started_at": "2026-01-02T03:04:05.678Z", "completed_at": "2026-01-02T03:05:10.000Z", "attempt": 2}
    console = Console(file=io.StringIO(), width=100)
    result = ScanResult({**report, "task": {**report["task"], **times}})
    print_report(result, console, EN, zone=timezone(timedelta(hours=8), "CST"))
    line = console.file.getvalue().splitlines()[1]
    assert line == "started 2026-01-02 11:04:05 CST · ended 2026-01-02 11:05:10 CST · attempt 2"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_outcome_has_its_word(report, language):
    parties = [{**report["third_parties"][0], "outcome": outcome.value} for outcome in Outcome]
    console = Console(file=io.StringIO(), width=160)
    show({**report, "third_parties": parties}, console, MessageCatalog(language))
    words = [MessageCatalog(language)(outcome.value) for outcome in Outcome]
    assert len(set(words)) == len(words)
    for word in words:
        assert word in console.file.getvalue()


def test_a_clean_and_a_failed_report_say_so(report):
    empty = {"violations": [], "third_parties": [], "warnings": []}
    failed = {**report["task"], "status": "failed", "error": {"code": "internal", "message": "it broke"}}
    console = Console(file=io.StringIO(), width=100)
    show({**report, **empty, "task": failed}, console, EN)
    shown = console.file.getvalue()
    for text in ("site.example: failed", "error: it broke", said("no_violations"), "No third parties."):
        assert text in shown
    assert "Warnings" not in shown


def test_a_site_that_nobody_saw_is_not_called_clean(report):
    nothing = {"violations": [], "third_parties": [], "coverage": {"crawled": 0, "known": 0}}
    console = Console(file=io.StringIO(), width=200)
    show({**report, **nothing}, console, EN)
    assert said("no_violations") not in console.file.getvalue()
    assert said("nothing_examined") in console.file.getvalue()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("result", "reasons", "main", "then"),
    [
        ("clean", [], None, "no_violations"),
        ("clean", ["page_limit"], "page_limit", "no_violations"),
        ("inconclusive", ["low_coverage", "client_error"], "low_coverage", "none_in_what_was_seen"),
        ("inconclusive", ["start_page"], "start_page", "none_in_what_was_seen"),
    ],
)
def test_the_verdict_and_what_cut_the_scan_short_stand_in_the_first_line(report, language, result, reasons, main, then):
    console = Console(file=io.StringIO(), width=200)
    verdict = {"result": result, "reasons": reasons}
    show({**report, "violations": [], "verdict": verdict}, console, MessageCatalog(language))
    lines = console.file.getvalue().splitlines()
    judged = said("judged_of", language, judged=17, known=20)
    why = f" ({said(f'reason.{main}', language)}) · {judged}" if main else ""
    assert lines[0].endswith(f" · {said(f'verdict_{result}', language)}{why}")
    assert said(then, language) in lines[1:]


@pytest.mark.parametrize("language", Language)
def test_answers_that_showed_nothing_are_counted_as_nothing_judged(report, language):
    console = Console(file=io.StringIO(), width=200)
    coverage = {"crawled": 1, "known": 1, "by_reason": {"server_error": 1}, "hosts": []}
    verdict = {"result": "inconclusive", "reasons": ["start_page", "server_error"]}
    show({**report, "violations": [], "coverage": coverage, "verdict": verdict}, console, MessageCatalog(language))
    lines = console.file.getvalue().splitlines()
    assert lines[0].endswith(f" · {said('judged_of', language, judged=0, known=1)}")
    assert said("nothing_examined", language) in lines


def test_it_says_which_sources_did_not_answer_and_which_name_servers_give_their_zone_away(report):
    report["discovery"] = {
        "sources": [
            {"name": "crt.sh", "status": "asked", "names": 0},
            {"name": "wayback", "status": "cached", "names": 7},
            {"name": "otx", "status": "limited", "names": 0},
        ],
        "name_servers": [
            {"zone": "site.example", "name": "ns1.dns.example", "transfer": "refused", "walk": "none", "names": 0},
            {"zone": "site.example", "name": "ns2.dns.example\x1b[2J", "transfer": "open", "walk": "none", "names": 9},
        ],
    }
    console = Console(file=io.StringIO(), width=110)
    show(report, console, EN, FINDING)
    shown = console.file.getvalue()
    assert f"otx: {said('source_status.limited')}" in shown
    assert not [name for name in ("crt.sh", "wayback", "ns1.dns.example") if name in shown]
    assert f"(site.example): {said('zone_transfer.open')}" in shown
    assert "\x1b" not in shown
