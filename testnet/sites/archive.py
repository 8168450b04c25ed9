"""archive.corp.test: old documents in all the charsets of the past, robots.txt forbidden (which allows everything)."""

from testnet import shapes
from testnet.documents import asset, document, links, paragraphs
from testnet.model import Resource
from testnet.texts import corp

TITLES = {
    "/gb18030.html": "国标编码的档案㐀",
    "/big5.html": "繁體中文檔案",
    "/utf16.html": "双字节档案",
    "/wrong.html": "声明错误的档案",
    "/bare.html": "没有声明的档案",
    "/meta-late.html": "声明很晚的档案",
}


def resources() -> list[Resource]:
    old = [(f"/1999/{number}.html", f"档案 {number}") for number in range(1, 9)]
    forbidden = asset("/robots.txt", "Forbidden", "text/plain")
    return [
        document("/", "档案馆", links([*TITLES.items(), *old])),
        *charsets(),
        *(document(path, text, paragraphs(corp.tell(n))) for n, (path, text) in enumerate(old)),
        Resource(
            path=forbidden.path, body=forbidden.body, status=403, content_type="text/plain", reach=forbidden.reach
        ),
    ]


def charsets() -> list[Resource]:
    body = paragraphs([*corp.ABOUT, *corp.DETAILS])
    lottery = (shapes.anchor("www.welfare-lottery.test", "/notice", "公益金公告"),)
    return [
        document(
            "/gb18030.html", TITLES["/gb18030.html"], body, refs=lottery, charset="gb18030", declared="", meta="gb18030"
        ),
        document(
            "/big5.html",
            TITLES["/big5.html"],
            paragraphs(["本檔案以舊編碼保存，內容為公司早期的產品說明與維修紀錄。"]),
            refs=(shapes.anchor("health-education.test", "/", "健康教育"),),
            lang="zh-TW",
            charset="big5",
            declared="",
            meta="big5",
        ),
        document(
            "/utf16.html",
            TITLES["/utf16.html"],
            body,
            refs=(shapes.anchor("law-journal.test", "/vol-12", "Law journal"),),
            charset="utf-16",  # with a byte order mark
            declared="",
        ),
        document(
            "/wrong.html",
            TITLES["/wrong.html"],
            body,
            refs=(shapes.anchor("teen-health.test", "/", "Health education"),),
            charset="gbk",
            declared="utf-8",
        ),
        document("/bare.html", TITLES["/bare.html"], body, charset="gbk", declared=""),
        document("/meta-late.html", TITLES["/meta-late.html"], body, charset="gbk", declared="", meta="gb2312"),
    ]
