"""Extracts references from one parsed tree, in one pass over its elements."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

from selectolax.lexbor import LexborNode

from app.domain.scan_facts import Relation
from app.engines.extract.attribute_values import split_urls
from app.engines.extract.click_targets import HANDLERS, click_targets
from app.engines.extract.css_urls import find_css_urls
from app.engines.extract.headers import read_csp
from app.engines.extract.hidden_elements import HiddenElements
from app.engines.extract.mentions import find_mentions, mentions_in
from app.engines.extract.page_styles import PageStyles
from app.engines.extract.reference_collector import ElementReferences, ReferenceCollector
from app.engines.extract.script_pieces import FoldingBudget, find_joined_urls
from app.engines.extract.speculation import is_speculation, speculated_urls
from app.engines.extract.tag_snippets import snippet_of as snippet_service
from app.engines.extract.url_attributes import PARAMETERS, URL_ATTRIBUTES, UrlRule, UrlSyntax, link_rule
from app.engines.html.marks import marks
from app.engines.html.parser_limits import limit_attributes, split_nesting
from app.engines.html.redirects import is_data_script, parse_refresh
from app.engines.html.tree import HtmlTree

_Item = TypeVar("_Item")
_MAX_INNER: Final = 200  # templates and srcdoc documents of one page
_STRETCH: Final = 64  # elements that are read before the clock is looked at
_MAX_WORDS: Final = 200  # characters of attributes that hold a few words
_MAX_INNER_DEPTH: Final = 3  # templates in templates
# Of what a kind is made: an element that is called "shown:x" must not say that a browser has seen a link (ADR 0057).
_KIND_MARKS: Final = str.maketrans(":@", "--")
_UNFILLED: Final = re.compile(r"\{\{|\$\{|<%")  # places that a script would fill in
_OTHERS: Final = frozenset({"script", "style", "meta", "iframe", "noframes", "noembed", "param"})
# What stands there is shown to somebody, or runs: in a frame, to visitors without scripts, to robots, in a feed reader.
_LIVE: Final = frozenset({"", "srcdoc:", "noscript:", "noframes:", "noembed:", "feed:"})
_READ: Final = frozenset({*URL_ATTRIBUTES, *_OTHERS})
_PARAMETER_RULE: Final = UrlRule(Relation.SCRIPT)
_CLICK_RULE: Final = UrlRule(Relation.LINK, crawl=True)
_CLICKED: Final = re.compile(r"\bon(?:click|mouse|dblclick|touch|change)|javascript:", re.IGNORECASE)
_CLICK_NAMES: Final = marks(b"onclick", b"onmouse", b"ondblclick", b"ontouch", b"onchange", b"javascript:")
_STYLE: Final = marks(b"style")
_CLICKABLE: Final = ",".join((*(f"[{name}]" for name in HANDLERS), "[href^='javascript:' i]"))
_ADDRESS: Final = ("/", "http://", "https://")  # how the value of an `option` begins that is one
_STYLE_RULE: Final = UrlRule(Relation.EMBED)
_REFRESH_RULE: Final = UrlRule(Relation.REDIRECT, crawl=True)


class TreeExtractor:
    """Goes through the elements of one tree, once."""

    def __init__(
        self,
        tree: HtmlTree,
        source: str,
        collector: ReferenceCollector,
        inactive: frozenset[int] = frozenset(),
        hidden: HiddenElements | None = None,
        level: int = 0,
    ) -> None:
        """`inactive` are the elements inside `noscript`; `hidden` knows what styles hide, by default those in the tree.
        `level`: how many documents this one is inside of.
        """
        self._level = level
        self._tree = tree
        self._source = source
        self._collector = collector
        self._element_references = ElementReferences(
            collector, hidden or HiddenElements(tree, PageStyles.of([tree], collector.base_url))
        )
        self._inactive = inactive
        self._folding = FoldingBudget()
        self._inner = 0

    def read(self) -> None:
        """Read the whole tree, or as much of it as there is time for."""
        self._read_elements(self._tree.css("*"), prefix="")
        for step in (self._read_all_templates, self._read_style_attributes, self._read_clicks, self._read_mentions):
            if not self._collector.may_read():
                return
            step()

    def _read_all_templates(self) -> None:
        if "template" in self._tree.element_names:
            self._read_templates(self._tree.root, depth=0)

    def _read_mentions(self) -> None:
        for raw, kind, snippet in find_mentions(self._source):
            self._collector.mention(raw, kind, snippet=snippet)

    def read_inside(self, markup: str, prefix: str) -> None:
        """Read markup that is not part of the tree. `prefix` names the place it stands in."""
        if self._level >= _MAX_INNER_DEPTH:
            return
        for piece in self._take(split_nesting(limit_attributes(markup))):
            inner = TreeExtractor(HtmlTree(piece), piece, self._collector, level=self._level + 1)
            inner._read_elements(inner._tree.css("*"), prefix=prefix)

    def _read_elements(self, nodes: Sequence[LexborNode], *, prefix: str) -> None:
        """Read the elements; `prefix` names the inactive place they stand in ("template:"), "" is the page itself."""
        for start in range(0, len(nodes), _STRETCH):
            if not self._collector.may_read():
                return
            self._read_stretch(nodes[start : start + _STRETCH], prefix)

    def _read_stretch(self, nodes: Sequence[LexborNode], prefix: str) -> None:
        for node in nodes:
            tag = node.tag or ""
            if tag not in _READ:
                continue
            place = prefix
            if self._inactive and node.mem_id in self._inactive and tag != "noscript":
                place = prefix or "noscript:"
            attributes = node.attributes
            if tag == "a" and place != "template:" and self._collector.take_plain_link(attributes):
                continue  # most of all that pages refer to
            if attributes and (rules := URL_ATTRIBUTES.get(tag)) is not None:
                self._read_attributes(node, tag, attributes, rules, place)
            if tag in _OTHERS:
                self._read_other(node, tag, attributes, place)

    def _read_attributes(
        self, node: LexborNode, tag: str, attributes: dict[str, str | None], rules: dict[str, UrlRule], place: str
    ) -> None:
        for name in _in_order(attributes, rules):
            value, rule = attributes[name], rules[name]
            if not value or value[0] == "#" or (tag == "option" and not value.startswith(_ADDRESS)):
                continue
            if tag == "link" and name == "href":
                rule = self._read_link(value, attributes, active=not place)
            for raw in (value,) if rule.form is UrlSyntax.URL else split_urls(value, rule.form):
                self._refer(node, attributes, raw, rule, f"{place}{tag}[{name}]", active=place in _LIVE)

    def _refer(
        self, node: LexborNode, attributes: dict[str, str | None], raw: str, rule: UrlRule, kind: str, *, active: bool
    ) -> None:
        found = self._collector.locate(raw)
        if found is None:
            return
        url, own = found
        if not own:
            relation = rule.relation if active else Relation.MENTION
            self._element_references.add(node, attributes, url, raw, relation, kind)
            self._replace_mention(url, kind)
        elif rule.crawl and not kind.startswith("template:") and not _UNFILLED.search(raw):
            self._collector.link(url)

    def _read_link(self, href: str, attributes: dict[str, str | None], *, active: bool) -> UrlRule:
        rel = (attributes.get("rel") or "")[:_MAX_WORDS].lower()
        found = self._collector.locate(href)
        if found is not None and active:
            words = rel.split()
            if "canonical" in words:
                self._collector.canonical = found[0]
            if "stylesheet" in words and found[1]:
                self._collector.style(found[0])
        return link_rule(rel)

    def _read_other(self, node: LexborNode, tag: str, attributes: dict[str, str | None], place: str) -> None:
        match tag:
            case "script":
                self._read_script(node, place)
            case "style":
                self._read_style(node.text(), f"{place}style", active=place in _LIVE)
            case "meta":
                self._read_meta(node, attributes, place)
            case "iframe" if attributes.get("srcdoc"):
                self.read_inside(attributes["srcdoc"] or "", place if place not in _LIVE else "srcdoc:")
            case "noframes" | "noembed":
                self.read_inside(node.text(), place if place not in _LIVE else f"{tag}:")
            case "param" if (attributes.get("name") or "").lower() in PARAMETERS and attributes.get("value"):
                value = attributes["value"] or ""
                self._refer(node, attributes, value, _PARAMETER_RULE, f"{place}param[value]", active=place in _LIVE)

    def _replace_mention(self, url: str, kind: str) -> None:
        name = kind.partition("[")[2].rstrip("]")
        if name.startswith("data-"):
            self._collector.replace_mention(url, f"data:{name}")
        elif name in HANDLERS:
            self._collector.replace_mention(url, f"handler:{name}")

    def _read_clicks(self) -> None:
        if not self._tree.may_have(attributes=_CLICK_NAMES) or not _CLICKED.search(self._source):
            return
        for node in self._tree.css(_CLICKABLE):
            attributes = node.attributes
            tag = (node.tag or "").translate(_KIND_MARKS)
            for name, raw in click_targets(attributes):
                active = node.mem_id not in self._inactive
                self._refer(node, attributes, raw, _CLICK_RULE, f"{tag}[{name}]", active=active)

    def _read_script(self, node: LexborNode, place: str) -> None:
        code = node.text()
        if is_speculation(node):
            for raw in speculated_urls(code):
                path = self._element_references.paths.of(node)
                self._add_speculated(raw, f"{place}script:speculation", path, is_live=place in _LIVE)
            return
        is_data = is_data_script(node)
        path = ""
        if "//" in code or "\\" in code or "atob" in code:
            path = self._element_references.paths.of(node)
            kind = "json" if is_data else "string"
            for raw, name, snippet in mentions_in(code, f"{place}script:{kind}"):
                self._mention_in_script(raw, name, snippet, path, runs=not is_data and place in _LIVE)
        if not is_data:
            for raw, snippet in find_joined_urls(code, self._folding):
                path = path or self._element_references.paths.of(node)
                self._mention_in_script(raw, f"{place}script:pieces", snippet, path, runs=place in _LIVE)

    def _add_speculated(self, raw: str, kind: str, path: str, *, is_live: bool) -> None:
        """Add what a browser requests before anybody goes there."""
        if is_live:
            self._collector.add_plain(raw, Relation.EMBED, kind, dom_path=path)
        else:
            self._collector.mention(raw, kind, dom_path=path)

    def _mention_in_script(self, raw: str, kind: str, snippet: str, path: str, *, runs: bool) -> None:
        """Add a URL that code names; of a snippet that runs what it loads, and what that speaks to."""
        found = self._collector.locate(raw)
        known = snippet_service(found[0]) if runs and found is not None and not found[1] else None
        if known is None or found is None:
            self._collector.mention(raw, kind, snippet=snippet, dom_path=path)
            return
        self._collector.add_snippet(raw, Relation.SCRIPT, snippet=snippet, dom_path=path)
        for host in known.further:
            self._collector.add_snippet(f"https://{host}/", Relation.EMBED, snippet=found[0], dom_path=path)

    def _read_style(self, text: str, place: str, *, active: bool) -> None:
        for kind, raw, snippet in find_css_urls(text):
            if active:
                self._collector.add_plain(raw, Relation.EMBED, f"css:{kind}", snippet=snippet)
            else:
                self._collector.mention(raw, place, snippet=snippet)

    def _read_style_attributes(self) -> None:
        for node in self._tree.find("[style]", attributes=_STYLE):
            attributes = node.attributes
            value = attributes.get("style") or ""
            if "(" not in value and "\\" not in value:
                continue
            for _, raw, _ in find_css_urls(value):
                self._refer(node, attributes, raw, _STYLE_RULE, "css:url", active=node.mem_id not in self._inactive)

    def _read_meta(self, node: LexborNode, attributes: dict[str, str | None], place: str) -> None:
        content = attributes.get("content") or ""
        equivalent = (attributes.get("http-equiv") or "").lower()
        name = (
            (attributes.get("name") or attributes.get("property") or attributes.get("itemprop") or "")[:_MAX_WORDS]
            .lower()
            .replace("@", "-")
        )
        if equivalent == "refresh":
            if (refresh := parse_refresh(content)) is not None:
                self._refer(node, attributes, refresh.url, _REFRESH_RULE, "meta:refresh", active=not place)
        elif equivalent.startswith("content-security-policy"):
            for raw, _, kind, _ in read_csp(content, "meta:csp"):
                self._collector.mention(raw, kind, snippet=content)
        elif "//" in content:
            for raw, kind, _ in mentions_in(f'"{content}"', f"meta:{name or 'content'}"):
                self._collector.mention(raw, kind, snippet=content)

    def _read_templates(self, root: LexborNode | None, *, depth: int) -> None:
        """Read templates, which are no part of the tree; those with `shadowrootmode` are as active as the page."""
        if root is None or depth >= _MAX_INNER_DEPTH:
            return
        for fragment in self._take(root.template_fragments()):
            parent = fragment.parent
            shown = parent is not None and "shadowrootmode" in parent.attributes
            self._read_elements(fragment.css("*"), prefix="" if shown else "template:")
            self._read_templates(fragment, depth=depth + 1)

    def _take(self, items: Sequence[_Item]) -> Iterator[_Item]:
        """Yield the items, as long as the page has not had too many inner documents."""
        for item in items:
            if self._inner >= _MAX_INNER:
                return
            self._inner += 1
            yield item


def _in_order(attributes: Mapping[str, str | None], rules: Mapping[str, UrlRule]) -> list[str]:
    """Return the names of attributes that have rules, in the order of the rules."""
    found = [name for name in attributes if name in rules]
    return found if len(found) < 2 else [name for name in rules if name in attributes]  # noqa: PLR2004 - an order
