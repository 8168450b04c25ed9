"""What a selector costs depends on the tree that it is asked of."""

from app.engines.extract.selector_cost import TreeSize


def test_what_a_selector_costs_depends_on_the_tree():
    flat, deep = TreeSize(nodes=2_000, depth=15, siblings=80), TreeSize(nodes=2_000, depth=900, siblings=80)
    for selector in ("a", ".a .b > .c .d", "ul li a:not(.x)", "h1 ~ p", "main:not(:is(.a, .b)) p"):
        assert flat.allows(selector), selector
    for selector in (".x * * *", "a:has(b):has(c)", ":not(:not(:not(a)))", "a" * 600):
        assert not deep.allows(selector), selector
