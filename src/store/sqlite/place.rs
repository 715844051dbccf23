//! Refuses a database where locks or the write-ahead log cannot work.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::store::error::Error;

/// FUSE file systems that reach over a network or out of a virtual machine.
const NETWORK_FUSE: [&str; 38] = [
    "sshfs",
    "rclone",
    "s3fs",
    "davfs",
    "glusterfs",
    "ceph-fuse",
    "virtiofs",
    "juicefs",
    "gcsfuse",
    "goofys",
    "geesefs",
    "mount-s3",
    "ossfs",
    "ossfs2",
    "cosfs",
    "obsfs",
    "blobfuse",
    "blobfuse2",
    "seaweedfs",
    "mfs",
    "smbnetfs",
    "vmhgfs-fuse",
    "mountpoint-s3",
    "alluxio-fuse",
    "cubefs",
    "beegfs",
    "lizardfs",
    "moosefs",
    "weed",
    "ceph",
    "fuse_dfs",
    "curlftpfs",
    "s3ql",
    "gvfsd-fuse",
    "google-drive-ocamlfuse",
    "onedriver",
    "nfs",
    "prl_fsd",
];

/// Refuses a network file system, and a file that is reached under two names.
pub(super) fn refuse_unsafe_place(path: &Path) -> Result<(), Error> {
    refuse_network(path)?;
    refuse_second_name(path)
}

/// The engine puts its `-wal` file, and we put the locks, beside the name that was opened: two names of one file share
/// neither.
fn refuse_second_name(path: &Path) -> Result<(), Error> {
    // What is missing or cannot be read fails later, with its reason.
    let Ok(real) = path.canonicalize() else { return Ok(()) };
    let Ok(metadata) = real.metadata() else { return Ok(()) };
    if !metadata.is_file() {
        return Ok(());
    }
    if metadata.nlink() > 1 {
        return Err(Error::HardLinks { path: path.to_owned(), count: metadata.nlink() });
    }
    match load_mounts() {
        Some(mounts) if is_mount_point(&mounts, &real) => Err(Error::MountPoint { path: path.to_owned() }),
        Some(_) | None => Ok(()),
    }
}

/// The mounts of this process; `None` where there is no `/proc`.
fn load_mounts() -> Option<String> {
    let bytes = std::fs::read("/proc/self/mountinfo").ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether something is mounted at exactly that real path, by the text of `/proc/self/mountinfo`.
fn is_mount_point(mounts: &str, real: &Path) -> bool {
    let mut escaped = String::new();
    for character in real.to_string_lossy().chars() {
        match character {
            ' ' => escaped.push_str("\\040"),
            '\t' => escaped.push_str("\\011"),
            '\n' => escaped.push_str("\\012"),
            '\\' => escaped.push_str("\\134"),
            other => escaped.push(other),
        }
    }
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(escaped.as_str()))
}

/// Refuses file systems on which locks and shared memory do not hold between machines.
fn refuse_network(path: &Path) -> Result<(), Error> {
    let Some(existing) = path.ancestors().find(|part| part.exists()) else { return Ok(()) };
    // Without an answer nothing is refused: the engine's own errors follow.
    let Ok(answer) = rustix::fs::statfs(existing) else { return Ok(()) };
    // The magic number's width and sign differ between platforms; its low 32 bits are what is documented.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "only the low 32 bits are compared")]
    let magic = answer.f_type as u32;
    match network_kind(magic, || fuse_kind(existing)) {
        Some(kind) => Err(Error::NetworkFileSystem { path: path.to_owned(), kind }),
        None => Ok(()),
    }
}

/// The magic numbers of statfs(2).
fn network_kind(magic: u32, fuse_kind: impl FnOnce() -> Option<String>) -> Option<String> {
    const FUSE: u32 = 0x6573_5546;
    let kind = match magic {
        0x0000_6969 => "nfs",
        0x0000_517b => "smb",
        0xff53_4d42 => "cifs",
        0xfe53_4d42 => "smb2",
        0x5346_414f | 0x6b41_4653 => "afs",
        0x00c3_6400 => "ceph",
        0x7375_7245 => "coda",
        0x0102_1997 => "9p",
        0x786f_4256 => "vboxsf",
        0xbacb_acbc => "vmhgfs",
        0x7c7c_6673 => "prl_fs",
        0x0bd0_0bd0 => "lustre",
        0x4750_4653 => "gpfs",
        0x1983_0326 => "beegfs",
        0x2003_0528 => "orangefs",
        0xaad7_aaea => "panfs",
        0x0116_1970 => "gfs2",
        0x7461_636f => "ocfs2",
        FUSE => return fuse_kind(),
        _ => return None,
    };
    Some(kind.to_owned())
}

/// FUSE serves local disks too: only the kinds known to reach over the network are refused.
fn fuse_kind(path: &Path) -> Option<String> {
    let device = path.metadata().ok()?.dev();
    let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    network_fuse(&load_mounts()?, &device)
}

/// Finds the device's file system in the text of `/proc/self/mountinfo`.
fn network_fuse(mounts: &str, device: &str) -> Option<String> {
    let mount = mounts.lines().find(|line| line.split(' ').nth(2) == Some(device))?;
    let kind = mount.split(" - ").nth(1)?.split(' ').next()?;
    NETWORK_FUSE.contains(&kind.strip_prefix("fuse.").unwrap_or(kind)).then(|| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{is_mount_point, network_fuse, network_kind};

    #[test]
    fn only_the_exact_path_is_a_mount_point() {
        let mounts = "36 35 8:1 /srv/a.db /data/my\\040a.db rw - ext4 /dev/sda1 rw\n";
        assert!(is_mount_point(mounts, Path::new("/data/my a.db")));
        assert!(!is_mount_point(mounts, Path::new("/data/my a.db-wal")));
        assert!(!is_mount_point(mounts, Path::new("/srv/a.db")));
    }

    #[test]
    fn network_file_systems_are_identified_by_their_magic_number() {
        let local = || None;
        for (magic, expected) in [
            (0x6969, Some("nfs")),
            (0xff53_4d42, Some("cifs")),
            (0xfe53_4d42, Some("smb2")),
            (0x0102_1997, Some("9p")),
            (0x786f_4256, Some("vboxsf")),
        ] {
            assert_eq!(network_kind(magic, local).as_deref(), expected);
        }
        // ext4, tmpfs, overlayfs.
        for magic in [0xef53, 0x0102_1994, 0x794c_7630] {
            assert_eq!(network_kind(magic, local), None);
        }
        assert_eq!(network_kind(0x6573_5546, || Some("fuse.sshfs".to_owned())).as_deref(), Some("fuse.sshfs"));
    }

    #[test]
    fn only_network_fuse_mounts_are_refused() {
        let mounts = "36 35 0:45 / /mnt/far rw,nosuid shared:1 - fuse.sshfs me@far:/ rw\n\
                      37 35 0:46 / /mnt/disk rw - fuse.ntfs /dev/sdb1 rw\n";
        assert_eq!(network_fuse(mounts, "0:45").as_deref(), Some("fuse.sshfs"));
        for kind in ["virtiofs", "fuse.juicefs", "fuse.gcsfuse", "fuse.ossfs", "fuse.vmhgfs-fuse"] {
            let mounts = format!("38 35 0:48 / /mnt/far rw - {kind} far rw\n");
            assert_eq!(network_fuse(&mounts, "0:48").as_deref(), Some(kind));
        }
        assert_eq!(network_fuse(mounts, "0:46"), None);
        assert_eq!(network_fuse(mounts, "0:47"), None);
    }
}
