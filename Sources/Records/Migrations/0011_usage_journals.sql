-- The journals of the gateways: one row for each, from its first sight to its end. The id of a journal is the epoch of its
-- counters in usage_counters.

CREATE TABLE usage_journals (
    id text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
    host text NOT NULL,
    path text NOT NULL,
    -- Requests that were admitted, that ended (completed, failed, aborted), and that expired with their gateway.
    opened bigint NOT NULL DEFAULT 0 CHECK (opened >= 0),
    settled bigint NOT NULL DEFAULT 0 CHECK (settled >= 0),
    expired bigint NOT NULL DEFAULT 0 CHECK (expired >= 0),
    -- Units that found no room in the journal: lost.
    uncovered bigint NOT NULL DEFAULT 0 CHECK (uncovered >= 0),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When everything in it was recorded; nothing is added to it afterwards.
    closed_at timestamptz,
    CONSTRAINT usage_journals_settled CHECK (closed_at IS NULL OR opened = settled + expired)
);
CREATE INDEX usage_journals_open ON usage_journals (seen_at) WHERE closed_at IS NULL;

-- Where usage may be missing: a gateway that is gone and whose journal nobody has recorded yet (its machine is down, or its
-- disk is lost), and units that found no room. Empty when nothing is missing.
CREATE VIEW usage_gaps AS
    SELECT id, host, path, 'not recovered' AS reason, opened - settled AS requests, uncovered AS units, seen_at
    FROM usage_journals WHERE closed_at IS NULL AND seen_at < clock_timestamp() - interval '2 minutes'
    UNION ALL
    SELECT id, host, path, 'journal was full', 0, uncovered, seen_at FROM usage_journals WHERE uncovered > 0;
