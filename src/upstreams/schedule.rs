//! When a ready schedule makes an upstream's passes.

/// What `generate cron` and `generate systemd` make of an upstream.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// A sentence, the comment above its lines in the crontab.
    pub about: &'static str,
    pub jobs: &'static [Job],
}

/// One line of a crontab, one timer of systemd.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// What its name has behind the upstream's; empty for the job that has the upstream's name alone.
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
