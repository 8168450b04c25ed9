"""The words of the command line. Each command imports what it needs when it runs: `--help` is quick."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Context, Exit, Option, Typer
from typer.main import get_command

from app.cli.network import NetworkOptions, check_network, check_resolve, check_resolver
from app.core.private import keep_private

app = Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Settings are environment variables with the prefix COMPLIANCE_ (docs/settings.md).",
)

Host = Annotated[str | None, Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, Option(min=0, max=65_535, help="Port to listen on; 0: any.", show_default="8000")]
DataDir = Annotated[Path | None, Option(file_okay=False, help="Data folder.", show_default="data")]
Testnet = Annotated[bool, Option("--testnet", help="Reach the bundled test internet instead of the real one.")]


def cli(args: Any, prog_name: str) -> Any:
    """Read the words and run the command. Ends with SystemExit, except for errors that are not about the words."""
    return get_command(app).main(args=args, prog_name=prog_name)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"compliance {version('domain-compliance-scanner')}")  # noqa: T201 - what was asked for
        raise Exit


@app.callback()
def options(
    context: Context,
    _version: Annotated[
        bool, Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Scans what the pages of a domain lead to, and lets people watch it live."""
    if context.invoked_subcommand != "export-schema":  # what that one writes is for everybody
        keep_private()


@app.command()
def serve(host: Host = None, port: Port = None, data_dir: DataDir = None, testnet: Testnet = False) -> None:
    """Run the service: REST, live monitoring over WebSocket, and a page at /.

    Ends with Ctrl-C. Scans that are running then go on at the next start.
    """
    from app.cli.serve import run_serve

    raise Exit(run_serve(host=host, port=port, data_dir=data_dir, use_neighbour=testnet))


@app.command()
def scan(
    domain: Annotated[str, Argument(help="The domain to scan, such as example.com.", metavar="DOMAIN")],
    testnet: Testnet = False,
    as_json: Annotated[bool, Option("--json", help="Print the report as JSON, alone on standard output.")] = False,
    max_pages: Annotated[int, Option(min=1, max=1_000_000, help="Pages to crawl at most.")] = 5_000,
    max_depth: Annotated[
        int | None, Option(min=0, max=100, help="Clicks from a start page at most.", show_default="no limit")
    ] = None,
    start_url: Annotated[
        list[str] | None,
        Option(metavar="URL", help="Begin here instead of at the hosts' front pages. May be repeated."),
    ] = None,
    no_passive: Annotated[
        bool, Option("--no-passive", help="Ask no outside sources, such as certificate logs.")
    ] = False,
    no_screenshots: Annotated[bool, Option("--no-screenshots", help="Take no screenshots, start no Chromium.")] = False,
    resolve: Annotated[
        list[str] | None,
        Option(metavar="HOST=ADDRESS[:PORT]", help="Where a host is. May be repeated.", callback=check_resolve),
    ] = None,
    resolver: Annotated[
        list[str] | None,
        Option(metavar="ADDRESS[:PORT]", help="Name server to ask. May be repeated.", callback=check_resolver),
    ] = None,
    allow_network: Annotated[
        list[str] | None,
        Option(
            metavar="CIDR", help="Network to allow although it is private. May be repeated.", callback=check_network
        ),
    ] = None,
    ca_file: Annotated[
        Path | None, Option(exists=True, dir_okay=False, help="Certificates to trust, as PEM.", metavar="FILE")
    ] = None,
    data_dir: Annotated[
        Path | None, Option(file_okay=False, help="Folder to keep the results in.", show_default="none is kept")
    ] = None,
) -> None:
    """Scan one domain here and now; no server is needed.

    Exit codes: 0 clean, 1 violations found, 2 failed or misused, 3 too little was seen to say, 130 cancelled.
    """
    from app.cli.scan import ScanOrder, run_scan

    config = {
        "max_pages": max_pages,
        "max_depth": max_depth,
        "start_urls": tuple(start_url or ()),
        "use_passive_sources": not no_passive,
        "screenshots": not no_screenshots,
    }
    network = NetworkOptions(resolve or (), resolver or (), allow_network or (), ca_file)
    order = ScanOrder(
        target=domain, config=config, network=network, use_neighbour=testnet, as_json=as_json, data_dir=data_dir
    )
    raise Exit(run_scan(order))


@app.command()
def watch(
    task_id: Annotated[str, Argument(help="The task's id.", metavar="TASK_ID")],
    url: Annotated[str, Option(help="The server.")] = "http://127.0.0.1:8000",
) -> None:
    """Watch a scan of a running server, live.

    The token comes from COMPLIANCE_TOKEN, else you are asked to sign in. Exit codes are those of `scan`; Ctrl-C
    ends watching, not the scan.
    """
    from app.cli.watch import run_watch

    raise Exit(run_watch(task_id, url))


@app.command()
def demo(
    once: Annotated[bool, Option("--once", help="End after the scan.")] = False,
    host: Host = None,
    port: Port = None,
) -> None:
    """See it work: a test internet, a server with its page, and one live scan. Nothing leaves this machine."""
    from app.cli.demo import run_demo

    raise Exit(run_demo(once=once, host=host, port=port))


@app.command()
def testnet() -> None:
    """Run the bundled test internet until Ctrl-C, and print as one JSON line the settings that reach it."""
    from app.cli.serve import run_neighbour

    raise Exit(run_neighbour())


@app.command()
def migrate() -> None:
    """Bring the database to this version's revision. The embedded one is copied first."""
    from app.cli.maintenance import run_migrate

    raise Exit(run_migrate())


@app.command()
def backup(
    file: Annotated[Path, Argument(help="The file to make.", metavar="FILE", dir_okay=False)],
    data_dir: DataDir = None,
) -> None:
    """Copy database, results and captures into one file, also while the service runs and scans."""
    from app.cli.archive import run_backup

    raise Exit(run_backup(file, data_dir=data_dir))


@app.command()
def restore(
    file: Annotated[Path, Argument(help="A file that `backup` has made.", metavar="FILE", exists=True, dir_okay=False)],
    data_dir: DataDir = None,
) -> None:
    """Put a backup in the place of the data. A running service starts again with it.

    The old data is kept beside it.
    """
    from app.cli.archive import run_restore

    raise Exit(run_restore(file, data_dir=data_dir))


@app.command()
def create_admin(
    username: Annotated[str, Option(help="The administrator's name.")] = "admin",
    reset: Annotated[
        bool, Option("--reset", help="Give an existing user this password and role; ends their sessions.")
    ] = False,
) -> None:
    """Make an administrator. The password is asked for, or taken from COMPLIANCE_ADMIN_PASSWORD."""
    from app.cli.maintenance import run_create_admin

    raise Exit(run_create_admin(username, reset=reset))


@app.command()
def doctor(
    network: Annotated[bool, Option("--network", help="Ask the name servers too.")] = False,
    as_json: Annotated[bool, Option("--json", help="Print the findings and the settings in force as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Say what is there, what is missing, and what that means. Changes nothing.

    Exit codes: 0 fine, 1 something is missing that matters, 2 misused.
    """
    from app.cli.doctor.examination import run_doctor

    raise Exit(run_doctor(data_dir=data_dir, ask_network=network, as_json=as_json))


@app.command()
def export_schema(
    output: Annotated[Path | None, Option(file_okay=False, help="Folder for the files.", show_default="print")] = None,
) -> None:
    """Export the contracts: OpenAPI of REST, AsyncAPI of real time, and JSON Schema of every WebSocket message."""
    from app.cli.contracts import run_export_schema

    raise Exit(run_export_schema(output))
