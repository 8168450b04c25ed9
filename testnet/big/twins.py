"""Honest pages of the university that come close to changed ones: who warns, teaches, reports, counts or moves."""

from collections.abc import Iterator
from typing import Final

from testnet import shapes
from testnet.big.campus import department_of
from testnet.big.frame import page
from testnet.big.planted import Planted, twin
from testnet.model import Ref

# Name, host, title, what it says.
TOLD: Final = (
    ("crackdown", "bwc", "保卫处通报一起网络赌博案",
     "公安机关近日破获一起利用时时彩开设网络赌场的案件，抓获犯罪嫌疑人十一名。所谓注册送彩金、稳赚不赔都是骗局，请同学们切勿参与网络赌博，发现线索请拨打110举报。"),
    ("anti-fraud", "bwc", "谨防刷单诈骗和虚假客服",
     "反诈中心提醒：冒充支付宝客服索要短信验证码、以刷单返利为名要求转账的都是诈骗。我校已有两名同学被骗，请大家提高警惕，遇到可疑情况立即拨打96110。"),
    ("sex-lesson", "xyy", "大学生性健康教育讲座",
     "校医院医生讲解避孕知识、性传播疾病和艾滋病的预防，强调正确使用安全套，现场提供免费检测和咨询，保护个人隐私。"),
    ("narcotics", "xyy", "麻醉药品管理知识问答",
     "问：吗啡、曲马多可以网购吗？答：不能。麻醉药品须凭医师处方在药房取药，网上声称出售此类药品的都是违法犯罪，请向公安机关举报。"),
    ("exam-warning", "yjs", "关于严肃考风考纪的通知",
     "严禁替考、代考和使用作弊器材。组织考试作弊的，依法追究刑事责任；网上发布的所谓包过、答案均为诈骗，请考生不要相信。"),
    ("lost-diploma", "yjs", "毕业证明书补办流程",
     "毕业证书、学位证书遗失的，本人持身份证到研究生院申请，学校不补发原证，出具毕业证明书。请勿相信社会上办理毕业证的广告。"),
    ("lottery-fund", "xgc", "彩票公益金助学项目申请通知",
     "中央专项彩票公益金资助家庭经济困难的新生，每人五千元。申请人须在十月底前向辅导员提交材料，名单公示五个工作日。"),
    ("gambling-law", "xb", "论开设赌场罪的司法认定",
     "本文以三百份判决书为样本，讨论网络赌博案件中开设赌场罪与赌博罪的界限，并就量刑规范化提出建议。关键词：开设赌场罪；网络赌博；司法解释。"),
    ("essay-mills", "en", "Why essay mills harm you",
     ("Companies that sell essays and fake diplomas are illegal in many countries. "
      "Contract cheating is misconduct; the academic integrity office explains where to find honest help.")),
    ("casino-street", "summer", "How to find the Casino Street campus",
     ("Take tram 4 to Casino Street. The old casino has been a concert hall since 1931; "
      "the summer school meets in the building behind it.")),
)  # fmt: skip
COUNTER: Final = (
    "<script>var _u=unescape('%3Cscript src=%22http://tongji.site-count.test/matomo.js%22%3E%3C/script%3E');"
    "document.write(_u);</script>"
)
MOBILE: Final = (
    "<script>if(/android|iphone|mobile/i.test(navigator.userAgent)&&location.search.indexOf('pc')<0)"
    "{location.href='/about.html?pc'}</script>"
)
JAPANESE: Final = (
    "栖川大学日本語学科は、日本語の文法、会話、作文の授業を行っています。毎年、姉妹校から留学生が来ています。"
)


def twins() -> Iterator[Planted]:
    for number, (name, label, title, text) in enumerate(TOLD, start=1):
        resource = page(department_of(label), f"/tz/{number}.html", title, f"<p>{text}</p>", length=3)
        yield twin(f"twin-{name}", label, resource, title)
    ref = Ref(host="tongji.site-count.test", kind="script:written", relation="script", markup=COUNTER)
    yield twin("twin-counter", "rsc", page(department_of("rsc"), "/tz/c.html", "招聘公告", refs=(ref,)), "招聘公告")
    yield twin("twin-mobile", "zs", page(department_of("zs"), "/tz/m.html", "招生手机版", MOBILE), "招生手机版")
    japanese = page(
        department_of("wyx"), "/tz/j.html", "日本語学科のご案内", f"<p>{JAPANESE}</p>" * 3, about="日本語学科のご案内"
    )
    yield twin("twin-japanese", "wyx", japanese, "日语系")
    video = shapes.frame("video.campus-tube.test", "/v/12")
    yield twin("twin-video", "sport", page(department_of("sport"), "/tz/v.html", "比赛录像", refs=(video,)), "比赛录像")
