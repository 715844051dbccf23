CREATE TABLE fairing_questions (
    key INTEGER PRIMARY KEY,
    content_hash BLOB NOT NULL,
    deleted_at TEXT,
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT,
    prompt TEXT,
    customer_type TEXT,
    frequency_type TEXT,
    allow_other INTEGER,
    max_responses INTEGER,
    submit_text TEXT,
    published_at TEXT,
    inserted_at TEXT,
    updated_at TEXT,
    first_seen_at TEXT NOT NULL,
    last_changed_at TEXT NOT NULL,
    last_seen_record INTEGER NOT NULL,
    raw TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX fairing_questions_id ON fairing_questions (account, id);
CREATE INDEX fairing_questions_live ON fairing_questions (account) WHERE deleted_at IS NULL;

CREATE TABLE fairing_responses (
    key INTEGER PRIMARY KEY,
    content_hash BLOB NOT NULL,
    deleted_at TEXT,
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    question_id TEXT,
    question_type TEXT,
    response TEXT,
    response_id TEXT,
    other INTEGER,
    other_response TEXT,
    customer_id TEXT,
    email TEXT,
    order_id TEXT,
    order_number TEXT,
    order_total TEXT,
    order_total_usd TEXT,
    order_currency_code TEXT,
    utm_source TEXT,
    utm_medium TEXT,
    utm_campaign TEXT,
    response_provided_at TEXT,
    inserted_at TEXT,
    updated_at TEXT,
    first_seen_at TEXT NOT NULL,
    last_changed_at TEXT NOT NULL,
    last_seen_record INTEGER NOT NULL,
    raw TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX fairing_responses_id ON fairing_responses (account, id);
CREATE INDEX fairing_responses_live ON fairing_responses (account) WHERE deleted_at IS NULL;
