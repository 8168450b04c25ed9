"""Python, files, the clock, the browser and its fonts."""

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from app.cli.doctor.result import ENGLISH, CheckResult, degraded, failed, ok
from app.core.config import Settings
from app.core.system_errors import reason_of
from app.domain.messages import MessageCatalog
from app.engines.capture.browser_profile import BrowserProfile, BrowserUnavailable, find_chromium
from app.engines.capture.picture_reader import LANGUAGES, find_tesseract

PYTHONS: Final = ((3, 11), (3, 13))  # tested, from and to
SPARE_FILES: Final = 512  # database, scans' pipes, logs, libraries
PROBE_TIMEOUT_S: Final = 30.0
QUICK_TIMEOUT_S: Final = 5.0
PROBE: Final = "data:text/html,<p>it-renders</p>"
ANSWER: Final = "it-renders"
BROWSER_ARGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # nothing leaves the machine
    "--dump-dom",
)


def check_python(version: tuple[int, int, int] | None = None, *, texts: MessageCatalog = ENGLISH) -> CheckResult:
    version = version or sys.version_info[:3]
    said = ".".join(map(str, version))
    first, last = PYTHONS
    if version[:2] < first:
        return failed("python", said, texts("doctor.python_needed", first=f"{first[0]}.{first[1]}"))
    if version[:2] > last:
        return degraded("python", said, texts("doctor.python_newer", last=f"{last[0]}.{last[1]}"))
    return ok("python", said)


def check_file_limit(settings: Settings, hard: int | None = None, *, texts: MessageCatalog = ENGLISH) -> CheckResult:
    """`hard`: how many files we may open once we have raised our limit as far as we may."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1] if hard is None else hard
    if hard == resource.RLIM_INFINITY:
        return ok("file_limit", texts("doctor.unlimited"))
    wanted = settings.ws_max_connections + SPARE_FILES
    if hard >= wanted:
        return ok("file_limit", texts("doctor.files", count=hard))
    possible = max(0, hard - SPARE_FILES)
    means = texts("doctor.files_few", possible=possible, wanted=settings.ws_max_connections)
    judge = failed if possible == 0 else degraded
    return judge("file_limit", texts("doctor.files", count=hard), means)


def check_clock(
    *, now_s: float | None = None, installed: Path = Path(__file__), texts: MessageCatalog = ENGLISH
) -> CheckResult:
    """Compare the clock with the installation of this program, which it may not stand before."""
    now_s = time.time() if now_s is None else now_s
    said = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s))
    if now_s < installed.stat().st_mtime:
        return failed("clock", said, texts("doctor.clock_behind"))
    return ok("clock", said)


def check_browser(settings: Settings, *, texts: MessageCatalog = ENGLISH) -> CheckResult:
    """Start the browser in its sandbox, as a scan does."""
    try:
        executable = find_chromium(settings.chromium_path)
        profile = BrowserProfile.prepare(executable)
    except BrowserUnavailable as error:
        return degraded("chromium", texts.adopt(error.reason), texts("doctor.no_browser"))
    try:
        complaint = _probe(profile, texts)
    finally:
        profile.remove()
    if complaint is not None:
        said = texts("doctor.browser_fails", executable=executable, reason=complaint)
        return degraded("chromium", said, texts("doctor.no_browser"))
    return ok("chromium", texts("doctor.browser_fine", version=_version(executable) or executable))


def check_fonts(*, texts: MessageCatalog = ENGLISH) -> CheckResult:
    """Look for fonts that have Chinese letters."""
    lister = shutil.which("fc-list")
    if lister is None:
        return degraded("cjk_fonts", texts("doctor.no_fc_list"), texts("doctor.fonts_unknown"))
    done = _run([lister, ":lang=zh", "family"])
    families = sorted({line.split(",")[0].strip() for line in (done or "").splitlines() if line.strip()})
    if not families:
        return degraded("cjk_fonts", texts("doctor.none"), texts("doctor.fonts_missing"))
    return ok("cjk_fonts", texts("doctor.fonts", count=len(families), first=families[0]))


def check_picture_texts(program: str = "tesseract", *, texts: MessageCatalog = ENGLISH) -> CheckResult:
    """Look for what reads texts in pictures, which nothing needs."""
    found = find_tesseract(program)
    if found is None:
        return degraded("picture_texts", texts("doctor.none"), texts("doctor.tesseract_missing"))
    said = texts(
        "doctor.tesseract",
        version=_first_line(_run([found.executable, "--version"]) or ""),
        languages=", ".join(found.languages),
    )
    missing = [language for language in LANGUAGES if language not in found.languages]
    if missing:
        return degraded("picture_texts", said, texts("doctor.tesseract_lacks", languages=", ".join(missing)))
    return ok("picture_texts", said)


def _probe(profile: BrowserProfile, texts: MessageCatalog) -> str | None:
    """Return None when the page was rendered, else why not."""
    command = [str(profile.wrapper), f"--user-data-dir={profile.folder}", *BROWSER_ARGS, PROBE]
    environment = {name: str(value) for name, value in profile.environment().items()}
    try:
        done = subprocess.run(  # noqa: S603 - our own wrapper
            command, env=environment, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return texts("doctor.browser_slow", seconds=round(PROBE_TIMEOUT_S))
    except OSError as error:
        return texts.adopt(reason_of(error))
    if ANSWER in done.stdout:
        return None
    if "sandbox" in done.stderr.lower():
        return texts("doctor.browser_sandbox")
    return _last_line(done.stderr) or texts("doctor.exit_code", code=done.returncode)


def _version(executable: str) -> str:
    return _last_line(_run([executable, "--version"]) or "")


def _run(command: list[str]) -> str | None:
    """Return standard output; None when the command does not run."""
    try:
        done = subprocess.run(  # noqa: S603 - found on the path, without a shell
            command, capture_output=True, text=True, timeout=QUICK_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
