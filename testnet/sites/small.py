"""The small hosts of corp.test, each with a handful of pages."""

from testnet import shapes
from testnet.documents import document, leave, links, paragraphs, redirect
from testnet.model import Reach, Ref, Resource
from testnet.shapes import location_header
from testnet.texts import corp

LOGIN = (
    '<form action="/login" method="post"><label>账号 <input name="user"></label>'
    '<label>密码 <input name="password" type="password"></label><button>登录</button></form>'
)


def numbered(title: str, count: int, *, first_refs: tuple[Ref, ...] = ()) -> list[Resource]:
    """A start page and `count` numbered pages below it."""
    items = [(f"/p/{number}.html", f"{title} {number}") for number in range(1, count + 1)]
    index = document("/", title, paragraphs(corp.ABOUT) + links(items), refs=first_refs)
    return [index, *(document(path, text, paragraphs(corp.tell(n))) for n, (path, text) in enumerate(items))]


def mail() -> list[Resource]:
    """The site's own login page: a password field is no fraud here."""
    return [
        document("/", "华创企业邮箱", LOGIN + links([("/help.html", "帮助")])),
        document("/help.html", "邮箱帮助", paragraphs(corp.tell(3))),
    ]


def oa() -> list[Resource]:
    """Its start page tries to reach the machine of whoever renders it, by a frame's redirect and by a socket."""
    trick = '<iframe src="/frames/inward"></iframe><script>new WebSocket("ws://127.0.0.1:8080/canary");</script>'
    return [
        document("/", "办公系统", LOGIN + trick + links([("/notice.html", "公告")])),
        document("/notice.html", "公告", paragraphs(corp.tell(5))),
        redirect("/frames/inward", "http://127.0.0.1:8080/canary"),
    ]


def mobile() -> list[Resource]:
    return numbered("华创手机版", 14)


def help_center() -> list[Resource]:
    return numbered("帮助中心", 9)


def campaign() -> list[Resource]:
    """Linked from the products page, in no dictionary and no certificate."""
    return [
        document(
            "/", "六一八活动", links([("/rules.html", "规则")]), refs=(shapes.image("img.fast-cdn.test", "/618.png"),)
        ),
        document(
            "/rules.html",
            "活动规则",
            links([("http://static-7x.corp.test/list.html", "素材")]),
            refs=(shapes.script("assets.quick-event.test", "/form.js"),),
        ),
    ]


def material() -> list[Resource]:
    return [document("/", "素材库"), document("/list.html", "素材列表", paragraphs(corp.tell(6)))]


def ingress() -> list[Resource]:
    """Known to the certificate log alone."""
    return [document("/", "服务入口", links([("/status.html", "状态")])), document("/status.html", "运行状态")]


def developers() -> list[Resource]:
    return [document("/", "开发环境", paragraphs(["内部测试使用。"]))]


def wildcard() -> list[Resource]:
    """What every made-up name below dev.corp.test shows."""
    return [document("/", "默认站点", paragraphs(["该环境未启用。"]), reach=Reach.ORPHAN)]


def interface() -> list[Resource]:
    """A real host inside the wildcard zone."""
    return [
        document("/", "接口文档", links([("/v1.html", "第一版")])),
        document("/v1.html", "接口第一版", paragraphs(corp.tell(2))),
    ]


def apex() -> list[Resource]:
    return [leave("/", location_header("www.corp.test"), 301)]
