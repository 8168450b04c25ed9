import json

import pytest

from testnet.certlog import CertificateLog
from testnet.model import Certificate

COLUMNS = {
    "issuer_ca_id",
    "issuer_name",
    "common_name",
    "name_value",
    "id",
    "entry_timestamp",
    "not_before",
    "not_after",
    "serial_number",
}


@pytest.fixture
def log():
    return CertificateLog(
        [
            Certificate(names=("corp.test", "www.corp.test"), common_name="www.corp.test"),
            Certificate(names=("*.dev.corp.test",), common_name="*.dev.corp.test"),
            Certificate(names=("xcorp.test",), common_name="xcorp.test"),
        ]
    )


def test_percent_finds_names_below_and_not_beside(log):
    assert [row["common_name"] for row in log.search("%.corp.test")] == ["*.dev.corp.test", "www.corp.test"]


def test_an_exact_name_finds_itself_and_a_star_is_no_pattern(log):
    assert [row["common_name"] for row in log.search("corp.test")] == ["www.corp.test"]
    assert [row["common_name"] for row in log.search("*.dev.corp.test")] == ["*.dev.corp.test"]


def test_rows_have_the_columns_of_crt_sh(log):
    row = log.search("corp.test")[0]
    assert set(row) == COLUMNS
    assert row["name_value"] == "corp.test\nwww.corp.test"


def test_the_host_answers_json_as_crt_sh_does(fetch):
    answer = fetch("http://crt.ct-log.test/?q=%25.corp.test&output=json")
    names = {name for row in json.loads(answer.body) for name in row["name_value"].split("\n")}
    assert answer.headers["content-type"] == "application/json"
    assert {"k8s-ingress-a7.corp.test", "*.dev.corp.test", "hr-portal-2019.corp.test"} <= names


def test_a_search_without_hits_is_an_empty_list(fetch):
    assert json.loads(fetch("http://crt.ct-log.test/?q=%25.nobody.test&output=json").body) == []
