import pytest

from app.engines.analyse.structure.pressure import presses


@pytest.mark.parametrize(
    "text",
    [
        "您的积分将于今日24点到期清零",
        "您的电子密码器将于次日失效",
        "该账号涉嫌违规，已被限制登录",
        "请立即激活",
        "旅客可申请理赔",
        "Your account has been suspended",
        "Verify your billing details",
        "within 24 hours",
    ],
)
def test_an_account_that_ends_and_money_that_waits_press(text):
    assert presses(text)


@pytest.mark.parametrize(
    "text",
    [
        "消费一元积一分，积分规则见会员章程",
        "账户余额查询",
        "Your account settings",
        "警方提醒：称账户已被冻结的短信是诈骗",
        "Phishing: 'your account has been suspended'",
    ],
)
def test_rules_and_warnings_do_not(text):
    assert not presses(text)
