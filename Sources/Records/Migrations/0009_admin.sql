-- Who may use the admin API, and what it has answered already.

-- Tokens: an operator's, who may do everything, or a member's, which speaks for one user in one org with the role that
-- this user has there at the time. Only a hash is kept. All expire.
CREATE TABLE admin_tokens (
    id text PRIMARY KEY CHECK (id ~ '^tok_[0-9A-Za-z]{1,60}$'),
    kind text NOT NULL CHECK (kind IN ('operator', 'member')),
    org_id text,
    user_id text,
    name text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    token_hash text NOT NULL CONSTRAINT admin_tokens_token_hash_key UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    token_prefix text NOT NULL CHECK (length(token_prefix) = 12),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT admin_tokens_kind CHECK (
        (kind = 'member') = (org_id IS NOT NULL) AND (kind = 'member') = (user_id IS NOT NULL)),
    CONSTRAINT admin_tokens_life CHECK (expires_at > created_at),
    -- The token goes with the seat.
    CONSTRAINT admin_tokens_seat FOREIGN KEY (org_id, user_id) REFERENCES memberships (org_id, user_id)
        ON DELETE CASCADE
);
CREATE INDEX admin_tokens_org ON admin_tokens (org_id, user_id);

CREATE FUNCTION admin_tokens_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.kind, NEW.org_id, NEW.user_id, NEW.token_hash) IS DISTINCT FROM
        (OLD.kind, OLD.org_id, OLD.user_id, OLD.token_hash) THEN
        PERFORM refuse('admin_tokens_fixed', 'a token speaks for one principal only');
    END IF;
    IF OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at THEN
        PERFORM refuse('admin_tokens_revoked', 'a revoked token stays revoked');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER admin_tokens_guard BEFORE UPDATE ON admin_tokens
    FOR EACH ROW EXECUTE FUNCTION admin_tokens_guard();

-- Answers to requests with an Idempotency-Key, written in the transaction of the effect. The body is sealed with the
-- caller's token, which is kept nowhere: it may hold a key that is shown once.
CREATE TABLE admin_replays (
    actor text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
    status smallint NOT NULL CHECK (status BETWEEN 200 AND 299),
    location text,
    nonce bytea NOT NULL CHECK (length(nonce) = 16),
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    PRIMARY KEY (actor, key)
);
CREATE INDEX admin_replays_expiry ON admin_replays (expires_at);

-- For lists of members in the order in which they joined.
CREATE INDEX memberships_org_created ON memberships (org_id, created_at, user_id);
