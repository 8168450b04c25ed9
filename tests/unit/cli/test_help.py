import pytest
from rich.cells import cell_len
from typer.core import TyperArgument
from typer.main import get_command
from typer.testing import CliRunner

from app.cli.commands import app
from app.cli.language import Reader
from app.domain.messages import Language, MessageCatalog
from app.domain.scan_options import DEFAULTS, MAX_PAGES

COMMANDS = ["", *get_command(app).commands]


def help_of(command, language, columns):
    words = [*command.split(), "--help"]
    done = CliRunner().invoke(
        app, words, prog_name="compliance", obj=Reader(language, None), env={"COLUMNS": str(columns)}
    )
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("columns", [60, 100, 200])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_is_wider_than_the_terminal_and_every_parameter_is_there(command, columns, language):
    text = help_of(command, language, columns)
    assert max(map(cell_len, text.splitlines())) <= columns
    params = get_command(app).commands[command].params if command else []
    for param in params:
        assert (param.metavar if isinstance(param, TyperArgument) else param.opts[0]) in text
    assert "--lang" in text
    assert "--help" in text


def test_the_list_of_commands_has_each_with_its_first_paragraph():
    text = help_of("", Language.EN, 100)
    for name in COMMANDS[1:]:
        assert f"\n  {name} " in text
    assert "Exit codes" not in text
    assert "Exit codes: 0 no violations found" in help_of("scan", Language.EN, 100)


@pytest.mark.parametrize("language", Language)
def test_an_option_says_what_it_means_its_range_its_default_and_whether_it_repeats(language):
    texts = MessageCatalog(language)
    text = squeezed(help_of("scan", language, 200))
    notes = texts.join_clauses(
        [
            texts("help.range", least=MAX_PAGES.least, most=MAX_PAGES.most),
            texts("help.default", value=DEFAULTS.max_pages),
        ]
    )
    assert squeezed(f"--max-pages N {texts('help.scan.max_pages')} [{notes}]") in text
    assert squeezed(f"--start-url URL {texts('help.scan.start_url')} [{texts('help.repeated')}]") in text
    assert squeezed(f"DOMAIN... {texts('help.scan.domain')}") in text


def test_what_parameters_mean_stands_in_one_column_and_wraps_within_it():
    lines = help_of("watch", Language.EN, 60).splitlines()
    column = len("  --lang zh-CN|en  ")
    assert f"  --url URL        {MessageCatalog('en')('help.watch.url')}"[:30] in "\n".join(lines)
    last = lines[next(number for number, line in enumerate(lines) if line.startswith("  --lang")) + 1 :]
    assert last
    assert all(line.startswith(" " * column) and line[column] != " " for line in last)


def test_the_usage_line_names_the_words_in_their_order():
    assert help_of("watch", Language.EN, 80).splitlines()[0] == "Usage: compliance watch [OPTIONS] TASK_ID"
    assert help_of("", Language.EN, 80).splitlines()[0] == "Usage: compliance [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]"


def squeezed(text):
    return "".join(text.split())


def test_no_text_of_help_is_left_over():
    """Each belongs to a command, one of its parameters, or all."""
    group = get_command(app)
    words = [
        "usage",
        "options_word",
        "command_word",
        "arguments",
        "options",
        "commands",
        "range",
        "default",
        "repeated",
    ]
    known = {"help", "help._version", "help.epilogue", *(f"help.{word}" for word in words)}
    shared = {"help", "lang"}
    for name, command in group.commands.items():
        known |= {f"help.{name}", *(f"help.{name}.{param.name}" for param in command.params)}
        shared |= {param.name for param in command.params}
    known |= {f"help.option.{name}" for name in shared}
    assert {key for key in MessageCatalog("en")._texts if key.startswith("help")} - known == set()
