"""No old word is left of those that the backend has given up for the field's own (issue 8).

Words with an innocent meaning are looked for among the identifiers of Python only, or in their own package. Decisions
(`docs/adr`) and the changelog are history.
"""

import io
import re
import tokenize
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache

import pytest

from tests.docs.markdown import ROOT

SUFFIXES = {".py", ".js", ".ts", ".vue", ".md", ".toml", ".html", ".css", ".c", ".conf"}
# What is built from others' packages (`make frontend`) is not ours.
HISTORY = (
    "app/web/*",
    "docs/adr/*",
    "CHANGELOG.md",
    "tests/docs/test_words.py",
    "tests/docs/surface/*",
    "requirements/*",
    "tests/eval/batches/*/*.toml",
    "tests/eval/own_sites/[0-9]*/*",
)
ENGINES = ("app/engines/*", "tests/unit/engines/*")
# What the contracts say to clients stays as it is: "a follower of the task".
PROSE = ("tests/*.py", "tests/*.js", "bench/*", "app/static/*")
TASKS = ("app/tasks/*", "app/monitor/*", "tests/unit/tasks/*", "tests/unit/monitor/*")


@dataclass(frozen=True)
class Old:
    """`names`: the pattern has to fit a whole identifier of Python; else it is found in any text."""

    pattern: str
    new: str
    where: tuple[str, ...] = ("*",)
    names: bool = False


OLD = (
    # The socket
    Old(r"(?i)\bfollowers?\b|_follower|follower_", "Subscription, subscriber", PROSE),
    Old(r"_?followers?|Followers?", "Subscription, subscriber", ("app/*",), names=True),
    Old(r"TaskFeed|task_feed|websocket[./]feed\b", "TaskChannel, task_channel"),
    Old(r"(?i)level[ _]?sets?\b", "InSyncGroup, in sync"),
    Old(r"aside", "backpressured", ("app/websocket/*",), names=True),
    Old(r"wanted|Expected", "target_seq, PendingHint", ("app/websocket/*",), names=True),
    Old(r"Peer|PEER_KEY", "SocketTransport, TRANSPORT_KEY", names=True),
    Old(r"(?i)\bdialogues?\b", "command_handler"),
    Old(r"(?i)\bgreet(?:s|ed|ing|ings)?\b|_greet|greeted", "welcome"),
    Old(r"(?i)farewell|good-?bye", "drain"),
    Old(r"(?i)\bledger\b", "connection_audit"),
    Old(r"(?i)\blobby\b", "HttpConnectionLimits, http_limits"),
    Old(
        r"websocket[./](?:contract|examples|meanings|renewal|access|liveness|resume|streams?|pages|snapshots)"
        r"(?![\w/])",
        "asyncapi/, messages/codes, lifecycle/, state/, sse/, delivery/",
    ),
    # Events
    Old(r"Journal", "EventWriter", names=True),
    Old(r"journal", "event_writer", ("app/*", "tests/*", "bench/*"), names=True),
    Old(
        r"Place",
        "AppendResult",
        ("app/events/*", "app/scans/*", "app/reports/*", "app/tasks/*"),
        names=True,
    ),
    Old(r"Unit|PreparedUnit", "UnitOfWork, PreparedUnitOfWork", names=True),
    # Tasks and their monitor
    Old(r"Heart|LoopPulse|Child|Fosterling", "Heartbeat, LoopWatchdog, WorkerHandle", names=True),
    Old(
        r"tasks[./](?:heart|pulse|child|family|process|wording|batch|choice|starts|embedded|store_files|store_keeper"
        r"|assembly|finding)(?![\w/])",
        "supervisor/, worker/, sink/, process_tree, scanstore/files",
    ),
    Old(r"StoreKeeper|store_keeper", "StoreLease, store_lease"),
    Old(r"(?i)settlement", "LostAttemptRecovery, recovery"),
    Old(r"Batch", "EventBuffer", TASKS, names=True),
    Old(r"assembly", "scan_factory", names=True),
    Old(
        r"Foreground|step_back|Starts|Choice|QueueNotices|UnitWriter|LimitedRoom|Killer|killer|hears|STARVED|Starter",
        "ThreadSpawner, lower_priority, StartBackoff, RetryingWriter, LimitedCaptureQuota, WorkerControl, NO_RESOURCES",
        TASKS,
        names=True,
    ),
    Old(r"BelievedClock|CaptureSweep|Purge|Purger|Chunks", "services/retention", ("app/*", "tests/*"), names=True),
    Old(r"monitor[./](?:purge|chunks|believed|captures|settlement)(?![\w/])", "services/retention, services/recovery"),
    Old(r"Sight|Watch|judge", "Observation, WatchState, assess", TASKS, names=True),
    # The engine
    Old(r"engines[./]graph\b|ScanGraph|scan_graph", "pipeline, ScanPipeline"),
    Old(r"Teller|StageBoard|gauge", "ProgressReporter, StageTracker, estimate", ENGINES, names=True),
    Old(r"Parties|TargetBook|Equipment", "ThirdPartyIndex, CaptureSelector, NetworkStack", names=True),
    Old(r"Pictures|Capturing|Verdicts", "Screenshots, CaptureStage, AnalysisStage", ("app/*",), names=True),
    Old(r"OriginGate|Patience|PoliteFetcher|Digester", "RobotsGate, RetryPolicy, RateLimitedFetcher, PageProcessor"),
    Old(r"(?i)\blanes?\b", "host queue"),
    Old(r"shapes?", "pattern (of a URL)", ("app/engines/crawl/*",), names=True),
    Old(r"ThirdPartyFold|identify[./]fold\b", "ThirdPartyAggregate, aggregate"),
    Old(r"NameBook|Bruter|bruter", "HostnameIndex, DictionaryProber"),
    Old(r"(?i)\bdialling\b|net[./]trust\b", "http_resolver, tls_contexts"),
    Old(r"lift|squeeze", "what they do", ("app/*",), names=True),
    Old(r"engines[./]reading\b|CaptureRoom|Lodging", "parsing, CaptureQuota, BrowserProfile"),
    # Services and core
    Old(r"KeptReads|BatchedReads", "SingleFlightCache, DataLoader"),
    Old(r"Mint|Once", "TokenIssuer, IdempotentRequest", names=True),
    Old(r"services[./](?:mint|once|views|presence|turns|refusals)(?![\w/])", "token_issuer, serialisers, result_files"),
    Old(r"Identity|Actor|Viewer", "Principal", names=True),
    # Classes whose names nobody would look for, by package
    Old(
        r"AccessWatch|AccessMemory|Renewal|Farewell|Ledger|LogPages|Streams|Hub|Delivery|Abandonment",
        "RevocationWatch, RecentRevocations, Drain, ConnectionAudit, StreamRegistry, Dispatcher, DisconnectGuard",
        names=True,
    ),
    Old(
        r"Circles|Conclusion|CoverageFold|Starts|TrapGuard|Turns|Digest|NameBook|BrandBook|PageView|HiddenIndex|Describer"
        r"|Collector|SheetRule|DocumentReader|AiohttpResolver|Chase|Room|EndlessRoom|LimitedRoom|ReportedRoom",
        "RedirectLoops, StartPages, TrapDetector, HostQueues, ProcessedPage, BrandCatalog, PageContent, HiddenElements",
        names=True,
    ),
    Old(
        r"Starter|Choice|Killer|UnitWriter|Foreground|CaptureUsage|EngineTargets|BelievedClock|CaptureSweep|Purger?|Keeper",
        "ThreadStarter, UserConcurrencyLimit, WorkerControl, RetentionService, TrustedClock, CaptureGarbageCollector",
        names=True,
    ),
    Old(
        r"SeenParty|KeyedBuckets|Slice|Piece|Wait",
        "ThirdPartyWithOutcome, KeyedTokenBuckets, Paging, Awaiting",
        names=True,
    ),
    # Modules
    Old(
        r"engines[./](?:crawl[./](?:circles|conclusion|digest|gate|limit|patience|polite|recovery|seen|starts|turns)"
        r"|discover[./](?:brute|merge|names|words)|net[./](?:dialling|trust)|identify[./]fold|capture[./](?:chromium|room)"
        r"|extract[./](?:collector|css|declarations|element|hidden|reader|script|selectors|sheet|table|tame|values))"
        r"(?![\w/])",
        "redirect_loops, robots_gate, retry_policy, host_queues, dictionary, css_rules, url_attributes",
    ),
    Old(
        r"core[./](?:kept|batch|places|waiting|shortage|replacement|private|folder|identity)(?![\w/])"
        r"|events[./](?:journal|state)(?![\w/])|domain[./]parties(?![\w/])|monitor[./](?:purge|chunks|believed|captures)\b",
        "single_flight, data_loader, priority_slots, pending_restore, writer, projection, third_parties, retention/",
    ),
    # Names of log events
    Old(
        r"clock_not_believed|scan_not_settled|captures_(?:not_)?swept|\b(?:closed|open)_to_others|monitor_acts"
        r"|page_not_read|reader_(?:died|stuck)|readers_not_started",
        "clock_not_trusted, attempt_not_recovered, captures_collected, file_mode_restricted, monitor_action",
    ),
    # Texts and the command line
    Old(r"Texts|Labels|Phrases", "MessageCatalog", names=True),
    Old(r"services[./]texts\b|cli[./]texts\b|engines[./]phrases\b", "domain/messages"),
    Old(
        r"(?i)neighbours?\b",
        "testnet, sibling",
        ("app/*.py", "bench/*", "tests/unit/cli/*", "docs/*", "pyproject.toml"),
    ),
    Old(r"cli[./](?:backend|exits|archive|contracts|failures|maintenance)(?![\w/])", "in_process, exit_codes, backup"),
    Old(r"_?[Ff]ollowing", "TaskSubscription, subscription", ("app/client/*", "tests/unit/client/*"), names=True),
)


# Translations that no reader of English expects.
PHRASES = (r"\b[Ww]hoever\b", r"\bto be had\b", r"[Ss]ilence is no\b", r"mistake of ours", r'"""(?:As `|Of everything)')


def written(folder):
    """Every file that somebody wrote; installed packages and what is hidden are left out unread."""
    for path in folder.iterdir():
        if path.is_dir() and path.name != "node_modules" and not path.name.startswith("."):
            yield from written(path)
        elif path.is_file():
            yield path


@cache
def texts():
    paths = (path for path in sorted(written(ROOT)) if path.suffix in SUFFIXES)
    names = {path.relative_to(ROOT).as_posix(): path for path in paths}
    return {
        name: path.read_text("utf-8")
        for name, path in names.items()
        if not name.startswith(".") and not any(fnmatch(name, history) for history in HISTORY)
    }


def places_of(old):
    found = re.compile(rf"\b(?:{old.pattern})\b" if old.names else old.pattern)
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts().items()
        if any(fnmatch(name, glob) for glob in old.where) and found.search(f"{name}\n{text}")
        for number, line in lines_of(name, text, found, names=old.names)
    ]


def lines_of(name, text, found, *, names):
    """The lines with the word, the file's own name as line 0."""
    lines = text.splitlines()
    if not names:
        return [(number, line) for number, line in enumerate([name, *lines]) if found.search(line)]
    if not name.endswith(".py"):
        return []
    return [
        (token.start[0], token.line)
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.NAME and found.fullmatch(token.string)
    ]


@pytest.mark.parametrize("old", OLD, ids=lambda old: old.new)
def test_no_old_word_is_left(old):
    assert places_of(old) == []


@pytest.mark.parametrize("phrase", PHRASES)
def test_no_translated_phrase_is_left(phrase):
    outside = {"app/api/health.py", "app/domain/close_codes.py", "app/websocket/messages/codes.py"}  # byte for byte
    found = places_of(Old(phrase, "", ("app/*.py", "docs/*", "*.md")))
    assert [place for place in found if place.partition(":")[0] not in outside] == []


def test_the_words_are_found_where_they_stand():
    """The table would be worth nothing if it found nothing."""
    assert places_of(Old(r"Old", "", ("tests/docs/*",), names=True)) == []  # this file is history
    assert places_of(Old(r"fnmatch", "", ("tests/docs/*",), names=True)) == []
    assert places_of(Old(r"class MessageCatalog", "")) != []
    assert places_of(Old(r"MessageCatalog", "", ("app/domain/*",), names=True)) != []
