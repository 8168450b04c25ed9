"""Names left behind at services: each service with what it says of nothing, and with an answer that is none of that."""

from dataclasses import replace

import pytest

from app.domain.scan_facts import DnsAnswer, DnsOutcome, DnsRecord, Hop, HopKind, Registration, RegistrationState
from app.domain.violations import ViolationKey
from app.engines.analyse.takeover.dangling import load_dangling
from app.engines.analyse.takeover.layer import written_on

TABLE = load_dangling()
BY_ID = {service.id: service for service in TABLE.services}
BUCKET = "NoSuchBucket The specified bucket does not exist. corp-assets"
OTHER_BUCKET_ERROR = "NoSuchKey The specified key does not exist. corp-assets/logo.png"

# Service: (a name at it, status and what it says of nothing, status and an answer that says something else).
ANSWERS = {
    "github_pages": ("corp.github.io", 404, "404 There isn't a GitHub Pages site here.", 404, "404 File not found"),
    "bitbucket": ("corp.bitbucket.io", 404, "Repository not found", 404, "Page not found"),
    "aws_s3": ("corp.s3.eu-west-1.amazonaws.com", 404, BUCKET, 404, OTHER_BUCKET_ERROR),
    "google_storage": ("c.storage.googleapis.com", 404, BUCKET, 404, OTHER_BUCKET_ERROR),
    "aliyun_oss": ("corp.oss-cn-hangzhou.aliyuncs.com", 404, BUCKET, 404, OTHER_BUCKET_ERROR),
    "tencent_cos": ("corp-125.cos.ap-guangzhou.myqcloud.com", 404, BUCKET, 403, "AccessDenied Access Denied."),
    "tencent_cloudbase": ("corp-1.tcloudbaseapp.com", 418, "INVALID_ENV Env Not Found", 404, "NoSuchKey"),
    "huawei_obs": ("corp.obs.cn-north-4.myhuaweicloud.com", 404, BUCKET, 404, OTHER_BUCKET_ERROR),
    "baidu_bos": ("corp.bj.bcebos.com", 404, BUCKET, 403, "AccessDenied Access Denied"),
    "volcengine_tos": ("corp.tos-cn-beijing.volces.com", 404, BUCKET, 404, OTHER_BUCKET_ERROR),
    "kingsoft_ks3": ("corp.ks3-cn-beijing.ksyuncs.com", 404, BUCKET, 404, OTHER_BUCKET_ERROR),
    "jd_oss": ("corp.s3.cn-north-1.jdcloud-oss.com", 404, BUCKET, 404, OTHER_BUCKET_ERROR),
    "upyun": ("corp.b0.upaiyun.com", 404, "no such bucket", 404, "file not found"),
    "digitalocean_spaces": ("corp.nyc3.digitaloceanspaces.com", 404, BUCKET, 404, OTHER_BUCKET_ERROR),
    "wasabi": ("corp.s3.wasabisys.com", 404, BUCKET, 404, OTHER_BUCKET_ERROR),
    "linode_objects": ("corp.eu-central-1.linodeobjects.com", 404, BUCKET, 404, OTHER_BUCKET_ERROR),
    "heroku": ("corp.herokuapp.com", 404, "No such app", 503, "Application error. An error occurred."),
    "netlify": ("corp.netlify.app", 404, "Not Found - Request ID: 01ABC", 404, "Page not found. Back to the site"),
    "vercel": ("corp.vercel.app", 404, "404: NOT_FOUND Code: DEPLOYMENT_NOT_FOUND", 404, "404: NOT_FOUND"),
    "fastly": (
        "corp.global.ssl.fastly.net",
        500,
        "Fastly error: unknown domain: a.corp.example.",
        503,
        "Fastly: first",
    ),
    "shopify": ("corp.myshopify.com", 404, "Sorry, this shop is currently unavailable.", 404, "Page not found in shop"),
    "surge": ("corp.surge.sh", 404, "project not found", 404, "page not found"),
    "pantheon": ("live-corp.pantheonsite.io", 404, "404 error unknown site!", 404, "404 page missing"),
    "read_the_docs": ("corp.readthedocs.io", 404, "corp is unknown to Read the Docs", 404, "This page does not exist"),
    "ghost": ("corp.ghost.io", 404, "The thing you were looking for is no longer here", 404, "404 Page not found"),
    "wordpress_com": ("corp.wordpress.com", 200, "Do you want to register corp.wordpress.com?", 200, "Register now"),
    "tumblr": ("domains.tumblr.com", 404, "There’s nothing here.", 404, "This blog is resting."),
    "zendesk": ("corp.zendesk.com", 404, "Help Center Closed", 404, "The article was removed"),
    "help_scout": ("corp.helpscoutdocs.com", 404, "No settings were found for this company:", 404, "No article found"),
    "intercom": ("custom.intercom.help", 404, "Uh oh. That page doesn’t exist.", 404, "No articles here"),
    "freshdesk": ("corp.freshdesk.com", 404, "There is no helpdesk here!", 404, "There is no such ticket"),
    "uservoice": ("corp.uservoice.com", 404, "This UserVoice subdomain is currently available!", 404, "Idea not found"),
    "readme_io": ("corp.readme.io", 404, "Project doesnt exist... yet!", 404, "Page not found"),
    "ngrok": ("abc.ngrok-free.app", 404, "ERR_NGROK_3200", 502, "ERR_NGROK_8012"),
    "helpjuice": ("corp.helpjuice.com", 404, "We could not find what you're looking for.", 404, "Empty category"),
    "kinsta": ("corp.kinsta.cloud", 404, "No Site For Domain", 404, "No page for this address"),
    "hatena": ("corp.hatenablog.com", 404, "404 Blog is not found", 404, "404 Entry is not found"),
    "uberflip": ("read.uberflip.com", 404, "The URL you've accessed does not provide a hub.", 404, "No such item"),
    "smart_job_board": (
        "corp.mysmartjobboard.com",
        404,
        "This job board website is either expired or its domain name is invalid.",
        404,
        "This job is expired.",
    ),
    "firebase": ("corp.web.app", 404, "Site Not Found", 404, "Page Not Found"),
    "agile_crm": ("corp.agilecrm.com", 404, "Sorry, this page is no longer available.", 404, "Sorry, no contact."),
}
GONE = {
    "azure_app": ("corp.azurewebsites.net", "corp-portal.chinacloudsites.cn"),
    "azure_vm": ("corp.cloudapp.net", "corp.westeurope.cloudapp.azure.com"),
    "azure_traffic": ("corp.trafficmanager.net",),
    "azure_blob": ("corp.blob.core.windows.net",),
    "azure_cdn": ("corp.azureedge.net",),
    "azure_api": ("corp.azure-api.net",),
    "azure_container": ("corp.westeurope.azurecontainer.io",),
    "aws_beanstalk": ("corp.eu-west-1.elasticbeanstalk.com",),
    "qiniu": ("corp.qiniudns.com", "7xabc.com1.z0.glb.clouddn.com"),
    "aliyun_cdn": ("cdn.corp.example.w.kunlunaq.com",),
    "tencent_cdn": ("cdn.corp.example.cdn.dnsv1.com",),
    "fly": ("corp.fly.dev",),
}


def alias(*names, outcome=DnsOutcome.ANSWER):
    host = "assets.party.example"
    chain = zip((host, *names), names, strict=False)
    return DnsAnswer(host, outcome, tuple(DnsRecord(owner, "CNAME", goal, 300) for owner, goal in chain))


@pytest.fixture
def evidence_of(analyser, make_subject):
    """What speaks for a takeover of an address that is (or is an alias of) `name`."""

    def examine(name, text="", *, status=200, aliased=True, dead=False, outcome=DnsOutcome.ANSWER, hops=()):
        url = "https://assets.party.example/" if aliased else f"https://{name}/"
        dns = alias(name, outcome=outcome) if aliased else DnsAnswer(name, outcome)
        subject = make_subject(text, url=url, dns=dns, dead=dead)
        subject = replace(subject, capture=replace(subject.capture, status=status, hops=hops))
        facts = {fact.violation_key: fact for fact in analyser.analyse(subject)}
        return facts.get(ViolationKey.TAKEOVER)

    return examine


def test_there_are_at_least_30_services_and_each_has_its_case():
    assert len(TABLE.services) >= 30
    assert set(ANSWERS) | set(GONE) == set(BY_ID)
    assert {service.id for service in TABLE.services if service.sign == "gone"} == set(GONE)


@pytest.mark.parametrize("service", ANSWERS)
@pytest.mark.parametrize("aliased", [True, False])
def test_a_name_that_its_service_knows_nothing_of_can_be_taken_over(evidence_of, service, aliased):
    name, status, said, _, _ = ANSWERS[service]
    if not aliased and not BY_ID[service].names.search(name):
        name = f"corp.{name}"
    fact = evidence_of(name, said, status=status, aliased=aliased)
    assert fact is not None
    assert fact.evidence[0].rule == f"takeover.answer:{service}"
    assert fact.evidence[0].terms == (BY_ID[service].name,)
    assert name in fact.evidence[0].snippet
    assert fact.needs_review is not BY_ID[service].is_certain


@pytest.mark.parametrize("service", ANSWERS)
def test_what_else_the_service_answers_is_no_takeover(evidence_of, service):
    name, _, _, status, said = ANSWERS[service]
    assert evidence_of(name, said, status=status) is None


@pytest.mark.parametrize("service", ANSWERS)
def test_the_words_alone_and_the_name_alone_are_no_takeover(evidence_of, service):
    name, status, said, _, _ = ANSWERS[service]
    assert evidence_of("www.somewhere.example", said, status=status) is None
    assert evidence_of(f"not{name.split('.')[-2]}.{name.split('.')[-1]}", said, status=status) is None
    assert evidence_of(f"{name}.evil.example", said, status=status) is None
    assert evidence_of(name, f"An article about: {said}", status=206) is None


@pytest.mark.parametrize(("service", "name"), [(service, name) for service, names in GONE.items() for name in names])
def test_a_name_at_a_service_that_is_gone_can_be_taken_over(evidence_of, service, name):
    fact = evidence_of(name, status=0, dead=True, outcome=DnsOutcome.NXDOMAIN)
    assert fact is not None
    assert fact.evidence[0].rule == f"takeover.gone:{service}"


@pytest.mark.parametrize(("service", "name"), [(service, name) for service, names in GONE.items() for name in names])
def test_while_it_is_there_or_unconfirmed_or_elsewhere_it_cannot(evidence_of, service, name):
    assert BY_ID[service].names.search(name)
    assert evidence_of(name, "Welcome", status=200) is None
    assert evidence_of(name, status=0, dead=False, outcome=DnsOutcome.NXDOMAIN) is None
    assert evidence_of(f"{name}.evil.example", status=0, dead=True, outcome=DnsOutcome.NXDOMAIN) is None


def test_who_forwards_is_there(evidence_of):
    hop = Hop("https://assets.party.example/", 301, "192.0.2.1", HopKind.HTTP, "https://other.example/")
    assert evidence_of("corp.github.io", "There isn't a GitHub Pages site here", status=404, hops=(hop,)) is None


def test_an_allow_list_silences_no_takeover(analyser, make_subject):
    url = "https://corp.s3.cn-north-1.amazonaws.com.cn/x.js"
    subject = make_subject(BUCKET, url=url)
    subject = replace(subject, capture=replace(subject.capture, status=404))
    assert [fact.violation_key for fact in analyser.analyse(subject)] == [ViolationKey.TAKEOVER]


def registration(state="registered", **more):
    return Registration("party.example", RegistrationState(state), "rdap.example", "2026-11-26", **more)


@pytest.fixture
def rule_of(analyser, make_subject, make_reference):
    """The rule by which a party's registration is a finding."""

    def examine(found, *, dead=False, page="/"):
        subject = make_subject("Hello", registration=found, dead=dead, references=[make_reference(page=page)])
        facts = [fact for fact in analyser.analyse(subject) if fact.violation_key is ViolationKey.TAKEOVER]
        return facts[0].evidence[0].rule if facts else None

    return examine


def test_a_name_that_neither_resolvers_nor_the_registry_know_can_be_registered(rule_of):
    assert rule_of(registration("unregistered"), dead=True) == "takeover.unregistered"
    assert rule_of(registration("unregistered")) is None  # it answers: somebody is wrong, and nobody is accused
    assert rule_of(registration(), dead=True) is None  # its name servers are gone, its owner is not
    assert rule_of(None, dead=True) is None


@pytest.mark.parametrize("status", ["redemption period", "pending delete", "pendingdelete"])
def test_a_registration_that_has_ended_is_looked_at(rule_of, status):
    assert rule_of(registration(statuses=("client hold", status))) == "takeover.expiring"
    assert rule_of(registration(statuses=("client hold", "active"), expires_on="2020-01-01")) is None


def test_a_domain_registered_after_the_page_was_written_has_changed_hands(rule_of):
    new = registration(registered_on="2024-05-17")
    assert rule_of(new, page="/news/2019/0301.html") == "takeover.reregistered"
    assert rule_of(new, page="/news/2024-05-18/opening.html") is None
    assert rule_of(new, page="/news/2024/05/opening.html") is None  # that month: it may have been on its last day
    assert rule_of(new, page="/news/opening.html") is None
    assert rule_of(registration(), page="/news/2019/0301.html") is None


@pytest.mark.parametrize(
    ("path", "date"),
    [
        ("/2019/03/01/a.html", "2019-03-01"),
        ("/news/2019/0301.html", "2019-03-01"),
        ("/a/2019-03-01-title", "2019-03-01"),
        ("/a/201903/t1.html", "2019-03-31"),
        ("/art/20190301_77.html", "2019-03-01"),
        ("/1899/03/", ""),
        ("/2019/13/", ""),
        ("/item/2019031245", ""),
        ("/x?d=/2019/03/01", ""),
        ("/", ""),
    ],
)
def test_the_date_of_a_page_is_read_from_its_address(path, date):
    assert written_on(f"https://corp.example{path}") == date
