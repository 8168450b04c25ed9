"""What Scrapy does in `peer_crawl`: it follows the site's own links, and reads the links to all hosts on every page.

Run by the Scrapy of the peer's folder, not by the program's Python.
"""

from urllib.parse import urlsplit

import scrapy
from scrapy.exceptions import CloseSpider
from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor


class PeerSpider(scrapy.Spider):
    """`-a start=URL -a pages=N`."""

    name = "peer"

    def __init__(self, start: str, pages: str) -> None:
        super().__init__()
        self.start_urls = [start]
        self.left = int(pages)
        self.links = LinkExtractor(deny_extensions=[])  # of all hosts; what a link leads to is not told by its ending
        self.hosts: set[str] = set()

    def parse(self, response):
        if self.left <= 0:
            raise CloseSpider("pages")
        if not isinstance(response, HtmlResponse):
            return
        self.left -= 1
        own = urlsplit(response.url).netloc
        for link in self.links.extract_links(response):
            host = urlsplit(link.url).netloc
            self.hosts.add(host)
            if host == own:
                yield scrapy.Request(link.url)
        if self.left <= 0:
            raise CloseSpider("pages")

    def closed(self, _reason):
        print(len(self.hosts), "hosts")
