"""Words in pictures: found, to be reviewed, and only strong ones without it."""

from dataclasses import replace

import pytest

from app.domain.evidence_text import evidence_sentence
from app.domain.messages import MessageCatalog
from app.domain.violations import Layer, ViolationKey

SOME = "线上娱乐城 百家乐 时时彩 存款秒到账"
MUCH = "注册送彩金 首存送100%\n真人荷官 百家乐 时时彩 北京赛车 投注平台\n线上娱乐城 24小时客服在线 存款秒到账"


@pytest.fixture
def shown(analyser, make_subject):
    """What a page with next to no text violates by its picture."""

    def analyse(picture, text="", **capture):
        subject = make_subject(text, html='<img src="1.png">', **capture)
        return analyser.analyse(replace(subject, picture_text=picture))

    return analyse


def test_what_a_picture_offers_is_a_violation_to_be_reviewed(shown):
    (found,) = shown(SOME)
    (evidence,) = found.evidence
    assert (found.violation_key, found.needs_review) == (ViolationKey.GAMBLING, True)
    assert (evidence.layer, evidence.rule, evidence.offset) == (Layer.IMAGE, "picture.gambling", None)
    assert "百家乐" in evidence.terms
    assert "百家乐" in evidence.snippet


def test_a_picture_full_of_offers_needs_none(shown):
    (found,) = shown(MUCH)
    assert not found.needs_review


def test_text_and_picture_add_up(shown):
    assert shown(SOME, "线上娱乐城 百家乐 轮盘")[0].confidence_score > shown(SOME)[0].confidence_score


@pytest.mark.parametrize(
    "picture",
    ["", "本公司主要生产水泵", "警方提醒：百家乐、时时彩均为网络赌博，切勿参与，请及时报警", "Al aT am 官方 一一 *"],
)
def test_other_pictures_are_clean(shown, picture):
    assert shown(picture) == ()


def test_pictures_of_place_holders_and_allowed_hosts_are_not_judged(shown):
    assert shown(MUCH, page_class="parked") == ()
    assert shown(MUCH, url="https://www.gov.cn/") == ()


@pytest.mark.parametrize(("language", "said"), [("en", "an image"), ("zh-CN", "图片")])
def test_people_are_told_that_it_was_a_picture(shown, language, said):
    evidence = shown(SOME)[0].evidence[0]
    sentence = evidence_sentence(evidence, ViolationKey.GAMBLING, MessageCatalog(language), on_site=False)
    assert said in sentence


def test_a_language_model_is_shown_what_stands_in_the_picture(analyser, make_subject):
    subject = make_subject("首页", html='<img src="1.png">')
    with_picture = analyser.excerpt(replace(subject, picture_text=SOME))
    assert "百家乐" in str(with_picture.to_json())
