-- Durable idempotency keys: what routes with `idempotency: {durable: true}` claim here too, so that a Redis that has
-- forgotten a key cannot let it execute twice (STANDARDS §1, IK-27).
--
-- Retention is by partition drop: rows lie in the UTC day in which they expire, and a day that is over is dropped whole,
-- without a row delete. A partitioned table can only enforce uniqueness within a partition, and one key may lie in any
-- of the days to come (routes differ in their retention). So a key is claimed by a function that takes an advisory lock
-- on it, looks at all days that are not over, and only then inserts: whoever claims or settles the same key waits for
-- the lock, and every statement after it sees what the one before has committed (READ COMMITTED). Nothing else may
-- insert. Batches take their locks in one order, so they cannot deadlock.

-- Nothing has written to the table of before.
DROP TABLE idempotency_keys;

CREATE TABLE idempotency_keys (
    -- No foreign key: its check would cost a look-up and a row lock a claim. Rows go with their org by a trigger.
    org_id text NOT NULL,
    environment text NOT NULL CHECK (environment IN ('live', 'test')),
    -- Empty where all keys of the org share it.
    api_key_id text NOT NULL DEFAULT '',
    -- SHA-256 of what the client sent (without quotes), in hexadecimal.
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    state text NOT NULL CHECK (state IN ('running', 'completed', 'unreplayable', 'failed')),
    -- The attempt that may settle it, and until when it is believed to be alive.
    owner text NOT NULL DEFAULT '',
    lease_until timestamptz NOT NULL DEFAULT now(),
    request_id text NOT NULL DEFAULT '',
    response_status integer CHECK (response_status BETWEEN 100 AND 599),
    -- End-to-end header lines and body of a completed one.
    response_head bytea,
    response bytea,
    -- Of an unreplayable one.
    response_length bigint,
    response_sha256 text,
    -- Slug of a failed one: the gateway's own answer to an outcome nobody knows.
    problem text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, environment, api_key_id, key, expires_at),
    CONSTRAINT idempotency_keys_response CHECK ((state = 'completed') = (response IS NOT NULL)),
    CONSTRAINT idempotency_keys_status CHECK ((state = 'running') = (response_status IS NULL)),
    CONSTRAINT idempotency_keys_life CHECK (expires_at > created_at)
) PARTITION BY RANGE (expires_at);

CREATE FUNCTION idempotency_keys_forget_org() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM idempotency_keys WHERE org_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER idempotency_keys_forget_org AFTER DELETE ON orgs
    FOR EACH ROW EXECUTE FUNCTION idempotency_keys_forget_org();

-- Makes the partitions of every day up to `horizon` that lack one; returns how many. Attaching takes a lock that stops
-- neither readers nor writers.
CREATE FUNCTION idempotency_keys_prepare(horizon timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    day date := (now() AT TIME ZONE 'UTC')::date;
    last date := (least(horizon, now() + interval '400 days') AT TIME ZONE 'UTC')::date;
    part text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('tollgate idempotency_keys partitions', 0));
    WHILE day <= last LOOP
        part := 'idempotency_keys_' || to_char(day, 'YYYYMMDD');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE idempotency_keys INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
            EXECUTE format(
                'ALTER TABLE idempotency_keys ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part,
                day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        END IF;
        day := day + 1;
    END LOOP;
    RETURN made;
END $$;

-- Drops the partitions of days that are over; returns how many. Claims wait while a partition is dropped, so the lock is
-- given up when it is not had at once.
CREATE FUNCTION idempotency_keys_retire() RETURNS integer LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
    part text;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('tollgate idempotency_keys partitions', 0));
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'idempotency_keys'::regclass
            AND c.relname < 'idempotency_keys_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')
        ORDER BY 1
    LOOP
        EXECUTE format('DROP TABLE %I', part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

DO $$ BEGIN PERFORM idempotency_keys_prepare(now() + interval '3 days'); END $$;

-- One number a key, for the advisory lock. Two keys with one number only wait for one another.
CREATE FUNCTION idempotency_keys_lock(org_id text, environment text, api_key_id text, key text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT hashtextextended(org_id || ' ' || environment || ' ' || api_key_id || ' ' || key, 7202)
$$;

-- Decides wishes to execute under a key, each by itself, all in one transaction. For every place (from 1) one row:
-- `claimed` (go on, nobody else may), `finished` (with the result), `running`, `unknown` (its gateway has gone), or
-- `reused` (another request). The same owner asking again is told `claimed` again.
CREATE FUNCTION idempotency_keys_claim(
    org_ids text[], environments text[], api_key_ids text[], keys text[], fingerprints bytea[], owners text[],
    request_ids text[], claim_ms bigint[], keep_ms bigint[], may_repeat boolean[]
) RETURNS TABLE (
    place bigint, verdict text, first_request text, finished_state text, status integer, head bytea, body bytea,
    length bigint, sha256 text, slug text
) LANGUAGE plpgsql AS $$
DECLARE
    wish record;
    held idempotency_keys;
    moment timestamptz;
BEGIN
    FOR wish IN
        SELECT w.*, idempotency_keys_lock(w.org_id, w.environment, w.api_key_id, w.key) AS lock
        FROM unnest(
            org_ids, environments, api_key_ids, keys, fingerprints, owners, request_ids, claim_ms, keep_ms, may_repeat)
            WITH ORDINALITY
            AS w (org_id, environment, api_key_id, key, fingerprint, owner, request_id, claim_ms, keep_ms, may_repeat, place)
        ORDER BY lock, w.place
    LOOP
        PERFORM pg_advisory_xact_lock(wish.lock);
        moment := clock_timestamp();
        SELECT k.* INTO held FROM idempotency_keys k
        WHERE k.org_id = wish.org_id AND k.environment = wish.environment AND k.api_key_id = wish.api_key_id
            AND k.key = wish.key AND k.expires_at > moment
        ORDER BY k.expires_at DESC LIMIT 1;
        place := wish.place;
        first_request := held.request_id;
        verdict := NULL; finished_state := NULL; status := NULL; head := NULL; body := NULL; length := NULL;
        sha256 := NULL; slug := NULL;
        IF held.org_id IS NULL THEN
            INSERT INTO idempotency_keys (org_id, environment, api_key_id, key, fingerprint, state, owner, lease_until,
                request_id, created_at, expires_at)
            VALUES (wish.org_id, wish.environment, wish.api_key_id, wish.key, wish.fingerprint, 'running', wish.owner,
                moment + wish.claim_ms * interval '1 millisecond', wish.request_id, moment,
                moment + wish.keep_ms * interval '1 millisecond');
            verdict := 'claimed';
        ELSIF held.fingerprint <> wish.fingerprint THEN
            verdict := 'reused';
        ELSIF held.state <> 'running' THEN
            verdict := 'finished';
            finished_state := held.state; status := held.response_status; head := held.response_head;
            body := held.response; length := held.response_length; sha256 := held.response_sha256; slug := held.problem;
        ELSIF held.owner = wish.owner THEN
            verdict := 'claimed';
        ELSIF held.lease_until > moment THEN
            verdict := 'running';
        ELSIF wish.may_repeat THEN
            UPDATE idempotency_keys k
            SET owner = wish.owner, lease_until = moment + wish.claim_ms * interval '1 millisecond',
                request_id = wish.request_id
            WHERE k.org_id = held.org_id AND k.environment = held.environment AND k.api_key_id = held.api_key_id
                AND k.key = held.key AND k.expires_at = held.expires_at;
            verdict := 'claimed';
        ELSE
            verdict := 'unknown';
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;

-- Ends claims, or prolongs them, each only while it runs and belongs to the owner that says so; again does no harm.
-- `endings` are `completed`, `unreplayable`, `failed`, `released` (the row goes), `prolonged`. Returns how many took
-- effect.
CREATE FUNCTION idempotency_keys_settle(
    org_ids text[], environments text[], api_key_ids text[], keys text[], owners text[], endings text[],
    statuses bigint[], heads bytea[], bodies bytea[], lengths bigint[], digests text[], slugs text[], claim_ms bigint[]
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    wish record;
    found_rows integer;
    settled integer := 0;
BEGIN
    FOR wish IN
        SELECT w.*, idempotency_keys_lock(w.org_id, w.environment, w.api_key_id, w.key) AS lock
        FROM unnest(
            org_ids, environments, api_key_ids, keys, owners, endings, statuses, heads, bodies, lengths, digests, slugs,
            claim_ms) WITH ORDINALITY
            AS w (org_id, environment, api_key_id, key, owner, ending, status, head, body, length, sha256, slug,
                claim_ms, place)
        ORDER BY lock, w.place
    LOOP
        PERFORM pg_advisory_xact_lock(wish.lock);
        IF wish.ending = 'released' THEN
            DELETE FROM idempotency_keys k
            WHERE k.org_id = wish.org_id AND k.environment = wish.environment AND k.api_key_id = wish.api_key_id
                AND k.key = wish.key AND k.expires_at > now() AND k.state = 'running' AND k.owner = wish.owner;
        ELSIF wish.ending = 'prolonged' THEN
            UPDATE idempotency_keys k
            SET lease_until = clock_timestamp() + wish.claim_ms * interval '1 millisecond'
            WHERE k.org_id = wish.org_id AND k.environment = wish.environment AND k.api_key_id = wish.api_key_id
                AND k.key = wish.key AND k.expires_at > now() AND k.state = 'running' AND k.owner = wish.owner;
        ELSE
            UPDATE idempotency_keys k
            SET state = wish.ending, response_status = wish.status::integer,
                response_head = CASE wish.ending WHEN 'completed' THEN wish.head END,
                response = CASE wish.ending WHEN 'completed' THEN wish.body END,
                response_length = CASE wish.ending WHEN 'unreplayable' THEN wish.length END,
                response_sha256 = CASE wish.ending WHEN 'unreplayable' THEN wish.sha256 END,
                problem = CASE wish.ending WHEN 'failed' THEN wish.slug END
            WHERE k.org_id = wish.org_id AND k.environment = wish.environment AND k.api_key_id = wish.api_key_id
                AND k.key = wish.key AND k.expires_at > now() AND k.state = 'running' AND k.owner = wish.owner;
        END IF;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        settled := settled + found_rows;
    END LOOP;
    RETURN settled;
END $$;
