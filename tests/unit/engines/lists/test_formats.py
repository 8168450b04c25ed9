"""What lists may be written like."""

import pytest

from app.domain.reputation_lists import ListFault, ListFormat
from app.domain.violations import ViolationKey
from app.engines.lists.formats import UnreadableList


def test_names_of_a_file_of_hosts_are_entries_and_its_usual_head_is_none(compile_list):
    result, file = compile_list(
        "# a comment\n127.0.0.1 localhost localhost.localdomain\n::1 ip6-localhost\n"
        "0.0.0.0 bad.casino.example # win\n0.0.0.0 worse.casino.example other.casino.example\n",
        category=ViolationKey.GAMBLING,
    )
    assert result.layout == "hosts"
    assert list(file.keys()) == ["bad.casino.example", "other.casino.example", "worse.casino.example"]
    assert file.find("worse.casino.example") == ("worse.casino.example", 5, "gambling", 0.95)
    assert result.refused == {"local_name": 3}
    assert result.examples == []


def test_a_list_of_names_has_comments_blank_lines_and_entries_of_blockers(compile_list):
    result, file = compile_list(
        "! title\n\n[Adblock Plus 2.0]\nBad.Casino.Example.\n||worse.casino.example^\n"
        "; note\nthird.casino.example # x\n"
    )
    assert list(file.keys()) == ["bad.casino.example", "third.casino.example", "worse.casino.example"]
    assert not result.refused


def test_columns_of_a_table_are_found_by_its_head(compile_list):
    _, quoted = compile_list(
        'phish_id,url,submitted,target\n1,"https://a.casino.example/x,y",2026,Bank\n2,https://b.casino.example/,2026,\n',
        category=ViolationKey.FRAUD,
    )
    assert list(quoted.keys()) == ["https://a.casino.example/x,y", "https://b.casino.example/"]
    result, commented = compile_list(
        '# of today\n# id,dateadded,url,threat\n"1","2026-11-01","http://c.casino.example/x.exe","malware_download"\n'
    )
    assert result.layout == "csv"
    assert commented.find("http://c.casino.example/x.exe").category == "malware"
    _, headless = compile_list("2026-11-01;d.casino.example;casino\n")
    assert headless.find("d.casino.example") is not None


def test_a_class_that_no_list_may_give_is_that_of_the_definition(compile_list):
    _, file = compile_list("domain,category\na.casino.example,takeover\nb.casino.example,porn\n")
    assert [file.find(f"{name}.casino.example").category for name in "ab"] == ["other", "adult"]


def test_a_format_that_was_said_takes_nothing_else(compile_list):
    result, file = compile_list("https://a.casino.example/\nb.casino.example\n", format=ListFormat.URL)
    assert list(file.keys()) == ["https://a.casino.example/"]
    assert result.refused == {"not_an_entry": 1}


def test_a_url_without_a_scheme_in_a_table_accuses_no_host(compile_list):
    result, file = compile_list("id,url\n1,university.example/hacked/a.html\n2,https://a.casino.example/x\n")
    assert list(file.keys()) == ["https://a.casino.example/x"]
    assert result.refused == {"not_an_entry": 1}


@pytest.mark.parametrize("line", ["a.casino.example,\rb", "x" * 140_000 + ",y"])
def test_one_line_that_is_no_row_does_not_spoil_the_others(compile_list, line):
    result, file = compile_list(f"{line}\na.casino.example,1\nb.casino.example,2\nc.casino.example,3\n")
    assert list(file.keys()) == ["a.casino.example", "b.casino.example", "c.casino.example"]
    assert result.refused == {"not_an_entry": 1}


def test_comments_of_markup_are_read_once(compile_list):
    with pytest.raises(UnreadableList) as refusal:
        compile_list("<!-- -->" * 5_000 + "<html>\n")
    assert refusal.value.fault is ListFault.HTML
    with pytest.raises(UnreadableList) as refusal:  # tried in each way in which they can be parted, it would never end
        compile_list("<!-- -->" * 5_000 + "\n")
    assert refusal.value.fault is ListFault.NOT_A_LIST
