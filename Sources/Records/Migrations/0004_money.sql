-- Money. Amounts are whole cents, credits whole credits. Ledger, invoices and events keep their rows when their org
-- goes: they name it without a foreign key.

CREATE TABLE stripe_events (
    id text PRIMARY KEY CHECK (id ~ '^evt_'),
    type text NOT NULL,
    created timestamptz NOT NULL,
    payload jsonb NOT NULL,
    status text NOT NULL DEFAULT 'received' CHECK (status IN ('received', 'processed', 'ignored', 'failed')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    error text,
    received_at timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz,
    CONSTRAINT stripe_events_processed CHECK ((status IN ('processed', 'ignored')) = (processed_at IS NOT NULL))
);
CREATE INDEX stripe_events_open ON stripe_events (received_at) WHERE status IN ('received', 'failed');

-- An event takes effect once: what is processed stays so.
CREATE FUNCTION stripe_events_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse('stripe_events_once', format('event %s has taken effect already', OLD.id));
    RETURN NULL;
END $$;
CREATE TRIGGER stripe_events_guard BEFORE UPDATE ON stripe_events FOR EACH ROW
    WHEN (OLD.status IN ('processed', 'ignored') AND NEW.status IS DISTINCT FROM OLD.status)
    EXECUTE FUNCTION stripe_events_guard();

CREATE TABLE invoice_shadows (
    stripe_invoice_id text PRIMARY KEY,
    org_id text NOT NULL,
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    amount_due bigint NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'open', 'paid', 'uncollectible', 'void')),
    lines jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(lines) = 'array'),
    computed_amount bigint NOT NULL,
    difference bigint GENERATED ALWAYS AS (amount_due - computed_amount) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT invoice_shadows_period CHECK (period_start < period_end)
);
CREATE INDEX invoice_shadows_org ON invoice_shadows (org_id, period_start);
CREATE TRIGGER invoice_shadows_updated_at BEFORE UPDATE ON invoice_shadows
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE payment_methods (
    id text PRIMARY KEY CHECK (id ~ '^pmt_[0-9A-Za-z]{1,60}$'),
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    org_id text NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    stripe_payment_method_id text NOT NULL CONSTRAINT payment_methods_stripe_id_key UNIQUE,
    stripe_customer_id text NOT NULL,
    brand text NOT NULL,
    last4 text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'),
    expiry_month smallint NOT NULL CHECK (expiry_month BETWEEN 1 AND 12),
    expiry_year smallint NOT NULL CHECK (expiry_year BETWEEN 2000 AND 2200),
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payment_methods_user ON payment_methods (user_id);
CREATE INDEX payment_methods_org ON payment_methods (org_id);
CREATE UNIQUE INDEX payment_methods_one_default ON payment_methods (user_id) WHERE is_default;
CREATE TRIGGER payment_methods_updated_at BEFORE UPDATE ON payment_methods
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- What an org has. Follows the ledger; below zero is a debt.
CREATE TABLE credit_balances (
    org_id text PRIMARY KEY,
    balance bigint NOT NULL
);

-- Every change of a balance, in order, each once (`reference`).
CREATE SEQUENCE credit_ledger_ids;
CREATE TABLE credit_ledger (
    id bigint PRIMARY KEY,
    org_id text NOT NULL,
    delta bigint NOT NULL,
    reason text NOT NULL CHECK (reason IN ('purchase', 'grant', 'spend', 'refund', 'reversal', 'adjustment')),
    reference text NOT NULL CONSTRAINT credit_ledger_reference_key UNIQUE,
    balance_after bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT credit_ledger_sign CHECK (CASE reason
        WHEN 'purchase' THEN delta > 0 WHEN 'grant' THEN delta > 0 WHEN 'refund' THEN delta > 0
        WHEN 'spend' THEN delta < 0 WHEN 'reversal' THEN delta < 0 ELSE delta <> 0 END)
);
CREATE INDEX credit_ledger_org ON credit_ledger (org_id, id);

-- The row lock on the balance makes an org's entries follow one another. The id is taken under it, so that
-- `balance_after` is the running sum in order of the ids.
CREATE FUNCTION credit_ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO credit_balances AS b (org_id, balance) VALUES (NEW.org_id, NEW.delta)
        ON CONFLICT (org_id) DO UPDATE SET balance = b.balance + EXCLUDED.balance
        RETURNING balance INTO NEW.balance_after;
    NEW.id := nextval('credit_ledger_ids');
    RETURN NEW;
END $$;
CREATE TRIGGER credit_ledger_balance BEFORE INSERT ON credit_ledger
    FOR EACH ROW EXECUTE FUNCTION credit_ledger_balance();

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse('append_only', format('rows of %s are only ever added', TG_TABLE_NAME));
    RETURN NULL;
END $$;
CREATE TRIGGER credit_ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION credit_balances_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        PERFORM refuse('credit_balances_follow', 'balances change with the ledger only');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER credit_balances_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON credit_balances
    FOR EACH STATEMENT EXECUTE FUNCTION credit_balances_guard();
