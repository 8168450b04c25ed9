"""Links that nobody sees, each hidden in another way and leading to a site of its own, and harmless designs."""

from collections.abc import Iterator
from typing import Final

from testnet.big import trades
from testnet.big.campus import department_of
from testnet.big.frame import page
from testnet.big.outside import Outside, bad
from testnet.big.planted import Planted, leads, own
from testnet.model import Item, Ref

HOSTS: Final = ("job", "xgc", "kyc", "xyh", "math", "phy", "bio", "civil", "ee", "mat", "agri", "museum")
# By the name of the way: what stands around the link, or (with "@") what stands in its tag.
WAYS: Final = {
    "display-none": '<div style="display:none">{}</div>',
    "display-none-class": '<style>.q7{{display:none}}</style><div class="q7">{}</div>',
    "visibility": '<p style="visibility:hidden">{}</p>',
    "off-left": '<div style="position:absolute;left:-9999px">{}</div>',
    "off-top": '<div style="position:fixed;top:-300em">{}</div>',
    "margin-left": '<div style="margin-left:-5000px;width:200px">{}</div>',
    "text-indent": '<div style="text-indent:-9999px;overflow:hidden">{}</div>',
    "zero-font": '<span style="font-size:0">{}</span>',
    "opacity": '<div style="opacity:0">{}</div>',
    "filter": '<div style="filter:opacity(0)">{}</div>',
    "one-pixel": '<div style="width:1px;height:1px;overflow:hidden">{}</div>',
    "no-height": '<div style="height:0;overflow:hidden">{}</div>',
    "max-height": '<div style="max-height:0;overflow:hidden">{}</div>',
    "clip": '<div style="position:absolute;clip:rect(0,0,0,0)">{}</div>',
    "clip-path": '<div style="clip-path:inset(50%)">{}</div>',
    "scale": '<div style="transform:scale(0)">{}</div>',
    "translate": '<div style="transform:translateX(-9999px)">{}</div>',
    "content-visibility": '<div style="content-visibility:hidden">{}</div>',
    "same-colour": '<div style="background:#fff;color:#fff"><span style="color:#fff">{}</span></div>',
    "transparent": '<div style="color:transparent">{}</div>',
    "hidden-attribute": "<div hidden>{}</div>",
    "nested": '<div style="display:none"><table><tr><td><ul><li>{}</li></ul></td></tr></table></div>',
    "marquee": '<marquee width="1" height="1" scrollamount="9000">{}</marquee>',
    "by-script": '<div id="fl9">{}</div><script>document.getElementById("fl9").style.display="none";</script>',
    "by-written-style": """<script>document.write('<div style="display:none">');</script>{}"""
    "<script>document.write('</div>');</script>",
}  # fmt: skip
COLOURED: Final = ("same-colour", "transparent")  # the link itself has the colour
TRADE: Final = ((trades.GAMBLING_ZH, "gambling", "真人百家乐"), (trades.ADULT_ZH, "adult", "成人视频"))
# Hidden until somebody asks for them, or for readers of screens: nothing to accuse.
DESIGNS: Final = {
    "menu": '<ul class="dropdown-menu" role="menu" style="display:none"><li role="none">{}</li></ul>',
    "hover-menu": "<style>.nv ul{{display:none}}.nv li:hover ul{{display:block}}</style>"
    '<ul class="nv"><li>合作单位<ul><li>{}</li></ul></li></ul>',
    "tab": '<div class="tabs"><button role="tab" aria-controls="t2">友情链接</button>'
    '<div id="t2" role="tabpanel" hidden>{}</div></div>',
    "accordion": "<details><summary>相关网站</summary>{}</details>",
    "modal": '<div class="modal fade" id="m1" role="dialog" aria-hidden="true" style="display:none">{}</div>',
    "reader": "<style>.sr-only{{position:absolute;width:1px;height:1px;overflow:hidden;clip:rect(0,0,0,0)}}</style>"
    '<span class="sr-only">{}</span>',
    "slide": '<div class="swiper-slide" style="opacity:0">{}</div>',
    "print": "<style>@media print{{.np{{display:none}}}}</style><div class='np'>{}</div>",
    "narrow": "<style>@media (max-width:600px){{.wd{{display:none}}}}</style><div class='wd'>{}</div>",
}
FRIENDS: Final = ("open-scholar.test", "jiaocai-fuwu.test", "hubin-alliance.test", "daxue-tiyu.test")


def goals() -> tuple[Outside, ...]:
    """Where the hidden links lead: a site for each way of hiding."""
    return tuple(
        bad(f"hd-{name}.test", "真人娱乐" if key == "gambling" else "成人视频", texts, key)
        for name, (texts, key, _) in zip(WAYS, TRADE * len(WAYS), strict=False)
    )


def hidden_links() -> Iterator[Planted]:
    """One to a page, so that each way of hiding is found by itself."""
    for number, (name, markup) in enumerate(WAYS.items()):
        _, key, text = TRADE[number % len(TRADE)]
        style = (
            ' style="color:{}"'.format("#fff" if name == "same-colour" else "transparent") if name in COLOURED else ""
        )
        ref = hidden(name, f"hd-{name}.test", text, markup, style)
        label, path = HOSTS[number % len(HOSTS)], f"/xw/2023/{number + 1}.htm"
        yield own(
            f"changed-{name}",
            label,
            page(department_of(label), path, f"往期新闻 {number + 1}", refs=(ref,)),
            "hidden_link",
            f"往期新闻 {number + 1}",
            leads(f"hidden-{name}", label, path, ref, ref.host, key, "hidden_link"),
            family="hidden link",
        )


def hidden(name: str, host: str, text: str, markup: str, style: str = "") -> Ref:
    link = f'<a href="http://{host}/"{style}>{text}</a>'
    return Ref(host=host, kind="a[href]", relation="link", markup=markup.format(link), hidden=name)


def designs() -> Iterator[Planted]:
    for number, (name, markup) in enumerate(DESIGNS.items()):
        host = FRIENDS[number % len(FRIENDS)]
        link = f'<a href="http://{host}/d/{number}">友好单位</a>'
        ref = Ref(host=host, kind="a[href]", relation="link", markup=markup.format(link))
        label, path = HOSTS[number % len(HOSTS)], f"/design/{number + 1}.htm"
        item = Item(
            id=f"design-{name}",
            family="harmless design",
            domain=host,
            page=department_of(label).url + path,
            kind=ref.kind,
        )
        resource = page(department_of(label), path, f"网站导航 {number + 1}", refs=(ref,))
        yield Planted(label=label, resource=resource, text=f"网站导航 {number + 1}", items=(item,))
