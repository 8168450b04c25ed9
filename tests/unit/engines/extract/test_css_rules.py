import pytest

from app.engines.extract.css_rules import MAX_RULES, media_applies, read_sheet, specificity, split_selectors


def selectors(text):
    return [rule.selector for rule in read_sheet(text).rules]


def test_rules_come_in_order_one_for_each_selector_with_what_bears_on_hiding():
    rules = read_sheet("a, .b { display: none !important; border: 0 } p { border: 0 } i { color: red }").rules
    assert [(rule.selector, dict(rule.style)) for rule in rules] == [
        ("a", {"display": ("none", True)}),
        (".b", {"display": ("none", True)}),
        ("i", {"color": ("red", False)}),
    ]


def test_a_state_or_a_part_of_an_element_says_nothing_of_it_at_rest():
    assert selectors("a:hover, a::before, b:focus-within, li:first-child { display: none }") == ["li:first-child"]
    assert selectors(r".md\:hover, .x { display: none }") == [r".md\:hover", ".x"]


@pytest.mark.parametrize(
    ("selector", "at_rest"),
    [
        (".s:not(:focus):not( :focus-within )", ".s"), (":not(:hover)", "*"), ("#c:checked ~ p", "#c[checked] ~ p"),
        ("#c:not(:checked) ~ p", "#c:not([checked]) ~ p"), (".s:not(.t)", ".s:not(.t)"),
    ],
)  # fmt: skip
def test_a_state_is_what_it_is_before_anybody_has_touched_the_page(selector, at_rest):
    assert selectors(f"{selector}{{display:none}}") == [at_rest]


def test_rules_inside_at_rules_count_when_these_apply():
    text = "@media screen { @supports (x) { a { display: none } } } @media print { b { display: none } }"
    assert selectors(text) == ["a"]


def test_rules_of_layers_are_marked():
    assert [rule.layered for rule in read_sheet("@layer x{a{color:red}} b{color:red}").rules] == [True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".o{color:red;& .i{display:none}}", [".o", ".o .i"]),
        (".o{.i,&.k{display:none}}", [".o .i", ".o.k"]),
        ("a,b{.i{display:none}}", [":is(a,b) .i"]),
        (".o{@media screen{display:none}}", [".o"]),
        (".o{@media print{display:none}}", []),
    ],
)
def test_nested_rules_are_written_out(text, expected):
    assert selectors(text) == expected


def test_imports_that_apply_to_a_screen_are_named():
    text = '@import "a.css"; @import url(b.css) screen; @import url("c.css") print; a{color:red}'
    assert read_sheet(text).imports == ["a.css", "b.css"]


def test_custom_properties_of_the_page_are_kept_and_others_are_not():
    assert read_sheet(":root{--a:#fff} .x{--b:red} html, .y{--c:1px;color:red}").variables == {
        "--a": "#fff",
        "--c": "1px",
    }


@pytest.mark.parametrize(
    ("query", "applies"),
    [
        ("", True), ("screen", True), ("print", False), ("only speech", False), ("print, screen", True),
        ("not screen", False), ("(min-width: 1280px)", True), ("(min-width: 1281px)", False),
        ("(max-width: 80em)", True), ("(max-width: 1279px)", False), ("(orientation: landscape)", True),
        ("(min-width: 1.2.3px)", True), ("(prefers-color-scheme:dark)", False), ("(orientation: portrait)", False),
    ],
)  # fmt: skip
def test_media_are_judged_for_a_screen_of_1280_pixels(query, applies):
    assert media_applies(query) is applies


def test_commas_inside_parentheses_part_no_selectors():
    assert split_selectors("a, :is(b, c) d , e") == ["a", ":is(b, c) d", "e"]


@pytest.mark.parametrize(
    ("selector", "weight"),
    [
        ("a", (0, 0, 1)), ("#x .y a", (1, 1, 1)), ("ul > li:first-child", (0, 1, 2)), ("a[href='#x'].y", (0, 2, 1)),
        (":where(#x .y) a", (0, 0, 1)),
    ],
)  # fmt: skip
def test_a_selector_weighs_by_ids_classes_and_names(selector, weight):
    assert specificity(selector)[1:] == weight[1:]


def test_text_that_is_no_sheet_gives_no_rules():
    assert selectors("}}} display { none") == []


def test_what_is_kept_of_a_sheet_is_bounded():
    assert len(selectors("a{display:none}" * (MAX_RULES + 10))) == MAX_RULES
    assert selectors(f".{'a' * 600}{{display:none}}") == []
    assert len(selectors(".a{" * 30 + "display:none" + "}" * 30)) <= 1
