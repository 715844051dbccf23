CREATE VIEW v_instances AS
SELECT account, provider, region, instance_id, name, status, public_ip, private_ip, elastic_ip, instance_type,
    instance_type_family, cpu_count, memory_mib, os_name, os_type, image_id, zone, network_type, vpc_id, subnet_id,
    security_groups, data_disks, tags, host_name, description, charge_type, stopped_mode, key_name, root_device,
    created_at, launched_at, expired_at, first_seen_at, last_changed_at, last_seen_record
FROM ecs_instances
WHERE deleted_at IS NULL;

CREATE VIEW v_instance_changes AS
SELECT at, record AS record_id, account, region, instance AS instance_id, kind, field, before, after
FROM ecs_changes;
