"""HTML documents and other resources, made from texts and references."""

from collections.abc import Iterable, Sequence
from html import escape

from testnet.model import Reach, Ref, Resource


def document(
    path: str,
    title: str,
    body: str = "",
    *,
    refs: Sequence[Ref] = (),
    lang: str = "zh-CN",
    charset: str = "utf-8",
    declared: str | None = None,
    meta: str | None = None,
    reach: Reach = Reach.PAGE,
    status: int = 200,
    delay_ms: int | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    declaration: str = "",
) -> Resource:
    """An HTML document. `charset` is what the bytes are in, `declared` what the header says (None: the same;
    empty: nothing), `meta` what the document says (None: nothing), `declaration` markup of its head.
    """
    html = render(title, body, refs, lang=lang, meta=meta, declaration=declaration)
    declared = charset if declared is None else declared
    return Resource(
        path=path,
        body=html.encode(charset),
        content_type=f"text/html; charset={declared}" if declared else "text/html",
        status=status,
        headers=(*headers, *header_refs(refs)),
        refs=tuple(refs),
        reach=reach,
        title=title,
        delay_ms=delay_ms,
    )


def render(title: str, body: str, refs: Sequence[Ref], *, lang: str, meta: str | None, declaration: str = "") -> str:
    head = declaration + "".join(f"{ref.markup}\n" for ref in refs if ref.place == "head")
    tail = "".join(f"<div>{ref.markup}</div>\n" for ref in refs if ref.place == "body")
    declaration = f'<meta charset="{meta}">' if meta else ""
    return (
        f'<!doctype html>\n<html lang="{lang}"><head>{declaration}<title>{escape(title)}</title>\n{head}</head>\n'
        f"<body><h1>{escape(title)}</h1>\n{body}\n{tail}</body></html>\n"
    )


def header_refs(refs: Iterable[Ref]) -> tuple[tuple[str, str], ...]:
    return tuple((ref.header, ref.markup) for ref in refs if ref.place == "header")


def redirect(path: str, location: str, status: int = 302) -> Resource:
    """To a place on the same site."""
    return Resource(path=path, status=status, headers=(("Location", location),), reach=Reach.ASSET, content_type="")


def leave(path: str, ref: Ref, status: int = 302) -> Resource:
    """An HTTP redirect off the site."""
    headers = header_refs([ref])
    return Resource(path=path, status=status, headers=headers, refs=(ref,), reach=Reach.ASSET, content_type="")


def asset(path: str, body: bytes | str, content_type: str, *, refs: Sequence[Ref] = ()) -> Resource:
    data = body.encode() if isinstance(body, str) else body
    return Resource(path=path, body=data, content_type=content_type, refs=tuple(refs), reach=Reach.ASSET)


def links(items: Iterable[tuple[str, str]]) -> str:
    """A list of links on the same site, from (href, text)."""
    rows = "".join(f'<li><a href="{escape(href)}">{escape(text)}</a></li>' for href, text in items)
    return f"<ul>{rows}</ul>"


def paragraphs(texts: Iterable[str]) -> str:
    return "\n".join(f"<p>{escape(text)}</p>" for text in texts)


def table(resources: Iterable[Resource]) -> dict[str, Resource]:
    """Resources by path. A path given twice is a mistake in the world."""
    result: dict[str, Resource] = {}
    for resource in resources:
        if resource.path in result:
            raise ValueError(f"two resources at {resource.path}")
        result[resource.path] = resource
    return result
