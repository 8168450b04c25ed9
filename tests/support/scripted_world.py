"""A site whose scripts load from hosts that nothing names in one piece, and the hosts, which note who really asks.

Each way to load something has a host of its own below `.example`. Real sockets on 127.64.0.0/10.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import WSMsgType, web

from tests.unit.engines.net.servers import Zone, dns_server

TARGET: Final = "scripted.example"
ADDRESS: Final = "127.64.0.1"
FILLER: Final = "本公司成立于一九九八年，主要生产各类水泵、阀门和管件，产品销往全国各地。" * 8
_SCRIPT: Final = """
const at = (name, path) => ['http:', '', name + '.' + ['exam', 'ple'].join(''), path || ''].join('/');
const add = (tag, values, where) => {
  const element = Object.assign(document.createElement(tag), values);
  (where || document.body).append(element);
  return element;
};
add('script', {src: at('appended', 'a.js')});
fetch(at('fetched', 'data.json'));
const xhr = new XMLHttpRequest(); xhr.open('GET', at('xhr', 'data.json')); xhr.send();
new Image().src = at('beacon-image', 'p.gif');
import(at('imported', 'module.js'));
add('script', {type: 'module', src: at('module', 'first.js')});
add('style', {textContent: '#styled { background: url(' + at('css-url', 'b.png') + ') }'}, document.head);
add('style', {textContent: '@import "' + at('css-import', 'i.css') + '";'}, document.head);
add('link', {rel: 'stylesheet', href: at('sheet', 's.css')}, document.head);
add('iframe', {src: at('frame', 'outer.html')});
add('iframe', {srcdoc: '<script src="' + at('srcdoc', 's.js') + '"></scr' + 'ipt>'});
add('iframe', {}).contentDocument.write('<img src="' + at('blank-frame', 'b.png') + '">');
new WebSocket(at('socket', 'feed').replace('http', 'ws'));
new EventSource(at('events', 'stream'));
navigator.sendBeacon(at('sent-beacon', 'collect'), 'x');
new Worker('/worker.js');
add('link', {rel: 'preload', as: 'image', href: at('preload', 'p.png')}, document.head);
add('link', {rel: 'prefetch', href: at('prefetch', 'p.js')}, document.head);
const font = new FontFace('odd', 'url(' + at('font', 'f.woff2') + ')');
document.fonts.add(font); font.load().catch(() => 0);
add('video', {src: at('video', 'v.mp4'), preload: 'auto', muted: true});
add('audio', {src: at('audio', 'a.mp3'), preload: 'auto'});
add('object', {type: 'text/html', data: at('object', 'o.html')});
add('input', {type: 'image', src: at('image-button', 'i.png')});
add('form', {action: at('form-target', 'send'), method: 'post'});
setTimeout(() => add('script', {src: at('lazy', 'l.js')}), 1900);
window.answer = () => add('img', {src: at('jsonp-answer', 'a.png')});
add('script', {src: at('jsonp', 'j.js?callback=answer')});
add('script', {src: at('tags', 'manager.js')});
add('script', {src: at('forwarding', 'f.js')});
add('a', {href: at('linked', ''), textContent: 'Partner'});
const shadow = add('div', {}).attachShadow({mode: 'open'});
shadow.innerHTML = '<img src="' + at('shadow', 's.png') + '">';
"""
_WRITTEN: Final = (
    "document.write('<scr' + 'ipt src=\"ht' + 'tp:/' + '/writ' + 'ten.exa' + 'mple/w.js\"></scr' + 'ipt>')"
)
_WORKER: Final = """
importScripts(['http:', '', 'worker-import.exam' + 'ple', 'i.js'].join('/'));
fetch(['http:', '', 'worker-fetch.exam' + 'ple', 'f.json'].join('/'), {mode: 'no-cors'});
"""
_NESTED: Final = (
    "const s = document.createElement('script'); s.src = ['http:', '', '{name}.exam' + 'ple', '{path}'].join('/');"
    " document.head.append(s);"
)
_PIXEL: Final = "new Image().src = ['http:', '', 'tag-pixel.exam' + 'ple', 'p.gif'].join('/');"
_MODULE: Final = "import 'http://module-import.example/second.js';"
_OUTER: Final = "<!doctype html><title>outer</title><iframe src='http://inner-frame.example/inner.html'></iframe>"
_INNER: Final = "<!doctype html><title>inner</title><script src='http://inner-script.example/s.js'></script>"
_APP: Final = """<!doctype html><html lang=zh><title>应用</title><body><div id=app></div><script>
const pages = ['/only/1', '/only/2'];
app.innerHTML = pages.map(path => '<a href="' + path + '">' + path + '</a>').join('') + '<p>由脚本写出的内容</p>'
  + '<div style="display:none"><a href="//hidden-link.exam' + 'ple/">more</a></div>';
</script>"""
# Rules that stand in no source and in no serialised document: what they hide only a browser knows.
_RULES: Final = f"""<!doctype html><html lang=zh><title>规则</title><body><p>{FILLER}</p>
<p class=k><a href="http://rule-hidden.example/">澳门百家乐开户 注册送彩金</a></p><script>
const sheet = new CSSStyleSheet(); sheet.replaceSync('.k {{ dis' + 'play: no' + 'ne }}');
document.adoptedStyleSheets = [sheet];
</script>"""
_START: Final = (
    f"<!doctype html><html lang=zh><title>主页</title><body><p>{FILLER}</p>"
    "<a href=/app>应用</a><a href=/rules>规则</a><p id=styled>x</p>"
    f"<script>{_WRITTEN}</script><script>{_SCRIPT}</script></body></html>"
)
JAVASCRIPT: Final = "text/javascript"
HTML: Final = "text/html"
# What hosts answer, beside the target's own; of others an empty text.
_ANSWERS: Final = {
    ("tags.example", "/manager.js"): (JAVASCRIPT, _NESTED.format(name="nested-tag", path="tag.js")),
    ("nested-tag.example", "/tag.js"): (JAVASCRIPT, _PIXEL),
    ("module.example", "/first.js"): (JAVASCRIPT, _MODULE),
    ("frame.example", "/outer.html"): (HTML, _OUTER),
    ("inner-frame.example", "/inner.html"): (HTML, _INNER),
    ("jsonp.example", "/j.js"): (JAVASCRIPT, "answer({})"),
    (TARGET, "/worker.js"): (JAVASCRIPT, _WORKER),
    (TARGET, "/app"): (HTML, _APP),
    (TARGET, "/rules"): (HTML, _RULES),
    (TARGET, "/"): (HTML, _START),
}
# Hosts that scripts of the start page load from, by who loads it: `/` is the page itself or its own script.
LOADED: Final = {
    **dict.fromkeys(
        (
            "appended", "written", "fetched", "xhr", "beacon-image", "imported", "module", "css-url", "css-import",
            "sheet", "frame", "srcdoc", "blank-frame", "socket", "events", "sent-beacon", "preload", "prefetch", "font",
            "video", "audio", "object", "image-button", "lazy", "jsonp", "tags", "forwarding", "shadow",
        ),
        f"http://{TARGET}/",
    ),
    "module-import": "http://module.example/first.js",
    "inner-frame": "http://frame.example/outer.html",
    "inner-script": "http://inner-frame.example/inner.html",
    "nested-tag": "http://tags.example/manager.js",
    "tag-pixel": "http://nested-tag.example/tag.js",
    "forwarded": "http://forwarding.example/f.js",
    "jsonp-answer": f"http://{TARGET}/",
    "worker-import": f"http://{TARGET}/worker.js",
    "worker-fetch": f"http://{TARGET}/worker.js",
}  # fmt: skip
# Named by scripts, and asked by nobody without a click.
NOT_LOADED: Final = ("form-target", "linked", "hidden-link", "rule-hidden")


class ScriptedWorld:
    """What was asked for, by whom, and the settings that reach it."""

    def __init__(self) -> None:
        # Host -> paths that Chromium asked for, but for pages that it was sent to.
        self.by_browser: defaultdict[str, set[str]] = defaultdict(set)
        self.pictured: set[str] = set()  # third parties of whose start page a picture was taken
        self.by_crawler: defaultdict[str, list[str]] = defaultdict(list)  # host -> paths that anybody else asked for
        self.own_rendered: list[str] = []  # documents of the target that Chromium asked for, in order
        self.settings: dict[str, Any] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(":")[0]
        if "Chrome/" in request.headers.get("User-Agent", ""):
            is_window = "Referer" not in request.headers and request.headers.get("Accept", "").startswith("text/html")
            if is_window and host == TARGET:
                self.own_rendered.append(request.path)
            elif is_window and request.path == "/":
                self.pictured.add(host)
            elif request.path != "/favicon.ico":  # which comes with such a picture, too
                self.by_browser[host].add(request.path)
        else:
            self.by_crawler[host].append(request.path)
        if host == "socket.example" and request.headers.get("Upgrade", "").lower() == "websocket":
            return await _socket(request)
        if host == "forwarding.example":
            raise web.HTTPFound("http://forwarded.example/f.js")
        if host == TARGET and request.path.startswith("/only/"):
            return _response(HTML, f"<!doctype html><title>{request.path}</title><p>{FILLER}{request.path}</p>")
        kind, body = _ANSWERS.get((host, request.path), (_kind_of(request.path), ""))
        if host == TARGET and not body:
            raise web.HTTPNotFound
        return _response(kind, body or (f"<!doctype html><title>{host}</title><p>{host}" if kind == HTML else ""))


def _response(kind: str, body: str) -> web.Response:
    return web.Response(text=body, content_type=kind, headers={"Access-Control-Allow-Origin": "*"})


def _kind_of(path: str) -> str:
    if path == "/" or path.endswith(".html"):
        return HTML
    return {"js": JAVASCRIPT, "css": "text/css", "json": "application/json"}.get(path.rpartition(".")[2], "text/plain")


async def _socket(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.ERROR:
            break
    return socket


@contextlib.asynccontextmanager
async def scripted_world() -> AsyncIterator[ScriptedWorld]:
    world = ScriptedWorld()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", world.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    hosts = [TARGET, *(f"{name}.example" for name in (*LOADED, *NOT_LOADED))]
    zone: Zone = {(host, "A"): [ADDRESS] for host in hosts}
    try:
        await web.TCPSite(runner, ADDRESS, 0).start()
        async with dns_server(zone, ttl=60) as names:
            world.settings = {
                "resolvers": (names.address,),
                "allow_networks": ("127.64.0.0/10",),
                "port_map": (f"80={runner.addresses[0][1]}",),
            }
            yield world
    finally:
        await asyncio.wait_for(runner.cleanup(), 10)
