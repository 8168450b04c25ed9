"""The files of `deploy/` before the programs that read them. nginx runs with its own in `test_nginx.py`.

What no one here can run (an image, a unit) is read as strictly as its own program reads it without running it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from tests.docs.markdown import ROOT, read
from tests.docs.test_deploy import COMPOSES, PROGRAM
from tests.support.cluster import running_deployment, wait_until
from tests.support.redis_users import PASSWORD, SOURCES, redis_with_users

pytestmark = pytest.mark.system

UNITS = sorted((ROOT / "deploy/systemd").iterdir())
RULES = "deploy/prometheus/compliance.rules.yml"
MOST_EXPOSED = 30  # tenths, as `systemd-analyze security` counts; a service without any protection has 96
ALERTS = """\
rule_files: [{rules}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: 'up{{job="compliance", instance="one:8000"}}'
        values: '1 1 0 0 0 0'
      - series: 'websocket_sweep_lag_seconds{{job="compliance", instance="one:8000"}}'
        values: '2 2 30 90 150 210'
      - series: 'websocket_sweep_repairs_total{{job="compliance", instance="one:8000"}}'
        values: '0+60x40'
    alert_rule_test:
      - {{eval_time: 2m, alertname: ComplianceDown, exp_alerts: []}}
      - eval_time: 5m
        alertname: ComplianceDown
        exp_alerts:
          - exp_labels: {{severity: critical, job: compliance, instance: "one:8000"}}
            exp_annotations:
              summary: "one:8000 does not answer."
              description: "Look at its log. Clients reconnect by themselves, and scans go on from their checkpoints."
      - eval_time: 4m
        alertname: ComplianceSweepLate
        exp_alerts:
          - exp_labels: {{severity: critical, job: compliance, instance: "one:8000"}}
            exp_annotations:
              summary: "one:8000 has not compared positions with the log for 2m 30s."
              description: "It is not ready meanwhile, as a rule because the database is away or locked."
      - {{eval_time: 5m, alertname: ComplianceHintsLost, exp_alerts: []}}
      - eval_time: 20m
        alertname: ComplianceHintsLost
        exp_alerts:
          - exp_labels: {{severity: warning, instance: "one:8000"}}
            exp_annotations:
              summary: "The sweep of one:8000 finds tasks behind, 1 a second."
              description: "Hints are lost or late, and events come up to two seconds later than they could."
"""


def tool(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, f"{name} is missing; on Debian: apt-get install {name}"
    return found


# What stands in `.env` beside the compose files.
SECRETS = {
    "POSTGRES_PASSWORD": "letters",
    "POSTGRES_BROWSER_PASSWORD": "other",
    "REDIS_PASSWORD": "letters",
    "REDIS_BROWSER_PASSWORD": "other",
    "SECRET_KEY": "0123456789abcdef" * 4,
}


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **SECRETS},
    )


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units with the program where it lies here: systemd looks whether it can be executed."""
    here = Path(sys.executable).with_name("compliance")
    for path in UNITS:
        (tmp_path / path.name).write_text(path.read_text("utf-8").replace(PROGRAM, str(here)), "utf-8")
    return [tmp_path / path.name for path in UNITS]


def test_systemd_understands_every_line_of_the_units(units):
    done = run(tool("systemd-analyze"), "verify", *units)
    # It warns about lines that it ignores, and succeeds nevertheless.
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_does_warn_of_a_line_that_it_does_not_understand(units):
    for unit in units:
        unit.write_text(
            unit.read_text("utf-8")
            .replace("ProtectSystem=strict", "ProtectSystem=strickt")
            .replace("OnCalendar=*", "OnCalendar=?"),
            "utf-8",
        )
    assert "Failed to parse" in run(tool("systemd-analyze"), "verify", *units).stderr


def test_what_waits_for_postgresql_is_never_given_up():
    """A process waits by itself; one that finds an older revision ends, and is started again until it was upgraded."""
    distributed = [path for path in UNITS if path.stem.removeprefix("compliance-") in ("web@", "worker", "browser")]
    assert len(distributed) == 3
    for path in distributed:
        lines = path.read_text("utf-8").splitlines()
        assert {"StartLimitIntervalSec=0", "Restart=on-failure", "Type=exec"} <= set(lines)
        assert not [line for line in lines if line.startswith("TimeoutStartSec")]


def test_the_services_are_protected(units):
    for unit in units:
        if unit.suffix == ".service":
            words = ("security", "--offline=yes", "--no-pager", f"--threshold={MOST_EXPOSED}", unit)
            done = run(tool("systemd-analyze"), *words)
            assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", COMPOSES)
def test_docker_compose_understands_the_file(name):
    done = run(tool("docker-compose"), "--file", ROOT / name, "config", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_docker_compose_does_refuse_a_key_that_it_does_not_know(tmp_path):
    (tmp_path / "compose.yaml").write_text("services: {one: {image: one, read_olny: true}}")
    assert "read_olny" in run(tool("docker-compose"), "--file", tmp_path / "compose.yaml", "config", "--quiet").stderr


def test_prometheus_understands_what_it_is_to_ask():
    # The files that it names lie on the machine that it runs on.
    done = run(tool("promtool"), "check", "config", "--syntax-only", ROOT / "deploy/prometheus/prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_understands_the_alerts():
    done = run(tool("promtool"), "check", "rules", ROOT / RULES)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{read(RULES).count('- alert:')} rules found" in done.stdout


def test_alerts_are_raised_when_something_is_wrong_and_only_then(tmp_path):
    (tmp_path / "tests.yml").write_text(ALERTS.format(rules=ROOT / RULES))
    done = run(tool("promtool"), "test", "rules", tmp_path / "tests.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("source", SOURCES)
def test_the_user_of_redis_may_do_what_the_program_does_and_nothing_else(source, tmp_path, postgres):
    with redis_with_users(source) as server_of_redis, running_deployment(tmp_path, postgres) as deployment:
        deployment.change(redis_url=server_of_redis.url("compliance", PASSWORD), resolvers="127.0.0.1:9")
        server, url = deployment.serve()
        worker = deployment.work()
        admin = deployment.person(url)
        task = admin.create("nowhere.invalid")
        wait_until(lambda: admin.task(task)["status"] != "pending", worker)
        assert admin.client.get("/readyz").json()["checks"]["bus"] == "ok"
        assert "NOPERM" not in server.said() + worker.said()
        with server_of_redis.client() as watcher:
            assert watcher.acl_log() == []
        with redis.Redis(port=server_of_redis.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with server_of_redis.client("compliance", PASSWORD) as client:
            for forbidden in (client.flushall, client.keys, client.config_get, lambda: client.set("other", "x")):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    forbidden()
