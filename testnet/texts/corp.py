"""Texts of the target's own pages: a maker of pumps and valves, with nothing to hide but a hacked corner."""

from typing import Final

COMPANY: Final = "华创流体"
SLOGAN: Final = "华创流体：水泵、阀门与智慧水务。"
ABOUT: Final = (
    "公司成立于一九九八年，主要生产离心泵、潜水泵和各类阀门。",
    "现有员工六百余人，产品销往二十多个省市。",
)
SUBJECTS: Final = ("离心泵", "潜水泵", "闸阀", "蝶阀", "止回阀", "流量计", "压力表", "控制柜", "增压泵", "计量泵")
PLACES: Final = ("一号车间", "东部园区", "技术中心", "上海展会", "西南办事处", "质检站", "培训学校", "水厂现场")
EVENTS: Final = ("通过验收", "开始试运行", "完成检修", "获得用户好评", "举行技术交流", "更新操作手册", "扩大生产线")
DETAILS: Final = (
    "项目组在现场连续工作三周，解决了振动和噪声问题。",
    "新的密封结构使用寿命更长，维护周期由半年延长到一年。",
    "参加活动的有设计、生产、质检和售后各部门的同事。",
    "用户代表对安装速度和培训工作表示满意。",
    "下一步将把经验推广到其他项目。",
    "技术资料可在下载中心查看，问题请联系售后服务。",
    "测试结果表明，能耗比上一代产品下降了百分之八。",
)
JOBS: Final = (
    "机械工程师",
    "电气工程师",
    "质检员",
    "销售代表",
    "采购专员",
    "仓库管理员",
    "会计",
    "翻译",
    "焊工",
    "培训师",
)
QUESTIONS: Final = (
    "如何安装",
    "如何更换密封",
    "噪声过大怎么办",
    "怎样读取铭牌",
    "保修期多长",
    "如何申请备件",
    "怎样清洗滤网",
)
THREADS: Final = ("水泵不上水", "阀门渗漏", "选型求助", "求购备件", "安装图纸", "变频器设置", "冬季防冻", "轴承型号")
POSTS: Final = ("年终总结", "工程笔记", "展会见闻", "一次检修", "新人培训", "读图入门", "节能改造", "仪表校准")


def pick(options: tuple[str, ...], number: int) -> str:
    return options[number % len(options)]


def tell(number: int) -> tuple[str, ...]:
    """Three sentences that differ from those of the neighbours."""
    return tuple(pick(DETAILS, number * step + step) for step in (1, 2, 3))


def headline(number: int) -> str:
    return f"{pick(SUBJECTS, number)}项目在{pick(PLACES, number // 3)}{pick(EVENTS, number // 2)}（{number}）"
