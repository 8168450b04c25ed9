"""Snippets of known services, as site owners paste them."""

import pytest

from app.domain.scan_facts import Relation
from app.engines.extract.page import extract
from app.engines.extract.tag_snippets import snippet_of

PASTED = {
    """var _hmt = _hmt || []; (function() { var hm = document.createElement("script");
    hm.src = "https://hm.baidu.com/hm.js?abc"; })();""": {"hm.baidu.com"},
    """var _bdhmProtocol = (("https:" == document.location.protocol) ? " https://" : " http://");
    document.write(unescape("%3Cscript src='" + _bdhmProtocol + "hm.baidu.com/h.js%3Fabc' %3E%3C/script%3E"));""": {
        "hm.baidu.com"
    },
    """var cnzz_protocol = (("https:" == document.location.protocol) ? " https://" : " http://");
    document.write(unescape("%3Cspan id='cnzz_stat_icon_1'%3E%3C/span%3E%3Cscript src='" + cnzz_protocol
    + "s4.cnzz.com/z_stat.php%3Fid%3D1' type='text/javascript'%3E%3C/script%3E"));""": {
        "s4.cnzz.com",
        "cnzz.mmstat.com",
    },
    """ga.src = ('https:' == document.location.protocol ? 'https://ssl' : 'http://www') +
    '.google-analytics.com/ga.js';""": {"ssl.google-analytics.com", "stats.g.doubleclick.net"},
    """j.async=true;j.src='https://www.googletagmanager.com/gtm.js?id='+i+dl;""": {"www.googletagmanager.com"},
    """h._hjSettings={hjid:1};r.src=t+h._hjSettings.hjid+j})(window,document,'https://static.hotjar.com/c/hotjar-',
    '.js?sv=');""": {"static.hotjar.com", "metrics.hotjar.io"},
    """t.src="https://www.clarity.ms/tag/"+i;""": {"www.clarity.ms", "c.bing.com"},
    """a.src = document.location.protocol + '//static.meiqia.com/dist/meiqia.js?_=t';""": {"static.meiqia.com"},
    """s1.src='https://embed.tawk.to/1/default';""": {"embed.tawk.to"},
    """lc.src = ('https:' == document.location.protocol ? 'https://' : 'http://') +
    'cdn.livechatinc.com/tracking.js';""": {"cdn.livechatinc.com"},
    """hm.src = "https://tb.53kf.com/code/code/abc/1";""": {"tb.53kf.com"},
    """(function(){var u="//js.users.51.la/1.js";})()""": {"js.users.51.la"},
    """bp.src = 'https://zz.bdstatic.com/linksubmit/push.js';""": {"zz.bdstatic.com", "sp0.baidu.com"},
}


def references(markup):
    return extract(markup.encode(), url="http://www.corp.test/", headers=[]).references


@pytest.mark.parametrize("code", PASTED)
def test_a_pasted_snippet_names_every_host_that_it_has_contacted(code):
    found = [one for one in references(f"<script>{code}</script>") if one.kind == "script:snippet"]
    assert {one.url.split("/")[2] for one in found} == PASTED[code]
    assert found[0].relation is Relation.SCRIPT
    further = {one.url.split("/")[2] for one in found if one.relation is Relation.EMBED}
    assert len(further) == len(PASTED[code]) - 1
    assert all(one.dom_path and one.snippet for one in found)


def test_what_else_a_script_names_is_mentioned_as_before():
    (found,) = references("<script>x='https://stats.test/hm.js'</script>")
    assert (found.relation, found.kind) == (Relation.MENTION, "script:string")


def test_what_a_script_puts_together_is_a_mention_of_its_own_kind():
    (found,) = references("<script>x='https://st' + 'ats.test/hm.js'</script>")
    assert (found.url, found.relation, found.kind) == ("https://stats.test/hm.js", Relation.MENTION, "script:pieces")


@pytest.mark.parametrize("markup", ['<script type="application/json">"{}"</script>', "<template><script>'{}'</script>"])
def test_a_snippet_that_does_not_run_loads_nothing(markup):
    assert {one.relation for one in references(markup.format("https://hm.baidu.com/hm.js"))} == {Relation.MENTION}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://hm.baidu.com/hm.js?x", "hm.baidu.com"),
        ("https://v1.cnzz.com/z.js", "cnzz.com"),
        ("https://ssl.google-analytics.com/ga.js", "google-analytics.com"),
        ("https://www.baidu.com/", None),
        ("https://zz.bdstatic.com/other.js", None),
        ("https://notcnzz.com/z.js", None),
        ("https://cnzz.com.evil.test/", None),
        ("mailto:x", None),
    ],
)
def test_a_service_is_known_by_its_host_and_the_beginning_of_the_path(url, host):
    found = snippet_of(url)
    assert (found.host if found else None) == host
