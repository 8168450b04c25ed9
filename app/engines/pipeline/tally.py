"""The numbers of a scan as they are now."""

from app.domain.scan_facts import Counts, HostFact
from app.engines.crawl.crawler import Crawler
from app.engines.pipeline.analysis.analysis_stage import AnalysisStage
from app.engines.pipeline.capture.capture_stage import CaptureStage
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex


class Tally:
    """Counts hosts itself, and asks the stages for all else."""

    def __init__(
        self, *, crawler: Crawler, third_parties: ThirdPartyIndex, captures: CaptureStage, analyses: AnalysisStage
    ) -> None:
        self._crawler = crawler
        self._third_parties = third_parties
        self._captures = captures
        self._analyses = analyses
        self._subdomains: set[str] = set()

    def count_host(self, host: HostFact) -> None:
        """Names that resolve by themselves count, each once."""
        if host.addresses and not host.wildcard:
            self._subdomains.add(host.name)

    def counts(self) -> Counts:
        return Counts(
            subdomains=len(self._subdomains),
            pages=self._crawler.pages,
            third_parties=len(self._third_parties.domains),
            captures=self._captures.captured,
            violations=self._analyses.violations,
            urls_known=self._crawler.known,
            urls_crawled=self._crawler.crawled,
        )
