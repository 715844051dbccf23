//! A generated crontab, read as cron reads it.

/// What it runs, and with which environment.
pub struct Crontab {
    pub environment: Vec<(String, String)>,
    pub jobs: Vec<Job>,
}

/// One of its lines.
#[derive(Clone)]
pub struct Job {
    minutes: Vec<u32>,
    hours: Vec<u32>,
    pub command: String,
}

impl Crontab {
    /// A system crontab: the sixth field of a line is a user. `often` is how often an hour a job runs at most.
    pub fn parse(text: &str, often: usize) -> Self {
        let (mut environment, mut jobs) = (Vec::new(), Vec::new());
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some((name, value)) = line.split_once('=').filter(|(name, _)| !name.contains(' ')) {
                environment.push((name.to_owned(), value.to_owned()));
                continue;
            }
            let fields: Vec<&str> = line.splitn(7, ' ').collect();
            let [minute, hour, "*", "*", "*", _, command] = fields[..] else { panic!("not understood: {line}") };
            let minutes = thinned(numbers(minute, 60), often);
            jobs.push(Job { minutes, hours: numbers(hour, 24), command: command.to_owned() });
        }
        Self { environment, jobs }
    }

    /// What is due at that minute, in the order of the lines.
    pub fn due(&self, hour: u32, minute: u32) -> Vec<Job> {
        self.jobs.iter().filter(|job| job.hours.contains(&hour) && job.minutes.contains(&minute)).cloned().collect()
    }
}

impl Job {
    /// The sync and its type; nothing where it syncs nothing.
    pub fn sync(&self) -> Option<(&str, &str)> {
        let mut words = self.command.split_whitespace().skip_while(|word| *word != "sync").skip(1);
        let sync = words.next()?;
        let window = words.skip_while(|word| *word != "--window").nth(1);
        Some((sync, window.unwrap_or(sync)))
    }
}

/// What a field means, below `end`.
fn numbers(field: &str, end: u32) -> Vec<u32> {
    let part = |part: &str| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (0, end - 1),
            Some((from, to)) => (number(from), number(to)),
            None => (number(range), number(range)),
        };
        (from..=to).step_by(number(step) as usize).collect::<Vec<_>>()
    };
    field.split(',').flat_map(part).collect()
}

fn number(text: &str) -> u32 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// No more than `often` of them, evenly spread.
fn thinned(minutes: Vec<u32>, often: usize) -> Vec<u32> {
    let step = minutes.len().div_ceil(often);
    minutes.into_iter().step_by(step).collect()
}
