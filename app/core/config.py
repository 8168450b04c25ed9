"""Settings of one deployment: read once from `COMPLIANCE_*` variables, then frozen.

An unknown variable with our prefix refuses to start: a limit with a typing error would otherwise silently not exist.
Every setting is described in docs/settings.md (a test compares).
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.comma_lists import CommaList, Lists, Networks, PortPairs, Sources
from app.core.deployment import SQLITE, check_services
from app.core.errors import ConfigurationError
from app.core.http_address import HttpAddress
from app.core.logo_file import check_logo
from app.core.pending_restore import DATABASE
from app.core.root_certificates import check_root_certificates
from app.core.secret_rules import MailServerUrl, check_secret
from app.domain.field_problem import describe_field_problem
from app.domain.messages import DEFAULT_LANGUAGE, Language, MessageCatalog, Text, english
from app.domain.scan_options import (
    DEFAULT_SOURCES,
    DEFAULTS,
    MAX_DEPTH,
    MAX_PAGES,
    TIME_LIMIT_S,
)

PREFIX: Final = "COMPLIANCE_"
CLIENT_VARIABLES: Final = frozenset({"COMPLIANCE_TOKEN"})  # read by `compliance watch`, not a setting of the server

DRAIN_S: Final = 10.0  # of a server that is one of several; at most a third of all the time that its end may take

# Of each pair the first must not be above the second.
_IN_ORDER: Final = (
    ("worker_suspect_after_s", "worker_lost_after_s"),
    ("long_running_warning_s", "long_running_failure_s"),
    ("login_delay_s", "login_max_delay_s"),
    ("api_key_ttl_s", "api_key_max_ttl_s"),
    ("ws_drain_s", "stop_within_s"),
)
_TOGETHER: Final = (("reading_model_url", "reading_model_name"), ("smtp_url", "mail_from"))


class Settings(BaseSettings):
    """Every setting, its default and its bounds. Sizes in bytes, times in seconds; the unit is in the name."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    # Deployment
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    data_dir: Path = Path("data")
    database_url: SecretStr | None = None  # it holds a password, mostly; None: SQLite in data_dir
    redis_url: SecretStr | None = None  # with PostgreSQL, and only then
    secret_key: SecretStr | None = None  # None: made in data_dir (embedded mode only)
    secret_key_previous: SecretStr | None = None  # still verifies, no longer signs
    admin_password: SecretStr | None = None  # None: generated at first start, printed once
    traces_url: HttpAddress = None  # of a collector that speaks OTLP over HTTP; None: no traces
    metrics_token: SecretStr | None = None  # opens /metrics, and nothing else; None: administrators alone
    language: Language = DEFAULT_LANGUAGE  # of display texts on the wire
    celery_monitoring: bool = False  # workers send events and obey remote control, as Flower needs
    worker_metrics_port: int | None = Field(default=None, ge=0, le=65_535)  # None: a worker shows no numbers
    stop_within_s: float = Field(default=30, ge=1, le=600)  # of a server that was told to end; then by force
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "text", "json"] = "auto"  # text on a terminal, JSON everywhere else
    allowed_origins: CommaList = ()  # besides the application's own origin
    trusted_proxies: Networks = ()  # addresses whose X-Forwarded-* headers count
    proxy_key: SecretStr | None = None  # which they must show for that; None: their address is enough

    # Identity
    access_token_ttl_s: int = Field(default=3_600, ge=60, le=86_400)
    refresh_token_ttl_s: int = Field(default=14 * 86_400, ge=300, le=90 * 86_400)
    ticket_ttl_s: int = Field(default=30, ge=1, le=600)
    api_key_ttl_s: int = Field(default=90 * 86_400, ge=3_600, le=10 * 366 * 86_400)  # where its maker does not say
    api_key_max_ttl_s: int = Field(default=366 * 86_400, ge=3_600, le=10 * 366 * 86_400)
    api_keys_per_user: int = Field(default=50, ge=1, le=200)  # that let somebody in
    link_max_ttl_s: int = Field(default=90 * 86_400, ge=3_600, le=10 * 366 * 86_400)
    links_per_task: int = Field(default=20, ge=1, le=200)
    login_burst_per_address: int = Field(default=30, ge=1, le=1_000_000)
    logins_per_minute_per_address: float = Field(default=20, gt=0, le=1_000_000)
    login_free_failures: int = Field(default=5, ge=1, le=1_000)  # of an account, before its delay begins to grow
    login_delay_s: float = Field(default=1, gt=0, le=3_600)  # the first; each failure doubles it
    login_max_delay_s: float = Field(default=900, gt=0, le=86_400)

    # Real-time: connections (protocol.md, section 6)
    ws_idle_timeout_s: float = Field(default=60, gt=0, le=600)
    ws_check_interval_s: float = Field(default=1, gt=0, le=30)  # at least every 30 s
    ws_ping_after_s: float = Field(default=25, gt=0, le=300)
    ws_max_frame_bytes: int = Field(default=65_536, ge=1_024, le=1 << 24)
    ws_max_command_bytes: int = Field(default=8_192, ge=256, le=1 << 20)
    ws_max_nesting: int = Field(default=8, ge=2, le=64)
    ws_command_burst: int = Field(default=300, ge=1, le=100_000)
    ws_commands_per_s: float = Field(default=10, gt=0, le=100_000)
    ws_control_burst: int = Field(default=50, ge=1, le=100_000)  # pings and pongs of a client
    ws_controls_per_s: float = Field(default=10, gt=0, le=100_000)
    ws_strikes: int = Field(default=3, ge=1, le=1_000)
    ws_strike_window_s: float = Field(default=60, gt=0, le=3_600)
    ws_max_subscriptions: int = Field(default=200, ge=1, le=100_000)
    ws_max_connections_per_user: int = Field(default=10, ge=1, le=1_000_000)
    ws_max_connections_per_address: int = Field(default=50, ge=1, le=1_000_000)
    ws_max_connections: int = Field(default=5_000, ge=1, le=1_000_000)
    ws_handshakes_per_s_per_address: float = Field(default=20, gt=0, le=1_000_000)
    ws_token_warning_s: float = Field(default=60, gt=0, le=3_600)
    # Real-time: flow control (section 7)
    ws_backlog_bytes: int = Field(default=1 << 20, ge=4_096, le=1 << 28)
    ws_backlog_frames: int = Field(default=1_000, ge=4, le=1_000_000)
    ws_stuck_after_s: float = Field(default=10, gt=0, le=600)
    ws_pull_bytes_per_s: int = Field(default=4 << 20, ge=65_536, le=1 << 30)  # snapshots and replays of a connection
    ws_send_buffer_bytes: int = Field(default=65_536, ge=4_096, le=1 << 24)  # SO_SNDBUF of the listening socket
    ws_fanout_share: float = Field(default=0.5, ge=0.1, le=1)  # of the process's time, for writing events
    ws_drain_s: float | None = Field(default=None, ge=0, le=300)  # at the end; None: `drain_s`
    replay_max_events: int = Field(default=1_000, ge=1, le=100_000)
    replay_max_bytes: int = Field(default=1 << 20, ge=4_096, le=1 << 28)
    snapshot_max_bytes: int = Field(default=262_144, ge=16_384, le=1 << 24)
    sweep_interval_s: float = Field(default=2, gt=0, le=60)
    access_recheck_s: float = Field(default=8, gt=0, le=600)  # what ends goes within ten seconds
    # Real-time: server-sent events (section 8)
    sse_max_streams_per_user: int = Field(default=20, ge=1, le=1_000_000)
    sse_ping_after_s: float = Field(default=15, gt=0, le=300)

    # Tasks and their monitor (delivery.md, "ServerLocks of a running scan")
    monitor_interval_s: float = Field(default=10, gt=0, le=60)
    long_running_warning_s: float = Field(default=6 * 3_600, gt=0, le=30 * 86_400)
    long_running_failure_s: float = Field(default=12 * 3_600, gt=0, le=30 * 86_400)
    stalled_after_s: float = Field(default=300, gt=0, le=86_400)
    heartbeat_interval_s: float = Field(default=5, gt=0, le=60)
    worker_suspect_after_s: float = Field(default=30, gt=0)
    worker_lost_after_s: float = Field(default=45, gt=0)
    blocked_writes_kill_s: float = Field(default=5, gt=0)
    max_requeues: int = Field(default=2, ge=0, le=10)
    cancel_force_after_s: float = Field(default=60, gt=0)
    scan_log_lines_per_s: int = Field(default=200, ge=1, le=100_000)  # of a task; those beyond are counted
    scan_log_max_bytes: int = Field(default=50 << 20, ge=4_096, le=1 << 40)  # of a task, over all its attempts
    max_concurrent_scans: int = Field(default=2, ge=1, le=64)
    scans_per_user: int = Field(default=2, ge=1, le=64)  # running at once
    schedule_spread_s: int = Field(default=1_800, ge=0, le=3_600)  # by which starts of scheduled scans may be later
    max_unfinished_tasks_per_user: int = Field(default=1_000, ge=1, le=100_000)
    # Captured contents, as they lie compressed
    captures_url: str | None = None  # s3://bucket[/prefix]; None: the folder `captures` in data_dir
    capture_max_bytes_per_scan: int = Field(default=1 << 30, ge=0, le=1 << 50)
    capture_max_bytes_per_user: int = Field(default=20 << 30, ge=0, le=1 << 50)
    capture_max_bytes: int = Field(default=100 << 30, ge=0, le=1 << 50)
    capture_reserve_bytes: int = Field(default=512 << 20, ge=0)  # free space below which nothing more is kept
    progress_retention_s: float = Field(default=86_400, gt=0)  # after the end of a run, as all of these
    log_retention_days: int = Field(default=30, ge=1, le=36_500)
    event_retention_days: int = Field(default=365, ge=1, le=36_500)
    attempt_retention_days: int = Field(default=365, ge=1, le=36_500)  # results that a later attempt has replaced
    audit_retention_days: int = Field(default=365, ge=1, le=36_500)

    # Reports and requests
    report_organisation: str = Field(default="", max_length=100)  # whose reports they are; "": they do not say
    report_logo: Path | None = None  # of the organisation; PNG or JPEG
    report_timestamp_url: HttpAddress = None  # of an authority that speaks RFC 3161; None: archives have no time stamp
    report_timestamp_ca_file: Path | None = None  # its roots (PEM); None: its signature is not checked
    reports_at_once: int = Field(default=4, ge=1, le=64)
    http_head_timeout_s: float = Field(default=10, gt=0, le=600)
    http_stall_timeout_s: float = Field(default=30, gt=0, le=600)
    http_keep_alive_s: int = Field(default=5, ge=1, le=3_600)
    http_max_head_bytes: int = Field(default=65_536, ge=4_096, le=1 << 20)
    http_max_connections_per_address: int = Field(default=200, ge=1, le=1_000_000)
    http_max_connections: int = Field(default=10_000, ge=1, le=1_000_000)
    max_body_bytes: int = Field(default=262_144, ge=1_024, le=1 << 28)
    max_auth_body_bytes: int = Field(default=8_192, ge=1_024, le=1 << 20)  # of auth/*, which anybody may send
    http_max_kept_body_bytes: int = Field(default=1 << 25, ge=65_536, le=1 << 34)  # of all requests under way
    idempotency_key_ttl_s: int = Field(default=86_400, ge=60, le=30 * 86_400)
    database_busy_timeout_s: float = Field(default=5, gt=0, le=60)

    # Scanner's network (never from a scan's user)
    resolvers: CommaList = ()  # "address" or "address:port"; empty: the system's
    allow_networks: Networks = ()  # CIDRs allowed although private
    ca_file: Path | None = None
    port_map: PortPairs = ()  # "80=18080": real port of a URL's port, inside allow_networks only
    static_hosts: CommaList = ()  # "host=address[:port]"
    ct_urls: Sources = DEFAULT_SOURCES
    user_agent: str = "DomainComplianceScanner/0.1 (compliance scan)"
    host_silence_s: float = Field(default=300, ge=1, le=7_200)  # without an answer, before a host is given up
    host_busy_s: float = Field(default=180, ge=1, le=7_200)  # of nothing but 429, 502, 503 and 504
    recheck_after_s: float = Field(default=60, ge=0, le=600)  # before a new finding's page is judged once more
    allowed_targets: CommaList = ()  # empty: any; else only these domains and names below them
    blocked_targets: CommaList = ()  # never these, nor names below them; before the allowed ones
    chromium_path: str | None = None
    browser_max_bytes: int = Field(default=3 << 30, ge=1 << 29, le=1 << 40)  # of all its processes together
    reputation_lists: Lists = ()  # as `domain.reputation_lists` reads them
    reputation_lists_interval_s: int = Field(default=3_600, ge=60, le=7 * 86_400)  # how often their URLs are asked

    # What a scan does when its user does not say (`domain.scan_options`)
    default_max_pages: int = Field(default=DEFAULTS.max_pages, ge=MAX_PAGES.least, le=MAX_PAGES.most)
    default_max_depth: int | None = Field(default=None, ge=MAX_DEPTH.least, le=MAX_DEPTH.most)  # None: no limit
    default_time_limit_s: int = Field(default=DEFAULTS.time_limit_s, ge=TIME_LIMIT_S.least, le=TIME_LIMIT_S.most)
    default_use_passive_sources: bool = DEFAULTS.use_passive_sources
    default_screenshots: bool = DEFAULTS.screenshots
    default_cloaking: bool = DEFAULTS.cloaking

    # Notifications: see docs/notifications.md
    public_url: HttpAddress = None  # of the page, for links in messages; None: messages have none
    smtp_url: MailServerUrl | None = None  # it may hold a password; None: no e-mail
    mail_from: str | None = None
    notification_networks: Networks = ()  # CIDRs that channels may lead to although private
    notification_first_retry_s: float = Field(default=5, gt=0, le=3_600)  # tripled with each failure
    notification_retention_days: int = Field(default=90, ge=1, le=36_500)

    # LLM review (analysis.md, "LLM review")
    reading_model_url: HttpAddress = None  # of an API like OpenAI's, without /chat/completions; None: none reads along
    reading_model_name: str | None = None
    reading_model_key: SecretStr | None = None  # None: none is sent
    reading_model_budget: int = Field(default=100, ge=1, le=1_000)  # requests of one scan
    reading_model_timeout_s: float = Field(default=30, gt=0, le=300)  # of one request
    reading_model_reads_pictures: bool = False  # it is shown screenshots, too
    reading_model_concurrency: int = Field(default=2, ge=1, le=16)  # requests of one scan at once

    @field_validator(
        "database_url",
        "redis_url",
        "reading_model_name",
        "default_max_depth",
        "smtp_url",
        "mail_from",
        "report_logo",
        "report_timestamp_ca_file",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        for smaller, larger in _IN_ORDER:
            if (getattr(self, smaller) or 0) > getattr(self, larger):
                named = {"name": _variable(smaller), "other": _variable(larger)}
                raise PydanticCustomError("not_above", "in the wrong order", named)
        return self

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        for one, other in _TOGETHER:
            if (getattr(self, one) is None) != (getattr(self, other) is None):
                named = {"name": _variable(one), "other": _variable(other)}
                raise PydanticCustomError("set_together", "one without the other", named)
        return self

    @property
    def current(self) -> Self:
        """Return the settings themselves: fixed settings are their own source (`core.live_settings`)."""
        return self

    @property
    def embedded(self) -> bool:
        """Return whether this is the embedded mode: SQLite in the data folder, and scans as our own processes."""
        return self.resolved_database_url.startswith(SQLITE)

    @property
    def drain_s(self) -> float:
        """Return the seconds over which connections are closed at shutdown; 0: all at once, without another server."""
        if self.ws_drain_s is not None:
            return self.ws_drain_s
        return 0 if self.embedded else min(DRAIN_S, self.stop_within_s / 3)

    @property
    def resolved_database_url(self) -> str:
        """Return the database URL with its password, for connecting only; it must not be logged."""
        named = self.database_url.get_secret_value() if self.database_url is not None else ""
        return named or f"sqlite:///{self.data_dir.absolute() / DATABASE}"

    @property
    def database_file(self) -> Path | None:
        """Return the SQLite file; None for another database."""
        scheme, _, path = self.resolved_database_url.partition(":///")
        name = path.partition("?")[0]
        return Path(name) if scheme.startswith("sqlite") and name not in {"", ":memory:"} else None

    @property
    def keeps_database(self) -> bool:
        """Return whether the database is in the data folder: `compliance restore` replaces only that one."""
        file = self.database_file
        return file is not None and file.absolute() == self.data_dir.absolute() / DATABASE


def settings_for(names: Collection[str], settings: Settings) -> dict[str, Any]:
    """Return these settings as JSON has them, for a process of ours: the database with its password, others masked."""
    values = settings.model_dump(mode="json", include=set(names))
    if "database_url" in values and settings.database_url is not None:
        values["database_url"] = settings.database_url.get_secret_value()
    return values


# Fields whose values nobody may see.
SECRETS: Final = frozenset(name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation))


def load_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the environment, with `overrides` (command line) on top.

    Raises:
        ConfigurationError: an unknown `COMPLIANCE_` variable, a value out of its bounds, or one of PostgreSQL and Redis
            without the other. The message names the variables and never holds a value.
    """
    environment = os.environ if environment is None else environment
    refuse_unknown_variables(environment)
    from pydantic import ValidationError

    values: dict[str, Any] = {
        key.removeprefix(PREFIX).lower(): value
        for key, value in environment.items()
        if key.startswith(PREFIX) and key not in CLIENT_VARIABLES
    }
    try:
        settings = Settings(**{**values, **{key: value for key, value in overrides.items() if value is not None}})
    except ValidationError as error:
        problems = MessageCatalog(Language.EN).join_clauses(_problem(item) for item in error.errors())
        raise ConfigurationError(text="settings_refused", problems=problems) from None
    for name in ("secret_key", "secret_key_previous", "metrics_token", "proxy_key"):
        if (key := getattr(settings, name)) is not None:
            check_secret(key.get_secret_value(), name=_variable(name))
    check_services(settings)
    check_logo(settings.report_logo, name=_variable("report_logo"))
    check_root_certificates(settings.report_timestamp_ca_file, name=_variable("report_timestamp_ca_file"))
    return settings


def _problem(item: Mapping[str, Any]) -> Text:
    """Return what is wrong with one setting, or between two, as one clause. Never its value."""
    values = dict(item.get("ctx", {}))
    name = values.pop("name", None) or _variable(str(item["loc"][0]))
    return english(
        "labelled", what=name, text=describe_field_problem(item["type"], values, MessageCatalog(Language.EN))
    )


def _variable(setting: str) -> str:
    return PREFIX + setting.upper()


def refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """Raises ConfigurationError when a variable with our prefix is no setting."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | CLIENT_VARIABLES
    unknown = sorted(key for key in environment if key.startswith(PREFIX) and key not in known)
    if unknown:
        raise ConfigurationError(text="unknown_settings", names=MessageCatalog(Language.EN).join_terms(unknown))
