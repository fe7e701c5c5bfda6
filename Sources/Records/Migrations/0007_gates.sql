-- Gates at the edge: networks a key may be used from, the end of an org's access, who may pass during maintenance.

ALTER TABLE api_keys ADD COLUMN allowed_addresses cidr[] NOT NULL DEFAULT '{}'
    CONSTRAINT api_keys_allowed_addresses_max CHECK (cardinality(allowed_addresses) <= 64);
COMMENT ON COLUMN api_keys.allowed_addresses IS 'Networks that the key may be used from; none means anywhere.';

DROP TRIGGER api_keys_touch_changed ON api_keys;
CREATE TRIGGER api_keys_touch_changed AFTER UPDATE ON api_keys FOR EACH ROW
    WHEN ((OLD.key_hash, OLD.status, OLD.scopes, OLD.expires_at, OLD.user_id, OLD.allowed_addresses)
        IS DISTINCT FROM
        (NEW.key_hash, NEW.status, NEW.scopes, NEW.expires_at, NEW.user_id, NEW.allowed_addresses))
    EXECUTE FUNCTION api_keys_touch();

ALTER TABLE orgs ADD COLUMN expires_at timestamptz;
COMMENT ON COLUMN orgs.expires_at IS 'From when on the org''s keys are refused; NULL is never.';

DROP TRIGGER orgs_touch ON orgs;
CREATE TRIGGER orgs_touch BEFORE UPDATE ON orgs FOR EACH ROW
    WHEN ((OLD.plan, OLD.status, OLD.deleted_at, OLD.expires_at)
        IS DISTINCT FROM (NEW.plan, NEW.status, NEW.deleted_at, NEW.expires_at))
    EXECUTE FUNCTION orgs_touch();
DROP TRIGGER orgs_tell ON orgs;
CREATE TRIGGER orgs_tell AFTER UPDATE ON orgs FOR EACH ROW
    WHEN ((OLD.plan, OLD.status, OLD.deleted_at, OLD.expires_at)
        IS DISTINCT FROM (NEW.plan, NEW.status, NEW.deleted_at, NEW.expires_at))
    EXECUTE FUNCTION orgs_tell();

ALTER TABLE system_state
    ADD COLUMN maintenance_allowed cidr[] NOT NULL DEFAULT '{}'
        CONSTRAINT maintenance_allowed_max CHECK (cardinality(maintenance_allowed) <= 64),
    -- Rises with every change that the edge must see, so that a publisher that is late changes nothing.
    ADD COLUMN version bigint NOT NULL DEFAULT 1;

CREATE FUNCTION system_state_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER system_state_touch BEFORE UPDATE ON system_state FOR EACH ROW
    WHEN ((OLD.maintenance_mode, OLD.maintenance_allowed)
        IS DISTINCT FROM (NEW.maintenance_mode, NEW.maintenance_allowed))
    EXECUTE FUNCTION system_state_touch();
DROP TRIGGER system_state_tell ON system_state;
CREATE TRIGGER system_state_tell AFTER UPDATE ON system_state FOR EACH ROW
    WHEN ((OLD.maintenance_mode, OLD.maintenance_allowed)
        IS DISTINCT FROM (NEW.maintenance_mode, NEW.maintenance_allowed))
    EXECUTE FUNCTION system_state_tell();

CREATE OR REPLACE VIEW system_config AS
SELECT founding_member_count, total_users,
    (SELECT coalesce(sum(total), 0)::bigint FROM job_counts) AS total_jobs,
    maintenance_mode, credit_packages, updated_at, maintenance_allowed, version
FROM system_state;

CREATE OR REPLACE VIEW edge_orgs AS
SELECT o.id, o.plan, CASE WHEN o.deleted_at IS NULL THEN o.status ELSE 'deleted' END AS status, o.version,
    f.features_on, f.features_off,
    l.scopes AS override_scopes, l.keys AS override_keys, l.names AS override_names,
    l.capacities AS override_capacities, l.refills AS override_refills, l.periods AS override_periods,
    o.expires_at AS org_expires_at
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
