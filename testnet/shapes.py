"""The shapes a reference to a foreign host can have. Each function makes one `Ref` with its markup."""

from testnet.model import Ref


def anchor(host: str, path: str = "/", text: str = "", *, scheme: str = "https") -> Ref:
    return raw_anchor(host, f"{scheme}://{host}{path}", text)


def raw_anchor(host: str, href: str, text: str = "") -> Ref:
    """A link whose address is written in a way that only browsers read right; `host` is where they go."""
    return Ref(host=host, kind="a[href]", relation="link", markup=f'<a href="{href}">{text or host}</a>')


def area(host: str, path: str = "/") -> Ref:
    markup = f'<map name="m"><area shape="rect" coords="0,0,9,9" alt="" href="https://{host}{path}"></map>'
    return Ref(host=host, kind="area[href]", relation="link", markup=markup)


def image(host: str, path: str) -> Ref:
    return Ref(host=host, kind="img[src]", relation="embed", markup=f'<img src="https://{host}{path}" alt="图">')


def image_set(host: str, path: str) -> Ref:
    markup = f'<img src="/static/s.png" srcset="/static/s.png 1x, //{host}{path} 2x" alt="图">'
    return Ref(host=host, kind="img[srcset]", relation="embed", markup=markup)


def script(host: str, path: str) -> Ref:
    markup = f'<script src="https://{host}{path}" async></script>'
    return Ref(host=host, kind="script[src]", relation="script", markup=markup, place="head")


def frame(host: str, path: str) -> Ref:
    markup = f'<iframe src="https://{host}{path}" width="400" height="200" title="嵌入"></iframe>'
    return Ref(host=host, kind="iframe[src]", relation="script", markup=markup)


def stylesheet(host: str, path: str) -> Ref:
    markup = f'<link rel="stylesheet" href="https://{host}{path}">'
    return Ref(host=host, kind="link[href]", relation="embed", markup=markup, place="head")


def style_import(host: str, path: str) -> Ref:
    markup = f"<style>@import '//{host}{path}';\nbody{{line-height:1.6}}</style>"
    return Ref(host=host, kind="css:import", relation="embed", markup=markup, place="head")


def style_url(host: str, path: str) -> Ref:
    markup = f"""<div style="background:#eee url('https://{host}{path}') no-repeat">横幅</div>"""
    return Ref(host=host, kind="css:url", relation="embed", markup=markup)


def sheet_url(host: str, path: str) -> Ref:
    """Stands in a style sheet of the site itself."""
    markup = f'@font-face{{font-family:"Brand";src:url(https://{host}{path}) format("woff2")}}'
    return Ref(host=host, kind="css:url", relation="embed", markup=markup)


def video(host: str, path: str) -> Ref:
    markup = f'<video controls preload="none"><source src="https://{host}{path}" type="video/mp4"></video>'
    return Ref(host=host, kind="source[src]", relation="embed", markup=markup)


def form(host: str, path: str) -> Ref:
    markup = f'<form action="https://{host}{path}" method="post"><button>提交</button></form>'
    return Ref(host=host, kind="form[action]", relation="embed", markup=markup)


def meta_refresh(host: str, path: str = "/") -> Ref:
    markup = f'<meta http-equiv="refresh" content="1; url=https://{host}{path}">'
    return Ref(host=host, kind="meta:refresh", relation="redirect", markup=markup, place="head")


def script_location(host: str, path: str = "/") -> Ref:
    markup = f'<script>window.location.href = "https://{host}{path}";</script>'
    return Ref(host=host, kind="script:location", relation="redirect", markup=markup, place="head")


def link_header(host: str) -> Ref:
    value = f"<https://{host}/>; rel=preconnect"
    return Ref(host=host, kind="header:link", relation="embed", markup=value, place="header", header="Link")


def policy_header(host: str) -> Ref:
    """A Content-Security-Policy names a host: whoever calls that a reference is not wrong."""
    value = f"frame-ancestors 'self'; report-uri https://{host}/csp"
    name = "Content-Security-Policy-Report-Only"
    return Ref(host=host, kind="header:csp", relation="mention", markup=value, place="header", header=name)


def refresh_header(host: str, path: str = "/") -> Ref:
    value = f"0; url=https://{host}{path}"
    return Ref(host=host, kind="header:refresh", relation="redirect", markup=value, place="header", header="Refresh")


def location_header(host: str, path: str = "/", *, scheme: str = "https") -> Ref:
    value = f"{scheme}://{host}{path}"
    return Ref(host=host, kind="redirect:http", relation="redirect", markup=value, place="header", header="Location")


def script_text(host: str, path: str) -> Ref:
    """A mention: the address stands in a script's text and is not used as a link."""
    markup = f'<script>var endpoint = {{"api": "https:\\/\\/{host}{path}"}};</script>'
    return Ref(host=host, kind="script:string", relation="mention", markup=markup)


def comment(host: str, path: str = "/") -> Ref:
    return Ref(host=host, kind="comment", relation="mention", markup=f"<!-- 旧统计 https://{host}{path} -->")


HIDING = {
    "display_none": '<div style="display:none">{}</div>',
    "visibility_hidden": "<style>.fl-zx{{visibility:hidden;height:0}}</style><div class='fl-zx'>{}</div>",
    "off_screen": '<div style="position:absolute;left:-9999px;top:-1200px">{}</div>',
    "zero_font": '<span style="font-size:0">{}</span>',
    "opacity_zero": '<p style="opacity:0;filter:alpha(opacity=0)">{}</p>',
    "tiny_box": '<div style="width:1px;height:1px;overflow:hidden;position:absolute">{}</div>',
}


def hidden_anchor(kind: str, host: str, text: str, path: str = "/") -> Ref:
    """A link that nobody sees: a finding."""
    inner = f'<a href="http://{host}{path}" target="_blank">{text}</a>'
    return Ref(host=host, kind="a[href]", relation="link", markup=HIDING[kind].format(inner), hidden=kind)


def menu_anchor(host: str, path: str, text: str) -> Ref:
    """Hidden until the menu opens: legitimate."""
    markup = (
        '<nav aria-label="资源"><button aria-haspopup="true" aria-expanded="false" aria-controls="menu-r">资源</button>'
        '<ul id="menu-r" class="dropdown-menu" role="menu" style="display:none">'
        '<li role="none"><a role="menuitem" href="/support/">技术支持</a></li>'
        f'<li role="none"><a role="menuitem" href="https://{host}{path}">{text}</a></li></ul></nav>'
    )
    return Ref(host=host, kind="a[href]", relation="link", markup=markup)


def reader_anchor(host: str, path: str, text: str) -> Ref:
    """For screen readers only: legitimate, however much it looks like a hidden link."""
    markup = (
        "<style>.sr-only{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip:rect(0,0,0,0)}</style>"
        f'<a class="sr-only" href="https://{host}{path}">{text}</a>'
    )
    return Ref(host=host, kind="a[href]", relation="link", markup=markup)
