-- Version 2. Instants and lengths of time are milliseconds, amounts minor units, rates hundred-millionths.
-- Everything carries merchants_id, so that one merchant can be listed, exported and reset without a look at the others.

CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    offset_ms BIGINT NOT NULL,
    frozen_ms BIGINT
);

CREATE TABLE merchants (
    merchants_id TEXT PRIMARY KEY,
    settings TEXT NOT NULL,  -- JSON, in force
    made TEXT NOT NULL,      -- JSON, as it was made, with its users: what a reset goes back to
    browsers INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE users (
    login_key TEXT PRIMARY KEY,  -- lower case: a login is found in any case
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
    due_at BIGINT,  -- the next instant at which time alone does something
    UNIQUE (merchants_id, out_trade_no)
);
CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;

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
    kind TEXT NOT NULL,  -- refund or cancel
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
    settles_at BIGINT NOT NULL,
    line TEXT NOT NULL  -- the line of the settlement file
);
CREATE INDEX ledger_settlement ON ledger (merchants_id, settles_at, id);

CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    merchants_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    notify_type TEXT NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    content_type TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    status TEXT NOT NULL,       -- waiting, taken or failed
    attempts INTEGER NOT NULL,  -- those of the schedule; replays by hand do not count
    due_at BIGINT               -- when the next one is due; null when there is none
);
CREATE INDEX notices_due ON notices (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX notices_order ON notices (merchants_id, out_trade_no, id);

CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    notice_id INTEGER NOT NULL,
    merchants_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    took_ms BIGINT NOT NULL,
    status_code INTEGER,
    answer TEXT NOT NULL,
    error TEXT NOT NULL,
    taken INTEGER NOT NULL,
    replay INTEGER NOT NULL,
    findings TEXT NOT NULL  -- JSON
);
CREATE INDEX attempts_notice ON attempts (notice_id);
CREATE INDEX attempts_merchant ON attempts (merchants_id);

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

CREATE TABLE commands (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    argument TEXT NOT NULL,  -- JSON
    plan TEXT NOT NULL,      -- JSON, fixed when the command is begun, so that another process can finish it
    result TEXT              -- JSON, when it is done
);
CREATE INDEX commands_open ON commands (id) WHERE result IS NULL;

CREATE TABLE vouchers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    voucher TEXT NOT NULL UNIQUE,
    card TEXT NOT NULL,  -- JSON: what may be kept of the card, and what the issuer will answer
    expires_at BIGINT NOT NULL,
    used INTEGER NOT NULL
);
