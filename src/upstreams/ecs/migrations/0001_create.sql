CREATE TABLE ecs_instances (
    account              TEXT NOT NULL,
    provider             TEXT NOT NULL,
    region               TEXT NOT NULL,
    instance_id          TEXT NOT NULL,
    status               TEXT NOT NULL,
    name                 TEXT,
    public_ip            TEXT,
    private_ip           TEXT,
    instance_type        TEXT,
    security_groups      TEXT NOT NULL,
    data_disks           TEXT NOT NULL,
    tags                 TEXT NOT NULL,
    host_name            TEXT,
    description          TEXT,
    zone                 TEXT,
    instance_type_family TEXT,
    cpu_count            INTEGER,
    memory_mib           INTEGER,
    os_name              TEXT,
    os_type              TEXT,
    image_id             TEXT,
    network_type         TEXT,
    vpc_id               TEXT,
    subnet_id            TEXT,
    elastic_ip           TEXT,
    charge_type          TEXT,
    stopped_mode         TEXT,
    key_name             TEXT,
    root_device          TEXT,
    created_at           TEXT,
    launched_at          TEXT,
    expired_at           TEXT,
    raw                  TEXT NOT NULL,
    content_hash         TEXT NOT NULL,
    first_seen_at        TEXT NOT NULL,
    last_changed_at      TEXT NOT NULL,
    last_seen_record     INTEGER NOT NULL,
    deleted_at           TEXT,
    PRIMARY KEY (account, provider, region, instance_id)
) STRICT;

CREATE INDEX ecs_instances_by_instance ON ecs_instances (instance_id);

CREATE TABLE ecs_changes (
    id       INTEGER PRIMARY KEY,
    record   INTEGER NOT NULL,
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    instance TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('added', 'updated', 'deleted', 'restored')),
    field    TEXT,
    before   TEXT,
    after    TEXT,
    at       TEXT NOT NULL
) STRICT;

CREATE INDEX ecs_changes_by_record ON ecs_changes (record);

CREATE INDEX ecs_changes_by_instance ON ecs_changes (instance, at);

CREATE TABLE ecs_regions (
    account    TEXT NOT NULL,
    provider   TEXT NOT NULL,
    region     TEXT NOT NULL,
    label      TEXT,
    endpoint   TEXT,
    is_enabled INTEGER NOT NULL,
    fetched_at TEXT NOT NULL,
    PRIMARY KEY (account, provider, region)
) STRICT;
