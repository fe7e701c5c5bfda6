-- Indexes that a million keys need: pages of an org's keys by id, rebuilding Redis in the order of orgs and keys, orgs of
-- a plan or state page by page, and what waits in the outbox for one org.

CREATE INDEX api_keys_org ON api_keys (org_id, id);

DROP INDEX orgs_plan;
CREATE INDEX orgs_plan ON orgs (plan, id);
CREATE INDEX orgs_suspended ON orgs (id) WHERE status = 'suspended';

CREATE INDEX outbox_waiting ON outbox (org_id, id) WHERE published_at IS NULL;

-- The audit log is paged by its sequence, for an org and for what was changed.
CREATE INDEX audit_log_org_seq ON audit_log (org_id, seq);
CREATE INDEX audit_log_target ON audit_log (target, seq);
