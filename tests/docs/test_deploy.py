"""What `deploy/` names exists in the program: paths, commands, options, settings, ports, metrics and addresses.

That the files mean something to the programs that read them is `tests/system/test_deploy.py`.
"""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder
from prometheus_client import CollectorRegistry

from app.core.config import PREFIX, Settings, load_settings
from app.core.metrics import Metrics
from app.core.worker_metrics import WorkerMetrics
from tests.docs.commands import command_tree, common_options
from tests.docs.markdown import ROOT, read

DEPLOY = ROOT / "deploy"
FILES = sorted(path.relative_to(ROOT).as_posix() for path in DEPLOY.rglob("*") if path.is_file())
SERVICES = [name for name in FILES if name.endswith(".service")]
COMPOSES = [name for name in FILES if "/compose" in name]
PROGRAM = "/opt/compliance/bin/compliance"
# What Chromium builds its sandbox of.
SANDBOX = {"clone", "clone3", "unshare", "setns", "chroot", "seccomp", "prctl", "capset"}
# PromQL's own words in the expressions here, and the labels.
PROMQL = {"sum", "by", "max", "rate", "increase", "histogram_quantile", "up"}
PROMQL |= {"job", "instance", "le", "code", "type", "outcome", "reason"}


def unit(name: str) -> list[tuple[str, str]]:
    lines = [line for line in read(name).splitlines() if "=" in line and not line.startswith("#")]
    return [(key, value) for key, _, value in (line.partition("=") for line in lines)]


def commands(name: str) -> Iterator[list[str]]:
    """What a unit has the program do, in words."""
    for key, value in unit(name):
        if key.startswith("Exec") and PROGRAM in value:
            yield shlex.split(value.partition(PROGRAM)[2].rstrip("'"))


def owner_of(name: str) -> str:
    """The user of a unit; the browser worker has one of its own."""
    return "compliance-browser" if "browser" in name else "compliance"


def services_of(compose: str) -> dict[str, Any]:
    return yaml.safe_load(read(compose))["services"]


def assignments(text: str) -> dict[str, str]:
    return dict(re.findall(rf"^#?({PREFIX}[A-Z_]+)=(.*)$", text, re.MULTILINE))


def stages() -> dict[str, str]:
    """The Dockerfile's stages by name, each with its lines."""
    parts = re.split(r"^FROM \S+ AS (\w+)$", read("deploy/docker/Dockerfile"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def copied() -> list[str]:
    """What the Dockerfile takes out of the repository."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", read("deploy/docker/Dockerfile"), re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def exported() -> set[str]:
    registries: list[CollectorRegistry] = [Metrics().registry, WorkerMetrics().registry]
    found: set[str] = set()
    for family in [family for registry in registries for family in registry.collect()]:
        endings = {"counter": ("_total",), "histogram": ("_count", "_sum", "_bucket")}.get(family.type, ("",))
        found |= {family.name + ending for ending in endings}
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_setting_that_is_named_exists(name):
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", read(name))) <= known


@pytest.mark.parametrize("name", FILES)
def test_every_document_that_is_named_exists(name):
    assert [path for path in re.findall(r"\bdocs/[\w./]+\.md\b", read(name)) if not (ROOT / path).exists()] == []


def test_the_example_for_many_machines_needs_a_key_and_nothing_else(monkeypatch, tmp_path):
    lines = [
        line for line in read("deploy/compliance-distributed.env").splitlines() if line and not line.startswith("#")
    ]
    values = {key: value for key, _, value in (line.partition("=") for line in lines)}
    assert values["COMPLIANCE_SECRET_KEY"] == ""
    for key, value in (values | {"COMPLIANCE_SECRET_KEY": "0123456789abcdef" * 4}).items():
        monkeypatch.setenv(key, value)
    settings = load_settings(data_dir=tmp_path)
    assert not settings.embedded
    assert settings.drain_s == 10


@pytest.mark.parametrize("compose", COMPOSES)
def test_a_container_runs_a_command_that_exists_with_settings_that_are_accepted(compose, tmp_path):
    ours = [service for service in services_of(compose).values() if "build" in service]
    assert {service.get("command", ["serve"])[0] for service in ours} <= command_tree().keys()
    for service in ours:
        values = service["environment"]
        environment = {
            key: re.sub(r"\$\{\w+:\?\}", "0123456789abcdef" * 4, str(value)) for key, value in values.items()
        }
        has_proxy = "browser" not in service.get("command", [])
        assert bool(load_settings(environment, data_dir=tmp_path).trusted_proxies) is has_proxy


def test_the_example_of_the_environment_is_accepted_as_it_is(monkeypatch, tmp_path):
    lines = [line for line in read("deploy/compliance.env").splitlines() if line and not line.startswith("#")]
    for key, _, value in (line.partition("=") for line in lines):
        monkeypatch.setenv(key, value)
    assert load_settings(data_dir=tmp_path).trusted_proxies == ("127.0.0.1",)


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_runs_commands_and_options_that_exist_on_one_data_folder(name):
    tree, found = command_tree(), list(commands(name))
    assert found
    for command, *rest in found:
        options = {word for word in rest if word.startswith("--")}
        assert options <= tree[command] | common_options(), rest
        assert command == "migrate" or rest[rest.index("--data-dir") + 1] == f"/var/lib/{owner_of(name)}"
    values = dict(unit(name))
    assert values["StateDirectory"] == values["User"] == values["Group"] == owner_of(name)
    assert values["EnvironmentFile"] == f"/etc/compliance/{owner_of(name)}.env"


def test_nginx_and_the_unit_speak_of_one_port():
    (serve,) = commands("deploy/systemd/compliance.service")
    address = f"{serve[serve.index('--host') + 1]}:{serve[serve.index('--port') + 1]}"
    assert re.findall(r"^  server (\S+) max_fails=0;", read("deploy/nginx/compliance-upstream.conf"), re.MULTILINE) == [
        address
    ]


def test_nginx_waits_longer_than_the_service_is_silent():
    fields = Settings.model_fields
    longest = max(fields["ws_ping_after_s"].default, fields["sse_ping_after_s"].default)
    waits = re.findall(r"proxy_(?:read|send)_timeout (\d+)s;", read("deploy/nginx/compliance.conf"))
    assert waits
    assert all(int(wait) > 2 * longest for wait in waits)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".service", "compose.yaml"))])
def test_nobody_kills_a_server_before_it_ends_itself(name):
    waits = re.findall(r"^(?:TimeoutStopSec=| *stop_grace_period: )(\d+)s?\b", read(name), re.MULTILINE)
    long_running = "serve " in read(name) or "worker " in read(name) or "compose" in name
    assert all(int(wait) > Settings().stop_within_s for wait in waits)
    assert len(waits) == long_running


def test_every_file_that_the_pages_install_is_there_and_is_read_where_they_put_it():
    text = read("docs/install.md")
    made = {"deploy/docker/.env"}  # with the secrets of its own deployment, by a command of the page
    for path in set(re.findall(r"\bdeploy/[\w./\-@]+\w", text)) - made:
        assert (ROOT / path).exists(), path
    assert "deploy/compliance.env /etc/compliance/compliance.env" in text
    assert "deploy/compliance-browser.env /etc/compliance/compliance-browser.env" in text
    for owner in ("compliance", "compliance-browser"):
        assert f"useradd --system --home-dir /var/lib/{owner} --shell /usr/sbin/nologin {owner}\n" in text
    for name in SERVICES:
        assert Path(name).name in text
    for kind in ("fullchain", "privkey"):
        assert f"/etc/compliance/tls/{kind}.pem" in text
        assert f"/etc/compliance/tls/{kind}.pem" in read("deploy/nginx/compliance.conf")


def test_the_dockerfile_copies_what_is_there_and_let_in():
    ignored = read("deploy/docker/Dockerfile.dockerignore").splitlines()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert f"!{source.split('/')[0]}" in ignored, source


def test_no_image_is_left_with_root_as_its_user():
    for name, lines in stages().items():
        if name not in {"page", "build"}:
            assert re.findall(r"^USER (\S+)$", lines, re.MULTILINE)[-1].split(":")[0] == "10001"


def test_the_package_that_is_installed_has_every_file_of_the_program(tmp_path):
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    packed = set(zipfile.ZipFile(wheel).namelist())
    sources = [path for folder in ("app", "testnet") for path in (ROOT / folder).rglob("*") if path.is_file()]
    wanted = {path.relative_to(ROOT).as_posix() for path in sources if "__pycache__" not in path.parts}
    assert wanted <= packed


@pytest.mark.parametrize("compose", COMPOSES)
def test_a_compose_file_builds_and_mounts_what_is_there(compose):
    here = (ROOT / compose).parent
    for name, service in services_of(compose).items():
        if "build" in service:
            context = (here / service["build"]["context"]).resolve()
            assert context == ROOT
            assert (context / service["build"]["dockerfile"]).exists()
            assert service["build"]["target"] in stages()
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (here / source).exists(), (name, source)
        for option in service.get("security_opt", []):
            kind, _, path = option.partition("=")
            assert kind != "seccomp" or (here / path).exists()


@pytest.mark.parametrize("compose", COMPOSES)
def test_in_a_compose_file_the_service_trusts_nginx_and_nginx_finds_the_service(compose):
    services = services_of(compose)
    nginx = services["nginx"]
    address = {
        name: service["networks"]["inside"]["ipv4_address"]
        for name, service in services.items()
        if isinstance(service.get("networks"), dict)
    }
    (mounted,) = [volume.split(":")[0] for volume in nginx["volumes"] if "upstream" in volume]
    text = ((ROOT / compose).parent / mounted).read_text("utf-8")
    servers = re.findall(r"^  server (\S+):8000 max_fails=0;", text, re.MULTILINE)
    serving = {name for name in services if name.startswith(("compliance", "web"))}
    assert set(servers) == {address[name] for name in serving}
    for name in serving:
        assert services[name]["environment"]["COMPLIANCE_TRUSTED_PROXIES"] == address["nginx"]


# Names of variables that open more than a browser worker needs.
KEYS = re.compile("SECRET_KEY|ADMIN_PASSWORD|AWS_|PROXY_KEY|READING_MODEL_KEY|MAIL|POSTGRES_PASSWORD")
BROWSER_URLS = {
    "COMPLIANCE_DATABASE_URL": "postgresql+psycopg://compliance_browser:",
    "COMPLIANCE_REDIS_URL": "redis://compliance-browser:",
}


def has_no_keys(variables: dict[str, str]) -> None:
    """It has a role and a user of its own, and neither a key nor the password of another."""
    assert [name for name in variables if KEYS.search(name)] == []
    assert [value for value in variables.values() if "${" in value and "BROWSER_PASSWORD" not in value] == []
    for name, beginning in BROWSER_URLS.items():
        assert variables[name].startswith(beginning)


def test_a_browser_worker_has_a_user_an_environment_and_a_network_of_its_own_and_no_keys():
    services = services_of("deploy/docker/compose.yaml")
    browser, others = services["browser"], [services[name] for name in ("web1", "web2", "worker", "migrate", "nginx")]
    assert browser["env_file"] == "../compliance-browser.env"
    has_no_keys(browser["environment"])
    assert all(other.get("user", "10001:10001") != browser["user"] for other in others)
    assert not any(set(browser["networks"]) & set(other["networks"]) for other in others)
    owned = [entry for entry in browser["tmpfs"] if "/var/lib/compliance" in entry]
    assert all(f"uid={browser['user'].split(':')[0]}," in entry for entry in owned)
    assert f"--uid {browser['user'].split(':')[0]} " in stages()["browser"]
    has_no_keys(assignments(read("deploy/compliance-browser.env")))


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_has_the_variables_of_its_one_file_and_no_other(name):
    named = [key for key, _ in unit(name) if "Environment" in key or "Credential" in key]
    assert named == ["EnvironmentFile"]


def test_the_images_of_the_program_hold_no_key():
    for lines in stages().values():
        assert not KEYS.search(lines)


ROLE = "compliance_browser"


def test_whoever_upgrades_the_database_gives_the_role_of_browser_workers_its_rights():
    wanted = ["migrate", "--browser-role", ROLE]
    assert services_of("deploy/docker/compose.yaml")["migrate"]["command"] == wanted
    assert list(commands("deploy/systemd/compliance-migrate.service")) == [wanted]
    assert f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE" in read("deploy/docker/postgres-init.sh")
    made = f"createuser --no-superuser --no-createdb --no-createrole --pwprompt {ROLE}"
    assert made in read("docs/install.md")
    for name in ("docs/upgrade.md", "docs/backup.md"):
        assert ROLE in read(name)
    secrets = read("docs/install.md") + read("docs/upgrade.md")
    assert secrets.count("POSTGRES_BROWSER_PASSWORD") >= 3


def test_documents_say_what_the_users_of_redis_need():
    assert "+client|setinfo" in read("deploy/redis/users.acl")  # an older server refuses the whole file for it
    assert "Redis 7.2 or newer" in read("docs/install.md")
    upgrade = read("docs/upgrade.md")
    assert "compliance-browser" in upgrade
    assert "REDIS_BROWSER_PASSWORD" in upgrade


def test_users_of_redis_have_the_same_rights_in_both_samples():
    command = services_of("deploy/docker/compose.yaml")["redis"]["command"]
    composed = " ".join(command[command.index("--user") :]).split("--user ")[1:]
    listed = [line.removeprefix("user ") for line in read("deploy/redis/users.acl").splitlines()]
    placeholders = {"${REDIS_PASSWORD:?}": "PASSWORD", "${REDIS_BROWSER_PASSWORD:?}": "BROWSER_PASSWORD"}
    for name, placeholder in placeholders.items():
        composed = [user.replace(name, placeholder) for user in composed]
    assert [user.strip() for user in composed] == listed


def test_the_example_for_browser_workers_is_accepted_as_it_is(tmp_path):
    lines = [line for line in read("deploy/compliance-browser.env").splitlines() if line and not line.startswith("#")]
    settings = load_settings(dict(line.split("=", 1) for line in lines), data_dir=tmp_path)
    assert not settings.embedded


def test_the_program_s_role_in_the_database_is_no_superuser():
    postgres = services_of("deploy/docker/compose.yaml")["postgres"]
    assert postgres["environment"]["POSTGRES_USER"] == "postgres"
    assert "./postgres-init.sh:/docker-entrypoint-initdb.d/compliance.sh:ro" in postgres["volumes"]
    assert "CREATE ROLE compliance LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE" in read("deploy/docker/postgres-init.sh")
    assert "createuser --no-superuser --no-createdb --no-createrole --pwprompt compliance" in read("docs/install.md")


# A version is three numbers; PostgreSQL has two.
PINNED = re.compile(
    r"[a-z]+:\d+\.\d+\.\d+(-[a-z][\w.-]*)?(@sha256:[0-9a-f]{64})?|postgres:\d+\.\d+(@sha256:[0-9a-f]{64})?"
)
OWN = re.compile(r"compliance:(server|browser)")


def images(folder: Path) -> list[str]:
    """Every image that the files of Docker name: those that are built on, and those that are run."""
    text = (folder / "Dockerfile").read_text("utf-8")
    found = [image for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE) if image not in stages()]
    for compose in sorted(folder.glob("compose*.yaml")):
        found += [service["image"] for service in yaml.safe_load(compose.read_text("utf-8"))["services"].values()]
    return found


def test_images_are_pinned_to_a_full_version():
    found = images(DEPLOY / "docker")
    foreign = [image for image in found if not OWN.fullmatch(image)]
    assert len(foreign) >= 6
    assert [image for image in foreign if not PINNED.fullmatch(image)] == []
    assert "latest" not in " ".join(found)
    for compose in COMPOSES:
        ours = [service for service in services_of(compose).values() if OWN.fullmatch(service["image"])]
        assert ours == [service for service in services_of(compose).values() if "build" in service]
    for name in ("docs/install.md", "deploy/docker/Dockerfile"):
        assert "deploy/docker/pin-images.sh" in read(name)


DOCKER = """#!/bin/sh
[ "$1 $2 $3" = "buildx imagetools inspect" ] || exit 64
case $4 in {away}) echo "ERROR: no such image" >&2; exit 1 ;; esac
echo "Name:      docker.io/library/$4"
echo "MediaType: application/vnd.oci.image.index.v1+json"
echo "Digest:    sha256:$(printf %s "$4" | sha256sum | cut -c 1-64)"
echo
echo "Manifests:"
echo "  Name:      docker.io/library/$4@sha256:{other}"
"""


def pin_images(folder: Path, *, away: str = "none") -> subprocess.CompletedProcess[str]:
    """Run the script on a copy, with a `docker` that knows every image but one."""
    shutil.copytree(DEPLOY / "docker", folder / "docker", dirs_exist_ok=True)
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin/docker").write_text(DOCKER.format(away=away, other="0" * 64))
    (folder / "bin/docker").chmod(0o755)
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", folder / "docker/pin-images.sh"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PATH": path},
    )


def test_a_command_writes_the_digests_behind_the_versions(tmp_path):
    before = images(DEPLOY / "docker")
    done = pin_images(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    wanted = [
        image if OWN.fullmatch(image) else f"{image}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"
        for image in before
    ]
    assert images(tmp_path / "docker") == wanted
    again = subprocess.run(["sh", tmp_path / "docker/pin-images.sh"], check=False, capture_output=True, timeout=60)
    assert (again.returncode, images(tmp_path / "docker")) == (0, wanted)  # nothing is left to ask for


def test_a_digest_that_cannot_be_had_changes_no_file(tmp_path):
    done = pin_images(tmp_path, away="redis:*")
    assert done.returncode == 1
    assert "redis:" in done.stderr
    assert images(tmp_path / "docker") == images(DEPLOY / "docker")


@pytest.mark.parametrize("compose", COMPOSES)
def test_no_container_keeps_rights_that_it_does_not_need(compose):
    for name, service in services_of(compose).items():
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "cap_add" not in service or name == "nginx"
        assert "privileged" not in service, name
        assert service["read_only"] is True, name
        assert "build" in service or name == "nginx" or service["user"] != "root", name


@pytest.mark.parametrize("compose", COMPOSES)
def test_containers_of_the_program_have_no_rights_and_cannot_change_their_own_files(compose):
    ours = [service for service in services_of(compose).values() if "build" in service]
    assert ours
    for service in ours:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert any(line.startswith("/tmp") for line in service["tmpfs"])


BYTES = {"m": 1 << 20, "g": 1 << 30}


@pytest.mark.parametrize("compose", COMPOSES)
def test_no_container_takes_the_whole_machine(compose):
    for name, service in services_of(compose).items():
        size = str(service["mem_limit"])
        assert int(size[:-1]) * BYTES[size[-1]] < 16 << 30, name
        assert 0 < service["pids_limit"] <= 4_096, name
        if service.get("build", {}).get("target") == "browser":  # else the container ends before the page does
            assert int(size[:-1]) * BYTES[size[-1]] > Settings().browser_max_bytes + (1 << 30)


# What a unit gives up. systemd's own measure of it is in `tests/system/test_deploy.py`.
GIVEN_UP = {
    **dict.fromkeys(("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "ProtectClock"), "yes"),
    **dict.fromkeys(("ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs"), "yes"),
    **dict.fromkeys(("ProtectControlGroups", "ProtectHostname", "RemoveIPC", "LockPersonality"), "yes"),
    **dict.fromkeys(("RestrictRealtime", "RestrictSUIDSGID"), "yes"),
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "ProtectSystem": "strict",
    "ProtectProc": "invisible",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_keeps_rights_that_it_does_not_need(name):
    values = dict(unit(name))
    assert {key: values.get(key) for key in GIVEN_UP} == GIVEN_UP
    assert values["User"] not in ("", "root")
    assert values["SystemCallFilter"].startswith("@system-service")


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_takes_the_whole_machine(name):
    values = dict(unit(name))
    assert re.fullmatch(r"[1-9]\d?(%|G)", values["MemoryMax"])
    assert 0 < int(values["TasksMax"]) <= 4_096
    has_browser = "browser" in name or name.endswith(("compliance.service", "worker.service"))
    assert (values.get("OOMPolicy") == "continue") is has_browser  # systemd would end all of it for one page


def test_chromium_s_profile_leaves_it_its_sandbox_and_takes_what_would_lead_out():
    profile = orjson.loads(read("deploy/docker/chromium-seccomp.json"))
    denied = {name for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ERRNO" for name in rule["names"]}
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    assert not denied & SANDBOX
    assert {"mount", "bpf", "init_module", "kexec_load", "open_by_handle_at", "keyctl", "perf_event_open"} <= denied


def expressions() -> Iterator[str]:
    for group in yaml.safe_load(read("deploy/prometheus/compliance.rules.yml"))["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for panel in orjson.loads(read("deploy/grafana/compliance.json"))["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_alerts_and_dashboard_ask_for_metrics_that_exist():
    known, asked = exported(), set()
    for expression in expressions():
        plain = re.sub(r'"[^"]*"|\$\w+|\d+[mhds]', "", expression)
        asked |= set(re.findall(r"[a-z_]{2,}", plain)) - PROMQL
    assert asked <= known
    assert len(asked) >= 15


def test_every_alert_says_what_it_means_and_what_to_do():
    for group in yaml.safe_load(read("deploy/prometheus/compliance.rules.yml"))["groups"]:
        for rule in group["rules"]:
            assert rule["alert"].startswith("Compliance")
            assert rule["labels"]["severity"] in {"warning", "critical"}
            assert rule["annotations"].keys() == {"summary", "description"}


def test_the_dashboard_s_panels_stand_side_by_side_and_have_names():
    panels = orjson.loads(read("deploy/grafana/compliance.json"))["panels"]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels})
