//! One made-up machine of either cloud.

use jiff::{Timestamp, ToSpan as _};

use crate::sandbox::clock::Clock;
use crate::sandbox::random::Random;

/// A data disk.
#[derive(Clone, Debug)]
pub struct Disk {
    pub id: String,
    pub gib: u64,
}

/// One instance.
#[derive(Clone, Debug)]
pub struct Machine {
    pub id: String,
    pub name: String,
    /// As Alibaba Cloud writes it.
    pub status: &'static str,
    pub kind: &'static str,
    pub public_ip: Option<String>,
    pub private_ip: String,
    pub created: Timestamp,
    pub groups: Vec<String>,
    pub disks: Vec<Disk>,
    pub tags: Vec<(String, String)>,
    /// Its row holds nothing but its id.
    pub is_bare: bool,
    /// Its row has a number where a text belongs.
    pub is_garbled: bool,
}

impl Machine {
    /// The machine of that number; everything about it follows from the seed, the region and the number.
    pub fn new(seed: u64, region: &str, number: u64) -> Self {
        Self::new_at(Clock::fixed(), seed, region, number)
    }

    /// The same, dated by a clock.
    pub fn new_at(clock: Clock, seed: u64, region: &str, number: u64) -> Self {
        let mut random = Random::new(seed ^ (number << 8) ^ region.bytes().map(u64::from).sum::<u64>());
        let disk = |index| Disk { id: format!("d-{region}-{number:04}-{index}"), gib: 40 * (index + 1) };
        Self {
            id: format!("i-{region}-{number:04}"),
            name: format!("web-{number}"),
            status: *random.pick(&["Running", "Running", "Stopped"]),
            kind: *random.pick(&["ecs.g7.large", "ecs.c7.xlarge"]),
            public_ip: random.chance(50).then(|| format!("203.0.113.{}", number % 250)),
            created: clock.base - (24 * i64::try_from(30 + number % 300).expect("a few days")).hours(),
            private_ip: format!("10.0.{}.{}", number / 250, number % 250),
            groups: vec!["sg-web".to_owned(), "sg-ssh".to_owned()],
            disks: (0..random.below(3)).map(disk).collect(),
            tags: vec![
                ("env".to_owned(), (*random.pick(&["prod", "test"])).to_owned()),
                ("数据".to_owned(), "x".to_owned()),
            ],
            is_bare: false,
            is_garbled: false,
        }
    }
}
