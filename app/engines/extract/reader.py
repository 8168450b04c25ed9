"""Reads one parsed tree: goes through its elements once and hands what they refer to to the collector."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.engines.extract.collector import Collector, Describer
from app.engines.extract.css import find_urls as find_css_urls
from app.engines.extract.element import squeeze
from app.engines.extract.headers import read_csp
from app.engines.extract.hidden import HiddenIndex
from app.engines.extract.mentions import find_mentions, mentions_in
from app.engines.extract.nesting import split_nesting
from app.engines.extract.table import PARAMETERS, TABLE, Form, Rule, link_rule
from app.engines.extract.tame import tame_markup
from app.engines.extract.values import refresh_url, split
from app.engines.extract.visible import visible_text
from app.engines.model import Relation

_Item = TypeVar("_Item")
_MAX_INNER: Final = 200  # templates and srcdoc documents of one page
_MAX_NOSCRIPT: Final = 2_000  # characters that are searched for "enable JavaScript"
_MAX_WORDS: Final = 200  # characters of attributes that hold a few words
_MAX_INNER_DEPTH: Final = 3  # templates in templates
_UNFILLED: Final = re.compile(r"\{\{|\$\{|<%")  # places that a script would fill in
_OTHERS: Final = frozenset({"script", "style", "meta", "html", "iframe", "noframes", "noembed", "param"})
# What stands there is shown to somebody, or runs: in a frame, to who runs no scripts, to robots, in a feed reader.
_LIVE: Final = frozenset({"", "srcdoc:", "noscript:", "noframes:", "noembed:", "feed:"})
_PARAMETER_RULE: Final = Rule(Relation.SCRIPT)
_STYLE_RULE: Final = Rule(Relation.EMBED)
_REFRESH_RULE: Final = Rule(Relation.REDIRECT, crawl=True)


@dataclass(slots=True)
class Facts:
    """What is found on the way through the elements."""

    title: str = ""
    language: str = ""
    canonical: str | None = None
    next_url: str | None = None
    meta_refresh: str | None = None
    robots: set[str] = field(default_factory=set)
    scripts: list[str] = field(default_factory=list)
    noscript: str = ""
    has_scripts: bool = False


class Reader:
    """Goes through the elements of one tree, once."""

    def __init__(
        self,
        tree: LexborHTMLParser,
        source: str,
        collector: Collector,
        facts: Facts,
        sheets: Sequence[str] = (),
        level: int = 0,
    ) -> None:
        """`level`: how many documents this one is inside of."""
        self._level = level
        self._tree = tree
        self._source = source
        self._collector = collector
        self._facts = facts
        self._describer = Describer(collector, HiddenIndex(tree, sheets))
        self._inactive: frozenset[int] = frozenset()  # elements inside noscript
        self._inner = 0

    def read(self) -> str:
        """Reads everything; gives the visible text."""
        self._read_title()
        self._find_inactive()
        self._read_elements(self._tree.css("*"), prefix="")
        self._read_templates(self._tree.root, depth=0)
        self._read_style_attributes()
        for raw, kind, snippet in find_mentions(self._source):
            self._collector.mention(raw, kind, snippet=snippet)
        return visible_text(self._tree.body, self._inactive) if self._tree.body is not None else ""

    def read_inside(self, markup: str, prefix: str) -> None:
        """Reads markup that is not part of the tree. `prefix` names the place it stands in."""
        if self._level >= _MAX_INNER_DEPTH:
            return
        for piece in self._take(split_nesting(tame_markup(markup))):
            inner = Reader(LexborHTMLParser(piece), piece, self._collector, Facts(), level=self._level + 1)
            inner._read_elements(inner._tree.css("*"), prefix=prefix)

    def _read_title(self) -> None:
        node = self._tree.css_first("head > title") or self._tree.css_first("title")
        if node is not None and not self._facts.title:
            self._facts.title = squeeze(node.text())

    def _find_inactive(self) -> None:
        inactive: set[int] = set()
        for node in self._tree.css("noscript"):
            if node.mem_id not in inactive:
                inactive.update(inner.mem_id for inner in node.css("*"))
                self._facts.noscript += node.text(separator=" ")[:_MAX_NOSCRIPT]
        self._inactive = frozenset(inactive)

    def _read_elements(self, nodes: Sequence[LexborNode], *, prefix: str) -> None:
        """`prefix` names the inactive place that the elements stand in ("template:"); "" for the page itself."""
        for node in nodes:
            tag = node.tag or ""
            rules = TABLE.get(tag)
            if rules is None and tag not in _OTHERS:
                continue
            place = prefix
            if self._inactive and node.mem_id in self._inactive and tag != "noscript":
                place = prefix or "noscript:"
            attributes = node.attributes
            if rules is not None:
                self._read_attributes(node, tag, attributes, rules, place)
            if tag in _OTHERS:
                self._read_other(node, tag, attributes, place)

    def _read_attributes(
        self, node: LexborNode, tag: str, attributes: dict[str, str | None], rules: dict[str, Rule], place: str
    ) -> None:
        for name, rule in rules.items():
            value = attributes.get(name)
            if not value or value[0] == "#":
                continue
            if tag == "link" and name == "href":
                rule = self._read_link(value, attributes, active=not place)  # noqa: PLW2901 - the rule follows from rel
            for raw in (value,) if rule.form is Form.URL else split(value, rule.form):
                self._refer(node, attributes, raw, rule, f"{place}{tag}[{name}]", active=place in _LIVE)
        if tag == "a" and not place and (rel := attributes.get("rel")) and "next" in rel.lower().split():
            self._facts.next_url = self._facts.next_url or self._collector.follow(attributes.get("href"))

    def _refer(
        self, node: LexborNode, attributes: dict[str, str | None], raw: str, rule: Rule, kind: str, *, active: bool
    ) -> None:
        found = self._collector.locate(raw)
        if found is None:
            return
        url, own = found
        if not own:
            relation = rule.relation if active else Relation.MENTION
            self._describer.add(node, attributes, url, raw, relation, kind)
        elif rule.crawl and not kind.startswith("template:") and not _UNFILLED.search(raw):
            self._collector.link(url)

    def _read_link(self, href: str, attributes: dict[str, str | None], *, active: bool) -> Rule:
        rel = (attributes.get("rel") or "")[:_MAX_WORDS].lower()
        found = self._collector.locate(href)
        if found is not None and active:
            words = rel.split()
            if "canonical" in words:
                self._facts.canonical = found[0]
            if "next" in words:
                self._facts.next_url = found[0]
            if "stylesheet" in words and found[1]:
                self._collector.sheets[found[0]] = None
        return link_rule(rel)

    def _read_other(self, node: LexborNode, tag: str, attributes: dict[str, str | None], place: str) -> None:
        match tag:
            case "script":
                self._read_script(node, attributes, place)
            case "style":
                self._read_style(node.text(), f"{place}style", active=place in _LIVE)
            case "meta":
                self._read_meta(node, attributes, place)
            case "html":
                self._facts.language = self._facts.language or (attributes.get("lang") or "")[:_MAX_WORDS].lower()
            case "iframe" if attributes.get("srcdoc"):
                self.read_inside(attributes["srcdoc"] or "", place if place not in _LIVE else "srcdoc:")
            case "noframes" | "noembed":
                self.read_inside(node.text(), place if place not in _LIVE else f"{tag}:")
            case "param" if (attributes.get("name") or "").lower() in PARAMETERS and attributes.get("value"):
                value = attributes["value"] or ""
                self._refer(node, attributes, value, _PARAMETER_RULE, f"{place}param[value]", active=place in _LIVE)

    def _read_script(self, node: LexborNode, attributes: dict[str, str | None], place: str) -> None:
        kind = (attributes.get("type") or "").lower()
        is_data = "json" in kind or "importmap" in kind or "template" in kind or kind == "text/html"
        self._facts.has_scripts |= not place and not is_data
        code = node.text()
        if not code:
            return
        if not place and not is_data:
            self._facts.scripts.append(code)
        if "//" in code or "\\" in code or "atob" in code:
            path = self._describer.paths.of(node)
            for raw, name, snippet in mentions_in(code, f"{place}script:{'json' if is_data else 'string'}"):
                self._collector.mention(raw, name, snippet=snippet, dom_path=path)

    def _read_style(self, text: str, place: str, *, active: bool) -> None:
        for kind, raw, snippet in find_css_urls(text):
            if active:
                self._collector.add_plain(raw, Relation.EMBED, f"css:{kind}", snippet=snippet)
            else:
                self._collector.mention(raw, place, snippet=snippet)

    def _read_style_attributes(self) -> None:
        for node in self._tree.css("[style]"):
            attributes = node.attributes
            value = attributes.get("style") or ""
            if "(" not in value and "\\" not in value:
                continue
            for _, raw, _ in find_css_urls(value):
                self._refer(node, attributes, raw, _STYLE_RULE, "css:url", active=node.mem_id not in self._inactive)

    def _read_meta(self, node: LexborNode, attributes: dict[str, str | None], place: str) -> None:
        content = attributes.get("content") or ""
        equivalent = (attributes.get("http-equiv") or "").lower()
        name = (attributes.get("name") or attributes.get("property") or attributes.get("itemprop") or "")[
            :_MAX_WORDS
        ].lower()
        if equivalent == "refresh":
            self._read_refresh(node, attributes, content, active=not place)
        elif equivalent.startswith("content-security-policy"):
            for raw, _, kind, _ in read_csp(content, "meta:csp"):
                self._collector.mention(raw, kind, snippet=content)
        elif name in {"robots", "baiduspider", "googlebot"}:
            self._facts.robots.update(content.lower().replace(",", " ").split())
        elif "//" in content:
            for raw, kind, _ in mentions_in(f'"{content}"', f"meta:{name or 'content'}"):
                self._collector.mention(raw, kind, snippet=content)

    def _read_refresh(self, node: LexborNode, attributes: dict[str, str | None], content: str, *, active: bool) -> None:
        if (raw := refresh_url(content)) is None:
            return
        self._refer(node, attributes, raw, _REFRESH_RULE, "meta:refresh", active=active)
        if active and self._facts.meta_refresh is None:
            self._facts.meta_refresh = self._collector.follow(raw)

    def _read_templates(self, root: LexborNode | None, *, depth: int) -> None:
        """Templates are no part of the tree. With `shadowrootmode` they are shown at once: as active as the page."""
        if root is None or depth >= _MAX_INNER_DEPTH:
            return
        for fragment in self._take(root.template_fragments()):
            parent = fragment.parent
            shown = parent is not None and "shadowrootmode" in parent.attributes
            self._read_elements(fragment.css("*"), prefix="" if shown else "template:")
            self._read_templates(fragment, depth=depth + 1)

    def _take(self, items: Sequence[_Item]) -> Iterator[_Item]:
        """The items, as long as the page has not had too many inner documents."""
        for item in items:
            if self._inner >= _MAX_INNER:
                return
            self._inner += 1
            yield item
