// Not written by hand: `python -m tests.docs.test_frontend_types` makes this file from OpenAPI, and a test compares.

export interface Answers {
  "DELETE /api/v1/admin/connections/{connection_id}": unknown;
  "DELETE /api/v1/admin/users/{user_id}": unknown;
  "DELETE /api/v1/auth/keys": RevokedKeys;
  "DELETE /api/v1/auth/keys/{key_id}": unknown;
  "DELETE /api/v1/auth/sessions": EndedSessions;
  "DELETE /api/v1/auth/sessions/{session_id}": unknown;
  "DELETE /api/v1/channels/{channel_id}": unknown;
  "DELETE /api/v1/orders/{order_id}": unknown;
  "DELETE /api/v1/rules/{rule_id}": unknown;
  "DELETE /api/v1/sites/{site_id}": unknown;
  "DELETE /api/v1/tasks/{task_id}": unknown;
  "DELETE /api/v1/tasks/{task_id}/hold": unknown;
  "DELETE /api/v1/tasks/{task_id}/links/{link_id}": unknown;
  "GET /api/v1/admin/audit": AuditPage;
  "GET /api/v1/admin/configuration": ConfigurationResponse;
  "GET /api/v1/admin/configuration/versions": ConfigurationHistory;
  "GET /api/v1/admin/connections": OpenConnections;
  "GET /api/v1/admin/lists": ListOverview;
  "GET /api/v1/admin/local-reader": LocalReaderOverview;
  "GET /api/v1/admin/local-reader/versions/{number}": LocalReaderReport;
  "GET /api/v1/admin/metrics": ServiceNumbers;
  "GET /api/v1/admin/users": UserPage;
  "GET /api/v1/admin/users/{user_id}": UserResponse;
  "GET /api/v1/admin/workers": WorkerList;
  "GET /api/v1/auth/keys": KeyList;
  "GET /api/v1/auth/me": UserResponse;
  "GET /api/v1/auth/sessions": SessionList;
  "GET /api/v1/channels": ChannelList;
  "GET /api/v1/deliveries": DeliveryPage;
  "GET /api/v1/monitor/tasks/{task_id}/events": unknown;
  "GET /api/v1/monitor/tasks/{task_id}/logs": LogPage;
  "GET /api/v1/monitor/tasks/{task_id}/status": TaskState;
  "GET /api/v1/monitor/ws/stats": ConnectionStats;
  "GET /api/v1/notifications": NotificationPage;
  "GET /api/v1/orders": OrderPage;
  "GET /api/v1/orders/{order_id}": OrderResponse;
  "GET /api/v1/orders/{order_id}/report": OrderReport;
  "GET /api/v1/overview": Overview;
  "GET /api/v1/review": ReviewPage;
  "GET /api/v1/rules": RuleList;
  "GET /api/v1/search": SearchResult;
  "GET /api/v1/sites": SitePage;
  "GET /api/v1/sites/labels": SiteLabels;
  "GET /api/v1/sites/{site_id}": SiteResponse;
  "GET /api/v1/sites/{site_id}/scans": TaskPage;
  "GET /api/v1/tasks": TaskPage;
  "GET /api/v1/tasks/defaults": ScanDefaults;
  "GET /api/v1/tasks/{task_id}": TaskResponse;
  "GET /api/v1/tasks/{task_id}/attempts": AttemptPage;
  "GET /api/v1/tasks/{task_id}/captures/{sha256}": unknown;
  "GET /api/v1/tasks/{task_id}/diff": DifferencePage;
  "GET /api/v1/tasks/{task_id}/findings": FindingPage;
  "GET /api/v1/tasks/{task_id}/findings/{finding_id}": FindingDetail;
  "GET /api/v1/tasks/{task_id}/findings/{finding_id}/comments": CommentList;
  "GET /api/v1/tasks/{task_id}/links": LinkList;
  "GET /api/v1/tasks/{task_id}/pages": PagePage;
  "GET /api/v1/tasks/{task_id}/pages/{page_id}": PageDetail;
  "GET /api/v1/tasks/{task_id}/references": ReferencePage;
  "GET /api/v1/tasks/{task_id}/report": Report;
  "GET /api/v1/tasks/{task_id}/subdomains": SubdomainPage;
  "GET /api/v1/tasks/{task_id}/third-parties": ThirdPartyPage;
  "GET /api/v1/tasks/{task_id}/third-parties/{domain}": ThirdPartyDetail;
  "GET /api/v1/tasks/{task_id}/violations": ViolationPage;
  "GET /api/v1/third-parties": InventoryPage;
  "GET /api/v1/third-parties/{domain}": InventoryParty;
  "GET /api/v1/third-party-services": ServicePage;
  "GET /api/v1/third-party-services/sites": ServiceSitePage;
  "GET /livez": Liveness;
  "GET /metrics": unknown;
  "GET /readyz": Readiness;
  "PATCH /api/v1/admin/users/{user_id}": UserResponse;
  "PATCH /api/v1/channels/{channel_id}": ChannelResponse;
  "PATCH /api/v1/sites/{site_id}": SiteResponse;
  "POST /api/v1/admin/configuration/reading-model/test": ReadingModelTest;
  "POST /api/v1/admin/configuration/versions/{number}/restore": ConfigurationResponse;
  "POST /api/v1/admin/lists/{name}/take-shrunk": ListResponse;
  "POST /api/v1/admin/users": UserResponse;
  "POST /api/v1/auth/cookie/login": PageSession;
  "POST /api/v1/auth/cookie/logout": unknown;
  "POST /api/v1/auth/cookie/refresh": PageSession;
  "POST /api/v1/auth/keys": CreatedKey;
  "POST /api/v1/auth/login": TokenResponse;
  "POST /api/v1/auth/logout": unknown;
  "POST /api/v1/auth/logout-everywhere": unknown;
  "POST /api/v1/auth/password": unknown;
  "POST /api/v1/auth/refresh": TokenResponse;
  "POST /api/v1/channels": ChannelCreated;
  "POST /api/v1/channels/{channel_id}/test": TestResult;
  "POST /api/v1/deliveries/{delivery_id}/resend": DeliveryResponse;
  "POST /api/v1/monitor/ws/broadcast": BroadcastResponse;
  "POST /api/v1/monitor/ws/ticket": TicketResponse;
  "POST /api/v1/notifications/read": ReadState;
  "POST /api/v1/orders": OrderResponse;
  "POST /api/v1/orders/{order_id}/cancel": OrderResponse;
  "POST /api/v1/rules": RuleResponse;
  "POST /api/v1/sites": SiteResponse;
  "POST /api/v1/sites/import": ImportReport;
  "POST /api/v1/sites/run": OrderResponse;
  "POST /api/v1/sites/schedule": SchedulePreview;
  "POST /api/v1/sites/{site_id}/run": TaskResponse;
  "POST /api/v1/tasks": TaskResponse;
  "POST /api/v1/tasks/{task_id}/cancel": TaskResponse;
  "POST /api/v1/tasks/{task_id}/findings/{finding_id}/comments": CommentInfo;
  "POST /api/v1/tasks/{task_id}/links": CreatedLink;
  "POST /api/v1/tasks/{task_id}/retry": TaskResponse;
  "PUT /api/v1/admin/configuration": ConfigurationResponse;
  "PUT /api/v1/admin/local-reader": LocalReaderOverview;
  "PUT /api/v1/rules/{rule_id}": RuleResponse;
  "PUT /api/v1/tasks/{task_id}/findings/{finding_id}/assignment": AssignmentInfo;
  "PUT /api/v1/tasks/{task_id}/findings/{finding_id}/decision": DecisionInfo;
  "PUT /api/v1/tasks/{task_id}/hold": TaskResponse;
  "PUT /api/v1/tasks/{task_id}/priority": TaskResponse;
}

export interface Bodies {
  "PATCH /api/v1/admin/users/{user_id}": UserUpdate;
  "PATCH /api/v1/channels/{channel_id}": ChannelUpdate;
  "PATCH /api/v1/sites/{site_id}": SiteUpdate;
  "POST /api/v1/admin/configuration/versions/{number}/restore": ConfigurationRestore;
  "POST /api/v1/admin/lists/{name}/take-shrunk": ShrunkList;
  "POST /api/v1/admin/users": UserCreate;
  "POST /api/v1/auth/cookie/login": LoginRequest;
  "POST /api/v1/auth/keys": KeyCreate;
  "POST /api/v1/auth/login": LoginRequest;
  "POST /api/v1/auth/password": PasswordRequest;
  "POST /api/v1/auth/refresh": RefreshRequest;
  "POST /api/v1/channels": ChannelCreate;
  "POST /api/v1/monitor/ws/broadcast": BroadcastRequest;
  "POST /api/v1/notifications/read": ReadRequest;
  "POST /api/v1/orders": OrderCreate;
  "POST /api/v1/rules": RuleWrite;
  "POST /api/v1/sites": SiteCreate;
  "POST /api/v1/sites/import": SiteImport;
  "POST /api/v1/sites/run": GroupRun;
  "POST /api/v1/sites/schedule": Schedule;
  "POST /api/v1/tasks": TaskCreate;
  "POST /api/v1/tasks/{task_id}/findings/{finding_id}/comments": CommentRequest;
  "POST /api/v1/tasks/{task_id}/links": LinkCreate;
  "PUT /api/v1/admin/configuration": ConfigurationChange;
  "PUT /api/v1/admin/local-reader": LocalReaderChange;
  "PUT /api/v1/rules/{rule_id}": RuleWrite;
  "PUT /api/v1/tasks/{task_id}/findings/{finding_id}/assignment": AssignmentRequest;
  "PUT /api/v1/tasks/{task_id}/findings/{finding_id}/decision": DecisionRequest;
  "PUT /api/v1/tasks/{task_id}/hold": TaskHoldRequest;
  "PUT /api/v1/tasks/{task_id}/priority": TaskPriority;
}

export interface AccusedThirdParty {
  domain: string;
  hosts: string[];
  host_count: number;
  category: string;
  risk_level: RiskLevel | null;
  outcome: Outcome;
  references: number;
  relation: string;
  hidden: number;
  example_page: string;
  violation_key: ViolationKey | null;
}

export interface Advice {
  code: string;
  text: string;
}

export type Aspect = "registered_on" | "registration" | "registrar" | "redirect" | "page_class" | "title" | "category" | "returned" | "judgement";

export interface Assignee {
  user_id: string;
  username: string;
}

export interface AssigneeCount {
  user_id: string | null;
  username: string | null;
  count: number;
}

export interface AssignmentInfo {
  assignee: Assignee | null;
  due_on: string | null;
  changed_by: string | null;
  changed_at: string;
  version: number;
}

export interface AssignmentRequest {
  assignee_id?: string | null;
  due_on?: string | null;
  version: number;
}

export interface AttemptItem {
  attempt: number;
  first_attempt: number;
  status: TaskStatus;
  conclusive: boolean;
  verdict: VerdictInfo | null;
  statistics: Statistics;
  violation_counts: Record<string, number>;
  finding_counts: Record<string, number>;
  log_counts: Record<string, number>;
  stages: AttemptStage[];
  warnings: ReportWarning[];
  error: ErrorInfo | null;
  ended_by: string | null;
  queued_at: string;
  started_at: string | null;
  completed_at: string | null;
  results_removed_at: string | null;
}

export interface AttemptPage {
  items: AttemptItem[];
  total: number;
  shown_attempt: number;
}

export interface AttemptStage {
  key: StageKey;
  status: StageStatus;
  progress: number;
  started_at: string | null;
  finished_at: string | null;
}

export interface AuditItem {
  id: number;
  at: string;
  action: string;
  outcome: "ok" | "denied" | "failed";
  user_id: string | null;
  username: string | null;
  address: string | null;
  object_id: string | null;
  detail: Record<string, unknown>;
}

export interface AuditPage {
  items: AuditItem[];
  next_cursor: string | null;
}

export type Author = "site" | "user";

export type AuthorSign = "rel_ugc" | "forum_host" | "forum_path";

export interface BroadcastRequest {
  message: string;
  level?: "info" | "success" | "warning" | "error";
  data?: Record<string, unknown> | null;
  user_ids?: string[] | null;
  task_id?: string | null;
  expires_in_s?: number | null;
}

export interface BroadcastResponse {
  broadcast_id: string;
  delivered: number;
}

export interface CaptureItem {
  url: string;
  final_url: string;
  status: number;
  title: string;
  captured_at: string | null;
  page_class: string;
  dead: boolean;
  error: string | null;
  addresses: string[];
  dns: DnsAnswerItem | null;
  registration: RegistrationItem | null;
  certificate: CertificateItem | null;
  html: StoredContent | null;
  source: StoredContent | null;
  text: StoredContent | null;
  screenshot: StoredContent | null;
}

export type CertificateError = "expired" | "not_yet_valid" | "self_signed" | "unknown_issuer" | "wrong_name" | "revoked" | "weak" | "unreadable" | "no_answer" | "refused" | "cut" | "no_tls" | "other";

export interface CertificateItem {
  subject: string;
  issuer: string;
  names: string[];
  not_before: string;
  not_after: string;
  valid: boolean;
  error: string;
  error_code: CertificateError | null;
  error_detail: string;
}

export interface ChainStep {
  url: string;
  own: boolean;
  how: string | null;
  how_name: string | null;
  kind: string | null;
  kind_name: string | null;
  status: number | null;
  address: string | null;
  answer_text: string;
}

export type Change = "new" | "gone" | "changed" | "not_seen" | "back" | "rotating" | "seen_once";

export interface ChannelCreate {
  name: string;
  kind: ChannelKind;
  language: Language;
  url?: string | null;
  address?: string | null;
  secret?: string | null;
}

export interface ChannelCreated {
  id: string;
  name: string;
  kind: ChannelKind;
  language: Language;
  leads_to: string;
  enabled: boolean;
  created_at: string;
  last_sent_at: string | null;
  failures: number;
  last_error: DeliveryError | null;
  last_test: LastTest | null;
  signing_secret: string | null;
}

export type ChannelKind = "webhook" | "email" | "dingtalk" | "wecom" | "feishu" | "slack";

export interface ChannelList {
  items: ChannelResponse[];
  mail_configured: boolean;
}

export interface ChannelResponse {
  id: string;
  name: string;
  kind: ChannelKind;
  language: Language;
  leads_to: string;
  enabled: boolean;
  created_at: string;
  last_sent_at: string | null;
  failures: number;
  last_error: DeliveryError | null;
  last_test: LastTest | null;
}

export interface ChannelUpdate {
  name?: string | null;
  language?: Language | null;
  enabled?: boolean | null;
  url?: string | null;
  address?: string | null;
  secret?: string | null;
}

export interface CommentInfo {
  author: string | null;
  created_at: string;
  text: string;
}

export interface CommentList {
  items: CommentInfo[];
}

export interface CommentRequest {
  text: string;
}

export interface CommonOptions {
  max_pages?: number;
  max_depth?: number | null;
  time_limit_s?: number;
  use_passive_sources?: boolean;
  screenshots?: boolean;
  scheme?: Scheme;
  cloaking?: boolean;
  own_domains?: string[];
}

export interface ComparedScan {
  task_id: string;
  attempt: number;
  status: TaskStatus;
  completed_at: string | null;
  conclusive: boolean;
  verdict: VerdictInfo | null;
}

export interface ConfigurationChange {
  version: number;
  values: Record<string, unknown>;
}

export interface ConfigurationHistory {
  items: ConfigurationVersion[];
  total: number;
}

export interface ConfigurationResponse {
  version: number;
  changed_at: string | null;
  changed_by: string | null;
  is_refused: boolean;
  has_model_key: boolean;
  settings: SettingResponse[];
}

export interface ConfigurationRestore {
  version: number;
}

export interface ConfigurationVersion {
  version: number;
  at: string;
  by: string;
  changes: SettingChange[];
  restored_from: number | null;
}

export interface ConnectionStats {
  connections: number;
  users: number;
  event_streams: number;
  subscriptions: number;
  followed_tasks: number;
  watched_tasks: number;
  backlog_bytes: number;
  set_aside: number;
  sweep_lag_s: number | null;
  bus_healthy: boolean;
  other_servers: OtherServer[];
  connections_by_user: Record<string, number>;
}

export interface Coverage {
  crawled: number;
  known: number;
  by_reason: Record<string, number>;
  hosts: HostCoverage[];
}

export interface CreatedKey {
  key_id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  group: string | null;
  created_at: string;
  expires_at: string;
  is_expired: boolean;
  last_used_at: string | null;
  last_network: string | null;
  key: string;
}

export interface CreatedLink {
  link_id: string;
  prefix: string;
  created_by: string;
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
  requests: number;
  token: string;
  path: string;
}

export interface DecisionInfo {
  state: DecisionState;
  reason: string | null;
  expires_on: string | null;
  decided_by: string;
  decided_at: string;
  version: number;
  holds: boolean;
  expired: boolean;
}

export interface DecisionRequest {
  state: DecisionState;
  reason?: string | null;
  expires_on?: string | null;
  version: number;
}

export type DecisionState = "open" | "confirmed" | "dismissed" | "mending";

export interface DeliveryError {
  code: FailureCode;
  message: string;
  detail: string;
}

export interface DeliveryPage {
  items: DeliveryResponse[];
  next_cursor: string | null;
}

export interface DeliveryResponse {
  id: string;
  channel_id: string;
  status: DeliveryStatus;
  attempts: number;
  is_test: boolean;
  items: NotificationContent[];
  total: number;
  created_at: string;
  next_at: string | null;
  sent_at: string | null;
  error: DeliveryError | null;
}

export type DeliveryStatus = "waiting" | "sent" | "dead";

export interface DifferenceItem {
  section: Section;
  change: Change;
  name: string;
  aspect: string;
  before: string;
  after: string;
  page: string;
  url: string;
  was_read: boolean;
  is_unconfirmed: boolean;
  first_seen_at: string | null;
  last_seen_at: string | null;
  text: string;
}

export interface DifferencePage {
  items: DifferenceItem[];
  total: number;
  truncated: boolean;
  scan: ComparedScan;
  against: ComparedScan | null;
  counts: Record<string, Record<string, number>>;
  changes: number;
  not_seen: number;
  rotating: number;
}

export type DigestPeriod = "none" | "daily" | "weekly";

export interface Discovery {
  sources: PassiveSource[];
  name_servers: NameServer[];
  resolvers_left_out: string[];
  wildcard_zones: string[];
  words_tried: number;
  variations_tried: number;
}

export interface DnsAnswerItem {
  outcome: string;
  records: DnsRecordItem[];
}

export interface DnsRecordItem {
  name: string;
  type: string;
  value: string;
  ttl: number;
}

export type Due = "overdue" | "week";

export type Effect = "confirmed" | "suppressed" | "to_review" | "unchanged";

export type Embedding = "code" | "own_content" | "own_redirect" | "resource" | "partner_redirect" | "link" | "mention";

export interface EndedSessions {
  ended: number;
}

export interface ErrorInfo {
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  code: string;
  message: string;
  retryable?: boolean;
}

export interface EvidenceItem {
  violation_id: string;
  violation_key: ViolationKey;
  layer: string;
  rule: string;
  score: number;
  whose: "third_party" | "site";
  whose_name: string;
  url: string | null;
  text: string;
  terms: string[];
  snippet: string;
  offset: number | null;
  hidden_by: string | null;
  source: string;
}

export interface ExplainedRisk {
  level: RiskLevel;
  level_name: string;
  score: number;
  reasons: RiskReason[];
}

export type FailureCode = "dns" | "dns_unreachable" | "refused_address" | "bad_url" | "connect" | "tls" | "timeout" | "protocol" | "redirect" | "http_status" | "rejected" | "rate_limited" | "mail_not_configured" | "mail_refused" | "mail_unreachable" | "secret_unreadable";

export interface FieldProblem {
  field: string;
  code: string;
  message: string;
}

export interface FilterCounts {
  risk_level: Record<string, number>;
  violation_key: Record<string, number>;
  hidden: Record<string, number>;
  decision: Record<string, number>;
  assignee: AssigneeCount[];
}

export interface FindingDetail {
  finding_id: string;
  domain: string;
  violation_key: ViolationKey;
  violation_name: string;
  summary: string;
  risk: ExplainedRisk;
  confidence_score: number;
  needs_review: boolean;
  violations: ViolationReference[];
  embedding: Embedding;
  place: Place;
  depth: number | null;
  hidden_by: string | null;
  hidden_text: string | null;
  author: Author;
  author_text: string;
  page_url: string | null;
  url: string | null;
  via: string | null;
  found_at: string;
  last_seen_at: string;
  state: DecisionState;
  decision: DecisionInfo | null;
  assignment: AssignmentInfo | null;
  comment_count: number;
  last_comment: CommentInfo | null;
  screenshot: StoredContent | null;
  attempt: number;
  evidence: EvidenceItem[];
  references: ReferenceItem[];
  reference_count: number;
  chains: RedirectChain[];
  captures: CaptureItem[];
  site_captures: CaptureItem[];
  third_party: AccusedThirdParty | null;
  advice: Advice[];
  comments: CommentInfo[];
}

export interface FindingPage {
  total: number;
  truncated: boolean;
  attempt: number;
  items: FindingSummary[];
  by_level: Record<string, number>;
  counts: FilterCounts;
  domains: number;
  open_counts: Record<string, number>;
  open_domains: number;
  dismissed: number;
  checked: number;
  checkable: number;
}

export interface FindingSummary {
  finding_id: string;
  domain: string;
  violation_key: ViolationKey;
  violation_name: string;
  summary: string;
  risk: ExplainedRisk;
  confidence_score: number;
  needs_review: boolean;
  violations: ViolationReference[];
  embedding: Embedding;
  place: Place;
  depth: number | null;
  hidden_by: string | null;
  hidden_text: string | null;
  author: Author;
  author_text: string;
  page_url: string | null;
  url: string | null;
  via: string | null;
  found_at: string;
  last_seen_at: string;
  state: DecisionState;
  decision: DecisionInfo | null;
  assignment: AssignmentInfo | null;
  comment_count: number;
  last_comment: CommentInfo | null;
  screenshot: StoredContent | null;
}

export interface FoundDomain {
  domain: string;
  risk_level: RiskLevel | null;
  kinds: ViolationKey[];
  targets: string[];
  findings: OrderedFinding[];
}

export interface FoundFinding {
  task_id: string;
  finding_id: string;
  target_domain: string;
  domain: string;
  risk_level: RiskLevel;
}

export interface FoundScan {
  task_id: string;
  target_domain: string;
  status: TaskStatus;
}

export type Group = "limits" | "targets" | "scan_defaults" | "lists" | "times" | "storage" | "reading_model";

export interface GroupRun {
  group: string;
}

export interface Hop {
  url: string;
  status: number;
  address: string;
  kind: string;
  location: string;
}

export interface HostCoverage {
  host: string;
  by_reason: Record<string, number>;
}

export interface ImportReport {
  added: number;
  existing: number;
  refused: number;
  lines: ImportedLine[];
}

export interface ImportedLine {
  line: number;
  target_domain: string;
  status: "added" | "exists" | "refused";
  site_id: string | null;
  errors: LineProblem[];
}

export interface InventoryChange {
  at: string;
  target_domain: string;
  task_id: string | null;
  attempt: number;
  section: Section;
  change: Change;
  aspect: string;
  name: string;
  before: string;
  after: string;
  url: string;
  text: string;
}

export interface InventoryItem {
  domain: string;
  category: string;
  services: string[];
  risk_level: RiskLevel | null;
  sites: number;
  pages: number | null;
  first_seen_at: string;
}

export interface InventoryPage {
  items: InventoryItem[];
  total: number;
}

export interface InventoryParty {
  domain: string;
  category: string;
  services: string[];
  registrar: string | null;
  registered_on: string | null;
  title: string;
  sites: number;
  first_seen_at: string;
  last_seen_at: string;
  items: InventorySite[];
  total: number;
  changes: InventoryChange[];
  changes_total: number;
}

export interface InventorySite {
  target_domain: string;
  user_id: string;
  task_id: string;
  attempt: number;
  is_present: boolean;
  risk_level: RiskLevel | null;
  relation: string;
  references: number;
  hidden: number;
  page: string | null;
  script: string | null;
  outcome: Outcome;
  first_seen_at: string;
  last_seen_at: string;
}

export interface KeyCreate {
  name: string;
  group?: string | null;
  scopes: Scope[];
  expires_in_s?: number | null;
}

export interface KeyInfo {
  key_id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  group: string | null;
  created_at: string;
  expires_at: string;
  is_expired: boolean;
  last_used_at: string | null;
  last_network: string | null;
}

export interface KeyList {
  items: KeyInfo[];
}

export interface Label {
  name: string;
  sites: number;
}

export type Language = "zh-CN" | "en";

export interface LastScan {
  task_id: string;
  attempt: number;
  status: TaskStatus;
  verdict: VerdictInfo | null;
  completed_at: string;
}

export interface LastTest {
  status: DeliveryStatus;
  tested_at: string;
  error: DeliveryError | null;
}

export type LeftOut = "budget" | "time" | "silent";

export interface LeftOutPages {
  reason: string;
  reason_text: string;
  count: number;
}

export interface LineProblem {
  field: string;
  code: string;
  message: string;
}

export interface LinkCreate {
  expires_in_s: number;
}

export interface LinkInfo {
  link_id: string;
  prefix: string;
  created_by: string;
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
  requests: number;
}

export interface LinkList {
  items: LinkInfo[];
}

export interface LinkingPage {
  page_id: number;
  page_url: string;
  page_title: string;
  depth: number;
}

export type ListFault = "unreachable" | "address_refused" | "timeout" | "status" | "broken_off" | "too_large" | "bomb" | "too_many" | "html" | "binary" | "not_a_list" | "empty" | "shrunk" | "missing" | "unreadable" | "changing" | "disk_full" | "failed";

export type ListFormat = "auto" | "hosts" | "domains" | "url" | "csv" | "ours";

export type ListKind = "block" | "allow";

export interface ListOverview {
  items: ListResponse[];
  total: number;
}

export interface ListResponse {
  name: string;
  kind: ListKind;
  category: ViolationKey;
  source: string;
  format: ListFormat;
  read_as: ListFormat | null;
  date: string | null;
  fetched_at: string | null;
  sha256: string | null;
  entries: number | null;
  duplicates: number | null;
  refused: RefusedNumber[];
  examples: RefusedEntry[];
  checked_at: string | null;
  took_s: number | null;
  fault: ListFault | null;
  fault_text: string | null;
  failing_since: string | null;
  shrunk_to: number | null;
  is_taken: boolean;
}

export interface ListedPage {
  url: string;
  depth: number;
  status: number;
  content_type: string;
  charset: string;
  title: string;
  size: number;
  parsed: boolean;
  error: string | null;
  duration_ms: number;
  truncated: boolean;
  page_id: number;
  findings: number;
}

export interface Liveness {
  status?: "ok";
}

export interface LocalReader {
  version: number;
  fault: ModelFault | null;
  read: number;
  effects: Record<string, number>;
}

export interface LocalReaderChange {
  version: number | null;
}

export interface LocalReaderHead {
  name: string;
  title: string;
  pages: number;
  precision: number | null;
  recall: number | null;
  brier: number;
}

export interface LocalReaderOverview {
  enabled: number | null;
  items: LocalReaderVersion[];
  total: number;
}

export interface LocalReaderReport {
  version: LocalReaderVersion;
  about: string;
  left_out: LeftOutPages[];
  heads: LocalReaderHead[];
  suppressed: WouldSuppress;
  raised: WouldRaise;
}

export interface LocalReaderVersion {
  version: number;
  made_at: string;
  sha256: string;
  violating: number;
  clean: number;
  domains: number;
  is_reported: boolean;
}

export type Lock = "environment" | "key";

export interface LogLineResponse {
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  log_seq: number;
  level: "DEBUG" | "INFO" | "WARNING" | "ERROR";
  module: string;
  message: string;
  created_at: string;
}

export interface LogPage {
  items: LogLineResponse[];
  next_after_log_seq: number;
}

export interface LoginRequest {
  username: string;
  password: string;
}

export type ModelFault = "missing" | "unavailable" | "checksum" | "too_large" | "malformed" | "newer_format" | "unknown_format";

export interface NameServer {
  zone: string;
  name: string;
  transfer: Transfer;
  walk: Walk;
  names: number;
}

export interface NotificationContent {
  kind: NotificationKind;
  target_domain?: string;
  task_id?: string | null;
  attempt?: number | null;
  findings?: NotifiedFinding[] | null;
  total?: number | null;
  finding_counts?: Record<string, number> | null;
  dismissed?: number | null;
  reasons?: Reason[] | null;
  error?: ErrorInfo | null;
  changes?: SiteChange[] | null;
  days?: number | null;
  since?: string | null;
}

export type NotificationKind = "findings" | "scan_completed" | "scan_inconclusive" | "scan_failed" | "site_changed" | "site_overdue";

export interface NotificationPage {
  items: NotificationResponse[];
  last_seq: number;
  unread: number;
  read_revision: number;
}

export interface NotificationResponse {
  seq: number;
  id: string;
  content: NotificationContent;
  created_at: string;
  read_at: string | null;
}

export interface NotifiedFinding {
  id: string;
  domain: string;
  category: ViolationKey;
  risk_level: RiskLevel;
  raised_from?: RiskLevel | null;
  needs_review: boolean;
  url: string;
  found_on?: string | null;
}

export interface OpenConnection {
  connection_id: string;
  user_id: string;
  username: string | null;
  address: string;
  connected_at: string;
  server: string | null;
  subscriptions: number | null;
  backlog_bytes: number | null;
}

export interface OpenConnections {
  items: OpenConnection[];
  total: number;
}

export interface OrderCreate {
  targets: string[];
  title?: string | null;
  config?: CommonOptions | null;
}

export interface OrderHead {
  id: string;
  user_id: string;
  title: string | null;
  targets: number;
  status_counts: Record<string, number>;
  created_at: string;
}

export interface OrderPage {
  items: OrderHead[];
  total: number;
}

export interface OrderReport {
  id: string;
  user_id: string;
  title: string | null;
  targets: number;
  status_counts: Record<string, number>;
  created_at: string;
  config: Record<string, unknown>;
  result: Result | null;
  result_counts: Record<string, number>;
  finding_counts: Record<string, number>;
  open_counts: Record<string, number>;
  properties: OrderedProperty[];
  domains: FoundDomain[];
  omitted_findings: number;
}

export interface OrderResponse {
  id: string;
  user_id: string;
  title: string | null;
  targets: number;
  status_counts: Record<string, number>;
  created_at: string;
  config: Record<string, unknown>;
  result: Result | null;
  result_counts: Record<string, number>;
  finding_counts: Record<string, number>;
  open_counts: Record<string, number>;
  properties: OrderedProperty[];
}

export interface OrderedFinding {
  task_id: string;
  attempt: number;
  target_domain: string;
  finding_id: string;
  kinds: ViolationKey[];
  risk_level: RiskLevel;
  confidence_score: number;
  needs_review: boolean;
  decision: DecisionState;
  url: string | null;
  found_on: string | null;
}

export interface OrderedProperty {
  task_id: string;
  target_domain: string;
  status: TaskStatus;
  attempt: number;
  shown_attempt: number;
  progress: number;
  result: Result | null;
  verdict: VerdictInfo | null;
  finding_counts: Record<string, number>;
  open_counts: Record<string, number>;
  error: ErrorInfo | null;
  created_at: string;
  completed_at: string | null;
}

export interface OtherServer {
  connections: number;
  users: number;
  event_streams: number;
  subscriptions: number;
  followed_tasks: number;
  watched_tasks: number;
  backlog_bytes: number;
  set_aside: number;
  sweep_lag_s: number | null;
  bus_healthy: boolean;
  id: string;
  host: string;
  version: string;
  started_at: string;
  silent_s: number;
  is_heard: boolean;
}

export type Outcome = "examined" | "gone" | "unreachable" | "not_examined";

export interface Overview {
  finding_counts: Record<string, number>;
  sites: SiteOverview[];
  total_sites: number;
  truncated: boolean;
  unfinished: TaskResponse[];
  total_unfinished: number;
  trend: TrendPoint[];
  service: ServiceOverview | null;
}

export type OwnSign = "certificate" | "name_servers" | "registrant";

export interface PageDetail {
  url: string;
  depth: number;
  status: number;
  content_type: string;
  charset: string;
  title: string;
  size: number;
  parsed: boolean;
  error: string | null;
  duration_ms: number;
  truncated: boolean;
  page_id: number;
  attempt: number;
  references: ReferenceItem[];
  reference_count: number;
  capture: CaptureItem | null;
}

export interface PagePage {
  total: number;
  truncated: boolean;
  attempt: number;
  items: ListedPage[];
}

export interface PageSession {
  session_id: string;
  username: string;
  access_token: string;
  token_type?: "bearer";
  expires_in: number;
}

export interface PassiveSource {
  name: string;
  status: SourceStatus;
  names: number;
}

export interface PasswordRequest {
  current_password: string;
  new_password: string;
}

export type Place = "whole_site" | "start_page" | "near" | "inner" | "deep";

export interface PossiblyOwn {
  domain: string;
  signs: OwnSign[];
}

export interface Problem {
  type?: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  trace_id: string;
  errors?: FieldProblem[] | null;
}

export interface ReadRequest {
  up_to?: number | null;
  seqs?: number[];
}

export interface ReadState {
  last_seq: number;
  unread: number;
  read_revision: number;
}

export interface Readiness {
  status: "ok" | "degraded" | "stopping" | "unavailable";
  checks: ReadinessChecks;
}

export interface ReadinessChecks {
  database: "ok" | "unavailable" | "damaged";
  sweep: "ok" | "late";
  bus: "ok" | "degraded";
  captures: "ok" | "degraded";
  results: "ok" | "missing";
}

export interface ReadingModel {
  model: string;
  prompt_version: number;
  budget: number;
  requests: number;
  asked: number;
  answered: number;
  void: Record<string, number>;
  left_out: Record<string, number>;
  effects: Record<string, number>;
}

export interface ReadingModelTest {
  is_answered: boolean;
  model: string;
  latency_ms: number;
  failure: Void | null;
  message: string;
}

export type Reason = "unresolved" | "start_page" | "low_coverage" | "behind_sign_in" | "low_party_coverage" | "client_error" | "server_error" | "no_answer" | "truncated" | "unreadable" | "wall" | "host_given_up" | "sign_in" | "robots" | "depth" | "trap" | "blocked_target" | "limit" | "page_limit" | "time_limit" | "request_limit" | "byte_limit" | "address_limit" | "parties_not_examined" | "parties_unreachable";

export interface RedirectChain {
  reference_id: number;
  origin: ReferenceItem;
  linked_from: LinkingPage | null;
  complete: boolean;
  final_url: string;
  steps: ChainStep[];
}

export interface ReferenceItem {
  reference_id: number;
  page_id: number | null;
  page_url: string;
  page_title: string;
  depth: number | null;
  url: string;
  third_party: string | null;
  raw: string;
  relation: string;
  relation_name: string;
  kind: string;
  kind_name: string;
  dom_path: string | null;
  snippet: string;
  link_text: string;
  hidden_by: string | null;
  hidden_text: string | null;
  repeats: number;
  rel: string;
  author: Author;
  author_sign: AuthorSign | null;
  author_text: string;
  via: string | null;
  loaded_by: string[];
  source: SourceExcerpt | null;
}

export interface ReferencePage {
  total: number;
  truncated: boolean;
  attempt: number;
  items: ReferenceItem[];
}

export interface RefreshRequest {
  refresh_token: string;
}

export type Refused = "not_an_entry" | "local_name" | "public_suffix" | "wildcard" | "port" | "address" | "known_service" | "allowed";

export interface RefusedEntry {
  line: number;
  text: string;
  reason: Refused;
  reason_text: string;
}

export interface RefusedNumber {
  reason: Refused;
  reason_text: string;
  count: number;
}

export interface RegistrationItem {
  domain: string;
  state: "registered" | "unregistered";
  source: string;
  asked_on: string;
  registered_on: string;
  expires_on: string;
  statuses: string[];
  registrar: string;
}

export interface Report {
  task: TaskResponse;
  verdict: VerdictInfo | null;
  statistics: Statistics;
  coverage: Coverage;
  subdomains: Subdomain[];
  third_parties: ReportedThirdParty[];
  violations: ViolationItem[];
  warnings: ReportWarning[];
  truncated: boolean;
  omitted_references: number;
  reading_model: ReadingModel | null;
  local_reader: LocalReader | null;
  possibly_own?: PossiblyOwn[];
  discovery: Discovery | null;
  lists: UsedListInfo[];
}

export type ReportFormat = "pdf" | "html" | "xlsx" | "csv" | "zip" | "json" | "sarif" | "stix";

export interface ReportWarning {
  code: string;
  message: string;
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  reason?: Reason | null;
  host?: string | null;
  count?: number | null;
}

export interface ReportedThirdParty {
  domain: string;
  hosts: string[];
  host_count: number;
  category: string;
  risk_level: RiskLevel | null;
  outcome: Outcome;
  references: number;
  relation: string;
  hidden: number;
  example_page: string;
  hops: Hop[];
}

export type Result = "violations" | "clean" | "inconclusive";

export interface ReviewItem {
  task_id: string;
  user_id: string;
  target_domain: string;
  attempt: number;
  completed_at: string;
  finding: FindingSummary;
}

export type ReviewOrder = "due";

export interface ReviewPage {
  items: ReviewItem[];
  next_cursor: string | null;
  unreadable: string[];
}

export interface RevokedKeys {
  revoked: number;
}

export type RiskLevel = "low" | "medium" | "high" | "critical";

export interface RiskReason {
  code: string;
  points: number;
  params: Record<string, unknown>;
  text: string;
}

export interface RuleList {
  items: RuleResponse[];
}

export interface RuleResponse {
  id: string;
  name: string;
  enabled: boolean;
  kinds: NotificationKind[];
  min_risk: RiskLevel;
  targets: string[];
  all_users: boolean;
  channel_ids: string[];
  time_zone: string;
  digest: DigestPeriod;
  digest_time: string;
  digest_weekday: number;
  quiet_from: string | null;
  quiet_until: string | null;
  next_digest_at: string | null;
  created_at: string;
}

export interface RuleWrite {
  name: string;
  enabled?: boolean;
  kinds: NotificationKind[];
  min_risk?: RiskLevel;
  targets?: string[];
  all_users?: boolean;
  channel_ids?: string[];
  time_zone?: string;
  digest?: DigestPeriod;
  digest_time?: string;
  digest_weekday?: number;
  quiet_from?: string | null;
  quiet_until?: string | null;
}

export interface RunningScan {
  task_id: string;
  attempt: number;
  target_domain: string;
  status: TaskStatus;
}

export interface ScanCounts {
  waiting: number;
  running: number;
  ended: number;
  completed: number;
  failed: number;
  median_duration_s: number | null;
  longest_duration_s: number | null;
}

export interface ScanDefaults {
  max_pages: number;
  max_depth: number | null;
  time_limit_s: number;
  use_passive_sources: boolean;
  screenshots: boolean;
  cloaking: boolean;
}

export interface ScanOptions {
  max_pages?: number;
  max_depth?: number | null;
  time_limit_s?: number;
  use_passive_sources?: boolean;
  screenshots?: boolean;
  scheme?: Scheme;
  cloaking?: boolean;
  own_domains?: string[];
  start_urls?: string[];
}

export interface Schedule {
  cron?: string | null;
  time_zone?: string;
  every_hours?: number | null;
}

export interface SchedulePreview {
  next_runs: string[];
  spread_s: number;
}

export interface ScheduleResponse {
  cron: string | null;
  time_zone: string;
  every_hours: number | null;
}

export interface ScheduledRun {
  task_id: string;
  due_at: string;
  started_at: string;
  missed: number;
}

export type Scheme = "https" | "http";

export type Scope = "read" | "scan" | "review" | "admin";

export interface SearchResult {
  scans: FoundScan[];
  sites: string[];
  findings: FoundFinding[];
}

export type Section = "content" | "findings" | "third_parties" | "hidden_links" | "references" | "redirects" | "hosts" | "certificates" | "looks";

export type Seen = "judged" | "not_html" | "gone" | "client_error" | "server_error" | "no_answer" | "truncated" | "unreadable" | "wall" | "sign_in" | "robots" | "depth" | "trap" | "host_given_up" | "blocked_target" | "limit" | "no_host" | "moved" | "form" | "sheet";

export interface ServerCounts {
  connections: number;
  users: number;
  event_streams: number;
  backlog_bytes: number;
  sweep_lag_s: number;
  bus_healthy: boolean;
  events_sent: number;
  delivery_p99_s: number | null;
  refused: number;
  too_slow: number;
  http_cut: number;
  monitoring_errors: number;
}

export interface ServiceItem {
  service: string;
  category: string;
  domains: number;
  sites: number;
  first_seen_at: string;
  last_seen_at: string;
}

export interface ServiceNumbers {
  at: string;
  since: string;
  server: ServerCounts;
  scans: ScanCounts;
  workers: WorkerCounts;
}

export interface ServiceOverview {
  status: "ok" | "degraded" | "stopping" | "unavailable";
  checks: ReadinessChecks;
  workers: WorkerCounts;
}

export interface ServicePage {
  items: ServiceItem[];
  total: number;
  unknown: UnknownServices;
}

export interface ServiceSite {
  target_domain: string;
  user_id: string;
  task_id: string;
  attempt: number;
  domains: number;
  first_seen_at: string;
  last_seen_at: string;
}

export interface ServiceSitePage {
  items: ServiceSite[];
  total: number;
}

export interface SessionInfo {
  session_id: string;
  created_at: string;
  last_used_at: string;
  expires_at: string;
  address: string | null;
  agent: string | null;
  is_current: boolean;
}

export interface SessionList {
  items: SessionInfo[];
}

export interface SettingChange {
  name: string;
  before: boolean | number | string | string[] | null;
  after: boolean | number | string | string[] | null;
}

export interface SettingResponse {
  name: string;
  group: Group;
  title: string;
  description: string;
  kind: "integer" | "number" | "boolean" | "text" | "list";
  is_nullable: boolean;
  value: boolean | number | string | string[] | null;
  default: boolean | number | string | string[] | null;
  stored: boolean | number | string | string[] | null;
  is_stored: boolean;
  lock: Lock | null;
  variable: string;
  unit: UnitOfNumber | null;
  least: number | null;
  is_least_excluded: boolean;
  most: number | null;
  needs_restart: boolean;
  waits_for_restart: boolean;
}

export interface ShrunkList {
  entries: number;
}

export interface SiteChange {
  section: Section;
  change: Change;
  name: string;
  aspect: Aspect;
  before?: string;
  after?: string;
  url?: string;
  is_unconfirmed?: boolean;
  text?: string;
}

export interface SiteCreate {
  target_domain: string;
  group?: string | null;
  tags?: string[];
  config?: ScanOptions | null;
  schedule?: Schedule | null;
  paused?: boolean;
  overdue_after_days?: number | null;
}

export interface SiteHead {
  id: string;
  user_id: string;
  target_domain: string;
  group: string | null;
  tags: string[];
  config: Record<string, unknown>;
  schedule: ScheduleResponse | null;
  paused: boolean;
  next_run_at: string | null;
  waits_for: string | null;
  last_run: ScheduledRun | null;
  last_scan: LastScan | null;
  last_conclusive_at: string | null;
  unfinished: UnfinishedScan | null;
  overdue_after_days: number | null;
  overdue_since: string | null;
  finding_counts: Record<string, number>;
  trend: number[];
  created_at: string;
}

export interface SiteImport {
  csv: string;
  dry_run?: boolean;
}

export interface SiteLabels {
  groups: Label[];
  tags: Label[];
}

export interface SiteOverview {
  target_domain: string;
  user_id: string;
  task_id: string;
  attempt: number;
  status: TaskStatus;
  verdict: VerdictInfo | null;
  completed_at: string;
  shown_task_id: string;
  shown_attempt: number;
  finding_counts: Record<string, number>;
}

export interface SitePage {
  items: SiteHead[];
  total: number;
}

export interface SiteResponse {
  id: string;
  user_id: string;
  target_domain: string;
  group: string | null;
  tags: string[];
  config: Record<string, unknown>;
  schedule: ScheduleResponse | null;
  paused: boolean;
  next_run_at: string | null;
  waits_for: string | null;
  last_run: ScheduledRun | null;
  last_scan: LastScan | null;
  last_conclusive_at: string | null;
  unfinished: UnfinishedScan | null;
  overdue_after_days: number | null;
  overdue_since: string | null;
  finding_counts: Record<string, number>;
  trend: number[];
  created_at: string;
  next_runs: string[];
}

export interface SiteUpdate {
  group?: string | null;
  tags?: string[] | null;
  config?: ScanOptions | null;
  schedule?: Schedule | null;
  paused?: boolean | null;
  overdue_after_days?: number | null;
}

export interface SnapshotFindings {
  total: number;
  critical: number;
  high: number;
  medium: number;
  low: number;
  needs_review: number;
}

export interface SnapshotStage {
  key: StageKey;
  name: string;
  status: "pending" | "running" | "completed" | "failed" | "skipped" | "cancelled";
  progress: number;
  started_at: string | null;
  finished_at: string | null;
}

export interface SnapshotViolation {
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  violation: Violation;
  violation_id: string;
  finding_id: string;
  violation_key: string;
  needs_review: boolean;
  url?: string | null;
  found_on?: string | null;
  created_at: string;
}

export interface SnapshotViolations {
  total: number;
  critical: number;
  high: number;
  medium: number;
  low: number;
  needs_review: number;
  recent: SnapshotViolation[];
}

export interface SnapshotWarning {
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  code: "long_running" | "stalled" | "worker_suspect" | "no_worker" | "late_run" | "no_resources" | "queued" | "degraded" | "partial" | "inconclusive";
  message: string;
  attempt: number;
  reason?: Reason | null;
  host?: string | null;
  count?: number | null;
}

export interface SourceExcerpt {
  excerpt: string;
  offset: number;
  line: number;
  column: number;
  marks: SourceMark[];
}

export interface SourceMark {
  start: number;
  end: number;
}

export type SourceStatus = "asked" | "cached" | "refused" | "limited" | "failed";

export type StageKey = "subdomain_discovery" | "page_crawl" | "third_party" | "content_capture" | "ai_analysis";

export type StageStatus = "pending" | "running" | "completed" | "failed" | "skipped" | "cancelled";

export interface Statistics {
  total_subdomains?: number;
  total_pages_crawled?: number;
  total_third_party_domains?: number;
  total_violations?: number;
  execution_duration?: number;
}

export interface StoredContent {
  sha256: string;
  href: string;
}

export interface Subdomain {
  name: string;
  sources: string[];
  addresses: string[];
  cnames: string[];
  http_alive: boolean;
  https_alive: boolean;
  wildcard: boolean;
}

export interface SubdomainPage {
  total: number;
  truncated: boolean;
  attempt: number;
  items: Subdomain[];
  open_zones?: NameServer[];
}

export interface TaskCreate {
  target_domain: string;
  config?: ScanOptions | null;
}

export interface TaskHold {
  by: string;
  at: string;
  reason: string;
}

export interface TaskHoldRequest {
  reason: string;
}

export interface TaskPage {
  items: TaskResponse[];
  total: number;
  truncated: boolean;
}

export interface TaskPriority {
  priority: number;
}

export interface TaskResponse {
  id: string;
  user_id: string;
  owner?: string | null;
  target_domain: string;
  config: Record<string, unknown>;
  status: TaskStatus;
  attempt: number;
  shown_attempt: number;
  progress: number;
  finding_counts: Record<string, number>;
  open_counts: Record<string, number>;
  stage: string | null;
  stage_key: string | null;
  statistics: Statistics;
  violation_counts: Record<string, number>;
  log_counts: Record<string, number>;
  warnings: number;
  error: ErrorInfo | null;
  verdict: VerdictInfo | null;
  priority?: number;
  queue_position: number | null;
  last_seq: number;
  hold?: TaskHold | null;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
}

export interface TaskState {
  task_id: string;
  seq: number;
  epoch: string;
  min_seq: number;
  status: "pending" | "running" | "cancelling" | "completed" | "failed" | "cancelled";
  attempt: number;
  progress: number;
  stage: string | null;
  stage_key: StageKey | null;
  stages: SnapshotStage[];
  statistics: Statistics;
  violations: SnapshotViolations;
  findings: SnapshotFindings;
  log_counts: Record<string, number>;
  warnings: SnapshotWarning[];
  worker: Worker;
  queue_position?: number | null;
  target_domain: string;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  ended_by?: string | null;
  error?: ErrorInfo | null;
  verdict?: VerdictInfo | null;
}

export type TaskStatus = "pending" | "running" | "cancelling" | "completed" | "failed" | "cancelled";

export interface TestResult {
  sent: boolean;
  error: DeliveryError | null;
}

export interface ThirdPartyDetail {
  attempt: number;
  third_party: AccusedThirdParty;
  findings: FindingSummary[];
  references: ReferenceItem[];
  reference_count: number;
  chains: RedirectChain[];
  captures: CaptureItem[];
  site_captures: CaptureItem[];
}

export interface ThirdPartyPage {
  total: number;
  truncated: boolean;
  attempt: number;
  items: AccusedThirdParty[];
  possibly_own?: PossiblyOwn[];
}

export interface TicketResponse {
  ticket: string;
  expires_in: number;
}

export interface TokenResponse {
  access_token: string;
  refresh_token: string;
  token_type: "bearer";
  expires_in: number;
}

export type Transfer = "open" | "refused" | "failed";

export interface TrendPoint {
  day: string;
  sites: number;
  finding_counts: Record<string, number>;
}

export interface UnfinishedScan {
  task_id: string;
  status: TaskStatus;
  progress: number;
}

export type UnitOfNumber = "seconds" | "days" | "bytes";

export interface UnknownServices {
  domains: number;
  sites: number;
}

export interface UsedListInfo {
  name: string;
  kind: ListKind;
  source: string;
  date: string;
  sha256: string;
  entries: number;
}

export interface UserCreate {
  username: string;
  email: string;
  password: string;
  role?: "admin" | "user" | "reviewer" | "viewer";
}

export interface UserPage {
  items: UserResponse[];
  total: number;
}

export interface UserResponse {
  id: string;
  username: string;
  email: string;
  role: "admin" | "user" | "reviewer" | "viewer";
  is_active: boolean;
  scan_priority: number;
  created_at: string;
  last_login_at: string | null;
}

export interface UserUpdate {
  email?: string | null;
  password?: string | null;
  role?: "admin" | "user" | "reviewer" | "viewer" | null;
  is_active?: boolean | null;
  scan_priority?: number | null;
}

export interface VerdictInfo {
  result: Result;
  reasons?: Reason[];
  counts?: Record<string, number> | null;
}

export interface Violation {
  domain: string;
  violation_type: string;
  risk_level: RiskLevel;
  confidence_score: number;
  description: string;
}

export interface ViolationItem {
  violation_id: string;
  finding_id: string;
  domain: string;
  violation_key: ViolationKey;
  violation_type: string;
  risk_level: RiskLevel;
  confidence_score: number;
  description: string;
  evidence: Record<string, unknown>[];
  needs_review: boolean;
  url: string | null;
  found_on: string | null;
  text_key: string | null;
  params: Record<string, unknown> | null;
  attempt: number;
  created_at: string;
  decision: DecisionInfo | null;
  assignment: AssignmentInfo | null;
  comments: CommentInfo[];
}

export type ViolationKey = "adult" | "gambling" | "fraud" | "malware" | "drugs" | "violence" | "medical" | "other" | "takeover" | "hidden_link" | "tampered";

export interface ViolationPage {
  total: number;
  truncated: boolean;
  attempt: number;
  items: ViolationItem[];
}

export interface ViolationReference {
  violation_id: string;
  violation_key: ViolationKey;
}

export type Void = "rate_limited" | "server_error" | "refused" | "timeout" | "unreachable" | "malformed" | "wrong_value" | "contradictory" | "invented_quote" | "prompt_quoted" | "interrupted";

export type Walk = "none" | "whole" | "part";

export interface Worker {
  id: string | null;
  state: "none" | "alive" | "suspect";
  last_heartbeat_at: string | null;
}

export interface WorkerCounts {
  alive: number;
  silent: number;
  concurrency: number;
  running: number;
}

export interface WorkerList {
  items: WorkerResponse[];
  total: number;
}

export interface WorkerResponse {
  id: string;
  host: string;
  version: string;
  queues: string[];
  concurrency: number;
  state: "alive" | "silent";
  started_at: string;
  last_heartbeat_at: string;
  silent_s: number;
  runs: RunningScan[];
}

export interface WouldRaise {
  confirmed: number;
  other_class: number;
  dismissed: number;
}

export interface WouldSuppress {
  to_review: number;
  dismissed: number;
  confirmed: number;
  confirmed_domains: string[];
}
