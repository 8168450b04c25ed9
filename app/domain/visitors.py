"""Visitors as which pages are requested, to detect cloaking."""

from enum import StrEnum


class Visitor(StrEnum):
    """Visitor as which a page was requested again."""

    ROBOT = "robot"  # of a search engine, by its user agent
    SEARCH = "search"  # a browser that comes from a search engine
    PHONE = "phone"  # that comes from a search engine
    NEWCOMER = "newcomer"  # a browser without cookies
    BROWSER = "browser"  # an ordinary one, which the crawl was not: another agent, another time
