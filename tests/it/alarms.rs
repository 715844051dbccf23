//! How a failure reaches people: cron's mail, the record, pings, messages.

mod early;
mod limits;
mod logs;
mod mail;
mod notify;
mod parts;
mod ping;
mod quiet;
mod reported;

use crate::support::Sandbox;

impl Sandbox {
    /// Hands these users' creation to the outbox.
    fn create_users(&self, users: std::ops::RangeInclusive<i64>) {
        let line = |user| format!("{{\"type\":\"user.created\",\"user_id\":{user},\"username\":\"user{user}\"}}\n");
        let lines: String = users.map(line).collect();
        self.spawn_fed("users emit - --json", &lines).wait().expect(0);
    }
}
