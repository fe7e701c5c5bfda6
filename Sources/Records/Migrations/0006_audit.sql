-- Who changed what. Rows are only added, and each carries the hash of the one before it: a row that is changed, removed
-- or put in by someone who can switch triggers off does not fit any more, and `audit_log_check()` says where.

CREATE TABLE audit_log (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    id text NOT NULL CONSTRAINT audit_log_id_key UNIQUE CHECK (id ~ '^aud_[0-9A-Za-z]{1,60}$'),
    -- No foreign key: the log outlives what it tells of.
    org_id text,
    actor text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    before jsonb,
    after jsonb,
    ip text,
    request_id text,
    created_at timestamptz NOT NULL,
    previous_hash bytea NOT NULL CHECK (length(previous_hash) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32)
);
CREATE INDEX audit_log_org ON audit_log (org_id, created_at DESC);

-- The end of the chain. Its row lock makes entries follow one another; a cut-off end is noticed by it.
CREATE TABLE audit_head (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    seq bigint NOT NULL,
    hash bytea NOT NULL
);
INSERT INTO audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- SHA-256 over the previous hash and all columns as one JSON array (jsonb has one spelling for every value).
CREATE FUNCTION audit_log_hash(entry audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(entry.previous_hash || convert_to(jsonb_build_array(
        entry.seq, entry.id, entry.org_id, entry.actor, entry.action, entry.target, entry.before, entry.after,
        entry.ip, entry.request_id, (extract(epoch FROM entry.created_at) * 1000000)::bigint)::text, 'UTF8'))
$$;

CREATE FUNCTION audit_log_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE audit_head SET seq = seq + 1 RETURNING seq, hash INTO NEW.seq, NEW.previous_hash;
    NEW.created_at := clock_timestamp();
    NEW.hash := audit_log_hash(NEW);
    UPDATE audit_head SET hash = NEW.hash;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_log_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_chain();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION audit_head_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        PERFORM refuse('audit_head_follow', 'the head of the audit log moves with the log only');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_head_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_head_guard();

-- One row for every place where the chain does not hold; none if the log is as it was written.
CREATE FUNCTION audit_log_check() RETURNS TABLE (seq bigint, problem text) LANGUAGE sql STABLE AS $$
    WITH entries AS (
        SELECT l.*, audit_log_hash(l) AS expected,
            lag(l.hash, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY l.seq) AS before_hash,
            lag(l.seq, 1, 0::bigint) OVER (ORDER BY l.seq) AS before_seq
        FROM audit_log l)
    SELECT e.seq, 'the row was changed' FROM entries e WHERE e.hash <> e.expected
    UNION ALL
    SELECT e.seq, 'rows before it are missing' FROM entries e WHERE e.seq <> e.before_seq + 1
    UNION ALL
    SELECT e.seq, 'it does not follow the row before it' FROM entries e
        WHERE e.previous_hash <> e.before_hash AND e.seq = e.before_seq + 1
    UNION ALL
    SELECT h.seq, 'the end of the log was cut off or replaced' FROM audit_head h
        LEFT JOIN audit_log l ON l.seq = h.seq
        WHERE (h.seq > 0 AND l.hash IS DISTINCT FROM h.hash)
            OR h.seq <> (SELECT coalesce(max(x.seq), 0) FROM audit_log x)
    ORDER BY 1, 2
$$;
