"""Python, files, the clock, the browser and its fonts."""

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from app.cli.doctor.finding import Finding, bad, less, ok
from app.core.config import Settings
from app.engines.capture.chromium import BrowserUnavailable, Lodging, find_chromium

PYTHONS: Final = ((3, 11), (3, 13))  # tested, from and to
SPARE_FILES: Final = 512  # database, scans' pipes, logs, libraries
PROBE_TIMEOUT_S: Final = 30.0
QUICK_TIMEOUT_S: Final = 5.0
PROBE: Final = "data:text/html,<p>it-draws</p>"
ANSWER: Final = "it-draws"
BROWSER_ARGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # nothing leaves the machine
    "--dump-dom",
)
NO_BROWSER: Final = "Scans work; third parties are judged by what HTTP shows, and there are no screenshots."


def check_python(version: tuple[int, int, int] | None = None) -> Finding:
    version = version or sys.version_info[:3]
    said = ".".join(map(str, version))
    first, last = PYTHONS
    if version[:2] < first:
        return bad("python", said, f"Python {first[0]}.{first[1]} or newer is needed.")
    if version[:2] > last:
        return less("python", said, f"Newer than {last[0]}.{last[1]}, up to which it is tested; it may work.")
    return ok("python", said)


def check_file_limit(settings: Settings, hard: int | None = None) -> Finding:
    """`hard`: how many files we may open once we have raised our limit as far as we may."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1] if hard is None else hard
    if hard == resource.RLIM_INFINITY:
        return ok("file_limit", "unlimited")
    wanted = settings.ws_max_connections + SPARE_FILES
    if hard >= wanted:
        return ok("file_limit", f"{hard} files")
    possible = max(0, hard - SPARE_FILES)
    means = f"About {possible} connections at once, not {settings.ws_max_connections}; raise it with `ulimit -Hn`."
    return bad("file_limit", f"{hard} files", means) if possible == 0 else less("file_limit", f"{hard} files", means)


def check_clock(*, now_s: float | None = None, installed: Path = Path(__file__)) -> Finding:
    """Against the time at which this program was put here: no clock may stand before it."""
    now_s = time.time() if now_s is None else now_s
    said = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s))
    if now_s < installed.stat().st_mtime:
        means = "It stands before the installation of this program: tokens and certificates will seem invalid."
        return bad("clock", said, means)
    return ok("clock", said)


def check_browser(settings: Settings) -> Finding:
    """Really starts it, in its sandbox, as a scan does."""
    try:
        executable = find_chromium(settings.chromium_path)
        lodging = Lodging.prepare(executable)
    except BrowserUnavailable as error:
        return less("chromium", str(error), NO_BROWSER)
    try:
        complaint = _probe(lodging)
    finally:
        lodging.remove()
    if complaint is not None:
        return less("chromium", f"{executable} does not draw: {complaint}", NO_BROWSER)
    return ok("chromium", f"{_version(executable) or executable}, sandboxed")


def check_fonts() -> Finding:
    """Fonts that have Chinese letters."""
    lister = shutil.which("fc-list")
    if lister is None:
        means = "Only screenshots are concerned: Chinese pages may show boxes."
        return less("cjk_fonts", "fc-list (fontconfig) is missing, so it cannot be said", means)
    done = _run([lister, ":lang=zh", "family"])
    families = sorted({line.split(",")[0].strip() for line in (done or "").splitlines() if line.strip()})
    if not families:
        means = "Screenshots of Chinese pages show boxes; everything else works. apt-get install fonts-noto-cjk"
        return less("cjk_fonts", "none", means)
    return ok("cjk_fonts", f"{len(families)}, such as {families[0]}")


def _probe(lodging: Lodging) -> str | None:
    """None when the page was drawn, else why not."""
    command = [str(lodging.wrapper), f"--user-data-dir={lodging.profile}", *BROWSER_ARGS, PROBE]
    environment = {name: str(value) for name, value in lodging.environment().items()}
    try:
        done = subprocess.run(  # noqa: S603 - our own wrapper
            command, env=environment, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {PROBE_TIMEOUT_S:.0f} s"
    except OSError as error:
        return str(error.strerror)
    if ANSWER in done.stdout:
        return None
    if "sandbox" in done.stderr.lower():
        return "its sandbox cannot be set up (chromium-sandbox is missing, or user namespaces are off)"
    return _last_line(done.stderr) or f"exit code {done.returncode}"


def _version(executable: str) -> str:
    return _last_line(_run([executable, "--version"]) or "")


def _run(command: list[str]) -> str | None:
    """Standard output; None when it does not run."""
    try:
        done = subprocess.run(  # noqa: S603 - found on the path, without a shell
            command, capture_output=True, text=True, timeout=QUICK_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
