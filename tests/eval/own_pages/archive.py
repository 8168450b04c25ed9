"""Long lists of ordinary titles, as organisations' start and list pages have them: the same on every call."""

from datetime import date, timedelta
from typing import Final

_NEWEST: Final = date(2026, 11, 12)
_ZH: Final = (
    ("关于做好", "关于开展", "关于印发", "关于举办", "关于公布", "关于调整", "转发：关于加强"),
    ("2026年冬季", "第三季度", "2026年度", "元旦期间", "下半年", "“十五五”期间", "汛期"),
    (
        "安全生产检查", "职工技能培训", "档案整理", "节能减排", "消防演练", "健康体检", "设备采购",
        "专业技术职称申报", "优秀集体评选", "志愿服务", "物业服务招标", "信息化建设", "文明创建",
    ),
    ("工作的通知", "结果的公示", "方案的通知", "有关事项的公告", "情况的通报"),
)  # fmt: skip
_EN: Final = (
    ("Notice of", "Minutes of", "Report on", "Update on", "Call for comments on"),
    ("the autumn", "the annual", "the third quarter", "the revised", "the draft"),
    (
        "budget", "safety review", "travel plan", "library hours", "staff survey", "recycling scheme", "tree policy",
        "road works", "training programme", "volunteer day", "equipment purchase",
    ),
    ("2026", "(final)", "for information", "and next steps"),
)  # fmt: skip


def archive(number: int, *, chinese: bool) -> str:
    """A list of `number` links to own pages, the newest first."""
    return '<ul class="archive">\n' + "\n".join(_item(place, chinese=chinese) for place in range(number)) + "\n</ul>"


def _item(place: int, *, chinese: bool) -> str:
    """Every part moves on at its own pace, so that titles seldom repeat."""
    parts = [
        words[(place * step + place // len(words)) % len(words)]
        for words, step in zip(_parts(chinese), (1, 3, 5, 2), strict=True)
    ]
    day = _NEWEST - timedelta(days=place * 2)
    title = ("" if chinese else " ").join(parts)
    return f'<li><a href="/archive/{day:%Y%m}/{day:%d}{place:04}.html">{title}</a><span>{day:%Y-%m-%d}</span></li>'


def _parts(chinese: bool) -> tuple[tuple[str, ...], ...]:
    return _ZH if chinese else _EN
