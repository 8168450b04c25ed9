"""Settings that are lists: parted by commas in the environment, and each entry checked by what it stands for."""

from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode

from app.domain.reputation_lists import read_definitions
from app.domain.scan_options import PASSIVE_SOURCE_NAMES, source_of

Entries = tuple[str, ...]


def _split_commas(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _all_networks(value: Entries) -> Entries:
    for network in value:
        try:
            ip_network(network)
        except ValueError as error:
            raise PydanticCustomError("network", "not a network") from error
    return value


def _all_lists(value: Entries) -> Entries:
    try:
        read_definitions(value)
    except ValueError as error:
        raise PydanticCustomError("list_definition", "no list") from error
    return value


def _all_port_pairs(value: Entries) -> Entries:
    for pair in value:
        port, _, real = pair.partition("=")
        if not (port.isdigit() and real.isdigit()):
            raise PydanticCustomError("port_pair", "not PORT=PORT")
    return value


def _all_sources(value: Entries) -> Entries:
    for entry in value:
        if source_of(entry)[0] not in PASSIVE_SOURCE_NAMES:
            names = {"names": ", ".join(PASSIVE_SOURCE_NAMES)}
            raise PydanticCustomError("passive_source", "no such source", names)
    return value


CommaList = Annotated[Entries, NoDecode, BeforeValidator(_split_commas)]
Networks = Annotated[CommaList, AfterValidator(_all_networks)]
PortPairs = Annotated[CommaList, AfterValidator(_all_port_pairs)]
Sources = Annotated[CommaList, AfterValidator(_all_sources)]
Lists = Annotated[CommaList, AfterValidator(_all_lists)]  # of hosts and URLs
