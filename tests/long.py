"""Makes the long runs: `python -m tests.long [--whole | --since COMMIT | --list]`; see `tests.support.long_runs`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from tests.support.long_runs import ROOT, RUNS, SHARES, LongRun, read_changes, read_commit

NO_TEST_LEFT = 5  # pytest's code when no test of a file was chosen
PYTEST = (
    "-m",
    "pytest",
    "-m",
    "long",
    "-n",
    "4",
    "--dist",
    "loadfile",
    "--no-loadscope-reorder",
    "--max-worker-restart=0",
    "--durations=5",
    "-q",
)
HANGS = ("-o", "faulthandler_timeout=600", "-o", "faulthandler_exit_on_timeout=true")


def plan(changed: set[str] | None, commit: int) -> list[tuple[LongRun, int | None]]:
    """Return each run with the quarter that is made of it; None for all of it. `changed` None: all of every run."""
    share = commit % SHARES
    return [(run, None if changed is None or run.is_asked_for(changed) else share) for run in RUNS]


def carry_out(runs: Sequence[LongRun], share: int | None) -> int:
    """Make the runs as one, and return the exit code.

    The last of the table begin: they wait for most of their time, which the other runs fill.
    """
    chosen = () if share is None else (f"--share={share}",)
    tests = [path for run in reversed(runs) for path in run.tests]
    variables = dict(variable for run in runs for variable in run.variables.items())
    command = [sys.executable, *PYTEST, *HANGS, *chosen, *tests]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, check=False).returncode
    return 0 if code == NO_TEST_LEFT and share is not None else code


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.long", description=__doc__)
    parser.add_argument("--whole", action="store_true", help="all of every run")
    parser.add_argument("--since", metavar="COMMIT", help="what has changed since that commit is guarded by whole runs")
    parser.add_argument("--list", action="store_true", help="say what would be made, and end")
    options = parser.parse_args(arguments)
    planned = plan(None if options.whole else read_changes(options.since), read_commit())
    for run, share in planned:
        sys.stdout.write(f"{run.name}: {'all of it' if share is None else f'quarter {share + 1} of {SHARES}'}\n")
    sys.stdout.flush()
    if options.list:
        return 0
    together = {share: [run for run, its_share in planned if its_share == share] for _, share in planned}
    return max([carry_out(runs, share) for share, runs in together.items()])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
