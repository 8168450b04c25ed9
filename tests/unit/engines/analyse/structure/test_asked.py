import pytest

from app.engines.analyse.structure.asked import asked_by
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import read_content


def asked(html):
    return asked_by(read_content(HtmlDocument(html)))


@pytest.mark.parametrize("name", ["kahao", "sfzh", "qkmm", "cvv", "cc-number", "身份证号"])
def test_cards_and_identity_numbers_are_known_by_name(name):
    assert asked(f'<input name="{name}">').card


@pytest.mark.parametrize("name", ["mima", "pwd", "登录密码", "user password"])
def test_passwords_are_known_without_their_type(name):
    assert asked(f'<input type="text" name="{name}">').password


@pytest.mark.parametrize("name", ["shouji", "zhanghao", "yzm", "otp", "短信验证码", "mobile", "loginfmt"])
def test_accounts_phones_and_codes_are_no_secrets(name):
    found = asked(f'<input name="{name}">')
    assert found.account
    assert not found.secret


@pytest.mark.parametrize("name", ["q", "nickname", "comment", "address", "summary", "hotel"])
def test_searching_and_writing_asks_for_nothing(name):
    assert not asked(f'<input name="{name}">').anything


def test_a_payment_needs_a_picture_and_the_demand():
    demand = "<p>请使用支付宝扫一扫完成付款</p>"
    assert asked(f'{demand}<img alt="付款二维码">').payment
    assert not asked(demand).payment
    assert not asked('<img alt="公众号二维码"><p>扫码关注公众号</p>').payment


def test_fields_behind_a_megabyte_of_padding_are_found():
    assert asked("<div class=x></div>" * 80_000 + "<input name=kahao>").card


def test_an_address_beside_a_comment_is_no_account():
    comment = "<input name=email><textarea name=comment></textarea>"
    assert not asked_by(read_content(HtmlDocument(comment))).account
    assert asked_by(read_content(HtmlDocument(comment + "<input name=yzm>"))).account
