"""The evidence of one scan, joined from its violations and its file. Blocking: for a thread."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.db import Database
from app.core.errors import NotFound
from app.core.json_chunks import Json, JsonChunks, encode, encode_list, split
from app.core.paging import Paging
from app.core.redact import display_text
from app.domain.authorship import authorship_of
from app.domain.coverage import checked_of
from app.domain.findings import NOBODY, AssessedFinding, FindingFilter, FindingId, content_cause_of
from app.domain.recommendations import Situation, advise
from app.domain.scan_facts import Capture, ThirdParty
from app.domain.tampering import sign_of
from app.domain.task_row import TaskRow
from app.domain.third_parties import Outcome
from app.domain.violations import ViolationKey
from app.findings.annotations import Annotations
from app.findings.evidence.chains import ChainBuilder
from app.findings.evidence.exposures import Scales, Site, Weighed, cleared_of, strongest_first, without_hosts
from app.findings.evidence.kept_contents import Excerpt, decode, find_excerpt, own_document, screenshots_of
from app.findings.evidence.views import EvidenceViews
from app.findings.queries import finding_counts, findings, violations
from app.findings.queries.finding_counts import FindingCounts
from app.scans.serialisers import serialise_fact, serialise_third_party
from app.scanstore.evidence_reader import EvidenceReader, StoredReference
from app.scanstore.rows import host_in

MAX_REFERENCES: Final = 50  # shown with a finding, the worst first; the list of references has all
MAX_SITE_CAPTURES: Final = 5  # of the site's own pages, shown with a finding
CHUNK: Final = 500  # references of one read
NO_EXCERPTS: Final[Mapping[int, Excerpt]] = MappingProxyType({})
ReadContent = Callable[[str], bytes | None]  # None: it is not kept, or damaged


class ScanEvidence:
    """For one request: opened with its file, its task's row and the reader's language."""

    def __init__(
        self,
        *,
        row: TaskRow,
        reader: EvidenceReader,
        db: Database,
        site: Site,
        language: str,
        read: ReadContent,
        is_shared: bool,
    ) -> None:
        """`is_shared`: for a reader with a read-only link."""
        self._row = row
        self._reader = reader
        self._db = db
        self._site = site
        self._read_content = read
        self._is_shared = is_shared
        self._views = EvidenceViews(language, task_id=row.id, attempt=row.attempt, site=site)
        self._scales = Scales(reader, site)

    def findings(self, paging: Paging, wanted: FindingFilter) -> JsonChunks:
        """The worst first. A reader with a link cannot ask who takes care of them."""
        assignee = None if self._is_shared else wanted.assignee
        row, causes = self._row, self._views.causes_named(paging.q)
        only = replace(wanted, q=paging.q, q_causes=causes, assignee=assignee)
        owner = (row.user_id, row.target_domain)
        place = {"offset": paging.offset, "limit": paging.page_size}
        found, counts, sums = self._db.read_sync(
            lambda c: (
                findings.list_page(c, row.id, row.run, owner, only, **place),
                finding_counts.read(c, row.id, row.run, owner, only),
                finding_counts.open_sums(c, row),
            )
        )
        total = self._reader.seen().total
        checked, checkable = checked_of(total) if total else self._reader.coverage()
        return encode_list(
            self._summaries(found.rows),
            total=found.total,
            truncated=False,
            attempt=row.attempt,
            by_level=found.by_level,
            counts=self._counts(counts),
            domains=found.domains,
            checked=checked,
            checkable=checkable,
            **sums,
        )

    def _counts(self, counts: FindingCounts) -> Json:
        """Return `findings.schemas.findings.FilterCounts`."""
        by_assignee = counts.by_field["assignee"]
        if self._is_shared:
            by_assignee = {NOBODY: total} if (total := sum(by_assignee.values())) else {}
        assignees = [
            {
                "user_id": None if user_id == NOBODY else user_id,
                "username": display_text(counts.names[user_id]) if user_id in counts.names else None,
                "count": number,
            }
            for user_id, number in sorted(by_assignee.items(), key=lambda item: counts.names.get(item[0], ""))
        ]
        return {**counts.by_field, "assignee": assignees}

    def all_findings(self) -> Iterator[Json]:
        """Every finding as the list shows it, the worst first."""
        found = self._db.read_sync(lambda c: findings.of_run(c, self._row.id, self._row.run))
        for first in range(0, len(found), CHUNK):
            yield from self._summaries(found[first : first + CHUNK])

    def summarise(self, found: Sequence[Row[Any]]) -> dict[str, Json]:
        """Return these rows of findings by their ids, as the list shows them."""
        return {summary["finding_id"]: summary for summary in self._summaries(found)}

    def finding(self, finding_id: str) -> JsonChunks:
        """One finding with its evidence. Raises NotFound."""
        return split(encode(self.finding_document(finding_id)))

    def finding_document(self, finding_id: str) -> Json:
        """Return `findings.schemas.findings.FindingDetail`. Raises NotFound."""
        wanted, row = FindingId.parse(finding_id), self._row
        found = None if wanted is None else self._db.read_sync(lambda c: findings.find(c, row.id, row.run, wanted))
        if found is None:
            raise NotFound(text="no_such_finding")
        domain, assessed = found.domain, findings.assessed(found)
        made_of = [item for item in self._violations_of(domain) if item.cause == found.cause]
        made_of.sort(key=lambda one: one.id != found.violation_id)  # the one that names the cause first
        (cleared,) = cleared_of(self._reader, [(domain, assessed.content_hosts)])
        weighed = strongest_first(assessed.id.cause, without_hosts(self._scales.weigh([domain])[domain], cleared))
        captures = [capture for capture in self._captures_of(made_of) if capture.host not in cleared]
        party = self._reader.party(domain)
        outcome = Outcome.EXAMINED if party is None else party.outcome
        (summary,) = self._summaries([found])
        return {
            "attempt": row.attempt,
            **summary,
            "evidence": self._views.evidence(made_of),
            **self._surroundings(domain, weighed, captures, cleared),
            "third_party": None if party is None else self._party(party),
            "advice": self._advice(assessed, made_of, outcome),
            "comments": self._db.read_sync(lambda c: self._said(c, [domain])).of(found)["comments"],
        }

    def third_party(self, domain: str) -> JsonChunks:
        """Any third party of the scan in the same way. Raises NotFound."""
        party = self._reader.party(domain)
        if party is None:
            raise NotFound(text="no_such_third_party")
        weighed = self._scales.weigh([domain])[domain]
        document = {
            "attempt": self._row.attempt,
            "third_party": self._party(party),
            "findings": list(self._summaries(self._findings_of([domain]))),
            **self._surroundings(
                domain, strongest_first(ViolationKey.OTHER, weighed), self._reader.captures_of(domain)
            ),
        }
        return split(encode(document))

    def page(self, page_id: int, paging: Paging) -> JsonChunks:
        """A page of the site with its references to others. Raises NotFound."""
        page = self._reader.page(page_id)
        if page is None:
            raise NotFound(text="no_such_page")
        found, total = self._reader.references_on(page.url, offset=paging.offset, limit=paging.page_size)
        capture = self._reader.capture_at(host_in(page.url), page.url)
        document = {
            "attempt": self._row.attempt,
            **serialise_fact(page),
            "references": self._references(found),
            "reference_count": total,
            "capture": None if capture is None else self._views.capture(capture),
        }
        return split(encode(document))

    def references(self, paging: Paging, domain: str | None) -> JsonChunks:
        """All references of the scan, or those to one third party. Raises NotFound for an unknown one."""
        if domain is None:
            found, total = self._reader.references(offset=paging.offset, limit=paging.page_size)
        else:
            hosts = self._hosts_of(domain)
            found, total = self._reader.references_to(hosts, offset=paging.offset, limit=paging.page_size)
        return encode_list(self._references(found), total=total, truncated=False, attempt=self._row.attempt)

    def all_references(self, domain: str | None) -> Iterator[list[Json]]:
        """The same in chunks, to their end. Raises NotFound."""
        for chunk in self._chunks(domain):
            yield self._references(chunk)

    def _chunks(self, domain: str | None) -> Iterator[Sequence[StoredReference]]:
        if domain is None:
            yield from _to_the_end(lambda last: self._reader.references_after(last, limit=CHUNK))
            return
        for host in sorted(self._hosts_of(domain)):
            yield from _to_the_end(partial(self._after, host))

    def _after(self, host: str, last_id: int) -> list[StoredReference]:
        return self._reader.references_to_after(host, last_id, limit=CHUNK)

    def _hosts_of(self, domain: str) -> Sequence[str]:
        party = self._reader.party(domain)
        if party is None:
            raise NotFound(text="no_such_third_party")
        return party.hosts

    def _violations_of(self, domain: str) -> list[Row[Any]]:
        return self._db.read_sync(lambda c: violations.of_domain(c, self._row.id, self._row.run, domain))

    def _findings_of(self, domains: Sequence[str]) -> list[Row[Any]]:
        return self._db.read_sync(lambda c: findings.of_domains(c, self._row.id, self._row.run, domains))

    def _party(self, party: ThirdParty) -> Json:
        """Return `findings.schemas.results.AccusedThirdParty`, with all its hosts."""
        run = (self._row.id, self._row.run, [party.domain])
        levels, found = self._db.read_sync(lambda c: (findings.levels_of(c, *run), findings.of_domains(c, *run)))
        cause = content_cause_of((row.cause, row.state) for row in found)
        return {**serialise_third_party(party, levels), "violation_key": cause}

    def _summaries(self, found: Sequence[Row[Any]]) -> Iterator[Json]:
        """Show these rows of findings, with their violations and what was decided about them."""
        domains, row = [item.domain for item in found], self._row
        said, made_of = self._db.read_sync(
            lambda c: (self._said(c, domains), violations.names_at(c, row.id, row.run, domains))
        )
        screenshots = screenshots_of(self._reader, self._site, found)
        by_finding: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
        for violation in made_of:
            by_finding[violation.cause, violation.domain].append(violation)
        for item in found:
            assessed = findings.assessed(item)
            yield self._views.finding(
                assessed,
                by_finding[item.cause, item.domain],
                found_at=item.found_at,
                last_seen_at=item.last_seen_at,
                state=said.state_of(item),
                said=said.of(item),
                screenshot=screenshots.get(item.violation_id, ""),
            )

    def _said(self, connection: Connection, domains: Sequence[str]) -> Annotations:
        return Annotations.read(connection, self._row, domains, is_shared=self._is_shared)

    def _advice(self, found: AssessedFinding, made_of: Sequence[Row[Any]], outcome: Outcome) -> list[Json]:
        evidence = next((item.evidence for item in made_of if item.id == found.violation_id), ())
        rule = str(evidence[0]["rule"]) if evidence else ""
        exposure = found.exposure
        situation = Situation(found.id.cause, exposure, outcome, needs_review=found.needs_review, rule=rule)
        return self._views.advice(advise(situation), domain=found.id.domain, page=found.page_url, via=exposure.via)

    def _captures_of(self, made_of: Sequence[Row[Any]]) -> Sequence[Capture]:
        """Captures that show a finding: all captures of a third party, or the violating page of the site."""
        domain = made_of[0].domain
        if not self._site.owns(domain):
            return self._reader.captures_of(domain)
        urls = dict.fromkeys(violation.url for violation in made_of if violation.url)
        found = (self._reader.capture_at(host_in(url), url) for url in urls)
        return [capture for capture in found if capture is not None]

    def _surroundings(
        self, domain: str, weighed: Sequence[Weighed], captures: Sequence[Capture], cleared: Collection[str] = ()
    ) -> Json:
        """References to the domain but for its `cleared` hosts, redirect paths to it, and captures."""
        shown = [item.reference for item in weighed[:MAX_REFERENCES]]
        own = self._site_captures(shown)
        leading = [item.reference for item in weighed if sign_of(item.reference.fact.kind) is None]
        chains = ChainBuilder(self._reader, self._site).build(leading, captures)
        told = {entry.id: entry for entry in (*shown, *(chain.origin for chain in chains))}
        excerpts = self._excerpts(list(told.values()), own)
        views = dict(zip(told, self._references(list(told.values()), excerpts), strict=True))
        own_hosts = (domain,) if self._site.owns(domain) else ()
        hosts = [host for host in self._reader.hosts_of([domain]).get(domain, own_hosts) if host not in cleared]
        return {
            "references": [views[entry.id] for entry in shown],
            "reference_count": self._reader.references_to(hosts, limit=0)[1],
            "chains": [self._views.chain(chain, views[chain.origin.id]) for chain in chains],
            "captures": [self._views.capture(capture) for capture in captures],
            "site_captures": [self._views.capture(capture) for capture in own.values()],
        }

    def _references(
        self, references: Sequence[StoredReference], excerpts: Mapping[int, Excerpt] = NO_EXCERPTS
    ) -> list[Json]:
        """References as they are shown, with the third parties that they lead to and their places in the source."""
        owners = self._owners({host_in(reference.fact.url) for reference in references})
        return [
            self._views.reference(
                reference,
                authorship_of(reference.fact.page_url, reference.fact.rel),
                excerpts.get(reference.id),
                third_party=owners.get(host_in(reference.fact.url)),
            )
            for reference in references
        ]

    def _owners(self, hosts: Collection[str]) -> dict[str, str]:
        """Return the third party of each host; hosts that are only mentioned have none."""
        domains = sorted({domain for host in hosts for domain in _domains_above(host)})
        return {host: domain for domain, known in self._reader.hosts_of(domains).items() for host in known}

    def _site_captures(self, references: Sequence[StoredReference]) -> dict[str, Capture]:
        """What was captured of the pages that refer, by their URL."""
        pages = list(dict.fromkeys(reference.fact.page_url for reference in references))
        found = ((url, self._reader.capture_at(host_in(url), url)) for url in pages)
        captured = ((url, capture) for url, capture in found if capture is not None)
        return dict(islice(captured, MAX_SITE_CAPTURES))

    def _excerpts(self, references: Sequence[StoredReference], captures: dict[str, Capture]) -> dict[int, Excerpt]:
        """Where these references stand in the stored source, by their ids."""
        sources = {url: self._source_of(capture) for url, capture in captures.items()}
        found = {
            reference.id: self._excerpt(reference, source)
            for reference in references
            if (source := sources.get(reference.fact.page_url, ""))
        }
        return {number: excerpt for number, excerpt in found.items() if excerpt is not None}

    def _excerpt(self, reference: StoredReference, source: str) -> Excerpt | None:
        fact, earlier = reference.fact, self._reader.alike_before(reference)
        return find_excerpt(source, fact.raw, fact.text, fact.snippet, hidden=fact.hidden, earlier=earlier)

    def _source_of(self, capture: Capture) -> str:
        """The page's own decoded source; "" when it was not kept, and when an HTTP redirect stands there."""
        sha256, charset = own_document(capture)
        content = self._read_content(sha256) if sha256 else None
        return "" if content is None else decode(content, charset)


def _domains_above(host: str) -> Iterator[str]:
    """Yield the names that may be the registrable domain of a host: itself, and those above it but the last."""
    labels = host.split(".")
    for first in range(max(1, len(labels) - 1)):
        yield ".".join(labels[first:])


def _to_the_end(read_after: Callable[[int], Sequence[StoredReference]]) -> Iterator[Sequence[StoredReference]]:
    """Read chunk after chunk, each behind the last id of the one before."""
    last = 0
    while chunk := read_after(last):
        yield chunk
        last = chunk[-1].id
