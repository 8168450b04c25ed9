"""Endless ordinary texts of a university, in Chinese and English: the same for the same key, and never twice the same.

People, rooms and numbers come from a generator that the key seeds, so each page brings words that no other has, as
pages of real organisations do.
"""

from collections.abc import Sequence
from random import Random
from typing import Final

SURNAMES: Final = "赵钱孙李周吴郑王冯陈蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜戚谢邹喻苏潘葛范彭郎鲁韦马苗方俞任袁柳"
GIVEN: Final = (
    "安柏辰岱恩帆刚浩嘉凯澜铭宁沛琦睿松涛维文晓雅彦怡远泽昭芷竹卓冰初楚丹典尔凡斐甘古海衡宏怀积静钧可乐立廉"
    "良林伦茂民慕乃念培齐奇谦秋仁荣若尚石书舒思天同望希夏贤欣雪言阳叶以义音英颖永友羽煜元月云章哲真正知志仲子"
)
GIVEN_EN: Final = ("Ada", "Alan", "Beth", "Carl", "Dora", "Edgar", "Fay", "Glen", "Hana", "Ian", "June", "Karl", "Lena")
ENDINGS: Final = ("field", "ton", "ham", "wick", "ley", "combe", "burn", "worth", "stead", "shaw", "dale", "more")
BEGINNINGS: Final = (
    "Ash",
    "Bram",
    "Cal",
    "Dun",
    "El",
    "Fern",
    "Gar",
    "Hol",
    "Inch",
    "Kil",
    "Lang",
    "Mar",
    "Nor",
    "Pem",
)
MONTHS: Final = ("March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
SUBJECTS: Final = (
    "数据结构", "流体力学", "有机化学", "宏观经济", "细胞生物学", "古代汉语", "测量技术", "机器视觉", "土壤改良",
    "桥梁检测",
    "声学", "教育心理", "合同法", "水资源管理", "钢琴演奏", "遥感影像", "高分子材料", "档案学", "运动生理", "城市规划",
)  # fmt: skip
SUBJECTS_EN: Final = (
    "data structures", "fluid mechanics", "organic chemistry", "macroeconomics", "cell biology", "surveying",
    "machine vision", "soil science", "bridge testing", "acoustics", "contract law", "water management", "cartography",
)  # fmt: skip
SENTENCES: Final = (
    "{date}，{who}老师带领{subject}课题组在{room}完成了第{n}次实验，数据将在学期末汇总。",
    "{subject}方向本学期开设{n}个学时的选修课，主讲教师为{who}和{other}，上课地点在{room}。",
    "经学院推荐、专家评审，{who}同学的毕业设计《{subject}研究》获得优秀，指导教师{other}。",
    "{who}介绍了{subject}领域近年的进展，并就{n}个具体问题与到场的师生进行了交流。",
    "请各班班长于{date}前将名单交到{room}，逾期不再受理，联系人：{who}。",
    "项目建设周期为{n}个月，负责人{who}，成员有{other}等，经费使用情况每季度公布一次。",
    "{room}的仪器已完成校准，使用前请阅读操作规程，并在登记簿上签名，管理员{who}。",
    "座谈会上，{who}回顾了{subject}专业的办学历程，{other}代表青年教师发言。",
    "图书馆新到{subject}类图书{n}册，读者可在{room}借阅，荐购意见请告诉馆员{who}。",
    "本次调研走访了{n}家单位，形成报告一份，由{who}执笔，{other}审阅。",
    "比赛分初赛和决赛，{who}获得{subject}组一等奖，成绩为{n}分，领队{other}。",
    "有关材料的格式要求见附件，如有疑问可到{room}咨询{who}，电话分机{n}。",
)
SENTENCES_EN: Final = (
    "On {date} {who} reported on {n} experiments in {subject} that the group in {room} has finished this term.",
    "The course in {subject} has {n} hours; {who} and {other} teach it in {room}.",
    "{who} received the award for the best thesis in {subject}, supervised by {other}.",
    "Please hand in the list of participants in {room} before {date}; the contact is {who}.",
    "The project runs for {n} months and is led by {who}; {other} joined it as a research fellow.",
    "Instruments in {room} were calibrated by {who}; read the manual before you use them and sign the log.",
    "{n} guests from partner universities attended the seminar, which {who} opened and {other} closed.",
    "The library bought {n} volumes on {subject}; suggestions are welcome, write to {who}.",
    "A field trip took {n} students to the river station, where {who} explained the measurements.",
    "In the discussion {other} asked how {subject} is taught elsewhere, and {who} compared three curricula.",
)
HEADLINES: Final = (
    "{subject}课题组召开第{n}次例会", "关于{subject}课程调整的通知（{n}号）", "{who}老师谈{subject}教学",
    "我院师生参加{subject}学术会议", "{subject}实验室开放日侧记", "{who}同学获{subject}竞赛奖项",
    "{subject}专业认证工作启动",
    "校友{who}回母校座谈", "第{n}期教学简报", "{room}使用安排公告",
)  # fmt: skip
HEADLINES_EN: Final = (
    "Seminar on {subject}, talk {n}", "{who} joins the department", "New course in {subject}", "Open day in {room}",
    "Research note {n}: {subject}", "A visit by {who}", "Prize for work on {subject}", "Timetable change no. {n}",
)  # fmt: skip


class Prose:
    """A source of texts. Two with one key say the same."""

    def __init__(self, key: str, *, lang: str = "zh-CN") -> None:
        self._random = Random(key).random  # seeded by the text itself, whatever the hash seed of the process
        self._chinese = lang.startswith("zh")

    def headline(self) -> str:
        return self._pick(HEADLINES if self._chinese else HEADLINES_EN).format_map(self)

    def paragraphs(self, count: int) -> tuple[str, ...]:
        """Paragraphs of three sentences each."""
        return tuple(self._paragraph() for _ in range(count))

    def __getitem__(self, place: str) -> str:
        """What a template has at the place. A template asks for what it names, and for nothing else."""
        match place:
            case "who" | "other":
                return self._name()
            case "subject":
                return self._pick(SUBJECTS if self._chinese else SUBJECTS_EN)
            case "n":
                return str(self._number(2, 980))
            case "date":
                month, day = self._number(3, 12), self._number(1, 28)
                return f"{month}月{day}日" if self._chinese else f"{day} {MONTHS[month - 3]}"
            case "room":
                number = self._number(101, 660)
                building = f"{self._pick('东南西北')}{self._number(1, 9)}楼" if self._chinese else self._pick("ABCDEF")
                return f"{building}{number}室" if self._chinese else f"room {building}{number}"
            case _:
                raise KeyError(place)

    def _paragraph(self) -> str:
        templates = SENTENCES if self._chinese else SENTENCES_EN
        first = self._number(0, len(templates) - 1)
        sentences = (templates[(first + step) % len(templates)].format_map(self) for step in (0, 1, 3))
        return ("" if self._chinese else " ").join(sentences)

    def _name(self) -> str:
        if self._chinese:
            return self._pick(SURNAMES) + self._pick(GIVEN) + self._pick(GIVEN)
        return f"{self._pick(GIVEN_EN)} {self._pick(BEGINNINGS)}{self._pick(ENDINGS)}"

    def _pick(self, options: Sequence[str]) -> str:
        return options[int(self._random() * len(options))]

    def _number(self, low: int, high: int) -> int:
        return low + int(self._random() * (high - low + 1))
