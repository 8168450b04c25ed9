"""The words of the command line. Each command imports what it needs when it runs: `--help` is quick.

What the words mean stands in the catalogue (`help.py`); `--lang` is taken before (`language.py`).
"""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Context, Exit, Option, Typer
from typer.main import get_command

from app.cli.help import Command, Group
from app.cli.interrupts import interruptible
from app.cli.intervals import check_alone, check_interval, hours_of
from app.cli.language import Reader
from app.cli.network_options import NetworkOptions, check_network, check_resolve, check_resolver
from app.cli.reader_action import ReaderAction
from app.cli.report_output import check_output
from app.core.file_permissions import set_private_umask
from app.domain.report_format import ReportFormat
from app.domain.scan_options import DEFAULTS, MAX_DEPTH, MAX_PAGES, ScanOptions, Scheme
from app.domain.violations import RiskLevel

app = Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Host = Annotated[str | None, Option(metavar="ADDRESS")]
Port = Annotated[int | None, Option(min=0, max=65_535, metavar="N")]
DataDir = Annotated[Path | None, Option(file_okay=False, metavar="FOLDER")]
Testnet = Annotated[bool, Option("--testnet")]
World = Annotated[str | None, Option(metavar="NAME")]  # the test internet knows which there are
Values = list[str] | None  # of an option that may be repeated


def cli(words: list[str], reader: Reader) -> Any:
    """Read the words and run the command.

    Returns the exit code. Raises what the command raises, and ClickException for words that make no sense.
    """
    return get_command(app).main(args=words, prog_name="compliance", standalone_mode=False, obj=reader)


def _print_version(asked: bool) -> None:
    if asked:
        from app.core.program import program_version

        print(f"compliance {program_version()}")  # noqa: T201 - what was asked for
        raise Exit


@app.callback()
def options(
    context: Context,
    _version: Annotated[bool, Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    if context.invoked_subcommand != "export-schema":  # what that one writes is for everybody
        set_private_umask()


@app.command(cls=Command)
def serve(
    context: Context, host: Host = None, port: Port = None, data_dir: DataDir = None, testnet: Testnet = False
) -> None:
    from app.cli.serve import run_serve

    reader = context.obj
    raise Exit(interruptible(run_serve, host=host, port=port, data_dir=data_dir, use_testnet=testnet, reader=reader))


@app.command(cls=Command)
def scan(
    context: Context,
    domain: Annotated[Values, Argument(metavar="DOMAIN...")] = None,
    targets: Annotated[Path | None, Option(metavar="FILE", exists=True, dir_okay=False)] = None,
    own: Annotated[Values, Option(metavar="DOMAIN")] = None,
    testnet: Testnet = False,
    world: World = None,
    as_json: Annotated[bool, Option("--json")] = False,
    max_pages: Annotated[int, Option(min=MAX_PAGES.least, max=MAX_PAGES.most, metavar="N")] = DEFAULTS.max_pages,
    max_depth: Annotated[int | None, Option(min=MAX_DEPTH.least, max=MAX_DEPTH.most, metavar="N")] = DEFAULTS.max_depth,
    start_url: Annotated[Values, Option(metavar="URL")] = None,
    scheme: Annotated[Scheme, Option(metavar="|".join(Scheme))] = DEFAULTS.scheme,
    no_passive: Annotated[bool, Option("--no-passive")] = False,
    no_screenshots: Annotated[bool, Option("--no-screenshots")] = False,
    no_cloaking: Annotated[bool, Option("--no-cloaking")] = False,
    resolve: Annotated[Values, Option(metavar="HOST=ADDRESS[:PORT]", callback=check_resolve)] = None,
    resolver: Annotated[Values, Option(metavar="ADDRESS[:PORT]", callback=check_resolver)] = None,
    allow_network: Annotated[Values, Option(metavar="CIDR", callback=check_network)] = None,
    ca_file: Annotated[Path | None, Option(exists=True, dir_okay=False, metavar="FILE")] = None,
    data_dir: DataDir = None,
    no_keep: Annotated[bool, Option("--no-keep")] = False,
    output: Annotated[Path | None, Option(metavar="FILE", dir_okay=False, callback=check_output)] = None,
    fail_on: Annotated[RiskLevel | None, Option(metavar="|".join(RiskLevel))] = None,
    baseline: Annotated[Path | None, Option(metavar="FILE", exists=True, dir_okay=False)] = None,
    watch: Annotated[tuple[str, str] | None, Option(metavar="every Nh|Nd", callback=check_interval)] = None,
) -> None:
    from app.cli.scan import ScanArguments, run_scan
    from app.cli.scan_gate import choose_gate
    from app.cli.targets import check_many, read_targets, take_domains

    names = read_targets(domain or (), targets, context.obj.texts)
    options = ScanOptions(
        max_pages=max_pages,
        max_depth=max_depth,
        start_urls=tuple(start_url or ()),
        scheme=scheme,
        use_passive_sources=not no_passive,
        screenshots=not no_screenshots,
        cloaking=not no_cloaking,
        own_domains=take_domains(own or (), context.obj.texts),
    )
    check_many(names, options.start_urls, output)
    if watch is not None:
        check_alone(output=output, fail_on=fail_on, baseline=baseline)
    network = NetworkOptions(resolve or (), resolver or (), allow_network or (), ca_file)
    arguments = ScanArguments(
        targets=names,
        options=options,
        network=network,
        use_testnet=testnet or world is not None,
        world=world,
        as_json=as_json,
        data_dir=data_dir,
        keep=not no_keep,
        output=output,
        gate=choose_gate(fail_on, baseline, names),
        every_hours=None if watch is None else hours_of(watch),
    )
    raise Exit(interruptible(run_scan, arguments, context.obj.texts))


@app.command(cls=Command)
def watch(
    context: Context,
    task_id: Annotated[str, Argument(metavar="TASK_ID")],
    url: Annotated[str, Option(metavar="URL")] = "http://127.0.0.1:8000",
) -> None:
    from app.cli.watch import run_watch

    raise Exit(interruptible(run_watch, task_id, url, context.obj.texts))


@app.command(cls=Command)
def report(
    context: Context,
    source: Annotated[str, Argument(metavar="TASK|FOLDER")],
    kind: Annotated[ReportFormat | None, Option("--format", metavar="|".join(ReportFormat))] = None,
    output: Annotated[str | None, Option(metavar="FILE")] = None,
    attempt: Annotated[int | None, Option(min=1, metavar="N")] = None,
    data_dir: DataDir = None,
) -> None:
    from app.cli.report import ReportArguments, run_report

    arguments = ReportArguments(source=source, attempt=attempt, kind=kind, output=output, data_dir=data_dir)
    raise Exit(interruptible(run_report, arguments, context.obj.texts))


@app.command(cls=Command)
def demo(
    context: Context, once: Annotated[bool, Option("--once")] = False, host: Host = None, port: Port = None
) -> None:
    from app.cli.demo import run_demo

    raise Exit(interruptible(run_demo, context.obj.texts, once=once, host=host, port=port))


@app.command(cls=Command)
def testnet(context: Context, world: World = None) -> None:  # noqa: PT028 - a command, no test
    from app.cli.testnet import run_testnet

    raise Exit(interruptible(run_testnet, context.obj.texts, world))


@app.command(cls=Command)
def worker(
    context: Context,
    concurrency: Annotated[int | None, Option(min=1, max=64, metavar="N")] = None,
    queues: Annotated[str, Option(metavar="NAMES")] = "scan",
    metrics_port: Annotated[int | None, Option(min=0, max=65_535, metavar="PORT")] = None,
    data_dir: DataDir = None,
    testnet: Testnet = False,
) -> None:
    from app.cli.worker import run_worker

    raise Exit(
        interruptible(
            run_worker,
            data_dir=data_dir,
            concurrency=concurrency,
            queues=queues,
            metrics_port=metrics_port,
            use_testnet=testnet,
            reader=context.obj,
        )
    )


@app.command(cls=Command)
def migrate(context: Context, browser_role: Annotated[str | None, Option(metavar="ROLE")] = None) -> None:
    from app.cli.migrate import run_migrate

    raise Exit(interruptible(run_migrate, context.obj.texts, browser_role))


@app.command(cls=Command)
def backup(
    context: Context, file: Annotated[Path, Argument(metavar="FILE", dir_okay=False)], data_dir: DataDir = None
) -> None:
    from app.cli.backup import run_backup

    raise Exit(interruptible(run_backup, file, context.obj.texts, data_dir=data_dir))


@app.command(cls=Command)
def restore(
    context: Context,
    file: Annotated[Path, Argument(metavar="FILE", exists=True, dir_okay=False)],
    data_dir: DataDir = None,
) -> None:
    from app.cli.backup import run_restore

    raise Exit(interruptible(run_restore, file, context.obj.texts, data_dir=data_dir))


@app.command(cls=Command)
def import_embedded(
    context: Context,
    folder: Annotated[Path, Argument(metavar="DATA_DIR", exists=True, file_okay=False)],
) -> None:
    from app.cli.import_embedded import run_import

    raise Exit(interruptible(run_import, folder, context.obj.texts))


@app.command(cls=Command)
def create_admin(
    context: Context,
    username: Annotated[str, Option(metavar="NAME")] = "admin",
    reset: Annotated[bool, Option("--reset")] = False,
    data_dir: DataDir = None,
) -> None:
    from app.cli.create_admin import run_create_admin

    raise Exit(interruptible(run_create_admin, username, context.obj.texts, reset=reset, data_dir=data_dir))


@app.command(cls=Command)
def reader(
    context: Context,
    action: Annotated[ReaderAction, Argument(metavar="ACTION")],
    version: Annotated[int | None, Argument(min=1, max=999_999, metavar="[VERSION]")] = None,
    as_json: Annotated[bool, Option("--json")] = False,
    data_dir: DataDir = None,
) -> None:
    from app.cli.reader import ReaderArguments, run_reader

    arguments = ReaderArguments(action=action, version=version, as_json=as_json, data_dir=data_dir)
    raise Exit(interruptible(run_reader, arguments, context.obj.texts))


@app.command(cls=Command)
def doctor(
    context: Context,
    network: Annotated[bool, Option("--network")] = False,
    as_json: Annotated[bool, Option("--json")] = False,
    data_dir: DataDir = None,
) -> None:
    from app.cli.doctor.report import run_doctor

    raise Exit(interruptible(run_doctor, context.obj.texts, data_dir=data_dir, ask_network=network, as_json=as_json))


@app.command(cls=Command)
def export_schema(output: Annotated[Path | None, Option(file_okay=False, metavar="FOLDER")] = None) -> None:
    from app.cli.export_schema import run_export_schema

    raise Exit(interruptible(run_export_schema, output))
