"""Pages of third parties that use the words of the trade for honest reasons, and must stay clean."""

from typing import Final

POLICE_ZH: Final = (
    "公安机关反诈提醒：近期有不法分子以网络赌博、刷单返利为名实施诈骗，请广大市民提高警惕。",
    "凡是要求先转账、索要银行卡号和短信验证码的，都是诈骗。请勿点击陌生链接，切勿下注参与网络赌博。",
    "如遇诈骗请立即拨打 110 报警，或拨打反诈专线 96110 咨询。市公安局反诈中心宣。",
)
NEWS_ZH: Final = (
    "本报讯（记者 林一）市中级人民法院昨日公开宣判一起开设赌场案，主犯被判处有期徒刑六年。",
    "法院审理查明，被告人通过网站接受投注，非法获利。检察机关指出，网络赌博严重危害社会秩序。",
    "专家表示，新修订的法律加大了对跨境赌博的打击力度，公众应自觉抵制赌博。",
)
LAW_EN: Final = (
    "This article reviews recent court decisions on the regulation of gambling advertising.",
    "The legislature amended the gambling act; researchers discuss how the state supervises a casino.",
    "Help for problem gambling: national helpline, counselling and self-exclusion are described in the last section.",
)
LOTTERY_ZH: Final = (
    "福利彩票由国家依法发行，公益金用于扶老、助残、救孤、济困。",
    "开奖公告：双色球第 2024031 期开奖结果。请理性购彩，未成年人不得购买彩票及兑奖。",
    "本站为官方信息发布网站，不提供网上销售，请到合法销售网点购买。",
)
HEALTH_ZH: Final = (
    "青少年性健康教育：了解青春期的身体变化，学会保护自己。",
    "本栏目由疾病预防控制中心和学校共同编写，介绍艾滋病预防、避孕知识和心理健康。",
    "如有疑问请到正规医院就诊，或拨打健康热线 12320 咨询医生。",
)
HEALTH_EN: Final = (
    "Sexual health education for schools: growing up, consent, contraception and prevention of infections.",
    "Written by nurses and teachers. If you have questions, talk to your doctor or call the youth helpline.",
    "The course also explains how drugs and alcohol harm young people and where to find help.",
)
HOTEL_EN: Final = (
    "A quiet family hotel at 7 Casino Street, five minutes from the old harbour.",
    "Rooms with breakfast, free parking and a garden. Check in from 2 p.m.; pets are welcome.",
    "The street takes its name from a theatre of 1890; today there is a bakery in it.",
)
HOSPITAL_ZH: Final = (
    "市第一医院糖尿病专科门诊：周一至周五上午，请携带医保卡预约挂号。",
    "处方药须凭执业医师处方在药房购买。请勿相信所谓祖传秘方和包治百病的广告，以免延误治疗。",
    "急诊二十四小时开放，咨询电话见院内公告。",
)
PAYMENT_ZH: Final = (
    "付款说明：本平台商户可以使用支付宝、微信支付或银行转账付款，发票随货寄出。",
    "我们不会以任何理由索要您的密码或验证码。遇到可疑情况请联系客服。",
    "退款将在七个工作日内原路退回。",
)
PARKED_EN: Final = (
    "This domain is parked. The owner has not published a website yet.",
    "This domain may be for sale. Contact the registrar to make an offer.",
)
OUTAGE_EN: Final = ("The service is temporarily unavailable.", "Please try again later.")
CODE_EN: Final = (
    "A small library that reads configuration files. Issues and pull requests are welcome.",
    "Install with the package manager, see the examples folder, run the test suite before you send a patch.",
)
MAP_ZH: Final = ("地图服务：查询公交线路、驾车路线和周边设施。", "数据每周更新，开发者可以申请接口。")
SURVEY_ZH: Final = ("客户满意度调查：共六道题，约需两分钟。", "问卷匿名，结果仅用于改进服务。")
FORUM_ZH: Final = ("设备维护交流论坛已迁移到新地址，欢迎工程师们继续讨论检修经验。", "本周话题：冬季如何保养水泵。")
ARCHIVE_ZH: Final = ("文件共享：企业公开文件下载服务。", "上传的文件经过病毒扫描后发布。")
MIRROR_EN: Final = ("Software mirror for open source projects.", "Mirrors are synchronised four times a day.")
CDN_EN: Final = ("Static files for websites.", "This host serves scripts, styles, fonts and images.")
METRICS_EN: Final = ("Website statistics without cookies.", "Counts page views and nothing else.")
WIDGET_EN: Final = ("A widget for opening hours.", "Embed it with one line of HTML.")
VIDEO_ZH: Final = ("工业培训视频平台：焊接、车床和电气安全课程。", "企业用户可以上传内部培训资料。")
