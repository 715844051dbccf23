use super::parse;
use crate::upstreams::douban::parsed::DetailSource;
use crate::upstreams::films::film::{Detail, Kind};

fn check(page: &[u8], expected: Detail, source: DetailSource) {
    let parsed = parse(page).unwrap();
    assert_eq!((parsed.detail, parsed.source), (expected, source));
}

fn owned(items: &[&str]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "it writes fields")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/douban/", $name))
    };
}

#[test]
fn every_field_is_read_from_a_film_s_page() {
    let expected = Detail {
        title: some("潮汐邮局"),
        original_title: some("The Tide Office"),
        kind: Some(Kind::Movie),
        year: Some(2025),
        release_date: Some("2025-11-07".parse().unwrap()),
        release_dates: owned(&["2025-12-24(中国大陆重映)", "2025-11-07(中国大陆)", "2025-09-03(威尼斯电影节)"]),
        runtime_minutes: Some(118),
        imdb_id: some("tt90000001"),
        rating: Some(8.1),
        votes: Some(20_451),
        directors: owned(&["林一"]),
        writers: owned(&["Ann Lee, Jr.", "Tom & Co.", "无链接的人"]),
        actors: owned(&["周二", "Jo O'Neil"]),
        genres: owned(&["剧情", "奇幻"]),
        countries: owned(&["中国大陆", "法国"]),
        languages: owned(&["汉语普通话", "法语"]),
        aka: owned(&["海边的邮局", "The Tide, the Office <II>"]),
        summary: some("海边小镇的邮局只在涨潮时开门。\n新来的邮差收到一封寄给自己的信。"),
        cover_url: some("https://img.example/s/p1.webp"),
        episodes: None,
    };
    check(fixture!("film.html"), expected, DetailSource::Page);
}

#[test]
fn older_markup_is_read_the_same_way() {
    let expected = Detail {
        title: some("纸鲸"),
        original_title: some("紙の鯨"),
        year: Some(1994),
        release_date: Some("1994-09-10".parse().unwrap()),
        release_dates: owned(&["1994-10-14(日本)", "1994-09-10(多伦多电影节)", "1995(法国)"]),
        runtime_minutes: Some(110),
        imdb_id: some("tt9000002"),
        rating: Some(9.0),
        votes: Some(77),
        directors: owned(&["高桥三", "佐藤四"]),
        actors: owned(&["铃木五"]),
        genres: owned(&["动画"]),
        countries: owned(&["日本"]),
        languages: owned(&["日语"]),
        summary: some("一头纸折的鲸。\n它怕水。"),
        cover_url: some("http://img.example/old/p2.jpg"),
        ..Detail::default()
    };
    check(fixture!("film_old.html"), expected, DetailSource::Page);
}

#[test]
fn a_series_has_episodes_and_their_runtime() {
    let expected = Detail {
        title: some("山外十二夜 第二季"),
        original_title: some("Beyond"),
        kind: Some(Kind::Tv),
        year: Some(2024),
        release_date: Some("2024-03-01".parse().unwrap()),
        release_dates: owned(&["2024-03-01(韩国)"]),
        runtime_minutes: Some(65),
        imdb_id: some("tt900000003"),
        rating: Some(7.7),
        votes: Some(345),
        actors: owned(&["宋六"]),
        genres: owned(&["悬疑"]),
        countries: owned(&["韩国"]),
        languages: owned(&["韩语"]),
        cover_url: some("https://img.example/s/p4.jpg"),
        episodes: Some(12),
        ..Detail::default()
    };
    check(fixture!("series.html"), expected, DetailSource::Page);
}

#[test]
fn an_unrated_film_has_no_rating_and_a_year_is_no_day() {
    let expected = Detail {
        title: some("第十三节车厢"),
        year: Some(2026),
        release_dates: owned(&["2026(中国大陆)"]),
        runtime_minutes: Some(60),
        directors: owned(&["钱七"]),
        countries: owned(&["中国大陆"]),
        ..Detail::default()
    };
    check(fixture!("unrated.html"), expected, DetailSource::Page);
}

#[test]
fn structured_data_fills_what_the_page_does_not_show_but_makes_no_day_of_a_year() {
    let expected = Detail {
        title: some("盐与风"),
        kind: Some(Kind::Movie),
        release_dates: owned(&["1994(法国)"]),
        runtime_minutes: Some(90),
        directors: owned(&["孙八"]),
        writers: owned(&["Ann Lee"]),
        genres: owned(&["剧情"]),
        summary: some("风吹过 盐田 & 海。"),
        cover_url: some("https://img.example/ld/p11.jpg"),
        ..Detail::default()
    };
    check(fixture!("sparse.html"), expected, DetailSource::PageAndLd);
}

#[test]
fn a_page_too_large_is_refused_before_it_is_read() {
    let page = fixture!("film.html");
    let padded = |count: usize| [page.as_slice(), &b"<b>".repeat(count)].concat();
    assert!(parse(&padded(1_000)).is_ok());
    assert!(parse(&padded(10_000)).is_err());
}

#[test]
fn a_page_names_the_film_it_is_about() {
    let page = |head: &str| {
        let body = "<h1 property=v:itemreviewed>片</h1><div id=info></div>";
        let subjects = parse(format!("<head>{head}</head>{body}").as_bytes()).unwrap().subjects;
        subjects.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(page("<link rel=canonical href='https://movie.douban.com/subject/7/'>"), ["7"]);
    assert_eq!(page("<meta property='og:url' content='/subject/8?from=x'>"), ["8"]);
    assert!(page("<link rel=alternate href='/subject/7/'><link rel=canonical href='/'>").is_empty());
}

#[test]
fn fields_in_other_spellings_are_read() {
    let page = "<h1 property=v:itemreviewed>片</h1><div id=info>
        <span class=pl>类型:</span> 剧情/奇幻<br><span class=pl>制片国家/地区:</span> 中国大陆/法国<br>
        <span class=pl>语言:</span> 汉语、法语<br><span class=pl>又名:</span> 甲/乙<br>
        <span class=pl>上映日期:</span> 2008年8月8日(中国大陆)/2008-7-30(中国大陆点映)<br>
        <span class=pl>片长:</span> 16mm胶片 90分钟<br><span class=pl>IMDb:</span> TT1375666<br></div>
        <span property=v:votes>12,345</span>人评价
        <div id=link-report-intra><span property=v:summary>...</span></div>";
    let expected = Detail {
        title: some("片"),
        release_date: Some("2008-08-08".parse().unwrap()),
        release_dates: owned(&["2008年8月8日(中国大陆)", "2008-7-30(中国大陆点映)"]),
        runtime_minutes: Some(90),
        imdb_id: some("tt1375666"),
        votes: Some(12_345),
        genres: owned(&["剧情", "奇幻"]),
        countries: owned(&["中国大陆", "法国"]),
        languages: owned(&["汉语", "法语"]),
        aka: owned(&["甲", "乙"]),
        ..Detail::default()
    };
    check(page.as_bytes(), expected, DetailSource::Page);
}
