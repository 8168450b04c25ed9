"""What the text classifier counts of a page."""

from app.engines.analyse.text.page_words import MAX_TEXT, words_of
from app.engines.html.page_content import Field, PageContent


def words(title="", text="", **more):
    return words_of(title, PageContent(text=text, **more), str.lower)


def test_latin_letters_make_words_and_pairs_and_other_scripts_groups():
    assert words(text="Claim Bonus") == {"claim", "bonus", "claim bonus"}
    assert words(text="百家乐") == {"百家", "家乐", "百家乐"}
    assert words(text="注册送彩金 now") >= {"注册", "送彩金", "now"}


def test_of_a_number_only_its_length_counts():
    assert words(text="13800001111 and 42") == {"#9", "and", "#2", "#9 and", "and #2"}


def test_words_of_the_title_and_of_forms_are_marked_as_well():
    assert words(title="Sign in") == {"sign", "in", "sign in", "t:sign", "t:in"}
    found = words(fields=(Field("password", "card pin"),), actions=("/gate.php",))
    assert {"a:password", "a:pin", "pin", "a:gate"} <= found


def test_a_page_is_read_at_its_beginning():
    assert "end" not in words(text="a" * MAX_TEXT + " end")


def test_links_and_pictures_are_read_too():
    assert {"odds", "casino"} <= words(link_texts=("odds",), alts=("casino",))
