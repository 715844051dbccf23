//! A stream of events, read by a consumer group and acknowledged entry by entry.

use std::sync::LazyLock;
use std::time::Duration;

use redis::{Cmd, Script, Value, cmd, pipe};

use super::connection::Connection;
use super::entry::{Entries, Entry, FIELD, list, text};
use super::error::Error;

/// Ids acknowledged by one command: the server does nothing else meanwhile.
const ACK_CHUNK: usize = 1000;

/// Before the first entry, and, as the cursor of a claim, past the last.
const START: &str = "0-0";

/// What the names of our consumers begin with.
const CONSUMER_PREFIX: &str = "tongbu-";

/// `KEYS`: the stream. `ARGV`: the group, the prefix of our consumers. One step for the server, so that no consumer is given
/// an entry before it is removed.
const REMOVE_IDLE: &str = r"
local removed = 0
for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local consumer = {}
    for i = 1, #fields, 2 do
        consumer[fields[i]] = fields[i + 1]
    end
    if consumer.pending == 0 and string.sub(consumer.name, 1, #ARGV[2]) == ARGV[2] then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
        removed = removed + 1
    end
end
return removed
";

static REMOVE_IDLE_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(REMOVE_IDLE));

/// Which stream is read, and by which consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The stream's key.
    pub stream: String,
    /// The group's name.
    pub name: String,
    /// See [`consumer_name`].
    pub consumer: String,
}

/// A stream as one consumer of a group sees it.
pub struct Source {
    connection: Connection,
    group: Group,
    reading: Reading,
    /// Where the next claim begins; `None` after a claim has seen all.
    claiming: Option<String>,
    /// The last entry when the reading began. Entries may be appended faster than they are read.
    end: (u64, u64),
    is_caught_up: bool,
}

/// What is read next.
enum Reading {
    /// Our own entries behind this id: given to us before, and not acknowledged.
    Own(String),
    /// Entries that no consumer has been given yet.
    New,
}

/// The name this machine consumes under: the same in every pass, so that a pass finds at once what an earlier one was
/// given and did not acknowledge. Passes on one machine do not run at the same time: they need the same lock.
pub fn consumer_name(host: &str) -> String {
    format!("{CONSUMER_PREFIX}{host}")
}

impl Source {
    /// Makes the group where it is missing, and the stream with it; it begins with the first entry there is.
    pub async fn open(connection: Connection, group: Group) -> Result<Self, Error> {
        let mut source = Self {
            connection,
            group,
            reading: Reading::Own(START.to_owned()),
            claiming: Some(START.to_owned()),
            end: (0, 0),
            is_caught_up: false,
        };
        source.create_group().await?;
        source.end = source.find_end().await?;
        Ok(source)
    }

    /// The next entries, at most that many: first those an earlier pass was given and did not acknowledge, then new ones.
    /// Never waits for an entry; nothing is what there is to read when all has been read.
    pub async fn read(&mut self, count: usize) -> Result<Vec<Entry>, Error> {
        while let Reading::Own(after) = &self.reading {
            let found = self.read_group(after, count).await?;
            match found.entries.iter().map(|entry| &entry.id).chain(&found.deleted).max_by_key(|id| order(id)) {
                Some(last) => self.reading = Reading::Own(last.clone()),
                None => self.reading = Reading::New,
            }
            self.ack(&found.deleted).await?;
            if !found.entries.is_empty() {
                return Ok(found.entries);
            }
        }
        let entries = self.read_group(">", count).await?.entries;
        let last = entries.last().map(|entry| order(&entry.id));
        self.is_caught_up = entries.len() < count || last >= Some(self.end);
        Ok(entries)
    }

    /// Whether the last [`read`](Self::read) came to what was the end of the stream when the source was opened.
    pub const fn is_caught_up(&self) -> bool {
        self.is_caught_up
    }

    /// Takes over entries that were given to any consumer that long ago and have not been acknowledged, at most that many;
    /// nothing when all have been seen, and then from the beginning again.
    pub async fn claim_stale(&mut self, min_idle: Duration, count: usize) -> Result<Vec<Entry>, Error> {
        while let Some(from) = self.claiming.take() {
            let (next, found) = self.claim(&from, min_idle, count).await?;
            if next != START {
                self.claiming = Some(next);
            }
            self.ack(&found.deleted).await?;
            if !found.entries.is_empty() {
                return Ok(found.entries);
            }
        }
        self.claiming = Some(START.to_owned());
        Ok(Vec::new())
    }

    /// Acknowledges entries: they are stored and need not be given out again. Returns how many of them were still pending.
    pub async fn ack(&self, ids: &[String]) -> Result<u64, Error> {
        let mut acked = 0;
        for ids in ids.chunks(ACK_CHUNK) {
            let mut ack = cmd("XACK");
            ack.arg(&self.group.stream).arg(&self.group.name).arg(ids);
            acked += self.connection.query::<u64>("XACK", &ack).await?;
        }
        Ok(acked)
    }

    /// Removes our consumers that have no pending entries, those of former hosts and this one: the next read makes
    /// its own again. Returns how many.
    pub async fn remove_idle_consumers(&self) -> Result<u64, Error> {
        let mut script = REMOVE_IDLE_SCRIPT.key(&self.group.stream);
        script.arg(&self.group.name).arg(CONSUMER_PREFIX);
        self.connection.invoke("XGROUP DELCONSUMER", &script).await
    }

    async fn read_group(&self, after: &str, count: usize) -> Result<Entries, Error> {
        const NAME: &str = "XREADGROUP";
        let Group { stream, name, consumer } = &self.group;
        let mut read = cmd(NAME);
        read.arg("GROUP").arg(name).arg(consumer).arg("COUNT").arg(count).arg("STREAMS").arg(stream).arg(after);
        let answer = self.query(NAME, &read).await?;
        // Without an entry there is no stream in the answer either.
        let Some(streams) = list(answer) else { return Ok(Entries::default()) };
        let unreadable = || self.connection.unreadable(NAME, "it is no list of entries");
        let [_, entries] = streams
            .into_iter()
            .next()
            .and_then(list)
            .and_then(|stream| <[Value; 2]>::try_from(stream).ok())
            .ok_or_else(unreadable)?;
        Entries::parse(entries).ok_or_else(unreadable)
    }

    async fn find_end(&self) -> Result<(u64, u64), Error> {
        const NAME: &str = "XREVRANGE";
        let mut find = cmd(NAME);
        find.arg(&self.group.stream).arg("+").arg("-").arg("COUNT").arg(1);
        let found = Entries::parse(self.connection.query(NAME, &find).await?);
        let found = found.ok_or_else(|| self.connection.unreadable(NAME, "it is no list of entries"))?;
        Ok(found.entries.first().map_or((0, 0), |last| order(&last.id)))
    }

    async fn claim(&self, from: &str, min_idle: Duration, count: usize) -> Result<(String, Entries), Error> {
        const NAME: &str = "XAUTOCLAIM";
        let Group { stream, name, consumer } = &self.group;
        let min_idle = u64::try_from(min_idle.as_millis()).unwrap_or(u64::MAX);
        let mut claim = cmd(NAME);
        claim.arg(stream).arg(name).arg(consumer).arg(min_idle).arg(from).arg("COUNT").arg(count);
        let answer = self.query(NAME, &claim).await?;
        let parse = |answer| {
            // From Redis 7 on there is a third part, the ids of deleted entries, which are no longer pending.
            let mut parts = list(answer)?.into_iter();
            Some((text(parts.next()?)?, Entries::parse(parts.next()?)?))
        };
        parse(answer).ok_or_else(|| self.connection.unreadable(NAME, "it is no cursor with a list of entries"))
    }

    /// Makes the group again where it was deleted, perhaps with its stream.
    async fn query(&self, name: &'static str, command: &Cmd) -> Result<Value, Error> {
        match self.connection.query(name, command).await {
            Err(error) if error.code() == Some("NOGROUP") => {
                self.create_group().await?;
                self.connection.query(name, command).await
            }
            answer => answer,
        }
    }

    async fn create_group(&self) -> Result<(), Error> {
        const NAME: &str = "XGROUP CREATE";
        let mut create = cmd("XGROUP");
        create.arg("CREATE").arg(&self.group.stream).arg(&self.group.name).arg(0).arg("MKSTREAM");
        match self.connection.query::<Value>(NAME, &create).await {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// Appends the events to the stream, all of them or none, and returns their ids.
///
/// After an error other than the server's refusal they may be there all the same.
pub async fn publish(
    connection: &Connection,
    stream: &str,
    events: &[impl AsRef<str> + Sync],
) -> Result<Vec<String>, Error> {
    let mut adds = pipe();
    adds.atomic();
    for event in events {
        adds.cmd("XADD").arg(stream).arg("*").arg(FIELD).arg(event.as_ref());
    }
    if events.is_empty() {
        return Ok(Vec::new());
    }
    // Where a server refuses everything, the library loses what it says to a transaction.
    connection.ping().await?;
    connection.query_all("XADD", &adds).await
}

/// Ids sort by their two numbers, not as text.
fn order(id: &str) -> (u64, u64) {
    let (at, seq) = id.split_once('-').unwrap_or((id, "0"));
    (at.parse().unwrap_or(u64::MAX), seq.parse().unwrap_or(u64::MAX))
}
