"""bbs.corp.test: a forum in GBK, declared in the header alone, http alone, without robots.txt."""

from testnet import shapes
from testnet.documents import document, links, paragraphs
from testnet.model import Ref, Resource
from testnet.texts import corp

BOARDS = ("安装", "维修", "选型", "闲聊")
THREADS_PER_BOARD = 12


def resources() -> list[Resource]:
    boards = [(f"/forum-{number}.html", name) for number, name in enumerate(BOARDS, start=1)]
    index = page("/", "华创用户论坛", links(boards))
    return [
        index,
        *(board(number) for number in range(1, len(BOARDS) + 1)),
        *(thread(n) for n in range(len(BOARDS) * THREADS_PER_BOARD)),
    ]


def page(path: str, title: str, body: str, refs: tuple[Ref, ...] = ()) -> Resource:
    return document(path, title, body, refs=refs, charset="gbk")


def board(number: int) -> Resource:
    first = (number - 1) * THREADS_PER_BOARD
    items = [
        (f"/thread-{n}.html", f"{corp.pick(corp.THREADS, n)} {n}") for n in range(first, first + THREADS_PER_BOARD)
    ]
    return page(f"/forum-{number}.html", BOARDS[number - 1], links(items))


def thread(number: int) -> Resource:
    body = paragraphs(corp.tell(number)) + links([("/", "论坛首页")])
    return page(f"/thread-{number}.html", f"{corp.pick(corp.THREADS, number)} {number}", body, thread_refs(number))


def thread_refs(number: int) -> tuple[Ref, ...]:
    """Spam that users left, in addresses that naive URL code takes for the site's own."""
    match number:
        case 8:
            return (shapes.raw_anchor("yz168.test", "http://yz１６８.test/list", "闲置小铺"),)
        case 21:
            return (shapes.raw_anchor("shenyi-mifang.test", "/\\shenyi-mifang.test/order", "朋友推荐"),)
        case 33:
            return (shapes.raw_anchor("www.codeforge.test", "https:www.codeforge.test/pump", "协议解析代码"),)
        case _:
            return ()
