"""The fake certificate log: answers as crt.sh does (`/?q=%25.corp.test&output=json`)."""

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from testnet.model import Certificate, Reach, Resource

HOST_ID = "ct"
ISSUER = "C=XX, O=Testnet Certificate Authority, CN=Testnet CA 1"


class CertificateLog:
    """Searches the world's certificates; a host of the world serves it."""

    host_id = HOST_ID

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        self._rows = [to_row(number, certificate) for number, certificate in enumerate(certificates, start=1)]

    def search(self, query: str) -> list[dict[str, Any]]:
        """Rows with a name that matches; `%` stands for anything, as in crt.sh. Newest first."""
        pattern = query.lower().replace("[", "[[]").replace("*", "[*]").replace("%", "*")
        hits = [row for row in self._rows if any(fnmatchcase(n.lower(), pattern) for n in row_names(row))]
        return hits[::-1]

    def answer(self, query: dict[str, str]) -> Resource | None:
        if "q" not in query:
            return None
        if query.get("output") != "json":
            return Resource(path="/", body=b"<!doctype html><title>Certificate log</title>", reach=Reach.ASSET)
        body = json.dumps(self.search(query["q"])).encode()
        return Resource(path="/", body=body, content_type="application/json", reach=Reach.ASSET, delay_ms=600)


def row_names(row: dict[str, Any]) -> list[str]:
    return [row["common_name"], *row["name_value"].split("\n")]


def to_row(number: int, certificate: Certificate) -> dict[str, Any]:
    """One certificate in crt.sh's JSON shape: names separated by newlines, times without a zone."""
    return {
        "issuer_ca_id": 7,
        "issuer_name": ISSUER,
        "common_name": certificate.common_name,
        "name_value": "\n".join(certificate.names),
        "id": 9_000_000 + number,
        "entry_timestamp": f"{certificate.issued}.{number:03d}",
        "not_before": certificate.issued,
        "not_after": certificate.issued.replace("2024", "2034"),
        "serial_number": f"{0x5EED0000 + number:032x}",
    }
