"""The figures about whole own sites count what they say (`python -m tests.eval.eval_own_sites`)."""

import sys

import pytest

from tests.eval.eval_own_sites import judge_own_site, main
from tests.eval.own_sites.own_sites import OwnSite
from tests.eval.own_sites.tiny_sites import SITE, write_scripted_site, write_site


@pytest.fixture
def batch(tmp_path):
    write_site(tmp_path / "a/mill")
    write_scripted_site(tmp_path / "b/lake")
    return tmp_path


def judged(batch, site):
    return judge_own_site(OwnSite.read(batch / site / "site.toml"))


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["eval_own_sites.py", *map(str, words)])
    return main()


def test_a_page_that_an_intruder_added_is_found_and_its_site_is_not_accused(batch):
    outcome = judged(batch, "a/mill")
    assert outcome.changed.verdict.own
    assert outcome.changed_alone.verdict.own
    assert outcome.changed.places == {"vip.html"}
    assert not outcome.twin.verdict.facts
    assert outcome.accused_others == {}
    assert len(outcome.others) == 6


def test_a_script_of_one_page_is_found_by_the_rest_of_the_site_alone(batch):
    outcome = judged(batch, "b/lake")
    assert list(outcome.changed.verdict.rules) == ["own.lone_code"]
    assert not outcome.changed_alone.verdict.facts


def test_of_a_changed_script_the_pages_count_that_load_it(batch):
    outcome = judged(batch, "b/lake")
    assert len(outcome.twin.places) == 24
    assert outcome.twin_alone.places == frozenset()
    assert outcome.others == outcome.changed.pages - {"tickets.html"}


def test_an_honest_page_with_an_offer_is_a_false_accusation(batch):
    site = batch / "a/mill"
    (site / "pages/prices.html").write_bytes((site / "changed/vip.html").read_bytes())
    (site / "twin/index.html").write_bytes((site / "changed/vip.html").read_bytes())
    outcome = judged(batch, "a/mill")
    assert outcome.twin.verdict.facts
    assert list(outcome.accused_others) == ["prices.html"]


def test_what_is_said_of_a_third_party_alone_is_only_led_to(batch, monkeypatch, capsys):
    page = batch / "a/mill/pages/shop.html"
    link = '<div style="display:none"><a href="https://www.work.test/">刷单兼职 日结 高薪</a></div></body>'
    changed = batch / "a/mill/changed"
    (changed / "vip.html").unlink()
    (changed / "shop.html").write_text(page.read_text("utf-8").replace("</body>", link), "utf-8")
    verdict = judged(batch, "a/mill").changed.verdict
    assert verdict.own == ()
    assert {fact.domain for fact in verdict.led} == {"work.test"}
    assert run(monkeypatch, batch / "a") == 0
    said = capsys.readouterr().out
    assert "| doorway | 1 | 0 | 0 | 1 | 0 | 1 | 0 | 0 | 0 |" in said
    assert "missed: doorway: a/mill (en, gambling), only led to: hidden_link.anchor 0.65" in said


def test_the_tables_count_each_site_once_and_list_what_is_wrong(batch, monkeypatch, capsys):
    assert run(monkeypatch, batch) == 0
    said = capsys.readouterr().out
    assert "| doorway | 1 | 1 | 1 | 0 | 1 | 1 | 0 | 0 | 0 |" in said
    assert "| foreign_script | 1 | 1 | 0 | 0 | 0 | 1 | 0 | 0 | 0 |" in said
    assert "| all | 2 | 2 | 1 | 0 | 1 | 2 | 0 | 0 | 0 |" in said
    assert "| twins | 2 | 0 | 0.00 | 0 |" in said
    assert "| other pages | 29 | 0 | 0.00 | 0 |" in said
    assert "| own.lone_code | 1 | 0 | 0 |" in said
    assert "by its site: b/lake: changed: own.lone_code 0.55; alone: nothing" in said
    assert "not as the format says: b/lake: 24 pages" in said
    assert "missed" not in said


def test_a_site_that_cannot_be_read_is_named_and_the_others_are_judged(batch, monkeypatch, capsys):
    (batch / "a/mill/site.toml").write_text(SITE.replace("host", "hosts"), "utf-8")
    assert run(monkeypatch, batch / "a") == 1
    said = capsys.readouterr().out
    assert "unreadable: " in said
    assert "no sites" in said
