// Not written by hand: `python -m tests.docs.test_frontend_types` makes this file from `compliance export-schema`, and a test compares.

export type ServerFrame =
  | ConnectionEstablished
  | Pong
  | Ping
  | SubscriptionResult
  | TaskSnapshot
  | LogsDropped
  | AdminBroadcast
  | TopicResult
  | NotificationFrame
  | NotificationState
  | ReconnectAdvice
  | TokenExpiring
  | AuthResult
  | Status
  | ErrorFrame
  | TaskCreatedFrame
  | TaskStartedFrame
  | TaskProgressFrame
  | TaskStageFrame
  | ViolationDetectedFrame
  | FindingChangedFrame
  | TaskLogsFrame
  | TaskWarningFrame
  | TaskErrorFrame
  | TaskCancellingFrame
  | TaskRetryingFrame
  | TaskCompletedFrame
  | TaskDeletedFrame
  | MadeUpDeletion;

export type ClientCommand =
  | PingCommand
  | PongCommand
  | SubscribeTaskCommand
  | UnsubscribeTaskCommand
  | SubscribeTasksCommand
  | ResumeCommand
  | SubscribeCommand
  | UnsubscribeCommand
  | AuthCommand
  | GetStatusCommand;

export interface AdminBroadcast {
  timestamp: string;
  type: "admin_broadcast";
  broadcast_id: string;
  message: string;
  level: "info" | "warning" | "error" | "success";
  sender: string;
  data?: Record<string, unknown> | null;
  expires_at?: string | null;
}

export type Aspect = "registered_on" | "registration" | "registrar" | "redirect" | "page_class" | "title" | "category" | "returned" | "judgement";

export interface AuthCommand {
  id?: string | null;
  token: string;
  type: "auth";
}

export interface AuthResult {
  timestamp: string;
  type: "auth_result";
  success: boolean;
  expires_at?: string | null;
  error?: ResultError | null;
  id?: string | null;
}

export type Change = "new" | "gone" | "changed" | "not_seen" | "back" | "rotating" | "seen_once";

export interface ConnectionEstablished {
  timestamp: string;
  type: "connection_established";
  connection_id: string;
  message: string;
  user_id: string;
  protocol?: 1;
  epoch: string;
  server_time: string;
  heartbeat: Heartbeat;
  limits: Record<string, number>;
  token_expires_at: string;
}

export interface ErrorFrame {
  timestamp: string;
  type: "error";
  code: ErrorCode;
  message: string;
  id?: string | null;
  retry_after_ms?: number | null;
  fatal?: boolean;
}

export type ErrorCode = "bad_json" | "bad_type" | "unknown_type" | "missing_field" | "invalid_field" | "binary_not_supported" | "too_large" | "rate_limited" | "not_found" | "subscription_limit" | "not_subscribed" | "missing_token" | "invalid_token" | "expired_token" | "user_disabled" | "insufficient_scope" | "token_mismatch" | "history_pruned" | "server_busy" | "database_damaged" | "internal";

export interface ErrorInfo {
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  code: string;
  message: string;
  retryable?: boolean;
}

export interface FindingChangedFrame {
  type: "finding_changed";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  finding_id: string;
  domain: string;
  kinds: ViolationKey[];
  risk_level: RiskLevel;
  score: number;
  violation_counts: Record<string, number>;
  finding_counts: Record<string, number>;
}

export interface GetStatusCommand {
  id?: string | null;
  type: "get_status";
}

export interface Heartbeat {
  interval_s: number;
  timeout_s: number;
}

export type Language = "zh-CN" | "en";

export interface LogLine {
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  log_seq: number;
  level: "DEBUG" | "INFO" | "WARNING" | "ERROR";
  module: string;
  message: string;
  created_at: string;
}

export interface LogsDropped {
  timestamp: string;
  type: "logs_dropped";
  task_id: string;
  from_log_seq: number;
  to_log_seq: number;
  count: number;
  reason?: "slow_client";
}

export interface MadeUpDeletion {
  timestamp: string;
  type: "task_deleted";
  task_id: string;
  by: string;
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

export interface NotificationFrame {
  timestamp: string;
  type: "notification";
  seq: number;
  prev_seq: number;
  notification: NotificationResponse;
}

export type NotificationKind = "findings" | "scan_completed" | "scan_inconclusive" | "scan_failed" | "site_changed" | "site_overdue";

export interface NotificationResponse {
  seq: number;
  id: string;
  content: NotificationContent;
  created_at: string;
  read_at: string | null;
}

export interface NotificationState {
  timestamp: string;
  type: "notification_state";
  seq: number;
  unread: number;
  read_revision: number;
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

export interface Ping {
  timestamp: string;
  type: "ping";
  sequence: number;
  server_time: string;
}

export interface PingCommand {
  id?: string | null;
  client_time?: string | number | null;
  type: "ping";
}

export interface Pong {
  timestamp: string;
  type: "pong";
  ping_count: number;
  server_time: string;
  client_time?: string | number | null;
  id?: string | null;
}

export interface PongCommand {
  id?: string | null;
  type: "pong";
}

export type Reason = "unresolved" | "start_page" | "low_coverage" | "behind_sign_in" | "low_party_coverage" | "client_error" | "server_error" | "no_answer" | "truncated" | "unreadable" | "wall" | "host_given_up" | "sign_in" | "robots" | "depth" | "trap" | "blocked_target" | "limit" | "page_limit" | "time_limit" | "request_limit" | "byte_limit" | "address_limit" | "parties_not_examined" | "parties_unreachable";

export interface ReconnectAdvice {
  timestamp: string;
  type: "reconnect_advice";
  reason: string;
  delay_min_ms: number;
  delay_max_ms: number;
}

export type Result = "violations" | "clean" | "inconclusive";

export interface ResultError {
  code: ErrorCode;
  message: string;
}

export interface ResumeCommand {
  id?: string | null;
  task_id: string;
  last_seq: number;
  epoch?: string | null;
  type: "resume";
}

export type RiskLevel = "low" | "medium" | "high" | "critical";

export type Section = "content" | "findings" | "third_parties" | "hidden_links" | "references" | "redirects" | "hosts" | "certificates" | "looks";

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

export interface SnapshotFindings {
  total: number;
  critical: number;
  high: number;
  medium: number;
  low: number;
  needs_review: number;
}

export type SnapshotReason = "history_pruned" | "epoch" | "ahead_of_log" | "too_much" | "topics_changed";

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

export type StageKey = "subdomain_discovery" | "page_crawl" | "third_party" | "content_capture" | "ai_analysis";

export interface Statistics {
  total_subdomains?: number;
  total_pages_crawled?: number;
  total_third_party_domains?: number;
  total_violations?: number;
  execution_duration?: number;
}

export interface Status {
  timestamp: string;
  type: "status";
  connection_id: string;
  user_id: string;
  connected_at: string;
  subscriptions: StatusSubscription[];
  feeds?: StatusTopic[] | null;
  id?: string | null;
}

export interface StatusSubscription {
  task_id: string;
  seq: number;
  topics: string[];
}

export interface StatusTopic {
  topic: "notifications";
  seq: number;
}

export interface SubscribeCommand {
  id?: string | null;
  topic: "notifications";
  last_seq?: number | null;
  epoch?: string | null;
  type: "subscribe";
}

export interface SubscribeTaskCommand {
  id?: string | null;
  task_id: string;
  last_seq?: number | null;
  epoch?: string | null;
  log_tail?: number;
  topics?: ("progress" | "logs")[];
  type: "subscribe_task";
}

export interface SubscribeTasksCommand {
  id?: string | null;
  items: unknown[];
  log_tail?: number;
  topics?: ("progress" | "logs")[];
  type: "subscribe_tasks";
}

export interface SubscriptionResult {
  timestamp: string;
  type: "subscription_result";
  task_id: string;
  action: "subscribe" | "unsubscribe" | "resume";
  success: boolean;
  seq?: number | null;
  epoch: string;
  recovered?: boolean | null;
  replayed?: number | null;
  reason?: SnapshotReason | null;
  error?: ResultError | null;
  id?: string | null;
}

export interface TaskCancellingFrame {
  type: "task_cancelling";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  by: string;
  reason?: string | null;
}

export interface TaskCompletedFrame {
  type: "task_completed";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  lang?: Language | null;
  status: "completed" | "failed" | "cancelled";
  statistics: Statistics;
  message: string;
  error?: ErrorInfo | null;
  verdict?: VerdictInfo | null;
}

export interface TaskCreatedFrame {
  type: "task_created";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  lang?: Language | null;
  target_domain: string;
  message: string;
}

export interface TaskDeletedFrame {
  type: "task_deleted";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  by: string;
}

export interface TaskErrorFrame {
  type: "task_error";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  lang?: Language | null;
  code: string;
  error: string;
  message: string;
  retryable: boolean;
}

export interface TaskLogsFrame {
  type: "task_logs";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  logs: LogLine[];
  lang?: Language | null;
}

export interface TaskProgressFrame {
  type: "task_progress";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  lang?: Language | null;
  progress: number;
  stage: string;
  message: string;
  stage_key: StageKey;
  stage_index: number;
  stage_progress: number;
  stages_progress?: Record<string, number> | null;
  counts?: Record<string, number> | null;
  eta_s?: number | null;
  eta_min_s?: number | null;
  eta_max_s?: number | null;
}

export interface TaskRetryingFrame {
  type: "task_retrying";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  by: string;
  reason?: string | null;
  next_attempt: number;
}

export interface TaskSnapshot {
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
  timestamp: string;
  type: "task_snapshot";
  logs: LogLine[];
}

export interface TaskStageFrame {
  type: "task_stage";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  stage_key: StageKey;
  stage: string;
  status: "running" | "completed" | "failed" | "skipped" | "cancelled";
  duration_ms?: number | null;
  lang?: Language | null;
}

export interface TaskStartedFrame {
  type: "task_started";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  lang?: Language | null;
  target_domain: string;
  message: string;
  worker_id?: string | null;
}

export interface TaskWarningFrame {
  type: "task_warning";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  lang?: Language | null;
  code: "long_running" | "stalled" | "worker_suspect" | "no_worker" | "late_run" | "no_resources" | "queued" | "degraded" | "partial" | "inconclusive";
  message: string;
  duration_hours?: number | null;
  reason?: Reason | null;
  host?: string | null;
  count?: number | null;
}

export interface TokenExpiring {
  timestamp: string;
  type: "token_expiring";
  expires_at: string;
}

export interface TopicResult {
  timestamp: string;
  type: "topic_result";
  topic: "notifications";
  action: "subscribe" | "unsubscribe";
  success: boolean;
  seq?: number | null;
  epoch: string;
  recovered?: boolean | null;
  reason?: SnapshotReason | null;
  error?: ResultError | null;
  id?: string | null;
}

export interface UnsubscribeCommand {
  id?: string | null;
  topic: "notifications";
  type: "unsubscribe";
}

export interface UnsubscribeTaskCommand {
  id?: string | null;
  task_id: string;
  type: "unsubscribe_task";
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

export interface ViolationDetectedFrame {
  type: "violation_detected";
  task_id: string;
  seq: number;
  prev_seq?: number | null;
  attempt: number;
  timestamp: string;
  text_key?: string | null;
  params?: Record<string, unknown> | null;
  violation: Violation;
  violation_id: string;
  finding_id: string;
  violation_key: ViolationKey;
  needs_review: boolean;
  url?: string | null;
  found_on?: string | null;
  violation_counts: Record<string, number>;
  finding_counts: Record<string, number>;
  lang?: Language | null;
}

export type ViolationKey = "adult" | "gambling" | "fraud" | "malware" | "drugs" | "violence" | "medical" | "other" | "takeover" | "hidden_link" | "tampered";

export interface Worker {
  id: string | null;
  state: "none" | "alive" | "suspect";
  last_heartbeat_at: string | null;
}
