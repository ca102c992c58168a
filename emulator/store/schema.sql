-- Version 10. Instants and lengths of time are milliseconds, amounts minor units, rates hundred-millionths.
-- Every row has merchants_id, so that one merchant can be listed, exported and reset without reading the
-- others.

CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    offset_ms BIGINT NOT NULL,
    frozen_ms BIGINT
);

CREATE TABLE merchant_clocks (
    merchants_id TEXT PRIMARY KEY,
    distance_ms BIGINT NOT NULL,  -- from the shared clock
    frozen_ms BIGINT,
    moves BIGINT NOT NULL         -- 1 while a command moves it: only that command does what falls due
);

CREATE TABLE merchants (
    merchants_id TEXT PRIMARY KEY,
    settings TEXT NOT NULL,  -- JSON, the present ones
    made TEXT NOT NULL,      -- JSON, the original ones with users, which a reset restores
    browsers INTEGER NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT ''  -- the name of the team that made it; empty: nobody's
);
CREATE INDEX merchants_owner ON merchants (owner, merchants_id);

CREATE TABLE removed_merchants (
    merchants_id TEXT PRIMARY KEY  -- reserved until everything is reset
);

CREATE TABLE users (
    login_key TEXT PRIMARY KEY,  -- lower case: logins are not case-sensitive
    merchants_id TEXT NOT NULL,
    login TEXT NOT NULL,
    account_id TEXT NOT NULL,
    password_hash TEXT NOT NULL
);
CREATE INDEX users_merchant ON users (merchants_id);

CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    merchants_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    pay_type TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    rate BIGINT NOT NULL,
    fee_rate BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    page_token TEXT NOT NULL UNIQUE,
    notify_url TEXT NOT NULL,
    create_ip TEXT NOT NULL,
    details TEXT NOT NULL,  -- JSON
    watched INTEGER NOT NULL,
    status TEXT NOT NULL,
    trans_id TEXT NOT NULL,
    buyer_id TEXT NOT NULL,
    buyer_login TEXT NOT NULL,
    buyer_email TEXT NOT NULL,
    paid_at BIGINT,
    finishes_at BIGINT,
    closed_at BIGINT,
    closed_by TEXT NOT NULL,
    failure TEXT NOT NULL,
    refunded BIGINT NOT NULL CHECK (refunded BETWEEN 0 AND amount),
    card TEXT,      -- JSON, of a card order
    terminal TEXT,  -- JSON, the present transaction of an order on a card terminal
    script TEXT,    -- JSON, the scenario rule that applies
    due_at BIGINT,  -- the next instant at which time alone changes the order
    shared_due_at BIGINT,  -- the same on the shared clock
    UNIQUE (merchants_id, out_trade_no)
);
CREATE INDEX orders_due ON orders (shared_due_at) WHERE shared_due_at IS NOT NULL;
CREATE INDEX orders_merchant_due ON orders (merchants_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX orders_merchant ON orders (merchants_id, id);

CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    merchants_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    cause TEXT NOT NULL,  -- an endpoint, payer, control or clock
    status TEXT NOT NULL,  -- after the event
    detail TEXT NOT NULL   -- JSON
);
CREATE INDEX history_order ON history (merchants_id, out_trade_no);

CREATE TABLE refunds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    merchants_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    partner_refund_id TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    reason TEXT NOT NULL,
    kind TEXT NOT NULL,  -- refund or cancel; reversed after a reversal
    at BIGINT NOT NULL,
    UNIQUE (merchants_id, partner_refund_id)
);
CREATE INDEX refunds_order ON refunds (merchants_id, out_trade_no);

CREATE TABLE ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    merchants_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    rmb_settlement BIGINT NOT NULL,
    settles_at BIGINT NOT NULL,  -- as the file shows it
    line TEXT NOT NULL,  -- the line of the settlement file; none or several when something is injected
    partner_id TEXT NOT NULL DEFAULT '',  -- partner_transaction_id
    injected TEXT NOT NULL DEFAULT '',  -- discrepancies of a scenario rule, separated by blanks
    true_settles_at BIGINT                -- null if the file shows the true instant
);
CREATE INDEX ledger_settlement ON ledger (merchants_id, settles_at, id);
CREATE INDEX ledger_order ON ledger (merchants_id, out_trade_no);

CREATE TABLE notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    merchants_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    notify_type TEXT NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    content_type TEXT NOT NULL,
    body TEXT NOT NULL,
    repeated_body TEXT NOT NULL DEFAULT '',  -- of attempts after the first, if it differs
    altered TEXT NOT NULL DEFAULT '',        -- JSON, the delivery plan of a scenario rule
    created_at BIGINT NOT NULL,
    status TEXT NOT NULL,       -- pending, delivered or failed
    attempts INTEGER NOT NULL,  -- attempts of the schedule, without replays
    due_at BIGINT,              -- when the next attempt is due; null if there is none
    shared_due_at BIGINT        -- the same on the shared clock
);
CREATE INDEX notifications_due ON notifications (shared_due_at, id) WHERE shared_due_at IS NOT NULL;
CREATE INDEX notifications_merchant_due ON notifications (merchants_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notifications_order ON notifications (merchants_id, out_trade_no, id);
CREATE INDEX notifications_merchant ON notifications (merchants_id, id);
CREATE INDEX notifications_undelivered ON notifications (id) WHERE status <> 'delivered';

CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    notification_id INTEGER NOT NULL,
    merchants_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    took_ms BIGINT NOT NULL,
    status_code INTEGER,
    answer TEXT NOT NULL,
    error TEXT NOT NULL,
    delivered INTEGER NOT NULL,
    replay INTEGER NOT NULL,
    findings TEXT NOT NULL,  -- JSON
    skipped INTEGER NOT NULL DEFAULT 0,  -- nothing was sent, because the receiver had not answered before
    received TEXT NOT NULL DEFAULT ''    -- JSON, what the merchant's inbox found; empty if it was not sent there
);
CREATE INDEX attempts_inbox ON attempts (id) WHERE received <> '';
CREATE INDEX attempts_inbox_merchant ON attempts (merchants_id, id) WHERE received <> '';
CREATE INDEX attempts_notification ON attempts (notification_id);
CREATE INDEX attempts_merchant ON attempts (merchants_id);

CREATE TABLE inboxes (
    merchants_id TEXT PRIMARY KEY,
    replies TEXT NOT NULL  -- JSON, what it answers, one after the other, and the last from then on
);

CREATE TABLE listeners (
    merchants_id TEXT PRIMARY KEY,
    listener TEXT NOT NULL,  -- who listens: the newest
    until BIGINT NOT NULL    -- real time, before which it is expected to ask again
);

-- Attempts that a listener makes; a row ends with its attempt.
CREATE TABLE forwards (
    id TEXT PRIMARY KEY,  -- drawn by lot
    merchants_id TEXT NOT NULL,
    notification_id BIGINT NOT NULL,
    place INTEGER NOT NULL,  -- how many attempts of the schedule were before
    holder TEXT NOT NULL,    -- the process that waits for the result
    until BIGINT NOT NULL,   -- real time, at which it waits no longer
    listener TEXT NOT NULL DEFAULT '',  -- who has taken it
    result TEXT              -- JSON, once the listener has answered
);
CREATE INDEX forwards_merchant ON forwards (merchants_id, notification_id);

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    merchants_id TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    ip TEXT NOT NULL,
    method TEXT NOT NULL,
    params TEXT NOT NULL,    -- JSON, secrets masked
    status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    verdict TEXT NOT NULL,   -- OK, or the error of the refusal
    findings TEXT NOT NULL,  -- JSON
    explanation TEXT NOT NULL  -- JSON, of a refused signature
);
CREATE INDEX journal_order ON journal (merchants_id, out_trade_no);
CREATE INDEX journal_merchant ON journal (merchants_id, id);
CREATE INDEX journal_refused ON journal (id) WHERE verdict <> 'OK';

CREATE TABLE commands (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    argument TEXT NOT NULL,  -- JSON
    plan TEXT NOT NULL,      -- JSON, fixed when the command is begun, so that another process can finish it
    result TEXT,             -- JSON, once it is finished
    finished_at BIGINT       -- in real time
);
CREATE INDEX commands_finished ON commands (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX commands_open ON commands (id) WHERE result IS NULL;

CREATE TABLE idempotency_keys (
    key TEXT PRIMARY KEY,  -- hash
    body TEXT NOT NULL,  -- hash: a key belongs to one body
    command_id INTEGER NOT NULL UNIQUE,
    at BIGINT NOT NULL   -- real time
);

CREATE TABLE vouchers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    voucher TEXT NOT NULL UNIQUE,
    card TEXT NOT NULL,  -- JSON: what may be kept of the card, and what the issuer will answer
    expires_at BIGINT NOT NULL,
    used INTEGER NOT NULL
);

CREATE TABLE terminals (
    serial TEXT PRIMARY KEY,
    merchants_id TEXT NOT NULL,
    terminal_type TEXT NOT NULL,
    online INTEGER NOT NULL,
    attended INTEGER NOT NULL,
    order_id BIGINT,         -- the order of its present or last transaction
    number BIGINT NOT NULL   -- the order of creation: a merchant's first one is its default
);
CREATE INDEX terminals_merchant ON terminals (merchants_id, number);

CREATE TABLE transactions (
    result_id TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL,
    merchants_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    state TEXT  -- JSON, once its order has another transaction
);
CREATE INDEX transactions_id ON transactions (transaction_id);
CREATE INDEX transactions_order ON transactions (merchants_id, out_trade_no);

CREATE TABLE scenarios (
    merchants_id TEXT PRIMARY KEY,  -- empty: the global scenario
    digest TEXT NOT NULL,           -- SHA-256 of the document
    document TEXT NOT NULL          -- JSON
);

CREATE TABLE counts (
    merchants_id TEXT NOT NULL,
    kind TEXT NOT NULL,  -- rule, or the endpoint whose requests are counted
    name TEXT NOT NULL,  -- the rule's, or the order's number
    number INTEGER NOT NULL,
    PRIMARY KEY (merchants_id, kind, name)
);

CREATE TABLE notebook (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    merchants_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    entry TEXT NOT NULL  -- JSON
);
CREATE INDEX notebook_merchant ON notebook (merchants_id, id);

-- For the report of findings; empty for a client that breaks no rules.
CREATE INDEX journal_findings ON journal (merchants_id, findings, at) WHERE findings <> '[]';
CREATE INDEX attempts_findings ON attempts (merchants_id, findings, at) WHERE findings <> '[]';

-- The newest ids at instants of real time: rows have the emulator's time, but their age is decided by real
-- time.
CREATE TABLE upkeep_marks (
    at BIGINT PRIMARY KEY,
    journal_id BIGINT NOT NULL,
    notification_id BIGINT NOT NULL,
    history_id BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE rate_limits (
    merchants_id TEXT PRIMARY KEY,
    full_at BIGINT NOT NULL  -- real time in ticks of the rate
);

CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
