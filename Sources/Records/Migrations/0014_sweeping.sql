-- What is ended, and what goes, when nobody needs it any more.
--
-- Durable idempotency keys: a claim whose gateway has died ends too. It becomes `expired`, by a sweeper, some time after its
-- lease is over; what its gateway has left behind on disk still settles it, and a slow gateway that lives prolongs it.
-- So a `running` row whose lease has been over for long is a fault, and their number is shown (`idempotency_keys_overdue`).

ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_state_check;
ALTER TABLE idempotency_keys ADD CONSTRAINT idempotency_keys_state_check
    CHECK (state IN ('running', 'expired', 'completed', 'unreplayable', 'failed'));
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_status;
ALTER TABLE idempotency_keys ADD CONSTRAINT idempotency_keys_status
    CHECK ((state IN ('running', 'expired')) = (response_status IS NULL));

-- As small as what runs.
CREATE INDEX idempotency_keys_running ON idempotency_keys (lease_until) WHERE state = 'running';

-- Ends claims whose lease has been over for so long; returns how many, at most `most`. Rows that a claim or a settlement
-- is at are left for the next time, so it waits for nobody.
CREATE FUNCTION idempotency_keys_sweep(grace interval, most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    swept integer;
BEGIN
    UPDATE idempotency_keys k SET state = 'expired'
    FROM (
        SELECT org_id, environment, api_key_id, key, expires_at FROM idempotency_keys
        WHERE state = 'running' AND lease_until < now() - grace
        LIMIT most FOR UPDATE SKIP LOCKED) o
    WHERE (k.org_id, k.environment, k.api_key_id, k.key, k.expires_at)
        = (o.org_id, o.environment, o.api_key_id, o.key, o.expires_at);
    GET DIAGNOSTICS swept = ROW_COUNT;
    RETURN swept;
END $$;

-- How many claims nobody ended in time. Must be 0.
CREATE FUNCTION idempotency_keys_overdue(grace interval) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM idempotency_keys WHERE state = 'running' AND lease_until < now() - grace
$$;

-- Decides wishes to execute under a key, each by itself, all in one transaction. For every place (from 1) one row:
-- `claimed` (go on, nobody else may), `finished` (with the result), `running`, `unknown` (its gateway has gone), or
-- `reused` (another request). The same owner asking again is told `claimed` again.
CREATE OR REPLACE FUNCTION idempotency_keys_claim(
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
        ELSIF held.state NOT IN ('running', 'expired') THEN
            verdict := 'finished';
            finished_state := held.state; status := held.response_status; head := held.response_head;
            body := held.response; length := held.response_length; sha256 := held.response_sha256; slug := held.problem;
        ELSIF held.state = 'running' AND held.owner = wish.owner THEN
            verdict := 'claimed';
        ELSIF held.state = 'running' AND held.lease_until > moment THEN
            verdict := 'running';
        ELSIF wish.may_repeat THEN
            UPDATE idempotency_keys k
            SET state = 'running', owner = wish.owner,
                lease_until = moment + wish.claim_ms * interval '1 millisecond', request_id = wish.request_id
            WHERE k.org_id = held.org_id AND k.environment = held.environment AND k.api_key_id = held.api_key_id
                AND k.key = held.key AND k.expires_at = held.expires_at;
            verdict := 'claimed';
        ELSE
            verdict := 'unknown';
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;

-- Ends claims, or prolongs them, each only while it has no result and belongs to the owner that says so; again does no
-- harm.
-- `endings` are `completed`, `unreplayable`, `failed`, `released` (the row goes), `prolonged`. Returns how many took
-- effect.
CREATE OR REPLACE FUNCTION idempotency_keys_settle(
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
                AND k.key = wish.key AND k.expires_at > now() AND k.state IN ('running', 'expired')
                AND k.owner = wish.owner;
        ELSIF wish.ending = 'prolonged' THEN
            UPDATE idempotency_keys k
            SET state = 'running', lease_until = clock_timestamp() + wish.claim_ms * interval '1 millisecond'
            WHERE k.org_id = wish.org_id AND k.environment = wish.environment AND k.api_key_id = wish.api_key_id
                AND k.key = wish.key AND k.expires_at > now() AND k.state IN ('running', 'expired')
                AND k.owner = wish.owner;
        ELSE
            UPDATE idempotency_keys k
            SET state = wish.ending, response_status = wish.status::integer,
                response_head = CASE wish.ending WHEN 'completed' THEN wish.head END,
                response = CASE wish.ending WHEN 'completed' THEN wish.body END,
                response_length = CASE wish.ending WHEN 'unreplayable' THEN wish.length END,
                response_sha256 = CASE wish.ending WHEN 'unreplayable' THEN wish.sha256 END,
                problem = CASE wish.ending WHEN 'failed' THEN wish.slug END
            WHERE k.org_id = wish.org_id AND k.environment = wish.environment AND k.api_key_id = wish.api_key_id
                AND k.key = wish.key AND k.expires_at > now() AND k.state IN ('running', 'expired')
                AND k.owner = wish.owner;
        END IF;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        settled := settled + found_rows;
    END LOOP;
    RETURN settled;
END $$;

-- Usage: the counters of an epoch are there so that a report may come again. A journal that was recorded for good long ago
-- has none to come but by accident (a Redis that was restored from an old file), so its counters go, and the meters, which
-- hold their sum, stay. Whoever records usage first takes a key share of the journals' rows, which the folding waits for,
-- and leaves out the epochs that are folded: they cannot be counted a second time.
ALTER TABLE usage_journals ADD COLUMN folded_at timestamptz
    CONSTRAINT usage_journals_folded CHECK (folded_at IS NULL OR closed_at IS NOT NULL);
CREATE INDEX usage_journals_unfolded ON usage_journals (closed_at) WHERE folded_at IS NULL;

-- Folds one journal that was closed so long ago; returns how many counters went, or null when there is no such journal.
CREATE FUNCTION usage_journals_fold(age interval) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    epoch_id text;
    gone bigint;
BEGIN
    SELECT id INTO epoch_id FROM usage_journals
    WHERE folded_at IS NULL AND closed_at < now() - age
    ORDER BY closed_at LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF epoch_id IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE usage_journals SET folded_at = now() WHERE id = epoch_id;
    DELETE FROM usage_counters WHERE epoch = epoch_id;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
