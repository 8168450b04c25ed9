"""Snippets of statistics, advertising and customer services in scripts of a page, recognised without running them.

A page with such a snippet loads its first address as code, and that code speaks to further hosts,
which no page names. Both stand in the table, as far as we know them: nobody has watched each of them load.
"""

from types import MappingProxyType
from typing import Final, NamedTuple

from app.engines.urls import host_of


class Snippet(NamedTuple):
    """A service that a snippet loads."""

    host: str  # that the code comes from: this one and those below it
    path: str = ""  # how the address goes on; "": whatever it is
    further: tuple[str, ...] = ()  # hosts of other domains that the code speaks to


_GOOGLE: Final = ("www.google-analytics.com",)
_SNIPPETS: Final = (
    Snippet("hm.baidu.com"),
    Snippet("tongji.baidu.com"),
    Snippet("qiao.baidu.com"),
    Snippet("goutong.baidu.com"),
    Snippet("aifanfan.baidu.com"),
    Snippet("push.zhanzhang.baidu.com"),
    Snippet("zz.bdstatic.com", "/linksubmit/", ("sp0.baidu.com",)),
    Snippet("cnzz.com", "", ("cnzz.mmstat.com",)),
    Snippet("umeng.com"),
    Snippet("51.la"),
    Snippet("51yes.com"),
    Snippet("growingio.com"),
    Snippet("sensorsdata.cn"),
    Snippet("zhugeio.com"),
    Snippet("google-analytics.com", "/ga.js", ("stats.g.doubleclick.net",)),
    Snippet("google-analytics.com", "/analytics.js", ("stats.g.doubleclick.net",)),
    Snippet("google-analytics.com"),
    Snippet("googletagmanager.com", "/gtag/", _GOOGLE),
    Snippet("googletagmanager.com"),
    Snippet("googlesyndication.com", "/pagead/", ("googleads.g.doubleclick.net",)),
    Snippet("hotjar.com", "", ("metrics.hotjar.io",)),
    Snippet("clarity.ms", "", ("c.bing.com",)),
    Snippet("matomo.cloud"),
    Snippet("mc.yandex.ru", "", ("mc.yandex.com",)),
    Snippet("connect.facebook.net", "", ("www.facebook.com",)),
    Snippet("snap.licdn.com", "", ("px.ads.linkedin.com",)),
    Snippet("static.ads-twitter.com", "", ("t.co", "analytics.twitter.com")),
    Snippet("analytics.tiktok.com"),
    Snippet("bat.bing.com"),
    Snippet("scorecardresearch.com"),
    Snippet("js.hs-scripts.com", "", ("js.hs-analytics.net", "track.hubspot.com")),
    Snippet("cdn.segment.com", "", ("api.segment.io",)),
    Snippet("cdn.mxpnl.com", "", ("api-js.mixpanel.com",)),
    Snippet("53kf.com"),
    Snippet("meiqia.com"),
    Snippet("qidian.qq.com"),
    Snippet("wpa.b.qq.com"),
    Snippet("udesk.cn"),
    Snippet("easemob.com"),
    Snippet("sobot.com"),
    Snippet("livechatinc.com"),
    Snippet("embed.tawk.to"),
    Snippet("widget.intercom.io", "", ("js.intercomcdn.com",)),
    Snippet("client.crisp.chat"),
    Snippet("static.zdassets.com", "", ("ekr.zdassets.com",)),
    Snippet("js.driftt.com", "", ("js.drift.com",)),
)


def _by_host() -> dict[str, list[Snippet]]:
    found: dict[str, list[Snippet]] = {}
    for snippet in _SNIPPETS:
        found.setdefault(snippet.host, []).append(snippet)
    return found


_BY_HOST: Final = MappingProxyType(_by_host())


def snippet_of(url: str) -> Snippet | None:
    """Return the service whose code the absolute URL is of, or None."""
    host = host_of(url)
    path = url.partition("//")[2].partition("/")[2]
    while host:
        for snippet in _BY_HOST.get(host, ()):
            if f"/{path}".startswith(snippet.path):
                return snippet
        host = host.partition(".")[2]
    return None
