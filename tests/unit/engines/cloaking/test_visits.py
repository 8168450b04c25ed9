from app.domain.visitors import Visitor
from app.engines.cloaking.visits import PLAIN, visits_for


def test_every_sort_of_visitor_comes_and_newcomers_first():
    visitors = [visit.visitor for visit in visits_for("")]
    assert visitors[0] is Visitor.NEWCOMER
    assert set(visitors) | {PLAIN.visitor} == set(Visitor)


def test_who_searches_in_chinese_comes_from_baidu_and_others_from_google():
    def referrers(text):
        return {visit.referrer.split("/")[2] for visit in visits_for(text) if visit.referrer}

    assert referrers("某某学院 Some College") == {"www.baidu.com", "m.baidu.com"}
    assert referrers("Some College") == {"www.google.com"}


def test_robots_of_both_engines_come_and_only_the_plain_visit_brings_cookies():
    robots = " ".join(visit.agent for visit in visits_for("") if visit.visitor is Visitor.ROBOT)
    assert "Baiduspider" in robots
    assert "Googlebot" in robots
    assert PLAIN.has_cookies
    assert not any(visit.has_cookies for visit in visits_for(""))


def test_a_referrer_is_sent_only_where_there_is_one():
    assert set(PLAIN.headers) == {"User-Agent"}
    assert all(("Referer" in visit.headers) is bool(visit.referrer) for visit in visits_for(""))
