-- The job service's queue, and webhooks.

CREATE TABLE jobs (
    id text PRIMARY KEY CHECK (id ~ '^job_[0-9A-Za-z]{1,60}$'),
    org_id text NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    environment text NOT NULL CHECK (environment IN ('live', 'test')),
    api_key_id text,
    type text NOT NULL CHECK (length(type) BETWEEN 1 AND 100),
    status text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    input jsonb NOT NULL DEFAULT '{}',
    output jsonb,
    usage jsonb,
    error jsonb,
    progress jsonb,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    max_attempts integer NOT NULL DEFAULT 3 CHECK (max_attempts >= 1),
    cancel_requested boolean NOT NULL DEFAULT false,
    -- Who runs it, and until when nobody else may.
    lease_owner text,
    lease_until timestamptz,
    run_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT jobs_lease CHECK (((status = 'running') = (lease_until IS NOT NULL))
        AND ((lease_owner IS NULL) = (lease_until IS NULL))),
    CONSTRAINT jobs_finished CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX jobs_org_status ON jobs (org_id, status);
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE status = 'queued';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE status = 'running';

CREATE FUNCTION jobs_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job_counts AS c (shard, total)
        SELECT pg_backend_pid() % 16, count(*) FROM new_rows HAVING count(*) > 0
        ON CONFLICT (shard) DO UPDATE SET total = c.total + EXCLUDED.total;
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_count AFTER INSERT ON jobs REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION jobs_count();

-- Any number for an org; at most one that belongs to a user alone.
CREATE TABLE webhook_endpoints (
    id text PRIMARY KEY CHECK (id ~ '^whe_[0-9A-Za-z]{1,60}$'),
    org_id text REFERENCES orgs (id) ON DELETE CASCADE,
    user_id text REFERENCES users (id) ON DELETE CASCADE,
    url text NOT NULL CHECK (length(url) <= 2048 AND url ~ '^https?://[^[:space:]]+$'),
    secret text NOT NULL CHECK (length(secret) >= 16),
    events text[] NOT NULL CHECK (cardinality(events) > 0 AND array_position(events, NULL) IS NULL),
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    last_triggered_at timestamptz,
    last_status_code integer CHECK (last_status_code BETWEEN 100 AND 599),
    CONSTRAINT webhook_endpoints_owner CHECK (org_id IS NOT NULL OR user_id IS NOT NULL)
);
CREATE INDEX webhook_endpoints_org ON webhook_endpoints (org_id);
CREATE UNIQUE INDEX webhook_endpoints_one_of_user ON webhook_endpoints (user_id) WHERE org_id IS NULL;
CREATE TRIGGER webhook_endpoints_updated_at BEFORE UPDATE OF url, secret, events, enabled ON webhook_endpoints
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE webhook_deliveries (
    id text PRIMARY KEY CHECK (id ~ '^whd_[0-9A-Za-z]{1,60}$'),
    endpoint_id text NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event_id text NOT NULL,
    type text NOT NULL,
    payload jsonb NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at timestamptz DEFAULT now(),
    response_status integer CHECK (response_status BETWEEN 100 AND 599),
    response_excerpt text CHECK (length(response_excerpt) <= 2048),
    created_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    CONSTRAINT webhook_deliveries_event_key UNIQUE (endpoint_id, event_id),
    CONSTRAINT webhook_deliveries_next CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT webhook_deliveries_delivered CHECK ((status = 'delivered') = (delivered_at IS NOT NULL))
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (status, next_attempt_at);

-- A deleted org keeps its rows, but nothing of it goes on: keys end, queued jobs are cancelled, webhooks fall silent.
CREATE FUNCTION orgs_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE api_keys SET status = 'revoked', revoked_at = NEW.deleted_at WHERE org_id = NEW.id AND status = 'active';
    UPDATE jobs SET status = 'cancelled', cancel_requested = true, finished_at = NEW.deleted_at
        WHERE org_id = NEW.id AND status = 'queued';
    UPDATE jobs SET cancel_requested = true WHERE org_id = NEW.id AND status = 'running';
    UPDATE webhook_endpoints SET enabled = false WHERE org_id = NEW.id AND enabled;
    RETURN NULL;
END $$;
CREATE TRIGGER orgs_end AFTER UPDATE OF deleted_at ON orgs FOR EACH ROW
    WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION orgs_end();
