"""What holds for every document: links lead somewhere, blocks are what they say, named paths and commands exist."""

import ast
import importlib
import re
import shlex
from collections.abc import Iterator

import orjson
import pytest

from app.core.config import PREFIX, Settings
from tests.docs.commands import command_tree, common_options
from tests.docs.markdown import DOCUMENTS, ROOT, anchors, blocks, codes, first_codes, links, read, section

NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
PAIR = ("README.md", "README.zh-CN.md")
# What a path in a document begins with; patterns of file names are not looked up.
PATH = re.compile(
    r"^(?:app|testnet|tests|bench|deploy|docs|requirements|\.ci)(?:/[\w.\-]+)*/?$|^(?:main\.py|pyproject\.toml)$"
)
DOTTED = re.compile(r"^app(?:\.\w+)+$")
VARIABLE = re.compile(rf"^{PREFIX}[A-Z_]+$")
MOST_TARGETS = 20  # of `make`, that a reader takes in


def shell_lines(name: str) -> Iterator[list[str]]:
    """The commands in a document's shell blocks, in words, without variables set in front."""
    for block in blocks(read(name)):
        if block.language == "sh":
            text = block.body.replace("\\\n", " ")
            for line in text.splitlines():
                words = shlex.split(line.split(" > ")[0], comments=True)
                while words and re.match(r"^[A-Z_]+=", words[0]):
                    words.pop(0)
                if words:
                    yield words


@pytest.mark.parametrize("name", NAMES)
def test_every_relative_link_leads_to_a_file_and_its_heading(name):
    here = (ROOT / name).parent
    for link in links(read(name)):
        if "://" in link:
            continue
        target, _, fragment = link.partition("#")
        path = (here / target).resolve() if target else ROOT / name
        assert path.is_relative_to(ROOT), link
        assert path.exists(), link
        if fragment:
            assert fragment in anchors(path.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("name", NAMES)
def test_every_block_says_its_language_and_is_in_it(name):
    for block in blocks(read(name)):
        match block.language:
            case "json":
                for line in [block.body] if block.body.startswith("{\n") else block.body.splitlines():
                    orjson.loads(line)
            case "python":
                ast.parse(block.body)
            case "ts":  # an example that the type checker of `frontend` reads, and a test there runs
                examples = {path.read_text("utf-8").strip() for path in (ROOT / "frontend" / "examples").glob("*.ts")}
                assert block.body.strip() in examples
            case language:
                assert language in {"sh", "text", "js"}, block.body


@pytest.mark.parametrize("name", NAMES)
def test_every_path_that_is_named_exists(name):
    for code in codes(read(name)):
        if PATH.match(code):
            assert (ROOT / code).exists(), code
        if DOTTED.match(code):
            importlib.import_module(code)


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_that_is_named_is_a_setting(name):
    known = {PREFIX + field.upper() for field in Settings.model_fields} | {"COMPLIANCE_TOKEN"}
    text = read(name)
    named = {code.partition("=")[0] for code in codes(text)}
    named |= {word for block in blocks(text) for word in re.findall(rf"\b{PREFIX}[A-Z_]+(?==)", block.body)}
    assert {word for word in named if VARIABLE.match(word)} <= known


@pytest.mark.parametrize("name", NAMES)
def test_every_make_target_and_command_that_is_named_exists(name):
    targets = set(re.findall(r"^([a-z][\w\-]*):", read("Makefile"), re.MULTILINE))
    tree = command_tree()
    spoken = [code.split() for code in codes(read(name)) if re.match(r"^(?:[A-Z_]+=\S+ )*(?:make|compliance) ", code)]
    for words in [*shell_lines(name), *spoken]:
        while re.match(r"^[A-Z_]+=", words[0]):
            words.pop(0)
        program, *rest = words
        if program == "make":
            assert {word for word in rest if "=" not in word} <= targets, words
        elif program.rpartition("/")[2] == "compliance" and rest[0] in tree:
            options = {word.partition("=")[0] for word in rest[1:] if word.startswith("--")}
            assert options <= tree[rest[0]] | common_options(), words
        elif program.rpartition("/")[2] == "compliance":
            assert rest[0] in {"COMMAND", "--help"}, words


def test_the_two_readmes_say_the_same():
    english, chinese = (read(name) for name in PAIR)
    assert [block.body for block in blocks(english)] == [block.body for block in blocks(chinese)]
    assert [*links_in(english, "en")] == [*links_in(chinese, "zh-CN")]


def links_in(text: str, language: str) -> Iterator[str]:
    """The links in order but those between the two, each picture by the name that both languages have of it."""
    for link in links(text):
        if link not in PAIR:
            yield link.replace(f".{language}.png", ".png")


def test_the_readme_begins_with_the_commands_that_work_for_a_stranger():
    first, second = [words for words in shell_lines("README.md") if words[0] == "make"][:2]
    assert [first, second] == [["make", "demo"], ["make", "test"]]


def test_the_readme_leads_to_every_document():
    found = set(links(read("README.md")))
    for path in ROOT.glob("docs/*.md"):
        assert str(path.relative_to(ROOT)) in found


def test_every_decision_is_listed_and_says_why():
    listed = set(links(read("docs/adr/README.md")))
    for path in ROOT.glob("docs/adr/[0-9]*.md"):
        assert path.name in listed
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]}. ")
        for title in ("Context", "Decision", "Consequences"):
            assert section(text, title).strip(), path.name


def test_no_two_decisions_have_the_same_number():
    """Branches that are at work side by side reserve theirs, and land in any order: a hole is no mistake."""
    numbers = [path.name[:4] for path in ROOT.glob("docs/adr/[0-9]*.md")]
    assert sorted(set(numbers)) == sorted(numbers)


def test_every_decision_that_the_source_names_exists():
    sources = [*(ROOT / "app").rglob("*.py"), ROOT / "pyproject.toml"]
    for source in sources:
        for number in re.findall(r"\bADR (\d{4})", source.read_text(encoding="utf-8")):
            assert list(ROOT.glob(f"docs/adr/{number}-*.md")), f"{source.name}: ADR {number}"


def test_the_changelog_has_one_place_for_what_is_not_released():
    text = read("CHANGELOG.md")
    assert text.count("## [Unreleased]") == 1
    kinds = re.findall(r"^### (.+)$", section(text, "[Unreleased]"), re.MULTILINE)
    assert kinds
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_make_help_lists_every_target_and_no_more_than_people_read():
    makefile = read("Makefile")
    declared = set(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[0].split())
    described = set(re.findall(r"^([a-z][\w\-]*):.*## ", makefile, re.MULTILINE))
    assert declared == described
    assert len(declared) <= MOST_TARGETS


def test_no_document_knows_the_machine_it_was_written_on():
    for name in NAMES:
        assert not re.search(r"(?<![\w.])/(?:work|root|home|Users)/", read(name)), name


def test_the_exit_codes_are_documented():
    from app.cli import exit_codes

    codes_of_program = {str(value) for name, value in vars(exit_codes).items() if name.isupper()}
    assert set(first_codes(section(read("docs/cli.md"), "Exit codes"))) == codes_of_program
