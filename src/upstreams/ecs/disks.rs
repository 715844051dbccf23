//! Data disks that are listed apart from their instances: which listings to make, and which instance gets which disk.

use std::collections::{BTreeMap, BTreeSet};

use super::instance::{Disk, DisksKnown, Instance, InstanceId};
use crate::upstreams::mirror::Identified;

/// A disk of a listing of disks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedDisk {
    pub disk: Disk,
    /// A shared disk has several.
    pub instances: BTreeSet<InstanceId>,
}

impl Identified for AttachedDisk {
    fn id(&self) -> &str {
        &self.disk.id
    }
}

/// Whose disks to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskScope<'a> {
    Region,
    /// At most [`Provider::disk_chunk`](super::provider::Provider::disk_chunk) of them.
    Of(&'a [InstanceId]),
}

/// The listings to make for the disks of `wanted`, the cheapest way: by instance, or the whole region where that takes
/// fewer calls. `stored_disk_count` estimates the region's, `chunk` is how many instances one call may name.
pub fn plan_disks(wanted: &[InstanceId], stored_disk_count: usize, chunk: usize) -> Vec<DiskScope<'_>> {
    /// The smallest page of disks among the providers.
    const DISKS_PER_PAGE: usize = 500;
    let region_calls = stored_disk_count.div_ceil(DISKS_PER_PAGE).max(1);
    let chunks = wanted.chunks(chunk.max(1));
    if chunks.len() > region_calls { vec![DiskScope::Region] } else { chunks.map(DiskScope::Of).collect() }
}

/// Gives the instances their disks. Where an instance's own row names them, only these count and the listing adds what
/// it knows of them: a listing of volumes also holds the system's.
pub fn attach<'a>(instances: impl IntoIterator<Item = &'a mut Instance>, listed: &[AttachedDisk]) {
    let by_id: BTreeMap<&str, &Disk> =
        listed.iter().map(|attached| (attached.disk.id.as_str(), &attached.disk)).collect();
    let mut by_instance: BTreeMap<&InstanceId, BTreeSet<&Disk>> = BTreeMap::new();
    for AttachedDisk { disk, instances } in listed {
        for id in instances {
            by_instance.entry(id).or_default().insert(disk);
        }
    }
    for instance in instances {
        let disks = &mut instance.compared.data_disks;
        match instance.disks_known {
            DisksKnown::Fully => {}
            DisksKnown::No => {
                disks.extend(by_instance.get(&instance.id).into_iter().flatten().copied().cloned());
            }
            DisksKnown::Named => {
                *disks = std::mem::take(disks).into_iter().map(|named| complete(named, &by_id)).collect();
            }
        }
        instance.disks_known = DisksKnown::Fully;
    }
}

fn complete(named: Disk, by_id: &BTreeMap<&str, &Disk>) -> Disk {
    match by_id.get(named.id.as_str()) {
        // A shared volume has another device name on each instance.
        Some(disk) => Disk { device: named.device, ..Disk::clone(disk) },
        None => named,
    }
}

#[cfg(test)]
mod tests {
    use super::{AttachedDisk, DiskScope, attach, plan_disks};
    use crate::upstreams::ecs::diff::tests::instance;
    use crate::upstreams::ecs::instance::{Disk, DisksKnown, InstanceId};

    fn disk(id: &str, size_gib: Option<i64>, device: &str) -> Disk {
        Disk { id: id.to_owned(), size_gib, category: None, device: Some(device.to_owned()) }
    }

    fn ids(count: usize) -> Vec<InstanceId> {
        (0..count).map(|number| InstanceId(format!("i-{number}"))).collect()
    }

    #[test]
    fn disks_are_listed_by_instance_only_where_that_is_cheaper() {
        let ids = ids(3);
        let of = DiskScope::Of;
        for (wanted, stored, chunk, expected) in [
            (0, 10, 1, vec![]),
            (1, 0, 1, vec![of(&ids[..1])]),
            (2, 500, 1, vec![DiskScope::Region]),
            (2, 501, 1, vec![of(&ids[..1]), of(&ids[1..2])]),
            (3, 501, 1, vec![DiskScope::Region]),
            (3, 0, 100, vec![of(&ids)]),
        ] {
            assert_eq!(plan_disks(&ids[..wanted], stored, chunk), expected, "{wanted} {stored} {chunk}");
        }
    }

    #[test]
    fn an_instance_gets_what_is_attached_to_it_or_what_its_row_names() {
        let listed = [("d-1", "i-a"), ("d-root", "i-b"), ("d-2", "i-b")].map(|(id, owner)| AttachedDisk {
            disk: disk(id, Some(40), "/dev/x"),
            instances: [InstanceId::from(owner)].into(),
        });
        let mut bare = instance("i-a");
        bare.disks_known = DisksKnown::No;
        let mut naming = instance("i-b");
        naming.disks_known = DisksKnown::Named;
        naming.compared.data_disks = [disk("d-2", None, "/dev/sdf"), disk("d-3", None, "/dev/sdg")].into();
        let mut knowing = instance("i-c");
        knowing.compared.data_disks = [disk("d-4", Some(1), "/dev/sdh")].into();
        attach([&mut bare, &mut naming, &mut knowing], &listed);
        assert_eq!(bare.compared.data_disks, [disk("d-1", Some(40), "/dev/x")].into());
        assert_eq!(
            naming.compared.data_disks,
            [disk("d-2", Some(40), "/dev/sdf"), disk("d-3", None, "/dev/sdg")].into()
        );
        assert_eq!(knowing.compared.data_disks, [disk("d-4", Some(1), "/dev/sdh")].into());
        assert_eq!(bare.disks_known, DisksKnown::Fully);
    }
}
