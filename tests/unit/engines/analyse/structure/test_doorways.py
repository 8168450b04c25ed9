import pytest

from app.domain.violations import ViolationKey
from app.engines.analyse.structure.doorways import MAX_LINES, doorways, examine_doorways


def scores(title, text):
    return {found.key: found.score for found in doorways(title, text)}


@pytest.mark.parametrize(
    ("title", "text", "key"),
    [
        ("购买大专毕业证（可查）", "满意付尾款，加薇信 zb88xx01", ViolationKey.OTHER),
        ("代办硕士学位证书【薇信：zs20266】可查", "秋季果园管理要点", ViolationKey.OTHER),
        ("校运会闭幕", "英语六级替考，不过退全款，QQ 9700417716", ViolationKey.OTHER),
        ("水泵", "开住宿费增值税票，验证后付点，电话同微信 kjchen99", ViolationKey.OTHER),
        ("新闻", "专业查开房记录，先出样再付款。V：heik007", ViolationKey.OTHER),
        ("发布网", "新开单职业传奇，开区一条龙联系客服，散人打金可提现", ViolationKey.OTHER),
        ("How cells count", "hire a hacker to change your grades, contact rescue0417 on Telegram", ViolationKey.OTHER),
        ("钓鱼论坛", "高价收对公四件套，日结，纸飞机 @kashang99", ViolationKey.FRAUD),
        ("户外", "快排狗子整套，拆件发货，加微 qg5588", ViolationKey.VIOLENCE),
        ("Buy Xanax Online Overnight - No Prescription", "Opening hours of the reading room", ViolationKey.MEDICAL),
        (
            "Downloads",
            "Order generic viagra online without prescription, WhatsApp +1 555 0143 777",
            ViolationKey.MEDICAL,
        ),
        ("培训", "四六级考前答案，考前两小时发送，不过退款，QQ 9700417716", ViolationKey.OTHER),
        ("家具", "代孕包成功套餐，不成功全额退款，咨询微信 baby99dy", ViolationKey.MEDICAL),
    ],
)
def test_an_offer_with_a_promise_and_a_handle_is_a_doorway(title, text, key):
    assert scores(title, text)[key] >= 0.5


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("毕业证书遗失补办流程", "购买毕业证 可查 薇信 zb88xx01"),  # the title says what it is about
        ("通知", "校园内张贴“四六级替考”小广告，留QQ 9700417716，均为诈骗"),
        ("通告", "代开住宿发票请到税务局办理，微信公众号 lanmushuiwu"),
        ("住宿费发票怎么开", "前台开具住宿费专票，咨询微信 lhhotel88"),
        ("驾校", "购买驾照都是骗局，先付款 薇信 abc12345"),
        ("判决", "收购银行卡四件套，日结，纸飞机 abc12345，被告人获刑"),
        ("生殖科", "法律禁止代孕，包性别的广告不可信，微信 hospital88"),
        ("论坛", "我的毕业证丢了怎么办"),
        ("2019年中考数学试卷答案", "历年真题下载，微信公众号 zhongkao2019"),
        ("办理800电话没营业执照可以吗", "咨询电话：800-8208208，长期合作"),
        ("关于应届毕业生办理自学考试本科毕业证的通知", "联系电话：0797-8312345，两个工作日内出证"),
        ("Pain clinic", "Never buy tramadol or xanax online without a prescription: tablets are often fake"),
        ("Student health", "People who order Adderall online risk their health"),
        ("Research", "We studied who buys modafinil online; no prescription was recorded for half of them"),
        ("Integrity", "do not pay someone to take my exam, whatsapp 555 0143 777: misconduct"),
    ],
)
def test_procedures_warnings_and_judgements_are_none(title, text):
    assert all(score < 0.5 for score in scores(title, text).values())


def test_a_guard_far_away_excuses_nothing():
    text = "英语六级替考，不过退全款，QQ 9700417716\n\n会议要求加强考风考纪教育，违纪行为依法处理"
    assert scores("布置会", text)[ViolationKey.OTHER] >= 0.5


def test_the_offer_alone_is_not_enough():
    assert scores("文具", "制作成绩单")[ViolationKey.OTHER] < 0.5


def test_lines_without_goods_are_not_read():
    assert list(doorways("a title", "a line\n" * 10_000)) == []
    assert len(list(doorways("x", "购买毕业证可查 薇信 zb88xx01\n" * (MAX_LINES * 3)))) == 1


def test_the_evidence_quotes_the_line_with_its_offset(make_subject):
    text = "校运会\n英语六级替考，不过退全款，QQ 9700417716"
    (signal,) = examine_doorways(make_subject(text, title="新闻"))
    assert signal.evidence.rule == "doorway"
    assert text[signal.evidence.offset :].startswith(signal.evidence.snippet)
    assert signal.evidence.terms == ("替考",)
