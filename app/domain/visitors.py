"""The visitors as whom pages are asked for, to see who is shown something else."""

from enum import StrEnum


class Visitor(StrEnum):
    """As whom a page was asked for once more."""

    ROBOT = "robot"  # of a search engine, by its user agent
    SEARCH = "search"  # a browser that comes from a search engine
    PHONE = "phone"  # that comes from a search engine
    NEWCOMER = "newcomer"  # a browser without cookies
    BROWSER = "browser"  # an ordinary one, which the crawl was not: another agent, another time
