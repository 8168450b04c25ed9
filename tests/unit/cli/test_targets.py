"""Which domains the command line scans."""

import pytest

from app.cli.misused import Misused
from app.cli.targets import MAX_BYTES, check_many, read_targets
from app.domain.messages import MessageCatalog
from tests.support.said import said

TEXTS = MessageCatalog("en")


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "targets.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_named_ones_come_before_those_of_the_file_each_once(file):
    path = file("\ufeff# ours\nb.example\r\n\n  c.example  \na.example\n#d.example\n")
    assert read_targets(["a.example", "例子.中国"], path, TEXTS) == ("a.example", "例子.中国", "b.example", "c.example")


@pytest.mark.parametrize(
    ("named", "content", "key"),
    [
        ([], "# none\n", "no_targets"),
        (["a.example"], b"\xff\xfe", "targets_file"),
        (["a.example"], b"#" * (MAX_BYTES + 1), "targets_file"),
        ([], "\n".join(f"h{number}.example" for number in range(501)), "too_many_targets"),
    ],
)
def test_what_names_nothing_or_too_much_is_refused(file, named, content, key):
    with pytest.raises(Misused) as refused:
        read_targets(named, file(content), TEXTS)
    assert refused.value.key == key


def test_start_urls_and_archives_are_of_a_single_domain(tmp_path):
    check_many(["a.example"], ["http://a.example/x"], tmp_path / "r.zip")
    check_many(["a.example", "b.example"], [], tmp_path / "r.html")
    for starts, output in ((["http://a.example/x"], None), ([], tmp_path / "r.zip")):
        with pytest.raises(Misused):
            check_many(["a.example", "b.example"], starts, output)


def test_of_an_address_the_domain_is_taken_and_that_is_said(file, capsys):
    found = read_targets(
        ["https://corp.test/about", "b.test"], file("http://B.test:8080/x\nhttps://a@c.test/\n"), TEXTS
    )
    assert found == ("corp.test", "b.test", "https://a@c.test/")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        said("cli.domain_taken", domain="corp.test", given="https://corp.test/about"),
        said("cli.domain_taken", domain="b.test", given="http://B.test:8080/x"),
    ]
