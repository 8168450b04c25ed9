"""The figures about the site's own pages count what they say."""

from dataclasses import replace

from tests.eval.eval_site import judge_links, judge_page, print_links, print_pages
from tests.eval.hidden_links.hidden_links import designs, harmless_designs
from tests.eval.own_pages.own_pages import injected, twins


def by_id(items, wanted):
    return next(item for item in items if item.id == wanted)


def test_a_changed_page_is_found_by_what_it_says_and_its_place_is_quoted():
    outcome = judge_page(by_id(injected(), "forward-county-open-redirect"))
    assert outcome.accused
    assert replace(outcome, page=replace(outcome.page, quote="百家乐")).quoted
    assert not replace(outcome, page=replace(outcome.page, quote="stands nowhere")).quoted


def test_a_hidden_link_on_an_own_page_accuses_it():
    outcome = judge_page(by_id(injected(), "hidden-county-display-none"))
    assert outcome.accused
    assert outcome.quoted


def test_an_honest_page_is_not_accused():
    assert not judge_page(by_id(twins(), "start-chengxi-county")).accused


def test_a_style_in_the_sites_sheet_is_seen_only_with_the_sheet():
    design = by_id(designs(), "display-sheet")
    told = {outcome.host: outcome.called_hidden for outcome in judge_links(design, with_sheet=True)}
    assert told == dict.fromkeys(design.hidden, True) | dict.fromkeys(design.shown, False)
    assert not any(outcome.called_hidden for outcome in judge_links(design, with_sheet=False))


def test_the_tables_count_each_page_and_each_link_once(capsys):
    pages = [
        judge_page(by_id(injected(), "forward-county-open-redirect")),
        judge_page(by_id(twins(), "start-mushan-tea")),
    ]
    links = judge_links(by_id(harmless_designs(), "print-hides"), with_sheet=True)
    print_pages(pages)
    print_links(links, links)
    said = capsys.readouterr().out
    assert "| all | 1 | 1 | 1 | 1 | 1 | 0 |" in said
    assert "| all shown | 3 | 0 | 0 | 0 |" in said


def test_nearly_every_changed_page_is_found_and_no_honest_one_is_accused():
    missed = [page.id for page in injected() if not judge_page(page).tampered]
    assert len(missed) <= 0.03 * len(injected()), missed
    assert [page.id for page in twins() if judge_page(page).accused] == []
