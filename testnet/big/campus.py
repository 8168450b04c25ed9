"""The university's hosts with their ordinary pages: start page, lists, articles, what every unit has."""

from collections.abc import Iterator
from typing import Final

from testnet.big.frame import SHEET, STYLE, TARGET, Department, article_path, page
from testnet.big.prose import Prose
from testnet.documents import asset, links
from testnet.model import Resource

PER_LIST: Final = 25
UNITS: Final = (
    Department("", "栖川大学", 0),
    Department("www", "栖川大学", 520, scheme="https"),
    Department("news", "栖川大学新闻网", 700),
    Department("en", "Qichuan University", 260, lang="en"),
    Department("lib", "图书馆", 260),
    Department("jwc", "教务处", 240, charset="gbk"),
    Department("yjs", "研究生院", 150),
    Department("zs", "本科招生网", 90),
    Department("job", "就业指导中心", 120),
    Department("xgc", "学生工作处", 110),
    Department("rsc", "人事处", 70),
    Department("cwc", "计划财务处", 60),
    Department("hqc", "后勤管理处", 90),
    Department("bwc", "保卫处", 70),
    Department("kyc", "科学技术处", 110),
    Department("gjc", "国际交流处", 70),
    Department("dag", "档案馆", 60, charset="gb18030"),
    Department("xb", "学报编辑部", 80),
    Department("xyh", "校友会", 80),
    Department("xyy", "校医院", 60),
    Department("tw", "共青团", 80),
    Department("gh", "工会", 60),
    Department("bbs", "栖川学子论坛", 220),
    Department("blog", "教师博客", 120),
    Department("cs", "计算机学院", 130, scheme="https"),
    Department("math", "数学学院", 90),
    Department("phy", "物理学院", 90),
    Department("chem", "化学学院", 90),
    Department("bio", "生命科学学院", 90),
    Department("med", "医学院", 110),
    Department("law", "法学院", 90),
    Department("sem", "经济管理学院", 110),
    Department("art", "艺术学院", 70),
    Department("music", "音乐学院", 60),
    Department("his", "历史学院", 60),
    Department("wyx", "外国语学院", 80),
    Department("jap", "日本语学科", 50),
    Department("civil", "土木学院", 80),
    Department("mech", "机械学院", 80),
    Department("ee", "电气学院", 80),
    Department("mat", "材料学院", 70),
    Department("env", "环境学院", 70),
    Department("agri", "农学院", 70),
    Department("sport", "体育部", 60),
    Department("jxjy", "继续教育学院", 80),
    Department("press", "出版社", 60),
    Department("museum", "博物馆", 50),
    Department("summer", "International Summer School", 60, lang="en"),
    Department("clinic", "University Clinic", 50, lang="en"),
    Department("alumni", "Alumni Association", 60, lang="en"),
    Department("hpc", "高性能计算平台", 40),
    Department("ky2026", "学术年会", 40),
)
BY_LABEL: Final = {unit.label: unit for unit in UNITS}
SISTERS: Final = tuple(unit for unit in UNITS if unit.label not in ("", "www"))


def department_of(label: str) -> Department:
    return BY_LABEL[label]


def ordinary(unit: Department, extra: tuple[tuple[str, str], ...] = ()) -> Iterator[Resource]:
    """All but the start page: lists, articles, two pages about the unit, its sheet. `extra`: links of list 1."""
    yield page(unit, "/about.html", "单位概况" if unit.is_chinese else "About us", length=7)
    yield page(unit, "/contact.html", "联系我们" if unit.is_chinese else "Contact", length=3)
    lists = range(1, (unit.pages + PER_LIST - 1) // PER_LIST + 1)
    for number in lists:
        first = (number - 1) * PER_LIST + 1
        numbers = range(first, min(first + PER_LIST, unit.pages + 1))
        items = [(article_path(n), headline(unit, n)) for n in numbers]
        ways = [(f"/list/{n}.html", str(n)) for n in (1, number - 1, number + 1, lists[-1]) if n in lists]
        title = f"新闻通知 第{number}页" if unit.is_chinese else f"News, page {number}"
        shown = links(items) + links(ways) + (links(extra) if number == 1 else "")
        yield page(unit, f"/list/{number}.html", title, shown, length=1)
    for number in range(1, unit.pages + 1):
        yield article(unit, number)
    yield asset(SHEET, STYLE, "text/css; charset=utf-8")


def start(unit: Department, body: str = "") -> Resource:
    """The start page: latest articles, and of the main site the way to all others."""
    sisters = links((f"{sister.url}/", sister.title) for sister in SISTERS) if unit.label == "www" else ""
    latest = links((article_path(n), headline(unit, n)) for n in range(1, min(unit.pages, 15) + 1))
    return page(unit, "/", unit.title, latest + sisters + body, about=unit.title)


def article(unit: Department, number: int) -> Resource:
    following = article_path(number % unit.pages + 1)
    way = links(
        [(following, "下一篇" if unit.is_chinese else "Next"), ("/list/1.html", "返回" if unit.is_chinese else "Back")]
    )
    return page(unit, article_path(number), headline(unit, number), way, length=7 + number % 6)


def headline(unit: Department, number: int) -> str:
    return Prose(f"{unit.host}#{number}", lang=unit.lang).headline()


def below(label: str) -> str:
    """The name of a label below the target's."""
    return f"{label}.{TARGET}" if label else TARGET
