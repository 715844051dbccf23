CREATE TABLE cloud_databases (
    account             TEXT NOT NULL,
    provider            TEXT NOT NULL,
    region              TEXT NOT NULL,
    database_id         TEXT NOT NULL,
    status              TEXT,
    name                TEXT,
    endpoints           TEXT,
    class               TEXT,
    cpu_count           INTEGER,
    memory_mib          INTEGER,
    security_groups     TEXT,
    storage_gib         INTEGER,
    storage_type        TEXT,
    engine_version      TEXT,
    lock_mode           TEXT,
    multi_az            INTEGER,
    tags                TEXT,
    replicas            TEXT,
    status_raw          TEXT,
    engine              TEXT,
    zone                TEXT,
    zones               TEXT,
    vpc_id              TEXT,
    subnet_id           TEXT,
    network_type        TEXT,
    charge_type         TEXT,
    created_at          TEXT,
    expired_at          TEXT,
    role                TEXT,
    primary_id          TEXT,
    project             TEXT,
    deletion_protection INTEGER,
    raw                 TEXT NOT NULL,
    content_hash        TEXT NOT NULL,
    first_seen_at       TEXT NOT NULL,
    last_changed_at     TEXT NOT NULL,
    last_seen_record    INTEGER NOT NULL,
    deleted_at          TEXT,
    PRIMARY KEY (account, provider, region, database_id)
) STRICT;

CREATE TABLE cloud_caches (
    account             TEXT NOT NULL,
    provider            TEXT NOT NULL,
    region              TEXT NOT NULL,
    cache_id            TEXT NOT NULL,
    status              TEXT,
    name                TEXT,
    endpoints           TEXT,
    class               TEXT,
    memory_mib          INTEGER,
    shard_count         INTEGER,
    replica_count       INTEGER,
    security_groups     TEXT,
    engine_version      TEXT,
    lock_mode           TEXT,
    charge_type         TEXT,
    multi_az            INTEGER,
    tags                TEXT,
    status_raw          TEXT,
    engine              TEXT,
    zone                TEXT,
    zones               TEXT,
    vpc_id              TEXT,
    subnet_id           TEXT,
    network_type        TEXT,
    created_at          TEXT,
    expired_at          TEXT,
    role                TEXT,
    project             TEXT,
    deletion_protection INTEGER,
    raw                 TEXT NOT NULL,
    content_hash        TEXT NOT NULL,
    first_seen_at       TEXT NOT NULL,
    last_changed_at     TEXT NOT NULL,
    last_seen_record    INTEGER NOT NULL,
    deleted_at          TEXT,
    PRIMARY KEY (account, provider, region, cache_id)
) STRICT;

CREATE TABLE cloud_buckets (
    account          TEXT NOT NULL,
    provider         TEXT NOT NULL,
    name             TEXT NOT NULL,
    region           TEXT,
    storage_class    TEXT,
    access           TEXT,
    versioning       TEXT,
    encryption       TEXT,
    replication      TEXT,
    tags             TEXT,
    created_at       TEXT,
    project          TEXT,
    raw              TEXT NOT NULL,
    content_hash     TEXT NOT NULL,
    first_seen_at    TEXT NOT NULL,
    last_changed_at  TEXT NOT NULL,
    last_seen_record INTEGER NOT NULL,
    deleted_at       TEXT,
    PRIMARY KEY (account, provider, name)
) STRICT;

CREATE TABLE cloud_changes (
    seq      INTEGER PRIMARY KEY,
    record   INTEGER NOT NULL,
    resource TEXT NOT NULL CHECK (resource IN ('database', 'cache', 'bucket')),
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    id       TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('added', 'updated', 'deleted', 'restored')),
    field    TEXT,
    before   TEXT,
    after    TEXT,
    at       TEXT NOT NULL
) STRICT;

CREATE INDEX cloud_changes_by_record ON cloud_changes (record);

CREATE INDEX cloud_changes_by_id ON cloud_changes (id, at);

CREATE VIEW all_changes AS
SELECT id AS seq, record, 'compute' AS resource, account, region, instance AS id, kind, field, before, after, at
FROM ecs_changes
UNION ALL
SELECT seq, record, resource, account, region, id, kind, field, before, after, at
FROM cloud_changes;
