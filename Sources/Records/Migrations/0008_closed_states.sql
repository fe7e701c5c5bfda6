-- States that the tables still let in, closed; indexes for reading what grows, in the order in which it is paged.

-- What a plan grants is read at the edge: an entry that means nothing must not get that far.
CREATE FUNCTION all_entries(list jsonb, wanted jsonpath) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT NOT EXISTS (SELECT 1 FROM jsonb_array_elements(list) AS e (entry)
        WHERE jsonb_typeof(entry) <> 'object' OR NOT coalesce(jsonb_path_match(entry, wanted, silent => true), false))
$$;

ALTER TABLE plans
    ADD CONSTRAINT plans_limits CHECK (all_entries(limits,
        'exists($.name ? (@.type() == "string")) && $.scope like_regex "^(key|user|org|ip|route)$"
            && $.capacity > 0 && $.refill >= 0 && $.period_ms > 0')),
    ADD CONSTRAINT plans_concurrency CHECK (all_entries(concurrency,
        'exists($.name ? (@.type() == "string")) && $.scope like_regex "^(key|user|org|ip|route)$" && $.max > 0')),
    ADD CONSTRAINT plans_quotas CHECK (all_entries(quotas,
        'exists($.meter ? (@.type() == "string")) && $.per_month >= 0')),
    ADD CONSTRAINT plans_features CHECK (array_position(features, NULL) IS NULL);

ALTER TABLE system_state ADD CONSTRAINT system_config_credit_packages CHECK (all_entries(credit_packages,
    'exists($.code ? (@.type() == "string")) && $.credits > 0 && $.price_cents > 0 && $.bonus_percent >= 0'));

-- What is deleted was made before.
ALTER TABLE users ADD CONSTRAINT users_deleted CHECK (deleted_at >= created_at);
ALTER TABLE orgs ADD CONSTRAINT orgs_deleted CHECK (deleted_at >= created_at);

-- Full hours under one key of the table: two windows of a meter cannot overlap.
ALTER TABLE usage_meters ADD CONSTRAINT usage_meters_aligned CHECK (extract(epoch FROM window_start) % 3600 = 0);

-- No hour of an org is on two invoices that count. A range over text makes `=` a matter of `&&`, which GiST knows for
-- every range without an extension.
CREATE TYPE text_range AS RANGE (subtype = text, collation = "C");
ALTER TABLE invoice_shadows ADD CONSTRAINT invoice_shadows_no_overlap EXCLUDE USING gist (
    text_range(org_id, org_id, '[]') WITH &&, text_range(currency, currency, '[]') WITH &&,
    tstzrange(period_start, period_end) WITH &&) WHERE (status <> 'void');

ALTER TABLE stripe_events ADD CONSTRAINT stripe_events_failed CHECK (status <> 'failed' OR error IS NOT NULL);

-- Append-only for everybody below superuser, before any trigger is asked.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log, credit_ledger FROM PUBLIC, CURRENT_USER;

CREATE INDEX jobs_org ON jobs (org_id, id DESC);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, id DESC);
CREATE INDEX stripe_events_recent ON stripe_events (received_at DESC, id DESC);
DROP INDEX invoice_shadows_org;
CREATE INDEX invoice_shadows_org ON invoice_shadows (org_id, period_start DESC, stripe_invoice_id DESC);
