"""Pressure on visitors (an expiring account or points, waiting money), and warnings against it."""

import re
from typing import Final

MAX_TEXT: Final = 20_000  # characters of a page's text that are read

PRESSURE: Final = re.compile(
    r"积分[^。\n]{0,14}(?:清零|到期|过期|作废|兑换)|即将(?:失效|过期|清零|停用|注销)|将于[^。\n]{0,14}(?:失效|到期|"
    r"停用|停机|关闭)|"
    r"(?:已|将)(?:经)?被?(?:系统|永久|暂时)?(?:冻结|限制|停用|禁用|注销|封停|锁定)|(?:被|永久)(?:冻结|限制|停用|"
    r"禁用|封停|锁定)|"
    r"自助(?:解封|解冻|解除)|解冻|解封|提额|额度[^。\n]{0,4}提升|提升[^。\n]{0,6}额度|升级认证|升级备案|在线签约|"
    r"(?:立即|马上|在线|自助|尽快|重新)(?:进行|完成|办理|登录)?(?:实名)?(?:认证|激活|升级|解封|解冻|领取|兑换|更新|"
    r"提额|验证|注销)|"
    r"(?:未|没有)[^。\n]{0,8}年审|(?:补贴|补助|退税)[^。\n]{0,10}(?:申领|领取|发放|登记)|(?:停运|"
    r"取消)[^。\n]{0,10}(?:理赔|退票|退款)|"
    r"(?:申请|办理|提交|双倍)理赔|理赔(?:金额|专员|通道)|影响[^。\n]{0,6}征信|注销[^。\n]{0,6}(?:账户|白条|贷款|"
    r"校园贷)|"
    r"(?:24|48|二十四)小时(?:内|之内)|逾期(?:将|未|视为|不)|超时将|请勿修改金额|刷卡金|年终回馈|"
    r"(?:account|access|membership|card|mailbox|profile|parcel|package|shipment)[^.\n]{0,40}"
    r"(?:limited|suspended|locked|on hold|restricted|disabled|deactivated|expire)|"
    r"unusual (?:activity|sign.?in)|suspicious (?:activity|sign.?in|login)|"
    r"(?:confirm|verify|update|validate) (?:my|your) (?:identity|account|payment|billing|information|password|"
    r"details)|"
    r"within (?:24|48|72) ?h(?:ours|rs)?|in (?:24|48|72) hours|could not (?:be delivered|process)|customs fee|"
    r"re-?delivery (?:charge|fee)|restore (?:your )?access|cancel (?:the |this )?withdrawal|withdrawal of [\d.]{1,9}|"
    r"unpaid (?:toll|invoice|balance)|tax refund|claim your",
    re.IGNORECASE,
)
# Who warns, reports or says that he is somebody else.
WARNING: Final = re.compile(
    r"诈骗|冒充|骗局|谨防|切勿|警方|反诈|仿冒|不会[^。\n]{0,12}(?:短信|索取|索要|要求)|第三方(?:维修|网站|平台)|"
    r"无(?:任何)?(?:隶属|关联)关系|"
    r"仅转载|与[^。\n]{0,12}(?:无关|无隶属)|\bscam|phishing|fraudster|not affiliated|do not (?:click|use links)|"
    r"we will never|beware of|spokes(?:man|woman|person)|记者|本报讯|责任编辑|举报",
    re.IGNORECASE,
)


def presses(text: str) -> re.Match[str] | None:
    """Return where a text presses, unless it warns or reports as well."""
    read = text[:MAX_TEXT]
    return None if WARNING.search(read) else PRESSURE.search(read)
