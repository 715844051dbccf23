//! How long one page takes to read: the bar is 10 ms.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tongbu::upstreams::douban::page;

/// What a page weighs, comments and recommendations included.
const PAGE_BYTES: usize = 130 * 1024;
/// What the rest of a page is made of, by and large.
const FILLER: &str = "<div class=\"item\"><a href=\"/subject/1/\" title=\"片\"><img src=\"/p.jpg\"></a><p class=\"short\">\
                      一条短评，不长也不短。</p></div>\n";

fn read_pages(criterion: &mut Criterion) {
    let film = include_str!("../tests/fixtures/douban/film.html");
    let weighty = film.replace("</body>", &FILLER.repeat((PAGE_BYTES - film.len()) / FILLER.len()));
    let mut group = criterion.benchmark_group("douban");
    for (name, page) in [("fixture", film), ("full-weight page", weighty.as_str())] {
        assert!(page::parse(page.as_bytes()).is_ok(), "{name} is a page");
        group.throughput(Throughput::Bytes(page.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| page::parse(black_box(page.as_bytes()))));
    }
    group.finish();
}

criterion_group!(benches, read_pages);
criterion_main!(benches);
