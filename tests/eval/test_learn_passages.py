"""What is learnt for the classifier of passages is learnt of words."""

from app.engines.analyse.text.classifier import number_of
from app.engines.html.document import HtmlDocument
from tests.eval.learn_passages import MAX_LINES, Passage, fit, lines_of, plain, side_by_side


def passage(violates, *words, kind="head", group="batch 7"):
    return Passage(group, kind, violates, " ".join(words), tuple(sorted({number_of(word) for word in words})))


KNOWN = [
    passage(at % 2 == 0, "jackpot" if at % 2 == 0 else "garden", f"word{chr(97 + at)}", "tonight", "club")
    for at in range(20)
]


def test_words_of_violating_passages_speak_for_it():
    head = fit(KNOWN, [])
    bad, good = (head.margin(passage(False, word).numbers) for word in ("jackpot", "garden"))
    assert bad > 0 > good


def test_passages_of_the_web_are_clean_ones():
    web = [passage(False, "jackpot", f"press{at}", "of", "today", group=f"site {at}") for at in range(400)]
    alone, beside = (fit(KNOWN, found).margin((number_of("jackpot"),)) for found in ([], web))
    assert beside < alone


def test_long_lines_alone_make_passages_and_no_page_makes_many():
    assert list(lines_of("Home\nNews\nA line that is long enough to be read by itself")) == [
        "A line that is long enough to be read by itself"
    ]
    assert len(list(lines_of("x" * 300 + "\n" + "\n".join(["y" * 300] * 50)))) == MAX_LINES


def test_links_that_stand_side_by_side_are_one_passage():
    links = "".join(f'<li><a href="https://s{at}.test/">Name {at}</a></li>' for at in range(4))
    assert list(side_by_side(HtmlDocument(f"<ul>{links}</ul>"))) == [
        "Name 0 | Name 1 | Name 2 | Name 3",
        "Name 0",
        "Name 1",
        "Name 2",
    ]


def test_markup_and_scripts_are_left_out():
    assert plain("<p>a &amp; b</p><script>x()</script>").split() == ["a", "&", "b"]
