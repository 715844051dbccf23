//! Matching 100,000 tasks against 10,000 lead packages, suggestions included.
//!
//! `cargo bench -p tongbu-benches --bench tasks`; the bar is 20,000 tasks a second.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tongbu::upstreams::tasks::grammar::TaskName;
use tongbu::upstreams::tasks::matching::{Match, Packages, Suggestions, decide};

const TASKS: u64 = 100_000;
const PACKAGES: u64 = 10_000;
/// One task in so many calls a package that is not known.
const PENDING_EVERY: u64 = 20;
/// So many pending tasks share each unknown prefix.
const TASKS_PER_PREFIX: u64 = 10;

const SITES: [&str; 8] = ["禹州", "郑州", "洛阳", "开封", "许昌", "新乡", "南阳", "商丘"];
const GRADES: [&str; 6] = ["高三", "高二", "高一", "初三", "初二", "小六"];
const TAILS: [&str; 4] = ["N-A-L3-1017", "O12-A--L3-1017", "P7-L3-A--1017", "N-B-L12-1018"];

fn pick<'t>(texts: &[&'t str], number: u64) -> &'t str {
    texts[usize::try_from(number).unwrap_or_default() % texts.len()]
}

/// The code of the package of that number, all of them different.
fn code(number: u64) -> String {
    let (month, day) = (number / 28 % 12 + 1, number % 28 + 1);
    let half = ["A", "B", ""][usize::try_from(number % 3).unwrap_or_default()];
    let (site, grade) = (pick(&SITES, number / 7), pick(&GRADES, number / 11));
    format!("{site}-{month:02}{day:02}{half}-{grade}-{}", 1000 + number)
}

fn task_names() -> Vec<String> {
    (0..TASKS)
        .map(|number| {
            let package = if number % PENDING_EVERY == 0 {
                PACKAGES + number / PENDING_EVERY / TASKS_PER_PREFIX
            } else {
                number * 7919 % PACKAGES
            };
            format!("{}-{}", code(package), pick(&TAILS, number))
        })
        .collect()
}

fn matching(criterion: &mut Criterion) {
    let names = task_names();
    let codes: Vec<String> = (0..PACKAGES).map(code).collect();
    let mut group = criterion.benchmark_group("tasks");
    group.throughput(Throughput::Elements(TASKS)).sample_size(10);

    group.bench_function("match", |bencher| {
        bencher.iter(|| {
            let packages = Packages::new(codes.iter().cloned());
            names.iter().filter(|name| decide(name, None, &packages) != Ok(Match::Pending)).count()
        });
    });

    group.bench_function("match_and_suggest", |bencher| {
        bencher.iter(|| {
            let packages = Packages::new(codes.iter().cloned());
            let mut suggestions = Suggestions::new(&packages);
            for name in &names {
                if decide(name, None, &packages) == Ok(Match::Pending) {
                    black_box(suggestions.suggest(TaskName::parse(name).prefix));
                }
            }
        });
    });
    group.finish();
}

criterion_group!(benches, matching);
criterion_main!(benches);
