"""The text classifier that ships: what it makes of the rules' detections, and its file."""

import math
from array import array
from dataclasses import replace

import pytest

from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.detection import CONFIDENCE_CAP, Detection, Thresholds
from app.engines.analyse.shipped_data import shipped_classifier
from app.engines.analyse.text.classifier import (
    ANY,
    BITS,
    RULE,
    ClassifierError,
    Head,
    Mixture,
    TextClassifier,
    load_classifier,
    number_of,
    write_classifier,
)
from app.engines.analyse.text.page_words import MAX_TEXT

GOOD, BAD = "garden", "jackpot"
TEXT = " ".join(f"word{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(60))  # enough to say something of
MIXTURE = Mixture(bias=-1.0, margin=1.0, found=2.0, doubt=0.5)
LIMITS = Thresholds()


def head(**weights):
    values = array("b", b"\x01\xff" * (1 << BITS - 1))  # all words are known, and say next to nothing
    for word, weight in weights.items():
        values[number_of(word)] = weight
    return Head(1.0, 0.0, values)


@pytest.fixture
def heads():
    return {ANY: head(jackpot=127, garden=-127), "gambling": head(jackpot=100), "fraud": head(garden=1)}


@pytest.fixture
def classifier(heads):
    return TextClassifier("1", heads, MIXTURE, str.lower)


def detection(confidence, key=ViolationKey.GAMBLING, layer=Layer.TEXT):
    evidence = Evidence(layer, "lexicon.gambling", confidence)
    return Detection(key, confidence, (evidence,), needs_review=confidence < LIMITS.review)


def weigh(classifier, subject, *detections):
    return classifier.weigh(subject, detections, LIMITS)


def test_a_page_that_reads_like_a_violation_is_one_though_no_rule_knows_it(classifier, make_subject):
    subject = make_subject(f"{TEXT} {BAD}")
    (found,) = weigh(classifier, subject)
    assert (found.key, found.evidence[0].rule, found.evidence[0].terms[0]) == (ViolationKey.GAMBLING, RULE, BAD)
    assert BAD in found.evidence[0].snippet
    assert (
        found.confidence
        == CONFIDENCE_CAP
        < MIXTURE.confidence(classifier.read(subject.title, subject.page).margin, None)
    )
    assert found.needs_review  # words alone accuse nobody


def test_what_rules_doubt_is_left_out_where_the_page_reads_like_a_clean_one(classifier, make_subject):
    clean, bad = make_subject(f"{TEXT} {GOOD}"), make_subject(f"{TEXT} {BAD}")
    assert weigh(classifier, clean, detection(0.6)) == ()
    (found,) = weigh(classifier, bad, detection(0.6))
    assert found.confidence > 0.8
    assert not found.needs_review
    assert [item.rule for item in found.evidence] == ["lexicon.gambling", RULE]


def test_what_rules_are_certain_of_is_at_least_to_be_reviewed(classifier, make_subject):
    (found,) = weigh(classifier, make_subject(f"{TEXT} {GOOD}"), detection(0.97))
    assert (found.confidence, found.needs_review) == (LIMITS.violation, True)


def test_a_further_class_is_no_more_certain_than_its_rules(classifier, make_subject):
    second = detection(0.55, ViolationKey.OTHER)
    first, other = weigh(classifier, make_subject(f"{TEXT} {BAD}"), detection(0.9), second)
    assert (first.key, other.key, other.confidence) == (ViolationKey.GAMBLING, ViolationKey.OTHER, 0.55)


def test_lists_and_facts_stay_as_they_are(classifier, make_subject):
    listed, takeover = detection(0.7, layer=Layer.REPUTATION), detection(0.6, ViolationKey.TAKEOVER)
    for word in (GOOD, BAD):
        assert set(weigh(classifier, make_subject(f"{TEXT} {word}"), listed, takeover)) == {listed, takeover}


def test_what_stands_below_what_it_reads_stays_as_it_is(classifier, make_subject):
    evidence = Evidence(Layer.TEXT, "lexicon.gambling", 0.6, offset=MAX_TEXT)
    far = Detection(ViolationKey.GAMBLING, 0.6, (evidence,), needs_review=True)
    assert weigh(classifier, make_subject(f"{TEXT} {GOOD}"), far) == (far,)


@pytest.mark.parametrize(
    "text",
    [
        "Ваш аккаунт временно ограничен, подтвердите личные данные и введите номер карты и код безопасности. " * 3,
        (
            "Su cuenta ha sido limitada. Debe confirmar sus datos personales e introducir su tarjeta bancaria y su "
            "contraseña, pues hemos detectado un inicio inusual desde otro dispositivo; si no verifica la información "
            "en veinticuatro horas quedará suspendida permanentemente, según las condiciones que usted aceptó."
        ),
    ],
    ids=["ru", "es"],
)
def test_of_a_language_that_it_has_not_learnt_it_says_nothing(text, make_subject):
    subject = make_subject(text)
    assert shipped_classifier().read(subject.title, subject.page) is None


def test_words_that_say_nothing_alone_are_not_shown(heads, make_subject):
    heads[ANY] = head(jackpot=90, your=127, jack=100)
    (found,) = weigh(TextClassifier("1", heads, MIXTURE, str.lower), make_subject(f"{TEXT} your jack {BAD} 12"))
    assert found.evidence[0].terms[0] == BAD
    assert not {"your", "jack", "#2"} & set(found.evidence[0].terms)


def test_of_a_page_with_few_words_it_says_nothing(classifier, make_subject):
    subject = make_subject(f"{BAD} {GOOD}")
    assert classifier.read(subject.title, subject.page) is None
    assert weigh(classifier, subject, detection(0.6)) == (detection(0.6),)


def test_a_margin_does_not_grow_with_the_length_of_a_page():
    numbers = [number_of(BAD), *range(15)]
    weights = head(jackpot=100)
    assert weights.margin(numbers) == pytest.approx((100 + sum(weights.weights[:15])) / math.sqrt(16))


def test_a_file_comes_back_as_it_was(heads, tmp_path, make_subject):
    path = tmp_path / "classifier.bin"
    path.write_bytes(write_classifier("1", heads, MIXTURE, {"pages": 3}))
    subject = make_subject(f"{TEXT} {BAD}")
    read = load_classifier(str.lower, path)
    assert weigh(read, subject) == weigh(TextClassifier("1", heads, MIXTURE, str.lower), subject)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: data[:-200],
        lambda data: data.replace(b'"bits":18', b'"bits":17'),
        lambda data: data.replace(b'"mixture"', b'"mixed"'),
        lambda data: data.replace(b'"any"', b'"all"'),
        lambda data: data.partition(b"\n")[0] + b"\nno archive",
    ],
    ids=["empty", "cut", "another size", "no mixture", "no question", "no archive"],
)
def test_a_broken_file_is_refused(heads, tmp_path, change):
    path = tmp_path / "classifier.bin"
    path.write_bytes(change(write_classifier("1", heads, MIXTURE, {})))
    with pytest.raises(ClassifierError):
        load_classifier(str.lower, path)


def test_the_shipped_one_tells_an_offer_from_a_report_of_it(make_subject):
    analyser = Analyser(scope_target="corp.example", classifier=shipped_classifier())
    offer = "注册即送彩金，首存返利，真人视讯百家乐，老虎机爆大奖，提款秒到账，代理招募，联系在线客服领取优惠。" * 3
    report = "法院一审宣判：被告人利用境外网站组织赌博，警方提醒市民远离网络赌博，发现线索请及时举报。" * 3
    (found,) = analyser.analyse(make_subject(offer))
    assert found.violation_key is ViolationKey.GAMBLING
    assert analyser.analyse(make_subject(report)) == ()


def test_it_does_not_judge_place_holders_nor_content_that_is_allowed(make_subject):
    offer = "注册即送彩金，首存返利，真人视讯百家乐，老虎机爆大奖，提款秒到账，代理招募，联系在线客服领取优惠。" * 3
    analyser = Analyser(scope_target="corp.example", classifier=shipped_classifier())
    subject = make_subject(offer)
    assert analyser.analyse(replace(subject, capture=replace(subject.capture, page_class="parked"))) == ()
    assert analyser.analyse(make_subject(offer, url="https://www.baidu.com/")) == ()


def test_its_opinion_alone_is_asked_for_from_a_confidence_on(classifier, make_subject):
    subject = make_subject(f"{TEXT} {BAD}")
    said = classifier.opinion(subject.title, subject.page, 0.5)
    assert said.confidence > 0.5
    assert said.terms[0] == BAD
    assert BAD in said.quote
    assert classifier.opinion(subject.title, subject.page, 1.1) is None
    assert classifier.opinion("", make_subject("short").page, 0.0) is None
