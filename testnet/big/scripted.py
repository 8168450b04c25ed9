"""An application of the university whose source is empty: what it loads and shows stands in no source."""

from typing import Final

from testnet.big.campus import department_of
from testnet.big.planted import Planted
from testnet.documents import document
from testnet.model import Item, Ref

LABEL, PATH, TITLE = "yjs", "/xk/index.html", "选课系统"
# The names are put together of parts, so that only a browser that carries it out knows them.
SCRIPT: Final = """<script>
var p = ["tag", "loader"].join("-"), q = ["drawn", "only"].join("-"), t = "." + "tset".split("").reverse().join("");
var s = document.createElement("script");
s.src = location.protocol + "//late." + p + t + "/t.js";
document.body.appendChild(s);
var a = document.createElement("a");
a.href = location.protocol + "//" + q + t + "/hd";
a.textContent = "课程资料";
document.getElementById("app").appendChild(a);
</script>"""


def applications() -> tuple[Planted, ...]:
    loaded = Ref(host="late.tag-loader.test", kind="loaded:script", relation="script", markup=SCRIPT)
    shown = Ref(host="drawn-only.test", kind="drawn:a[href]", relation="link", markup="")
    url = department_of(LABEL).url + PATH
    resource = document(PATH, TITLE, '<div id="app"></div>', refs=(loaded, shown))
    items = (
        Item(id="loaded-script", family="rendered page", domain="tag-loader.test", page=url, kind=loaded.kind),
        Item(id="drawn-link", family="rendered page", domain="drawn-only.test", violations=("gambling",), page=url,
             kind=shown.kind),
    )  # fmt: skip
    return (Planted(label=LABEL, resource=resource, text=TITLE, items=items),)
