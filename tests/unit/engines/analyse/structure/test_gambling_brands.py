import pytest

from app.domain.violations import ViolationKey
from app.engines.analyse.structure.gambling_brands import (
    GamblingBrandError,
    GamblingDoors,
    has_number,
    load_gambling_brands,
)
from app.engines.html.document import HtmlDocument

LINES = "线路一 26ms 线路二 31ms 永久网址请收藏 会员登录"


@pytest.fixture(scope="module")
def book():
    return load_gambling_brands()


@pytest.fixture(scope="module")
def score(book, make_subject):
    def of(title, text="", url="https://www.party.example/"):
        signals = list(GamblingDoors(book).examine(make_subject(text, title=title, url=url)))
        assert all(signal.key is ViolationKey.GAMBLING for signal in signals)
        return max((signal.evidence.score for signal in signals), default=0.0)

    return of


@pytest.mark.parametrize(
    "title",
    [
        "开云体育(kaiyun)官方网站-登录入口",
        "乐鱼(leyu)体育官网登录入口",
        "必威betway体育·官网平台入口",
        "金沙9905cc(中国)有限公司-Official Website",
        "太阳城娱乐网址",
        "1xBet login: official mirror",
        "Stake - Crypto Casino | Official mirror",
    ],
)
def test_a_houses_name_and_how_to_get_in_is_a_door(score, title):
    assert score(title) >= 0.5


@pytest.mark.parametrize(
    "title",
    [
        "开云集团发布第三季度财报",
        "澳门威尼斯人酒店预订-入口",
        "金沙遗址博物馆官方网站-参观预约入口",
        "米兰德比战平：国米、米兰各取一分",
        "永利阀门有限公司官网",
        "太阳城养老社区官方网站",
        "银河天文馆官方网站-购票入口",
        "皇冠体育用品官网",
        "星空体育馆官方网站",
        "Stake & Post Timber - official site",
        "Clubs drop betting shirt sponsors: Betway, official statement",
        "必威体育",
    ],
)
def test_a_company_a_hotel_a_town_and_the_news_are_none(score, title):
    assert score(title, LINES) < 0.5


def test_a_name_that_others_have_needs_a_numbered_host_and_the_way_in(score):
    title = "澳门威尼斯人(官网)最新网站入口"
    assert score(title, LINES, "http://www.vns48812.com/") >= 0.5
    assert score(title, LINES) == 0
    assert score(title, "贡多拉与购物", "http://www.vns48812.com/") == 0


def test_a_number_a_way_in_and_a_repeated_name_make_it_surer(score):
    title = "开云体育官网"
    assert score(title) < score(title, LINES) < score(title, LINES, "https://kaiyun8863.com/")
    assert score(title) < score(title, "开云体育分享管道。开云体育提醒。开云体育官网")


def test_hosts_are_numbered_with_the_houses_word_or_four_digits(book):
    house = book.by_name["开云体育"]
    assert has_number("ky123.com", house)
    assert has_number("www.88126.com", house)
    assert not has_number("www.expo2026.com".replace("2026", "26"), house)
    assert not has_number("www.kaiyun.com", house)


def test_own_names_are_terms_of_the_text_layer(book, normaliser):
    terms = {term.pattern for term in book.terms(normaliser)}
    assert normaliser.fold("开云体育") in terms
    assert normaliser.fold("金沙") not in terms


def test_the_shipped_book_is_large(book):
    assert len({house.name for house in book.by_name.values()}) >= 80
    assert len(book.by_name) >= 350
    assert book.version


@pytest.mark.parametrize("line", ["own | A", "own | | a", "other | A | a", "just words"])
def test_a_malformed_line_is_named(tmp_path, line):
    path = tmp_path / "gambling_brands.txt"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(GamblingBrandError, match="line 1"):
        load_gambling_brands(path)


def test_a_page_of_addresses_under_the_houses_initials_names_it_in_its_heading(book, make_subject):
    def said(heading, text):
        html = f"<h1>{heading}</h1><p>{text}</p>"
        subject = make_subject(HtmlDocument(html).visible_text, title="BW 最新地址发布页", html=html)
        return [signal.evidence.terms for signal in GamblingDoors(book).examine(subject)]

    assert said("必威体育 备用网址", "进入线路一") == [("必威体育",)]
    assert said("必威体育 备用网址", "资料。" * 900) == []  # a long text below
    assert said("必威体育赞助球队 官网", "进入线路一") == []
    assert said("备用网址", "进入线路一") == []
