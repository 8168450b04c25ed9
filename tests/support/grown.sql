-- Tables that have grown, for `tests/unit/test_postgres_plans.py`: one user has half of the tasks, one task a
-- long log. Every tenth task has an id that tells no time, so that its rows lie in the partition of all others.
CREATE FUNCTION pg_temp.task(n int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT substr(t, 1, 8) || '-' || substr(t, 9, 4) || '-7000-8000-' || lpad(to_hex(n), 12, '0')
    FROM lpad(to_hex((1e3 * extract(epoch FROM now()))::bigint - n * (365 * 86400000::bigint / :tasks)), 12, '0') t
$$;
INSERT INTO users
SELECT CASE n WHEN 1 THEN ':id' ELSE n::text END, 'u' || n, 'e' || n, 'x', 'user', true, 1, now()
FROM generate_series(1, 5000) n;

INSERT INTO sessions
SELECT 's' || n, (2 + n % 4000)::text, now(), now(), NULL, 'j' FROM generate_series(1, 20000) n;

INSERT INTO known_addresses
SELECT (2 + n % 4000)::text, n::text, now() FROM generate_series(1, 20000) n;

INSERT INTO idempotency_keys
SELECT (2 + n % 4000)::text, n::text, 'f', '{}', now() FROM generate_series(1, 20000) n;

INSERT INTO audit_log (at, action, outcome, detail)
SELECT now() - n * interval '10 minutes', (ARRAY['auth.login', 'ws.connect', 'task.cancel'])[1 + n % 3], 'ok', '{}'
FROM generate_series(1, 50000) n;

INSERT INTO scan_tasks (
    id, user_id, target_domain, config, status, attempt, run, progress, stages, statistics, violation_counts,
    log_counts, warnings, last_seq, min_seq, last_log_seq, heartbeat, requeues, running_s, created_at, queued_at,
    completed_at, deleted_at
)
SELECT
    CASE WHEN n = 1 THEN ':id' WHEN n % 10 = 9 THEN md5(n::text) ELSE pg_temp.task(n) END,
    CASE WHEN n % 2 = 1 THEN ':id' ELSE (2 + n % 4000)::text END,
    'corp-' || n % 977 || '.example', '{}',
    CASE
        WHEN n = 1 THEN 'pending'
        WHEN n % 100 = 2 THEN 'running'
        WHEN n % 100 = 3 THEN 'pending'
        WHEN n % 10 = 4 THEN 'failed'
        ELSE 'completed'
    END,
    1, 1, 0, ':stages', ':statistics', '{}', '{}', '[]', CASE n WHEN 1 THEN 10000 ELSE 10 END, 1,
    CASE n WHEN 1 THEN 10000 ELSE 10 END, 0, 0, 0,
    now() - n * interval '25 minutes', now() - n * interval '25 minutes',
    CASE WHEN n % 100 > 3 THEN now() - n * interval '25 minutes' END,
    CASE WHEN n % 100 = 5 THEN now() END
FROM generate_series(1, :tasks) n;

INSERT INTO scan_runs (
    task_id, run, attempt, status, progress, stages, statistics, violation_counts, finding_counts, log_counts, warnings,
    last_seq, last_log_seq, running_s, queued_at, started_at, completed_at, conclusive, capture_bytes
)
SELECT
    id, 1, 1, status, 0, '[]', '{}', '{}', '{}', '{}', '[]', last_seq, last_log_seq, 0, queued_at, queued_at,
    completed_at, true, 0
FROM scan_tasks WHERE completed_at IS NOT NULL;

INSERT INTO task_events (task_id, seq, attempt, type, event_id, body, created_at)
SELECT
    t.id, s, 1, (ARRAY['task_progress', 'task_logs', 'task_stage', 'task_progress'])[1 + s % 4], md5(t.id || s), 'b',
    now()
FROM scan_tasks t, generate_series(1, t.last_seq) s;

INSERT INTO task_logs (task_id, log_seq, attempt, level, module, message, created_at)
SELECT t.id, s, 1, 'INFO', 'm', 'a line of the log', now() FROM scan_tasks t, generate_series(1, t.last_seq) s;

INSERT INTO violations (
    id, task_id, run, attempt, domain, violation_key, cause, confidence_score, description, evidence, needs_review, url,
    found_on, created_at
)
SELECT
    md5(t.id || s), t.id, 1, 1, 'd' || s, 'gambling', 'gambling', 1, repeat('of what it says ', 40), '[]', false, '',
    '', now()
FROM scan_tasks t, generate_series(1, CASE t.id WHEN ':id' THEN 1000 ELSE 3 END) s;

INSERT INTO findings (
    task_id, domain, cause, run, kinds, violation_id, risk_level, score, reasons, embedding, place, via, author,
    page_url, url, confidence_score, needs_review, state, found_at, last_seen_at
)
SELECT
    task_id, domain, cause, run, '["gambling"]', id, 'high', 60, '[]', 'link', 'near', '', 'site', '', '', 1,
    needs_review, 'open', created_at, created_at
FROM violations;

INSERT INTO assignments (
    user_id, target_domain, domain, cause, assignee_id, assignee_name, due_on, comment, changed_by_name, changed_at,
    version
)
SELECT
    user_id, target_domain, 'casino.example', 'gambling', CASE WHEN n % 3 > 0 THEN user_id END, 'u',
    CASE WHEN n % 4 = 0 THEN DATE '9999-12-31' ELSE current_date + (n % 200 - 100)::int END, 'c', 'u', now(), 1
FROM (SELECT user_id, target_domain, row_number() OVER () AS n FROM scan_tasks GROUP BY user_id, target_domain) t;

INSERT INTO sites (
    user_id, target_domain, task_id, attempt, status, completed_at, shown_task_id, shown_attempt, urgency,
    review_task_id, review_at
)
SELECT DISTINCT ON (user_id, target_domain)
    user_id, target_domain, id, 1, status, completed_at, id, 1, lpad((row_number() OVER ())::text, 49, '0'),
    CASE WHEN id < '8' THEN id END, CASE WHEN id < '8' THEN completed_at END
FROM scan_tasks WHERE completed_at IS NOT NULL AND deleted_at IS NULL ORDER BY user_id, target_domain, completed_at DESC;

INSERT INTO site_changes (user_id, target_domain, day, total)
SELECT user_id, target_domain, current_date - d, d FROM sites, generate_series(1, 5) d;

INSERT INTO open_counts (day, user_id, total)
SELECT current_date - d, user_id, 1
FROM (SELECT DISTINCT user_id FROM sites ORDER BY user_id LIMIT 100) u, generate_series(1, 600) d;

INSERT INTO managed_sites (
    id, user_id, target_domain, group_name, config, cron, time_zone, scheduled_at, paused, due_at, next_run_at, try_at,
    overdue_since, created_at
)
SELECT
    CASE n WHEN 1 THEN ':id' ELSE md5(n::text) END,
    CASE WHEN n % 20 = 1 THEN ':id' ELSE (2 + n % 4000)::text END,
    'corp-' || n || '.example', 'group ' || n % 20, '{}', '0 3 * * *', 'UTC', now(), false,
    now() + n * interval '10 seconds', now() + n * interval '10 seconds', now() + n * interval '10 seconds',
    CASE WHEN n % 50 = 0 THEN now() END, now()
FROM generate_series(1, 10000) n;

INSERT INTO site_tags
SELECT id, 'tag ' || t FROM managed_sites, generate_series(1, 3) t;
