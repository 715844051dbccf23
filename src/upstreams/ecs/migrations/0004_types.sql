CREATE TABLE ecs_types (
    provider      TEXT NOT NULL,
    instance_type TEXT NOT NULL,
    cpu_count     INTEGER,
    memory_mib    INTEGER,
    fetched_at    TEXT NOT NULL,
    PRIMARY KEY (provider, instance_type)
) STRICT;
