"""The third parties of the big world: what each shows, and what a scan has to say of it."""

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from testnet.big import honest, trades
from testnet.parties import Site, declare, typed

QUICK: Final = (5, 40)  # ms; nothing here is slow to answer but what has to be
SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="400"><rect width="1000" height="400" fill="#a00"/>'
    '<text x="40" y="220" font-size="44" fill="#ff0">{}</text></svg>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A third party with what its registry says of it. `site` None: it has a name, and nothing answers there."""

    domain: str
    site: Site | None = None
    violation: str = ""
    dead: bool = False
    registration: dict[str, Any] = field(default_factory=dict)
    known_miss: str = ""  # why a scan does not find the violation yet


def bad(
    host: str, title: str, texts: tuple[str, ...], key: str, body: str = "", *, lang: str = "zh-CN", **more: Any
) -> Outside:
    known_miss = more.pop("known_miss", "")
    site = Site(host=host, title=title, texts=texts, body=body, lang=lang, violation=key, delay_ms=QUICK, **more)
    return Outside(domain=site.domain, site=site, violation=key, known_miss=known_miss)


def good(
    host: str,
    title: str,
    texts: tuple[str, ...],
    category: str = "unknown",
    declaration: str = "",
    *,
    lang: str = "zh-CN",
    registration: dict[str, Any] | None = None,
    **more: Any,
) -> Outside:
    site = Site(
        host=host, title=title, texts=texts, lang=lang, category=category, declaration=declaration, delay_ms=QUICK,
        **more,
    )  # fmt: skip
    return Outside(domain=site.domain, site=site, registration=registration or {})


def written_by_script(texts: tuple[str, ...]) -> str:
    """A page that is empty until its script has run. The text stands in it as numbers."""
    codes = ",".join(str(ord(character)) for character in "\n".join(texts))
    return (
        f'<div id="app"></div><script>var t=String.fromCharCode.apply(null,[{codes}]).split("\\n");'
        'document.getElementById("app").innerHTML=t.map(function(s){return "<p>"+s+"</p>"}).join("");</script>'
    )


def picture(text: str) -> str:
    """A page that shows its text in a picture alone."""
    return f'<img alt="" width="1000" height="400" src="data:image/svg+xml,{quote(SVG.format(text))}">'


# Each class in both languages, behind links that people see.
VISIBLE: Final = (
    bad("www.jinhu-yule.test", "金狐娱乐城", trades.GAMBLING_ZH, "gambling"),
    bad("vegas-palm-slots.test", "Vegas Palm online casino", trades.GAMBLING_EN, "gambling", lang="en"),
    bad("yese-yingshi.test", "夜色影视", trades.ADULT_ZH, "adult"),
    bad("velvet-cams.test", "Velvet Cams", trades.ADULT_EN, "adult", lang="en"),
    bad("zfb-anquan-yz.test", "支付宝-账户安全验证", trades.FRAUD_ZH, "fraud", trades.FRAUD_FORM_ZH),
    bad("pp-limited-review.test", "PayPal: confirm your account", trades.FRAUD_EN, "fraud",
        trades.FRAUD_FORM_EN, lang="en"),
    bad("bofang-xiufu.test", "系统修复中心", trades.MALWARE_ZH, "malware", trades.MALWARE_BODY_ZH),
    bad("browser-critical-fix.test", "Your browser is out of date", trades.MALWARE_EN, "malware",
        trades.MALWARE_BODY_EN, lang="en"),
    bad("hei-xiaodian.test", "小黑店", trades.DRUGS_ZH, "drugs"),
    bad("party-pills-direct.test", "Party pills direct", trades.DRUGS_EN, "drugs", lang="en"),
    bad("lieying-hu-wai.test", "猎影户外", trades.VIOLENCE_ZH, "violence"),
    bad("ghost-arms-shop.test", "Ghost arms shop", trades.VIOLENCE_EN, "violence", lang="en"),
    bad("zuchuan-mifang.test", "祖传秘方堂", trades.MEDICAL_ZH, "medical"),
    bad("no-script-meds.test", "No prescription meds", trades.MEDICAL_EN, "medical", lang="en"),
    bad("banzheng-kuai.test", "快速办证", trades.OTHER_ZH, "other"),
    bad("diploma-express.test", "Diploma express", trades.OTHER_EN, "other", lang="en"),
    bad("www.yunding-app.test", "云顶", (), "gambling", written_by_script(trades.GAMBLING_ZH)),
    bad("night-reel.test", "Reel", (), "adult", written_by_script(trades.ADULT_EN), lang="en"),
    bad(
        "haibao-tu.test", "海报", (), "gambling", picture(trades.SCREEN),
        known_miss="the words stand in a picture alone, and a scan need not read pictures",
    ),
)  # fmt: skip
# Words of the trades, or of no trade at all, for honest reasons.
HONEST: Final = (
    good("fanzha-police.test", "反诈提醒", honest.POLICE_ZH, "government", declare("SiteIDCode", "bm99000417")),
    good("court-daily.test", "开设赌场案开庭", honest.COURT_ZH, "news", typed("NewsArticle")),
    good("sports-lottery-office.test", "体彩公告", honest.LOTTERY_ZH, "government",
         declare("SiteIDCode", "bm99000418")),
    good("jindu-edu.test", "禁毒教育", honest.DRUG_LESSON_ZH, "education", typed("Course")),
    good("qingchun-health.test", "青春期健康教育", honest.HEALTH_ZH, "health", typed("MedicalWebPage")),
    good("central-hospital.test", "市中心医院", honest.HOSPITAL_ZH, "health", typed("Hospital")),
    good("xueli-renzheng.test", "学历认证", honest.DEGREE_ZH),
    good("shuiwu-fapiao.test", "发票服务", honest.TAX_ZH, "government", declare("SiteIDCode", "bm99000419")),
    good("qiangzhi-fazhi.test", "枪支管理宣传", honest.GUN_LAW_ZH),
    good("campus-pay.test", "校园缴费", honest.PAY_ZH),
    good("casino-street-inn.test", "Casino Street Inn", honest.HOTEL_EN, "travel", typed("Hotel"), lang="en"),
    good("literary-review.test", "Risk and fiction", honest.REVIEW_EN, "news", typed("NewsArticle"), lang="en"),
    good("gambling-harm-study.test", "Gambling harm study", honest.HARM_EN, "education",
         declare("citation_journal_title", "Harm"), lang="en"),
    good("lessons-for-life.test", "Sexual health lessons", honest.SEX_ED_EN, "education", typed("Course"), lang="en"),
    good("drug-policy-journal.test", "Drug policy", honest.DRUG_POLICY_EN, "education",
         declare("citation_journal_title", "Drug policy"), lang="en"),
    good("medicines-regulator.test", "Medicines regulator", honest.PHARMA_EN, lang="en"),
    good("admin-security-notes.test", "Security notes", honest.SECURITY_EN, lang="en"),
    good("integrity-office.test", "Academic integrity", honest.HONOUR_EN, lang="en"),
    good("linjiang-bank.test", "临江银行 网上银行", honest.BANK_ZH, body=honest.BANK_FORM),
    good("kitchen-forge.test", "Kitchen knives", honest.KITCHEN_EN, lang="en"),
)  # fmt: skip
PLAIN: Final = (
    good("open-scholar.test", "Open scholar", honest.SCHOLAR_EN, "education",
         declare("citation_journal_title", "Preprints"), lang="en"),
    good("jiaocai-fuwu.test", "教材服务", honest.PUBLISHER_ZH),
    good("hubin-alliance.test", "湖滨高校联盟", honest.ALLIANCE_ZH),
    good("daxue-tiyu.test", "大学生体育协会", honest.SPORT_ZH),
    good("file-keeper.test", "File keeper", honest.PLAIN_EN, lang="en"),
    good("cdn.static-pool.test", "Static pool", honest.PLAIN_EN, "cdn", lang="en",
         alias_of="cdn.static-pool.test.w.kunlunsl.com"),
    good("tongji.site-count.test", "Site count", honest.PLAIN_EN, "analytics", lang="en"),
    good("widget.weather-box.test", "Weather box", honest.PLAIN_EN, lang="en"),
    good("video.campus-tube.test", "校园视频", honest.SPORT_ZH, "video", declare("og:type", "video.other")),
)  # fmt: skip
# Names that have changed: parked, for sale, expired, blocked, given up, registered anew, left behind at a service.
FADED: Final = (
    good("old-partner-lab.test", "Parked", honest.PARKED_EN, "parked", lang="en"),
    good("hezuo-jiuzhan.test", "域名出售", honest.SALE_ZH, "parked"),
    good("conference-2015.test", "For sale", honest.SALE_EN, "parked", lang="en"),
    good("jiu-luntan.test", "域名过期", honest.EXPIRED_ZH, "parked"),
    good("wei-beian.test", "网站暂停访问", honest.ICP_ZH),
    Outside(
        domain="lapsing-society.test",
        site=Site(host="lapsing-society.test", title="Parked", texts=honest.PARKED_EN, lang="en", category="parked",
                  delay_ms=QUICK),
        violation="takeover",
        registration={"expires_on": "2024-02-11", "statuses": ("redemption period", "client hold")},
    ),
    Outside(
        domain="sold-on-journal.test",
        site=Site(host="sold-on-journal.test", title="A new start", texts=honest.PLAIN_EN, lang="en", delay_ms=QUICK),
        violation="takeover",
        registration={"registered_on": "2024-05-20", "expires_on": "2027-05-20"},
    ),
    Outside(domain="vanished-institute.test", dead=True, violation="takeover"),
    Outside(domain="gone-press.test", dead=True, violation="takeover"),
    Outside(domain="silent-zone.test"),
    Outside(domain="shut-door.test"),
    bad("media.expo-hall.test", "NoSuchBucket", honest.BUCKET, "takeover", lang="en", status=404,
        alias_of="expo-hall.oss-cn-shanghai.aliyuncs.com", category="storage"),
    bad("docs.tiny-library.test", "Site not found", honest.PAGES_404, "takeover", lang="en", status=404,
        alias_of="tiny-library.github.io"),
    bad("app.alumni-map.test", "No such app", honest.HEROKU_404, "takeover", lang="en", status=404,
        alias_of="alumni-map.herokuapp.com"),
)  # fmt: skip
# Reached from pages that somebody changed: blocks of links, doorways, redirects, scripts.
INTRUDERS: Final = (
    bad("jinlong-guoji.test", "金龙国际", trades.GAMBLING_ZH, "gambling"),
    bad("shishicai-jihua.test", "时时彩计划网", trades.GAMBLING_ZH, "gambling"),
    bad("saiche-pk.test", "赛车投注平台", trades.GAMBLING_ZH, "gambling"),
    bad("laohuji-wang.test", "老虎机网", trades.GAMBLING_ZH, "gambling"),
    bad("zhibo-chengren.test", "成人直播", trades.ADULT_ZH, "adult"),
    bad("tiao-zhuan-le.test", "欢乐娱乐城", trades.GAMBLING_ZH, "gambling"),
    bad("spider-pool.test", "银河百家乐", trades.GAMBLING_ZH, "gambling"),
    bad("quanping-bc.test", "全屏娱乐城", trades.GAMBLING_ZH, "gambling"),
    bad("wuxing-kuang.test", "五星棋牌", trades.GAMBLING_ZH, "gambling"),
    bad("forward-luck.test", "Lucky forward casino", trades.GAMBLING_EN, "gambling", lang="en"),
    bad("search-trap.test", "搜索来的娱乐城", trades.GAMBLING_ZH, "gambling"),
    bad("robot-links-a.test", "银座娱乐城", trades.GAMBLING_ZH, "gambling"),
    bad("robot-links-b.test", "时时彩总站", trades.GAMBLING_ZH, "gambling"),
    bad("phone-cover.test", "掌上棋牌", trades.GAMBLING_ZH, "gambling"),
    bad("first-visit.test", "成人影院", trades.ADULT_ZH, "adult"),
    bad("browser-only.test", "Slots for browsers", trades.GAMBLING_EN, "gambling", lang="en"),
    bad("partner-end.test", "Grand casino", trades.GAMBLING_EN, "gambling", lang="en"),
    bad("www.once-partner.test", "", (), "gambling", leads_to="partner-end.test"),
    bad("tiezi-bocai.test", "贴子博彩", trades.GAMBLING_ZH, "gambling"),
    bad("shouce-yule.test", "手册娱乐城", trades.GAMBLING_ZH, "gambling"),
    bad("fanwen-banzheng.test", "范文办证", trades.OTHER_ZH, "other"),
    bad("drawn-only.test", "课后娱乐城", trades.GAMBLING_ZH, "gambling"),
    good("late.tag-loader.test", "Tags", honest.PLAIN_EN, lang="en"),
    good("x7f3k.odd-script.test", "", honest.PLAIN_EN, lang="en"),
    good("x9k2.lone-code.test", "", honest.PLAIN_EN, lang="en"),
)  # fmt: skip
