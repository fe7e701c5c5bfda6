-- What the edge decides by: keys, overrides of limits, feature flags; and the outbox that tells it of every change.

-- Written in the transaction of the change, published to Redis by a worker, kept until pruned. Rows of one org are in
-- commit order, because each raises the org's version and so holds the org's row.
-- kinds: org (something of the org: plan, status, limits, flags), key (one key), system (maintenance mode).
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id text,
    kind text NOT NULL CHECK (kind IN ('org', 'key', 'system')),
    payload jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz,
    CONSTRAINT outbox_org CHECK ((org_id IS NULL) = (kind = 'system'))
);
CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

CREATE FUNCTION outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tollgate_outbox', '');
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_notify();

-- Raises an org's version and tells of it. An org that is gone has no version any more; it is told of all the same.
CREATE FUNCTION touch_org(org text, kind text, payload jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE raised bigint;
BEGIN
    UPDATE orgs SET version = version + 1 WHERE id = org RETURNING version INTO raised;
    INSERT INTO outbox (org_id, kind, payload) VALUES (org, kind, payload || jsonb_build_object('version', raised));
END $$;

CREATE FUNCTION orgs_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := greatest(NEW.version, OLD.version + 1);
    RETURN NEW;
END $$;
CREATE TRIGGER orgs_touch BEFORE UPDATE ON orgs FOR EACH ROW
    WHEN ((OLD.plan, OLD.status, OLD.deleted_at) IS DISTINCT FROM (NEW.plan, NEW.status, NEW.deleted_at))
    EXECUTE FUNCTION orgs_touch();

CREATE FUNCTION orgs_keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse('orgs_version', format('the version of org %s can only rise', OLD.id));
    RETURN NULL;
END $$;
CREATE TRIGGER orgs_keep_version BEFORE UPDATE ON orgs FOR EACH ROW
    WHEN (NEW.version < OLD.version) EXECUTE FUNCTION orgs_keep_version();

CREATE FUNCTION orgs_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO outbox (org_id, kind, payload)
            VALUES (OLD.id, 'org', jsonb_build_object('version', OLD.version + 1, 'deleted', true));
    ELSE
        INSERT INTO outbox (org_id, kind, payload)
            VALUES (NEW.id, 'org', jsonb_build_object('version', NEW.version));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER orgs_tell AFTER UPDATE ON orgs FOR EACH ROW
    WHEN ((OLD.plan, OLD.status, OLD.deleted_at) IS DISTINCT FROM (NEW.plan, NEW.status, NEW.deleted_at))
    EXECUTE FUNCTION orgs_tell();
CREATE TRIGGER orgs_tell_deleted AFTER DELETE ON orgs FOR EACH ROW EXECUTE FUNCTION orgs_tell();

-- A plan or flag that changes raises the version of every org it concerns: rare, and exact.
CREATE FUNCTION touch_orgs_of(plan_code text) RETURNS void LANGUAGE sql AS $$
    WITH touched AS (
        UPDATE orgs SET version = version + 1
        WHERE deleted_at IS NULL AND (plan_code IS NULL OR plan = plan_code) RETURNING id, version)
    INSERT INTO outbox (org_id, kind, payload)
        SELECT id, 'org', jsonb_build_object('version', version) FROM touched ORDER BY id
$$;

CREATE FUNCTION plans_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM touch_orgs_of(NEW.code);
    RETURN NULL;
END $$;
CREATE TRIGGER plans_touch AFTER UPDATE ON plans FOR EACH ROW
    WHEN ((OLD.limits, OLD.concurrency, OLD.quotas, OLD.features)
        IS DISTINCT FROM (NEW.limits, NEW.concurrency, NEW.quotas, NEW.features))
    EXECUTE FUNCTION plans_touch();

CREATE FUNCTION system_state_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (kind, payload)
        VALUES ('system', jsonb_build_object('maintenance_mode', NEW.maintenance_mode));
    RETURN NULL;
END $$;
CREATE TRIGGER system_state_tell AFTER UPDATE ON system_state FOR EACH ROW
    WHEN (OLD.maintenance_mode IS DISTINCT FROM NEW.maintenance_mode) EXECUTE FUNCTION system_state_tell();

-- Only a hash of the key is kept. A bcrypt hash is replaced by the SHA-256 when the key is first used.
CREATE TABLE api_keys (
    id text PRIMARY KEY CHECK (id ~ '^key_[0-9A-Za-z]{1,60}$'),
    org_id text NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    user_id text REFERENCES users (id) ON DELETE CASCADE,
    name text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    key_hash text NOT NULL CONSTRAINT api_keys_key_hash_key UNIQUE,
    hash_algorithm text NOT NULL DEFAULT 'sha256' CHECK (hash_algorithm IN ('sha256', 'bcrypt')),
    key_prefix text NOT NULL CHECK (length(key_prefix) = 12),
    environment text NOT NULL CHECK (environment IN ('live', 'test')),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'revoked')),
    scopes text[] NOT NULL DEFAULT '{}' CHECK (array_position(scopes, NULL) IS NULL),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    -- The key that this one replaces; a key is replaced once.
    rotated_from text CONSTRAINT api_keys_rotated_from_key UNIQUE REFERENCES api_keys (id) ON DELETE SET NULL,
    -- The first key of the chain: old and new key share limits under it.
    lineage_id text NOT NULL,
    CONSTRAINT api_keys_revoked CHECK ((status = 'revoked') = (revoked_at IS NOT NULL)),
    CONSTRAINT api_keys_hash_form CHECK (CASE hash_algorithm
        WHEN 'sha256' THEN key_hash ~ '^[0-9a-f]{64}$'
        ELSE key_hash ~ '^\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}$' END)
);
CREATE INDEX api_keys_org_prefix ON api_keys (org_id, key_prefix, revoked_at);
CREATE INDEX api_keys_user ON api_keys (user_id);
CREATE INDEX api_keys_prefix ON api_keys (key_prefix);
CREATE INDEX api_keys_lineage ON api_keys (lineage_id);

CREATE FUNCTION api_keys_lineage() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE parent api_keys;
BEGIN
    NEW.lineage_id := NEW.id;
    IF NEW.rotated_from IS NULL THEN RETURN NEW; END IF;
    SELECT * INTO parent FROM api_keys WHERE id = NEW.rotated_from;
    IF FOUND AND (parent.org_id, parent.environment) IS DISTINCT FROM (NEW.org_id, NEW.environment) THEN
        PERFORM refuse('api_keys_lineage', 'a key is replaced by one of the same org and environment');
    END IF;
    NEW.lineage_id := coalesce(parent.lineage_id, NEW.id);
    RETURN NEW;
END $$;
CREATE TRIGGER api_keys_lineage BEFORE INSERT ON api_keys FOR EACH ROW EXECUTE FUNCTION api_keys_lineage();

CREATE FUNCTION api_keys_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'revoked' AND (NEW.status, NEW.revoked_at) IS DISTINCT FROM (OLD.status, OLD.revoked_at) THEN
        PERFORM refuse('api_keys_stay_revoked', format('key %s is revoked, and stays so', OLD.id));
    END IF;
    IF (NEW.id, NEW.org_id, NEW.environment, NEW.lineage_id, NEW.key_prefix)
        IS DISTINCT FROM (OLD.id, OLD.org_id, OLD.environment, OLD.lineage_id, OLD.key_prefix) THEN
        PERFORM refuse('api_keys_fixed', 'org, environment, prefix and lineage of a key never change');
    END IF;
    IF NEW.key_hash <> OLD.key_hash AND NOT (OLD.hash_algorithm = 'bcrypt' AND NEW.hash_algorithm = 'sha256') THEN
        PERFORM refuse('api_keys_fixed', 'the hash of a key changes only from bcrypt to sha256');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER api_keys_guard BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION api_keys_guard();

CREATE FUNCTION api_keys_touch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    concerned api_keys := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    payload jsonb := jsonb_build_object('api_key_id', concerned.id, 'key_hash', concerned.key_hash);
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.key_hash <> NEW.key_hash THEN
        payload := payload || jsonb_build_object('old_key_hash', OLD.key_hash);
    END IF;
    PERFORM touch_org(concerned.org_id, 'key', payload);
    RETURN NULL;
END $$;
CREATE TRIGGER api_keys_touch AFTER INSERT OR DELETE ON api_keys FOR EACH ROW EXECUTE FUNCTION api_keys_touch();
CREATE TRIGGER api_keys_touch_changed AFTER UPDATE ON api_keys FOR EACH ROW
    WHEN ((OLD.key_hash, OLD.status, OLD.scopes, OLD.expires_at, OLD.user_id)
        IS DISTINCT FROM (NEW.key_hash, NEW.status, NEW.scopes, NEW.expires_at, NEW.user_id))
    EXECUTE FUNCTION api_keys_touch();

-- Overrides of a plan's limits for one subject of an org: a key (its lineage), a user, the org, an address or a route.
-- `limit_name` NULL replaces every limit of the scope. Live levels are in Redis only.
CREATE TABLE rate_limit_buckets (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id text NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    scope text NOT NULL CHECK (scope IN ('key', 'user', 'org', 'ip', 'route')),
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    limit_name text CHECK (limit_name ~ '^[A-Za-z0-9_-]{1,32}$'),
    capacity bigint NOT NULL CHECK (capacity > 0),
    refill bigint NOT NULL CHECK (refill >= 0),
    period_ms bigint NOT NULL DEFAULT 1000 CHECK (period_ms > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT rate_limit_buckets_subject_key UNIQUE NULLS NOT DISTINCT (scope, key, org_id, limit_name),
    CONSTRAINT rate_limit_buckets_own_org CHECK (scope <> 'org' OR key = org_id)
);
CREATE INDEX rate_limit_buckets_org ON rate_limit_buckets (org_id);

-- Whether a feature is on: the org's override, else the plan's value, else what the plan grants, else the default.
CREATE TABLE feature_flags (
    key text PRIMARY KEY CHECK (key ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    description text NOT NULL DEFAULT '',
    default_value boolean NOT NULL DEFAULT false,
    plan_values jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(plan_values) = 'object'
        AND NOT jsonb_path_exists(plan_values, '$.* ? (@.type() != "boolean")')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER feature_flags_updated_at BEFORE UPDATE ON feature_flags
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE feature_flag_overrides (
    flag_key text NOT NULL REFERENCES feature_flags (key) ON DELETE CASCADE,
    org_id text NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    value boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, flag_key)
);
CREATE INDEX feature_flag_overrides_flag ON feature_flag_overrides (flag_key);

CREATE FUNCTION org_part_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM touch_org(OLD.org_id, 'org', '{}'); END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.org_id <> OLD.org_id) THEN
        PERFORM touch_org(NEW.org_id, 'org', '{}');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER rate_limit_buckets_touch AFTER INSERT OR UPDATE OR DELETE ON rate_limit_buckets
    FOR EACH ROW EXECUTE FUNCTION org_part_touch();
CREATE TRIGGER feature_flag_overrides_touch AFTER INSERT OR UPDATE OR DELETE ON feature_flag_overrides
    FOR EACH ROW EXECUTE FUNCTION org_part_touch();

CREATE FUNCTION feature_flags_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM touch_orgs_of(NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER feature_flags_touch AFTER INSERT OR DELETE ON feature_flags
    FOR EACH ROW EXECUTE FUNCTION feature_flags_touch();
CREATE TRIGGER feature_flags_touch_changed AFTER UPDATE ON feature_flags FOR EACH ROW
    WHEN ((OLD.default_value, OLD.plan_values) IS DISTINCT FROM (NEW.default_value, NEW.plan_values))
    EXECUTE FUNCTION feature_flags_touch();

-- An org as the edge needs it, overrides as parallel arrays. Features that a flag turns off explicitly are in
-- features_off; a flag that is merely off by default takes nothing from a plan.
CREATE VIEW edge_orgs AS
SELECT o.id, o.plan, CASE WHEN o.deleted_at IS NULL THEN o.status ELSE 'deleted' END AS status, o.version,
    f.features_on, f.features_off,
    l.scopes AS override_scopes, l.keys AS override_keys, l.names AS override_names,
    l.capacities AS override_capacities, l.refills AS override_refills, l.periods AS override_periods
FROM orgs o
JOIN plans p ON p.code = o.plan
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(key ORDER BY key) FILTER (WHERE coalesce(chosen, granted)), '{}') AS features_on,
        coalesce(array_agg(key ORDER BY key) FILTER (WHERE NOT chosen), '{}') AS features_off
    FROM (
        SELECT flag.key, coalesce(own.value, (flag.plan_values ->> o.plan)::boolean) AS chosen,
            flag.default_value OR flag.key = ANY (p.features) AS granted
        FROM feature_flags flag
        LEFT JOIN feature_flag_overrides own ON own.flag_key = flag.key AND own.org_id = o.id) flags) f
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(scope ORDER BY id), '{}') AS scopes, coalesce(array_agg(key ORDER BY id), '{}') AS keys,
        coalesce(array_agg(limit_name ORDER BY id), '{}') AS names,
        coalesce(array_agg(capacity ORDER BY id), '{}') AS capacities,
        coalesce(array_agg(refill ORDER BY id), '{}') AS refills,
        coalesce(array_agg(period_ms ORDER BY id), '{}') AS periods
    FROM rate_limit_buckets WHERE org_id = o.id) l;

-- A user who goes: the keys that speak for them end, their personal org goes with them, their seats are given up.
CREATE FUNCTION users_leave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE api_keys SET status = 'revoked', revoked_at = NEW.deleted_at WHERE user_id = NEW.id AND status = 'active';
    UPDATE orgs SET deleted_at = NEW.deleted_at WHERE personal AND deleted_at IS NULL AND id IN
        (SELECT org_id FROM memberships WHERE user_id = NEW.id AND role = 'OWNER');
    DELETE FROM memberships WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER users_leave AFTER UPDATE OF deleted_at ON users FOR EACH ROW
    WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION users_leave();
