import io

from rich.console import Console

from app.cli.display.sheet import MAX_READABLE, Sheet, Unbroken, widest


def sheet_of(width):
    file = io.StringIO()
    return Sheet(Console(file=file, width=width, highlight=False)), file


def test_a_field_hangs_below_its_text_and_its_label_is_said_once():
    sheet, file = sheet_of(30)
    sheet.field("Steps", [("1. ", "take it down, then look"), "that is all"], label_width=6, indent=1)
    assert file.getvalue() == " Steps   1. take it down, then\n            look\n         that is all\n"


def test_what_is_unbroken_stays_on_one_line():
    sheet, file = sheet_of(30)
    path = "html > body > div:nth-child(2) > a"
    sheet.field("Place", [Unbroken(path)], label_width=6)
    assert file.getvalue() == f"Place   {path}\n"


def test_running_text_stays_readable_on_a_wide_terminal():
    sheet, file = sheet_of(300)
    sheet.sentence("word " * 60)
    assert max(map(len, file.getvalue().splitlines())) <= MAX_READABLE


def test_what_steers_a_terminal_is_replaced_and_markup_is_text():
    sheet, file = sheet_of(80)
    sheet.line(("[red]a\x1b[2J\nb", "bold"))
    assert file.getvalue() == "[red]a\N{REPLACEMENT CHARACTER}[2J b\n"


def test_it_is_known_what_fits():
    sheet, _ = sheet_of(6)
    assert sheet.fits("中文", ("ab", "bold"))
    assert not sheet.fits("中文", "abc")
    assert widest(["a", "中文", "abc"]) == 4
    assert widest([]) == 0
