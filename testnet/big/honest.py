"""Pages of third parties that use the words of the trades for honest reasons, or have nothing to do with them."""

from typing import Final

POLICE_ZH: Final = (
    "市公安局反诈中心提醒广大师生：凡是要求先交保证金、刷单返利、提供验证码的，都是诈骗。",
    "近期发生多起冒充客服、虚假投资理财和网络赌博诈骗案件，请勿点击陌生链接，切勿参与网络赌博。",
    "如遇可疑情况请拨打 96110 或 110 报警。",
)
COURT_ZH: Final = (
    "本报讯 区人民法院昨日公开审理一起开设赌场案，五名被告人被判处有期徒刑。",
    "法院查明，被告人租用境外服务器，组织他人通过网站投注百家乐，非法获利四十余万元。",
    "法官提醒，网络赌博害人害己，参与者也将受到行政处罚。",
)
LOTTERY_ZH: Final = (
    "省体育彩票管理中心公告：本期公益金用于全民健身和青少年体育。",
    "开奖信息以本中心公布为准，请理性购彩，未成年人不得购买彩票。",
    "本站不提供网上销售，请到合法销售网点购买。",
)
DRUG_LESSON_ZH: Final = (
    "禁毒教育：认识大麻、冰毒、摇头丸等毒品的危害，远离毒品，珍爱生命。",
    "禁毒办与教育局联合开展宣传，学校设立咨询室，发现涉毒线索请拨打 110 举报。",
    "吸毒成瘾是一种疾病，戒毒所提供治疗和心理辅导。",
)
HEALTH_ZH: Final = (
    "青春期性健康教育：了解身体变化，学会自我保护，正确使用安全套可以预防艾滋病。",
    "本栏目由疾病预防控制中心编写，如有疑问请到正规医院咨询医生。",
)
HOSPITAL_ZH: Final = (
    "市中心医院泌尿外科和糖尿病门诊周一至周五开诊，请携带医保卡预约挂号。",
    "处方药须凭医师处方购买。请勿相信所谓祖传秘方、包治百病的虚假广告。",
)
DEGREE_ZH: Final = (
    "学历学位认证服务：凭身份证可在线查询毕业证书、学位证书信息，认证免费。",
    "请警惕非法机构办理假毕业证、代考替考，使用假证属于违法行为，欢迎举报。",
)
TAX_ZH: Final = (
    "税务局发票服务：纳税人可申请代开增值税发票，请携带合同和身份证件到办税服务厅办理。",
    "虚开发票属于违法行为，举报电话 12366。",
)
GUN_LAW_ZH: Final = (
    "枪支管理法宣传：非法持有、买卖枪支弹药和仿真枪的，依法追究刑事责任。",
    "公安机关收缴非法枪支、弓弩和管制刀具，主动上交可以从轻处理。",
)
PAY_ZH: Final = (
    "缴费平台支持支付宝、微信支付和银行卡，缴费成功后可下载电子票据。",
    "我们不会以任何理由索要您的密码或验证码。",
)
HOTEL_EN: Final = (
    "The Casino Street Inn is a family hotel ten minutes from the conference centre.",
    "Rooms include breakfast; the name of the street goes back to a summer theatre that closed in 1931.",
)
REVIEW_EN: Final = (
    "This review discusses three novels in which gambling stands for the risks of the new economy.",
    "The author, a professor of literature, compares the casino scenes and their critics.",
)
HARM_EN: Final = (
    "Research on gambling harm: the study surveyed students about betting, debt and wellbeing.",
    "If you are worried about your own gambling, call the national helpline; counselling is free and confidential.",
)
SEX_ED_EN: Final = (
    "Sexual health lessons for schools: consent, contraception and where to get help.",
    "Written by nurses and teachers and reviewed by the public health service.",
)
DRUG_POLICY_EN: Final = (
    "Journal of drug policy: cocaine, MDMA and ketamine use among young adults, a longitudinal study.",
    "We describe treatment, prevention and the views of police officers; the data are available on request.",
)
PHARMA_EN: Final = (
    "The medicines regulator warns of websites that sell prescription drugs without a doctor.",
    "Never buy antibiotics or painkillers from an unknown pharmacy; report suspicious offers to the agency.",
)
SECURITY_EN: Final = (
    "Security notes for administrators: how fake updates trick people into installing malware.",
    "Keep your browser up to date by its own menu, and never run a program that a pop-up offers.",
)
HONOUR_EN: Final = (
    "The office of academic integrity explains why contract cheating and fake diplomas harm everybody.",
    "Students who buy essays are reported to the board; here is how to ask your tutor for help instead.",
)
BANK_ZH: Final = (
    "临江银行网上银行：请输入用户名和登录密码。",
    "本行工作人员不会索要您的密码和短信验证码，谨防假冒网站。",
)
BANK_FORM: Final = (
    '<form action="/login" method="post"><label>用户名 <input name="user"></label>'
    '<label>登录密码 <input name="password" type="password"></label><button>登录</button></form>'
)
KITCHEN_EN: Final = ("Kitchen knives forged by hand: chef's knife, bread knife and paring knife.", "Free sharpening.")
SCHOLAR_EN: Final = ("An open repository for preprints and data sets.", "Deposit is free for members of universities.")
PUBLISHER_ZH: Final = ("教材出版服务：样书申请、课件下载和读者反馈。", "新书目录每季度更新一次。")
ALLIANCE_ZH: Final = ("湖滨高校联盟：课程互选、学分互认和教师交流平台。", "成员学校的师生可以使用统一身份登录。")
SPORT_ZH: Final = ("大学生体育协会：篮球、足球、田径联赛赛程与成绩公告。", "报名请联系各校体育部。")
PLAIN_EN: Final = ("A small company that hosts files for others.", "Contact us for terms of service.")
PARKED_EN: Final = ("This domain is parked free, courtesy of the registrar.", "The owner has not published a site yet.")
SALE_ZH: Final = ("本域名出售，诚意者请联系域名经纪人报价。",)
SALE_EN: Final = ("This domain is for sale. Make an offer on this domain today.",)
EXPIRED_ZH: Final = ("您访问的域名已过期，请域名所有者尽快续费。",)
ICP_ZH: Final = ("该网站未备案，根据工信部有关规定，网站暂停访问。",)
BUCKET: Final = ("NoSuchBucket", "The specified bucket does not exist.")
PAGES_404: Final = ("There isn't a GitHub Pages site here.", "If you're trying to publish one, read the documentation.")
HEROKU_404: Final = ("No such app", "There's nothing here, yet.")
