-- Usage: what was metered, from counters that only grow.
-- No foreign keys: usage of an org that is deleted meanwhile is still counted.

-- The highest absolute value seen of each counter of each epoch (one life of a Redis). Sending a value again, or an
-- older one later, changes nothing.
CREATE TABLE usage_counters (
    epoch text NOT NULL CHECK (length(epoch) BETWEEN 1 AND 64),
    org_id text NOT NULL,
    api_key_id text NOT NULL,
    environment text NOT NULL CHECK (environment IN ('live', 'test')),
    meter text NOT NULL CHECK (length(meter) BETWEEN 1 AND 64),
    window_start timestamptz NOT NULL
        CONSTRAINT usage_counters_hour CHECK (extract(epoch FROM window_start) % 3600 = 0),
    added bigint NOT NULL CHECK (added >= 0),
    voided bigint NOT NULL DEFAULT 0 CHECK (voided >= 0),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (epoch, org_id, api_key_id, environment, meter, window_start),
    CONSTRAINT usage_counters_voided CHECK (voided <= added)
);
CREATE INDEX usage_counters_window ON usage_counters (window_start);

-- The sum over the epochs of added - voided, one UTC hour a window.
CREATE TABLE usage_meters (
    org_id text NOT NULL,
    api_key_id text NOT NULL,
    environment text NOT NULL CHECK (environment IN ('live', 'test')),
    meter text NOT NULL,
    window_start timestamptz NOT NULL,
    window_end timestamptz NOT NULL,
    quantity bigint NOT NULL CHECK (quantity >= 0),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (org_id, api_key_id, environment, meter, window_start),
    CONSTRAINT usage_meters_hour CHECK (window_end = window_start + interval '1 hour')
);
CREATE INDEX usage_meters_org_window ON usage_meters (org_id, window_start, window_end);

-- The meters follow the counters in the same statement, whoever writes them. Rows are taken in order of their key, so
-- that writers cannot deadlock one another.
CREATE FUNCTION usage_meters_follow_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO usage_meters AS m (org_id, api_key_id, environment, meter, window_start, window_end, quantity)
    SELECT org_id, api_key_id, environment, meter, window_start, window_start + interval '1 hour', sum(added - voided)
    FROM new_rows
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (org_id, api_key_id, environment, meter, window_start)
        DO UPDATE SET quantity = m.quantity + EXCLUDED.quantity, updated_at = clock_timestamp();
    RETURN NULL;
END $$;

-- A counter that changes may take away (voided), so it cannot go by way of an insert, whose checks come first.
CREATE FUNCTION usage_meters_follow_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM usage_meters m
    WHERE (m.org_id, m.api_key_id, m.environment, m.meter, m.window_start)
        IN (SELECT org_id, api_key_id, environment, meter, window_start FROM new_rows)
    ORDER BY m.org_id, m.api_key_id, m.environment, m.meter, m.window_start FOR NO KEY UPDATE;
    UPDATE usage_meters m SET quantity = m.quantity + d.change, updated_at = clock_timestamp()
    FROM (
        SELECT n.org_id, n.api_key_id, n.environment, n.meter, n.window_start,
            sum((n.added - n.voided) - (o.added - o.voided)) AS change
        FROM new_rows n JOIN old_rows o USING (epoch, org_id, api_key_id, environment, meter, window_start)
        GROUP BY 1, 2, 3, 4, 5) d
    WHERE (m.org_id, m.api_key_id, m.environment, m.meter, m.window_start)
        = (d.org_id, d.api_key_id, d.environment, d.meter, d.window_start);
    RETURN NULL;
END $$;
CREATE TRIGGER usage_meters_follow_new AFTER INSERT ON usage_counters
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION usage_meters_follow_new();
CREATE TRIGGER usage_meters_follow_changed AFTER UPDATE ON usage_counters
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION usage_meters_follow_changed();

CREATE FUNCTION usage_counters_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.added < OLD.added OR NEW.voided < OLD.voided THEN
        PERFORM refuse('usage_counters_grow', 'a usage counter never goes back');
    END IF;
    IF (NEW.epoch, NEW.org_id, NEW.api_key_id, NEW.environment, NEW.meter, NEW.window_start)
        IS DISTINCT FROM (OLD.epoch, OLD.org_id, OLD.api_key_id, OLD.environment, OLD.meter, OLD.window_start) THEN
        PERFORM refuse('usage_counters_fixed', 'what a usage counter counts never changes');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER usage_counters_guard BEFORE UPDATE ON usage_counters
    FOR EACH ROW EXECUTE FUNCTION usage_counters_guard();

-- Durable copies of idempotency results, for routes that ask for one; Redis has the live ones.
CREATE TABLE idempotency_keys (
    org_id text NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    environment text NOT NULL CHECK (environment IN ('live', 'test')),
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    state text NOT NULL CHECK (state IN ('running', 'completed', 'unreplayable')),
    response_status integer CHECK (response_status BETWEEN 100 AND 599),
    response bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, environment, key),
    CONSTRAINT idempotency_keys_response CHECK ((state = 'completed') = (response IS NOT NULL)),
    CONSTRAINT idempotency_keys_life CHECK (expires_at > created_at)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
