"""The site's own icon on a foreign page that asks for an account."""

from dataclasses import replace

import pytest

from app.domain.evidence_text import evidence_sentence, source_text
from app.domain.messages import MessageCatalog
from app.domain.violations import Layer, ViolationKey
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.structure.looks import MAX_COLOUR, MAX_DISTANCE, colour_distance, distance, is_same
from app.engines.analyse.subject import SeenLook

PASSWORD = "<form><input name=user><input type=password name=pwd></form>"
ACCOUNT = "<form><input type=tel name=phone></form>"
QUESTION = "<form><input name=email><textarea name=question></textarea></form>"
OWN = "www.corp.example"


@pytest.fixture
def shown(make_subject):
    known = Analyser(scope_target="corp.example", is_known=lambda host: host.endswith("desk.example"))

    def analyse(form, *, icon=OWN, **options):
        subject = make_subject("请输入信息", html=f"<p>请输入信息</p>{form}", **options)
        return known.analyse(replace(subject, own_icon=icon))

    return analyse


@pytest.mark.parametrize(("form", "score"), [(PASSWORD, 0.65), (ACCOUNT, 0.55)])
def test_the_own_icon_over_account_fields_is_to_be_reviewed(shown, form, score):
    (found,) = shown(form)
    assert (found.violation_key, found.needs_review, found.confidence_score) == (ViolationKey.FRAUD, True, score)
    assert [(one.layer, one.rule, one.snippet) for one in found.evidence] == [(Layer.IMAGE, "own_icon", OWN)]


@pytest.mark.parametrize(
    ("form", "options"),
    [
        (PASSWORD, {"icon": ""}),
        ("", {}),
        (QUESTION, {}),
        (PASSWORD, {"url": "https://corp.desk.example/"}),
        (PASSWORD, {"url": "https://www.corp.example/", "domain": "party.example"}),
        (PASSWORD, {"page_class": "parked"}),
    ],
    ids=["no_icon", "nothing_asked", "a_question", "a_known_service", "led_back", "parked"],
)
def test_other_pages_stay_clean(shown, form, options):
    assert shown(form, **options) == ()


@pytest.mark.parametrize(("language", "said"), [("en", f"uses the icon of {OWN}"), ("zh-CN", f"{OWN} 相同的网站图标")])
def test_people_are_told_whose_icon_it_is(shown, language, said):
    one = shown(PASSWORD)[0].evidence[0]
    sentence = evidence_sentence(one, ViolationKey.FRAUD, MessageCatalog(language), on_site=False)
    assert said in sentence


def look(bits=0, colour=(100, 100, 100)):
    return f"{bits:032x}{bytes(colour).hex()}"


def test_looks_are_the_same_up_to_a_distance_of_shape_and_of_colour():
    assert distance(look(), look(0b1011)) == 3
    assert colour_distance(look(), look(colour=(100, 90, 130))) == 30
    assert is_same(look(), look((1 << MAX_DISTANCE) - 1))
    assert not is_same(look(), look((1 << (MAX_DISTANCE + 1)) - 1))
    assert not is_same(look(), look(colour=(100, 100, 101 + MAX_COLOUR)))


@pytest.fixture
def seen(make_subject):
    known = Analyser(scope_target="corp.example", is_known=lambda host: host.endswith("desk.example"))

    def analyse(
        text="天高云淡",
        *,
        key=ViolationKey.GAMBLING,
        whose="house.example",
        icon="",
        icon_of=None,
        html=None,
        **options,
    ):
        subject = make_subject(text, html=html or f"<p>{text}</p>", **options)
        look = None if whose is None else SeenLook(key, whose)
        known_icon = None if icon_of is None else SeenLook(ViolationKey.FRAUD, icon_of)
        return known.analyse(replace(subject, known_look=look, own_icon=icon, known_icon=known_icon))

    return analyse


def test_a_known_look_is_to_be_reviewed(seen):
    (found,) = seen()
    assert (found.violation_key, found.needs_review, found.confidence_score) == (ViolationKey.GAMBLING, True, 0.55)
    (one,) = found.evidence
    assert (one.layer, one.rule, one.snippet) == (Layer.IMAGE, "known_look", "house.example")


def test_it_strengthens_what_words_say_of_the_same_class(seen):
    (found,) = seen("线上娱乐城 百家乐 轮盘")
    assert not found.needs_review
    assert [one.layer for one in found.evidence] == [Layer.TEXT, Layer.IMAGE]


def test_beside_what_words_say_of_another_class_each_is_what_it_is(seen):
    found = {one.violation_key: one.confidence_score for one in seen("线上娱乐城 百家乐 轮盘", key=ViolationKey.ADULT)}
    assert found[ViolationKey.ADULT] == 0.55
    assert ViolationKey.GAMBLING in found


def test_pictures_alone_never_accuse(seen):
    (found,) = seen(html=PASSWORD, key=ViolationKey.FRAUD, icon=OWN, icon_of="house.example")
    assert found.needs_review
    assert [one.rule for one in found.evidence] == ["own_icon", "known_icon", "known_look"]


@pytest.mark.parametrize(("icon_of", "rule"), [("house.example", "known_icon"), ("", "known_icon_elsewhere")])
def test_a_known_icon_over_secret_fields_is_to_be_reviewed(seen, icon_of, rule):
    (found,) = seen(html=PASSWORD, whose=None, icon_of=icon_of)
    assert (found.violation_key, found.needs_review, found.confidence_score) == (ViolationKey.FRAUD, True, 0.55)
    assert [(one.rule, one.snippet) for one in found.evidence] == [(rule, icon_of)]


@pytest.mark.parametrize(
    "options",
    [{"html": ACCOUNT}, {}, {"html": PASSWORD, "url": "https://www.icbc.com.cn/", "domain": "icbc.com.cn"}],
    ids=["an_account", "nothing_asked", "the_brand_itself"],
)
def test_a_known_icon_elsewhere_says_nothing(seen, options):
    assert seen(whose=None, icon_of="house.example", **options) == ()


@pytest.mark.parametrize(
    "options",
    [
        {"page_class": "parked"},
        {"url": "https://corp.desk.example/"},
        {"url": "https://www.corp.example/", "domain": "party.example"},
    ],
    ids=["parked", "a_known_service", "led_back"],
)
def test_such_pages_stay_clean(seen, options):
    assert seen(**options) == ()


@pytest.mark.parametrize(
    ("language", "whose", "said"),
    [
        ("en", "house.example", "looks like house.example, a confirmed violation"),
        ("en", "", "looks like a page that is a confirmed violation"),
        ("zh-CN", "house.example", "与已确认违规的 house.example 相似"),
        ("zh-CN", "", "与已确认违规的页面相似"),
        ("en", None, "uses the icon of old.example, a confirmed fraud"),
        ("zh-CN", None, "与已确认为欺诈的 old.example 相同的网站图标"),
    ],
)
def test_people_are_told_what_it_looks_like_and_who_says_so(seen, language, whose, said):
    (one,) = seen(whose=whose, icon_of="old.example" if whose is None else None, html=PASSWORD)[0].evidence
    texts = MessageCatalog(language)
    sentence = evidence_sentence(one, ViolationKey.GAMBLING, texts, on_site=False)
    assert said in sentence
    assert source_text(one, texts) == texts("source.decisions")
