"""Processor seconds of a whole scan beside those of a crawl by Scrapy, by turns, on sites of 500 pages.

    .venv/bin/python bench/peer_crawl.py [--pages 500] [--rounds 3] [--site NAME ...] [--peer FOLDER]

Scrapy follows a site's own links and reads the links to all hosts on every page. The scan is the command's, without
screenshots and outside sources: with its start, names that it guesses, sheets, hidden links, classes of pages, the
judgement of third parties, and the report. So the two do not do the same; the ratio says what the difference costs.

Both count with all their processes, from the start to the end, by the accounts that the kernel keeps of them. Both keep
four connections, wait for nothing between requests, ask for robots.txt and visit pages in order of distance. The sites
and their names are served from memory by a process whose time does not count. The site of one page shows what
everything costs that is no page.

Scrapy is installed into `--peer` once, from the package index that is configured. Where that fails, the scan is
measured alone.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path

PEER = "scrapy==2.19.0"
PORT = 18998  # of the sites and of their name server
NAMES = "127.64.23.53"
NETWORK = "127.64.23.0/24"
BENCH = Path(__file__).resolve().parent
PACKAGES = {"php": "/usr/share/doc/php-doc/html", "python": "/usr/share/doc/python3-doc/html"}  # as Debian has them
SITES = {"one": "127.64.23.1", "made": "127.64.23.2", "php": "127.64.23.3", "python": "127.64.23.4"}
AT_ONCE = 4  # connections, as a scan has them to one address
LARGEST = 5 << 20  # of a file, bytes
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
WORDS = ["scan", "domain", "page", "report", "third", "party", "website", "contact", "service", "news"]


@dataclass(frozen=True)
class Cost:
    """Of one run: seconds of processors, and what the site's server gave away in it."""

    seconds: float
    pages: int  # different ones
    requests: int
    mebibytes: float
    wall_s: float


# The sites -----------------------------------------------------------------------------------------------------------


def made(pages: int) -> dict[str, bytes]:
    """Pages of twenty links and three foreign hosts each."""
    source = random.Random(23)
    files = {"/robots.txt": b"User-agent: *\nDisallow:\n"}
    for number in range(pages):
        links = {number + 1, number * 2 + 1, number * 2 + 2, *(source.randrange(pages) for _ in range(17))} - {number}
        anchors = "".join(
            f'<li><a href="/p{n}.html">page {n}</a></li>' for n in sorted(links) if n < pages and n != number
        )
        text = " ".join(source.choices(WORDS, k=150))
        body = (
            f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>Page {number}</title>'
            f'<script src="https://cdn{number % 9}.example/x.js"></script></head><body><h1>Page {number}</h1>'
            f'<p>{text}</p><ul>{anchors}</ul><p><a href="https://site{number}.example/">a site</a>'
            f'<a href="https://partner{number % 40}.example/about">a partner</a></p></body></html>'
        )
        files[f"/p{number}.html"] = body.encode()
    first = files["/p0.html"]
    return (files if pages > 1 else {}) | {"/": first}


def packaged(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.resolve().rglob("*") if path.is_file() and path.stat().st_size <= LARGEST)
    files = {f"/{path.relative_to(folder.resolve()).as_posix()}": path.read_bytes() for path in found}
    return files | {"/": files["/index.html"]}


def files_of(name: str, pages: int) -> dict[str, bytes]:
    if name in PACKAGES:
        return packaged(Path(PACKAGES[name]))
    return made(1 if name == "one" else pages)


def answer_of(path: str, body: bytes) -> bytes:
    kind = "text/html" if path == "/" else guess_type(path)[0] or "application/octet-stream"
    kind += "; charset=utf-8" if kind.startswith("text/") else ""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Site(asyncio.Protocol):
    """Answers from memory, and counts what for."""

    def __init__(self, answers: Mapping[bytes, bytes], asked: Counter[bytes]) -> None:
        self._answers = answers
        self._asked = asked
        self._waiting = b""

    def connection_made(self, transport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._waiting = (self._waiting + data).split(b"\r\n\r\n")
        for request in requests:
            path = request.split(b" ", 2)[1]
            self._asked[path] += 1
            self._transport.write(self._answers.get(path, MISSING))


class NameServer(asyncio.DatagramProtocol):
    """Knows `NAME.test` for every site, and no other name."""

    def connection_made(self, transport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address) -> None:
        labels, at = [], 12  # behind the header
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode("latin-1").lower())
            at += 1 + data[at]
        question = data[12 : at + 5]
        known = SITES.get(labels[0]) if labels[1:] == ["test"] else None
        answers = b""
        if known and question[-4:] == b"\0\1\0\1":  # an address is asked for
            answers = struct.pack("!HHHIH", 0xC00C, 1, 1, 300, 4) + bytes(map(int, known.split(".")))
        code = 0 if known else 3
        head = data[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, bool(answers), 0, 0)
        self._transport.sendto(head + question + answers, address)


async def serve(name: str, pages: int) -> None:
    answers = {path.encode(): answer_of(path, body) for path, body in files_of(name, pages).items()}
    asked: Counter[bytes] = Counter()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Site(answers, asked), SITES[name], PORT)
    names, _ = await loop.create_datagram_endpoint(NameServer, (NAMES, PORT))
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):  # each asks for the counts since the one before
        html = [path for path in asked if b"text/html" in answers.get(path, b"")[:80]]
        size = sum(len(answers.get(path, MISSING)) * times for path, times in asked.items())
        print(json.dumps({"pages": len(html), "requests": asked.total(), "mebibytes": size / 2**20}), flush=True)
        asked.clear()
    names.close()
    server.close()


# What is measured ----------------------------------------------------------------------------------------------------


def count(command: Sequence[str]) -> int:
    """Run a command, wait for all that descends from it, and print the seconds of processors that all have used."""
    import ctypes

    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)  # what loses its parent becomes ours
    code = subprocess.run(command, stdout=sys.stderr, check=False).returncode
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"seconds": used.ru_utime + used.ru_stime, "code": code}))
    return 0


def scan_of(name: str, pages: int, folder: Path) -> list[str]:
    words = [f"{name}.test", "--max-pages", str(pages), "--no-passive", "--no-screenshots", "--json"]
    words += ["--resolver", f"{NAMES}:{PORT}", "--allow-network", NETWORK, "--data-dir", str(folder)]
    return [sys.executable, "-m", "app.cli", "scan", *words]


def crawl_of(name: str, pages: int, peer: Path) -> list[str]:
    settings = {
        "CONCURRENT_REQUESTS": AT_ONCE,
        "CONCURRENT_REQUESTS_PER_DOMAIN": AT_ONCE,
        "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": True,
        "LOG_LEVEL": "WARNING",
        "TELNETCONSOLE_ENABLED": False,
        "DEPTH_PRIORITY": 1,  # by distance, as a scan
        "SCHEDULER_DISK_QUEUE": "scrapy.squeues.PickleFifoDiskQueue",
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
    }
    words = [f"{key}={value}" for key, value in settings.items()]
    words = [part for word in words for part in ("-s", word)]
    words += ["-a", f"start=http://{SITES[name]}:{PORT}/", "-a", f"pages={pages}"]
    return [str(peer / "bin" / "python"), "-m", "scrapy", "runspider", str(BENCH / "peer_spider.py"), *words]


def measure(command: Sequence[str], server: subprocess.Popen[str], folder: Path) -> Cost:
    unwanted = ("COMPLIANCE_", "PYTHON")  # such as one that has everything compiled at every start
    environment = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    environment |= {"COMPLIANCE_PORT_MAP": f"80={PORT}", "TMPDIR": str(folder), "PYTHONPATH": str(BENCH.parent)}
    begun = os.times().elapsed
    done = subprocess.run(
        [sys.executable, str(BENCH / "peer_crawl.py"), "--count", *command],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    wall_s = os.times().elapsed - begun
    used = json.loads(done.stdout)
    if used["code"] not in (0, 1):  # 1: a scan that has findings
        raise SystemExit(f"{command} ended with {used['code']}:\n{done.stderr[-3000:]}")
    server.stdin.write("\n")
    server.stdin.flush()
    return Cost(seconds=used["seconds"], wall_s=wall_s, **json.loads(server.stdout.readline()))


def install(peer: Path) -> str:
    """Install Scrapy into a folder, unless it is there; return why there is none."""
    ready = peer / PEER
    if ready.exists():
        return ""
    try:
        venv.create(peer, with_pip=True, clear=True)
        command = [str(peer / "bin" / "python"), "-m", "pip", "install", "--quiet", PEER]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except (OSError, subprocess.CalledProcessError) as error:
        return str(error)
    if done.returncode:
        return done.stderr.strip()[-500:] or f"pip ended with {done.returncode}"
    ready.touch()
    return ""


def versions(peer: Path) -> str:
    command = [str(peer / "bin" / "python"), "-m", "scrapy", "version", "--verbose"]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    wanted = ("Scrapy", "lxml", "Twisted", "Python")
    return ", ".join(" ".join(line.replace(":", " ").split()[:2]) for line in lines if line.startswith(wanted))


def run(kind: str, name: str, pages: int, arguments: argparse.Namespace, server: subprocess.Popen[str]) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make, where = (scan_of, place / "data") if kind == "scan" else (crawl_of, arguments.peer.absolute())
        return measure(make(name, pages, where), server, place)


def beside(name: str, rounds: int, arguments: argparse.Namespace, *, has_peer: bool) -> dict[str, list[Cost]]:
    """Measure one site, by turns."""
    command = [sys.executable, __file__, "--serve", name, "--pages", str(arguments.pages)]
    costs: dict[str, list[Cost]] = {"scan": []} | ({"Scrapy": []} if has_peer else {})
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        server.stdout.readline()
        for _ in range(rounds):
            for kind, found in costs.items():
                found.append(run(kind, name, arguments.pages, arguments, server))
        server.stdin.close()
    return costs


def show(name: str, costs: Mapping[str, Sequence[Cost]]) -> None:
    print(f"\n{name:<8} {'pages':>6} {'requests':>9} {'MiB':>6} {'CPU-s, median':>14} {'best':>7} {'by the clock':>13}")
    medians = {}
    for kind, runs in costs.items():
        seconds = [run.seconds for run in runs]
        medians[kind] = statistics.median(seconds)
        last = runs[-1]
        print(
            f"{kind:<8} {last.pages:>6} {last.requests:>9} {last.mebibytes:>6.1f} {medians[kind]:>14.2f} "
            f"{min(seconds):>7.2f} {statistics.median(run.wall_s for run in runs):>11.1f} s"
        )
    if "Scrapy" in costs:
        best = min(run.seconds for run in costs["scan"]) / min(run.seconds for run in costs["Scrapy"])
        print(
            f"the scan costs {medians['scan'] / medians['Scrapy']:.2f} times Scrapy, {best:.2f} times at best",
            flush=True,
        )


def main() -> int:
    if sys.argv[1:2] == ["--count"]:
        return count(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--site", choices=SITES, nargs="+", default=list(SITES))
    peer = Path(tempfile.gettempdir()) / f"compliance-peer-{PEER.replace('==', '-')}"
    parser.add_argument("--peer", type=Path, default=peer, help="folder that Scrapy is installed into")
    parser.add_argument("--serve", choices=SITES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.serve, arguments.pages))
        return 0
    reason = install(arguments.peer)
    print(f"load before {os.getloadavg()[0]:.1f}; {reason or versions(arguments.peer)}", flush=True)
    if reason:
        print("there is no Scrapy: the scan is measured alone")
    beside("one", 1, arguments, has_peer=not reason)  # not shown: everything is compiled, and comes from the disk
    for name in arguments.site:
        if name in PACKAGES and not Path(PACKAGES[name]).is_dir():
            print(f"\n{name}: there is no {PACKAGES[name]}")
            continue
        show(name, beside(name, arguments.rounds, arguments, has_peer=not reason))
    return 0


if __name__ == "__main__":
    sys.exit(main())
