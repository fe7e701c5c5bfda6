-- What a plan grants reaches the edge with every org on it; maintenance may name its expected end.

-- Who has said last what a plan grants: the first migration, the configuration file, or the records themselves (the admin
-- API). The file seeds a plan until the records have spoken.
ALTER TABLE plans ADD COLUMN source text NOT NULL DEFAULT 'records' CHECK (source IN ('default', 'file', 'records'));
UPDATE plans SET source = 'default' WHERE updated_at = created_at AND code IN ('FREE', 'PRO', 'ENTERPRISE');

-- The edge reads names between spaces and semicolons.
ALTER TABLE plans
    DROP CONSTRAINT plans_limits, DROP CONSTRAINT plans_concurrency, DROP CONSTRAINT plans_quotas,
    DROP CONSTRAINT plans_features,
    ADD CONSTRAINT plans_limits CHECK (all_entries(limits,
        '$.name like_regex "^[A-Za-z0-9_-]{1,32}$" && $.scope like_regex "^(key|user|org|ip|route)$"
            && $.capacity > 0 && $.refill > 0 && $.period_ms > 0
            && (!exists($.unit) || $.unit like_regex "^(requests|cost)$")')),
    ADD CONSTRAINT plans_concurrency CHECK (all_entries(concurrency,
        '$.name like_regex "^[A-Za-z0-9_-]{1,32}$" && $.scope like_regex "^(key|user|org|ip|route)$" && $.max > 0')),
    ADD CONSTRAINT plans_quotas CHECK (all_entries(quotas,
        '$.meter like_regex "^[a-z][a-z0-9_.-]{0,63}$" && $.per_month >= 0')),
    ADD CONSTRAINT plans_features CHECK (array_position(features, NULL) IS NULL AND array_position(features, '') IS NULL
        AND array_to_string(features, '') ~ '^[a-z0-9._-]*$');

-- A bucket that never fills again is none.
ALTER TABLE rate_limit_buckets
    DROP CONSTRAINT rate_limit_buckets_refill_check,
    ADD CONSTRAINT rate_limit_buckets_refill CHECK (refill > 0);

-- The lists as the edge has them, worked out once for a plan and not once for each of its orgs. They are made before the
-- constraints are checked, and so take anything.
CREATE FUNCTION plan_number(entry jsonb, name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_path_query_first(entry -> name, '$.floor()', silent => true) #>> '{}'
$$;
CREATE FUNCTION plan_limit_texts(list jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg((e ->> 'name') || ' ' || (e ->> 'scope') || ' ' || plan_number(e, 'capacity') || ' '
        || plan_number(e, 'refill') || ' ' || plan_number(e, 'period_ms')
        || CASE e ->> 'unit' WHEN 'cost' THEN ' cost' ELSE '' END ORDER BY n), '{}')
    FROM jsonb_array_elements(list) WITH ORDINALITY AS l (e, n)
$$;
CREATE FUNCTION plan_cap_texts(list jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg((e ->> 'name') || ' ' || (e ->> 'scope') || ' ' || plan_number(e, 'max') ORDER BY n), '{}')
    FROM jsonb_array_elements(list) WITH ORDINALITY AS l (e, n)
$$;
CREATE FUNCTION plan_quota_texts(list jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg((e ->> 'meter') || ' ' || plan_number(e, 'per_month') ORDER BY n), '{}')
    FROM jsonb_array_elements(list) WITH ORDINALITY AS l (e, n)
$$;
ALTER TABLE plans
    ADD COLUMN edge_limits text[] NOT NULL GENERATED ALWAYS AS (plan_limit_texts(limits)) STORED,
    ADD COLUMN edge_caps text[] NOT NULL GENERATED ALWAYS AS (plan_cap_texts(concurrency)) STORED,
    ADD COLUMN edge_quotas text[] NOT NULL GENERATED ALWAYS AS (plan_quota_texts(quotas)) STORED;

CREATE OR REPLACE VIEW edge_orgs AS
SELECT o.id, o.plan, CASE WHEN o.deleted_at IS NULL THEN o.status ELSE 'deleted' END AS status, o.version,
    f.features_on, f.features_off,
    l.scopes AS override_scopes, l.keys AS override_keys, l.names AS override_names,
    l.capacities AS override_capacities, l.refills AS override_refills, l.periods AS override_periods,
    o.expires_at AS org_expires_at,
    p.edge_limits, p.edge_caps, p.edge_quotas, p.features AS edge_features
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

-- In one order, so that two changes that concern many orgs wait for one another and do not lock each other out.
CREATE OR REPLACE FUNCTION touch_orgs_of(plan_code text) RETURNS void LANGUAGE sql AS $$
    WITH held AS MATERIALIZED (
        SELECT id FROM orgs WHERE deleted_at IS NULL AND (plan_code IS NULL OR plan = plan_code)
        ORDER BY id FOR NO KEY UPDATE),
    touched AS (
        UPDATE orgs o SET version = o.version + 1 FROM held WHERE o.id = held.id RETURNING o.id, o.version)
    INSERT INTO outbox (org_id, kind, payload)
        SELECT id, 'org', jsonb_build_object('version', version) FROM touched ORDER BY id
$$;

-- What was published before grants nothing yet: every org is told of again.
SELECT touch_orgs_of(NULL);

ALTER TABLE system_state ADD COLUMN maintenance_until timestamptz,
    ADD CONSTRAINT maintenance_until_on CHECK (maintenance_until IS NULL OR maintenance_mode);
COMMENT ON COLUMN system_state.maintenance_until IS 'When maintenance is expected to be over: what Retry-After says. It ends nothing.';

DROP TRIGGER system_state_touch ON system_state;
CREATE TRIGGER system_state_touch BEFORE UPDATE ON system_state FOR EACH ROW
    WHEN ((OLD.maintenance_mode, OLD.maintenance_allowed, OLD.maintenance_until)
        IS DISTINCT FROM (NEW.maintenance_mode, NEW.maintenance_allowed, NEW.maintenance_until))
    EXECUTE FUNCTION system_state_touch();
DROP TRIGGER system_state_tell ON system_state;
CREATE TRIGGER system_state_tell AFTER UPDATE ON system_state FOR EACH ROW
    WHEN ((OLD.maintenance_mode, OLD.maintenance_allowed, OLD.maintenance_until)
        IS DISTINCT FROM (NEW.maintenance_mode, NEW.maintenance_allowed, NEW.maintenance_until))
    EXECUTE FUNCTION system_state_tell();

CREATE OR REPLACE VIEW system_config AS
SELECT founding_member_count, total_users,
    (SELECT coalesce(sum(total), 0)::bigint FROM job_counts) AS total_jobs,
    maintenance_mode, credit_packages, updated_at, maintenance_allowed, version, maintenance_until
FROM system_state;
