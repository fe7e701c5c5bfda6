-- Users, orgs, memberships, plans, and the one row that describes the whole system.
-- Ids are made by the caller: a prefix that names the kind, then text that sorts by age.

CREATE FUNCTION refuse(rule text, why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Class 23, with the rule's name where a constraint's would be: callers see no difference.
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = why, CONSTRAINT = rule;
END $$;

CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;

-- What a plan grants. limits: [{name, scope, capacity, refill, period_ms, unit}], concurrency: [{name, scope, max}],
-- quotas: [{meter, per_month}]. A price of NULL is agreed upon with each customer.
CREATE TABLE plans (
    code text PRIMARY KEY CHECK (code ~ '^[A-Z][A-Z0-9_]{0,31}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    limits jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(limits) = 'array'),
    concurrency jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(concurrency) = 'array'),
    quotas jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(quotas) = 'array'),
    features text[] NOT NULL DEFAULT '{}',
    price_cents bigint CHECK (price_cents >= 0),
    price_currency text NOT NULL DEFAULT 'usd' CHECK (price_currency ~ '^[a-z]{3}$'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER plans_updated_at BEFORE UPDATE ON plans FOR EACH ROW EXECUTE FUNCTION set_updated_at();

INSERT INTO plans (code, name, limits, concurrency, quotas, features, price_cents) VALUES
    ('FREE', 'Free',
     '[{"name": "requests", "scope": "org", "capacity": 20, "refill": 10, "period_ms": 1000, "unit": "requests"}]',
     '[{"name": "in-flight", "scope": "org", "max": 10}]',
     '[{"meter": "requests", "per_month": 10000}]', '{}', 0),
    ('PRO', 'Pro',
     '[{"name": "requests", "scope": "org", "capacity": 200, "refill": 100, "period_ms": 1000, "unit": "requests"}]',
     '[{"name": "in-flight", "scope": "org", "max": 100}]',
     '[{"meter": "requests", "per_month": 1000000}]', '{}', 4900),
    ('ENTERPRISE', 'Enterprise',
     '[{"name": "requests", "scope": "org", "capacity": 2000, "refill": 1000, "period_ms": 1000, "unit": "requests"}]',
     '[{"name": "in-flight", "scope": "org", "max": 1000}]',
     '[]', '{}', NULL);

-- One row. Its counters are kept by triggers only. The jobs are counted in 16 rows, so that jobs that arrive at the
-- same time do not wait for one another; `system_config` shows the sum.
CREATE TABLE system_state (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    founding_member_count integer NOT NULL DEFAULT 0
        CONSTRAINT founding_member_count_range CHECK (founding_member_count BETWEEN 0 AND 100),
    total_users bigint NOT NULL DEFAULT 0 CHECK (total_users >= 0),
    maintenance_mode boolean NOT NULL DEFAULT false,
    credit_packages jsonb NOT NULL CHECK (jsonb_typeof(credit_packages) = 'array'),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE job_counts (
    shard smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 15),
    total bigint NOT NULL CHECK (total >= 0)
) WITH (fillfactor = 50);

INSERT INTO system_state (credit_packages) VALUES ('[
    {"code": "starter", "credits": 120, "price_cents": 1000, "bonus_percent": 20},
    {"code": "popular", "credits": 400, "price_cents": 3000, "bonus_percent": 33},
    {"code": "pro", "credits": 1100, "price_cents": 7500, "bonus_percent": 47},
    {"code": "mega", "credits": 2500, "price_cents": 15000, "bonus_percent": 67}
]');

CREATE VIEW system_config AS
SELECT founding_member_count, total_users,
    (SELECT coalesce(sum(total), 0)::bigint FROM job_counts) AS total_jobs,
    maintenance_mode, credit_packages, updated_at
FROM system_state;

CREATE FUNCTION system_state_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        PERFORM refuse('system_config_one_row', 'system_config always has its one row');
    END IF;
    -- Depth 1 is a caller's own statement; the triggers that count come in deeper.
    IF pg_trigger_depth() = 1 AND (NEW.founding_member_count, NEW.total_users)
        IS DISTINCT FROM (OLD.founding_member_count, OLD.total_users) THEN
        PERFORM refuse('system_config_counters', 'the counters of system_config are kept by the database');
    END IF;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER system_state_guard BEFORE UPDATE OR DELETE ON system_state
    FOR EACH ROW EXECUTE FUNCTION system_state_guard();

CREATE TABLE users (
    id text PRIMARY KEY CHECK (id ~ '^usr_[0-9A-Za-z]{1,60}$'),
    email text NOT NULL CHECK (length(email) <= 320 AND email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    name text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    -- 1 to 100 for the first hundred who signed up; given by a trigger, never again after.
    founding_number smallint CONSTRAINT users_founding_number_key UNIQUE CHECK (founding_number BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
-- Addresses differ in more than case, and a deleted user's address may sign up again.
CREATE UNIQUE INDEX users_email_key ON users (lower(email)) WHERE deleted_at IS NULL;

CREATE FUNCTION users_count_in() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE founding integer;
BEGIN
    -- The row lock makes sign-ups take their number one by one; a sign-up that fails gives its number back.
    SELECT founding_member_count INTO founding FROM system_state FOR UPDATE;
    NEW.founding_number := CASE WHEN founding < 100 THEN founding + 1 END;
    UPDATE system_state SET total_users = total_users + (NEW.deleted_at IS NULL)::int,
        founding_member_count = least(100, founding + 1);
    RETURN NEW;
END $$;
CREATE TRIGGER users_count_in BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION users_count_in();

CREATE FUNCTION users_count_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE change integer := 0;
BEGIN
    IF OLD.deleted_at IS NULL THEN change := change - 1; END IF;
    IF TG_OP = 'UPDATE' AND NEW.deleted_at IS NULL THEN change := change + 1; END IF;
    IF change <> 0 THEN UPDATE system_state SET total_users = total_users + change; END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER users_count_change AFTER DELETE OR UPDATE OF deleted_at ON users
    FOR EACH ROW EXECUTE FUNCTION users_count_change();

CREATE FUNCTION users_keep_founding_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse('users_founding_number', 'a founding number is given once and never changed');
    RETURN NULL;
END $$;
CREATE TRIGGER users_keep_founding_number BEFORE UPDATE ON users FOR EACH ROW
    WHEN (OLD.founding_number IS DISTINCT FROM NEW.founding_number)
    EXECUTE FUNCTION users_keep_founding_number();

CREATE TABLE orgs (
    id text PRIMARY KEY CHECK (id ~ '^org_[0-9A-Za-z]{1,60}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    slug text NOT NULL CONSTRAINT orgs_slug_key UNIQUE
        CHECK (length(slug) <= 63 AND slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    plan text NOT NULL DEFAULT 'FREE' CONSTRAINT orgs_plan_fkey REFERENCES plans (code),
    stripe_customer_id text CONSTRAINT orgs_stripe_customer_id_key UNIQUE,
    personal boolean NOT NULL DEFAULT false,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    -- Rises with every change that the edge must see; raised by triggers.
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE INDEX orgs_plan ON orgs (plan);

CREATE TABLE memberships (
    org_id text NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

-- An org that is not deleted has an OWNER. Checked at commit, so that ownership can be handed over in any order.
CREATE FUNCTION orgs_have_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE org text;
BEGIN
    IF TG_TABLE_NAME = 'orgs' THEN org := NEW.id; ELSE org := OLD.org_id; END IF;
    -- Two owners who leave at the same time must see one another.
    PERFORM 1 FROM orgs WHERE id = org AND deleted_at IS NULL FOR NO KEY UPDATE;
    IF FOUND AND NOT EXISTS (SELECT 1 FROM memberships WHERE org_id = org AND role = 'OWNER') THEN
        PERFORM refuse('orgs_have_owner', format('org %s must keep an OWNER', org));
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER orgs_have_owner AFTER INSERT OR UPDATE OF deleted_at ON orgs
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orgs_have_owner();
CREATE CONSTRAINT TRIGGER orgs_have_owner AFTER UPDATE OR DELETE ON memberships
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.role = 'OWNER') EXECUTE FUNCTION orgs_have_owner();
