//! When a ready schedule makes an upstream's passes.

/// What `generate cron` and `generate systemd` make of an upstream.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// A sentence for whoever reads the crontab.
    pub about: &'static str,
    pub jobs: &'static [Job],
}

/// One line of a crontab, one timer of systemd.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// Tells it from the other jobs of its upstream; empty for the one that is called like it.
    pub name: &'static str,
    /// The five fields of a crontab; the last three are `*`. Minutes are spread, so that not all wake at once.
    pub times: &'static str,
    /// The flags of the pass.
    pub flags: &'static [&'static str],
}

impl Schedule {
    /// Nothing is scheduled.
    pub const NONE: Self = Self { about: "", jobs: &[] };
}
