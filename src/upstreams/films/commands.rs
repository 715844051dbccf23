//! `films list` and `films suggestions`, and the list that a source's own command is.

use clap::Args;
use serde_json::json;

use super::film::{DetailStatus, Film, FilmId, Kind};
use super::suggestions::{Suggestion, suggest};
use super::tables;
use crate::present::{Column, DocumentSchema, Listing, ListingSpec, Severity, Text, Word, listing, text, words};
use crate::store::Mode;
use crate::upstreams::Error;
use crate::upstreams::command::{Answer, Command, CommandContext, CommandSpec, PartArgs};
use crate::upstreams::names::check_filter;

pub const COMMANDS: &[CommandSpec] = &[CommandSpec::group(
    "films",
    "The films of every source",
    "  tongbu films list\n  tongbu films list --missing-details\n  tongbu films suggestions",
    &[CommandSpec::command::<ListArgs>(), CommandSpec::command::<SuggestionsArgs>()],
)];

/// The stored films of every source, newest first
#[derive(Debug, Args)]
struct ListArgs {
    /// Only films of this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Only films without details: never fetched, blocked, unreadable or gone
    #[arg(long)]
    missing_details: bool,
    #[command(flatten)]
    part: PartArgs,
}

impl Command for ListArgs {
    const NAME: &'static str = "list";
    const EXAMPLES: &'static str = "  tongbu films list\n  tongbu films list --missing-details --json";
    const OUTPUTS: &'static [DocumentSchema] = &[Film::SCHEMA];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let source = self.source.as_deref();
        if let Some(store) = context.open_existing(Mode::ReadOnly)?.filter(|_| source.is_some()) {
            check_filter("source", source, &store.read(tables::load_sources)?)?;
        }
        list(context, source, self.missing_details, self.part)
    }
}

/// Pairs of films of two sources that may be one film; nothing is merged
#[derive(Debug, Args)]
struct SuggestionsArgs {}

impl Command for SuggestionsArgs {
    const NAME: &'static str = "suggestions";
    const EXAMPLES: &'static str = "  tongbu films suggestions\n  tongbu films suggestions --json";
    const OUTPUTS: &'static [DocumentSchema] = &[Suggestion::SCHEMA];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        context.answer(Mode::ReadOnly, Listing::new(Vec::<Suggestion>::new()).with_totals(vec![0]), |store| {
            let suggestions = suggest(&store.read(|r| tables::load_films(r, None))?);
            let total = suggestions.len() as u64;
            Ok(Listing::new(suggestions).with_totals(vec![total]))
        })
    }
}

/// The stored films of a source, or of all of them; with `is_missing_only` those without details.
pub fn list(
    context: &CommandContext<'_>,
    source: Option<&str>,
    is_missing_only: bool,
    part: PartArgs,
) -> Result<Answer, Error> {
    context.answer(Mode::ReadOnly, films(Vec::new(), part)?, |store| {
        let mut stored = store.read(|r| tables::load_films(r, source))?;
        stored.retain(|film| !is_missing_only || film.detail_status != DetailStatus::Ok);
        films(stored, part)
    })
}

fn films(films: Vec<Film>, part: PartArgs) -> Result<Listing<Film>, Error> {
    let missing = films.iter().filter(|film| film.detail_status != DetailStatus::Ok).count();
    Ok(part.cut(films)?.with_totals(vec![missing as u64]))
}

impl ListingSpec for Film {
    const SCHEMA: DocumentSchema =
        DocumentSchema::new("tongbu.films/1", "films list, and the list of each source", listing::schema::<Self>);
    const KEY: &'static str = "films";
    const TOTALS: &'static [&'static str] = &["missing_count"];
    const EMPTY: Text = text("no matching films", "没有符合条件的影片");
    const IS_PAGED: bool = true;
    const FOOT: Option<Text> = Some(text(
        "page {} of {}, {} film{|s}, {} of them without details",
        "第 {} 页，共 {} 页，{} 部影片，其中 {} 部缺少详情",
    ));
    const COLUMNS: &'static [C] = &[
        // The position in the list as people count it.
        C::optional_integer("rank", |film| film.list_rank.map(|rank| i64::from(rank) + 1))
            .titled(text("rank", "位次"))
            .droppable(2),
        C::text("id", |film| film.id.as_str()).titled(words::ID).right_aligned(),
        C::optional_text("title", |film| film.detail.title.as_deref()).titled(text("title", "片名")),
        C::optional_text("original_title", |film| film.detail.original_title.as_deref()),
        C::optional_text("type", |film| film.detail.kind.map(Kind::name)),
        C::optional_integer("year", |film| film.detail.year.map(i64::from)).titled(text("year", "年份")).droppable(4),
        C::optional_number("rating", |film| film.detail.rating)
            .titled(text("rating", "评分"))
            .drawn(|film, _| film.detail.rating.map(|rating| format!("{rating:.1}")).unwrap_or_default().into()),
        C::optional_integer("votes", |film| film.detail.votes.map(i64::from))
            .titled(text("votes", "评价人数"))
            .droppable(3),
        C::nested::<Option<String>>("release_date", |film| json!(film.detail.release_date))
            .titled(text("release", "上映日期"))
            .drawn(|film, _| film.detail.release_date.map(|date| date.to_string()).unwrap_or_default().into())
            .droppable(1),
        text_list("release_dates", |film| json!(film.detail.release_dates)),
        C::optional_integer("runtime_minutes", |film| film.detail.runtime_minutes.map(i64::from)),
        C::optional_text("imdb_id", |film| film.detail.imdb_id.as_deref()),
        text_list("directors", |film| json!(film.detail.directors)),
        text_list("writers", |film| json!(film.detail.writers)),
        text_list("actors", |film| json!(film.detail.actors)),
        text_list("genres", |film| json!(film.detail.genres)),
        text_list("countries", |film| json!(film.detail.countries)),
        text_list("languages", |film| json!(film.detail.languages)),
        text_list("aka", |film| json!(film.detail.aka)),
        C::optional_text("summary", |film| film.detail.summary.as_deref()),
        C::optional_text("cover_url", |film| film.detail.cover_url.as_deref()),
        C::optional_integer("episodes", |film| film.detail.episodes.map(i64::from)),
        C::optional_text("subtitle", |film| film.subtitle.as_deref()),
        C::word("detail_status", |film| status_word(film.detail_status)).titled(text("details", "详情")),
        C::optional_text("detail_source", |film| film.detail_source.as_deref()),
        C::optional_time("detail_at", |film| film.detail_at),
        C::optional_text("detail_error", |film| film.detail_error.as_deref()),
        C::optional_text("merged_into", |film| film.merged_into.as_ref().map(FilmId::as_str)),
        C::text("source", |film| &film.source).titled(text("source", "来源")).droppable(5),
    ];
}

/// A column of films.
type C = Column<Film>;

/// A column of pairs.
type P = Column<Suggestion>;

impl ListingSpec for Suggestion {
    const SCHEMA: DocumentSchema =
        DocumentSchema::new("tongbu.films.suggestions/1", "films suggestions", listing::schema::<Self>);
    const KEY: &'static str = "suggestions";
    const TOTALS: &'static [&'static str] = &["total"];
    const EMPTY: Text = text("no films that may be the same", "没有可能相同的影片");
    const FOOT: Option<Text> = Some(text("{} pair{|s}", "{} 对"));
    const COLUMNS: &'static [P] = &[
        P::optional_text("title", |found| found.one.detail.title.as_deref()).titled(text("title", "片名")),
        P::optional_integer("year", |found| found.one.detail.year.map(i64::from)).titled(text("year", "年份")),
        P::text("source", |found| &found.one.source).titled(text("source", "来源")),
        P::text("id", |found| found.one.id.as_str()).titled(words::ID).right_aligned(),
        P::optional_text("other_title", |found| found.other.detail.title.as_deref())
            .titled(text("other title", "另一片名"))
            .droppable(1),
        P::optional_integer("other_year", |found| found.other.detail.year.map(i64::from))
            .titled(text("other year", "另一年份"))
            .droppable(2),
        P::text("other_source", |found| &found.other.source).titled(text("other source", "另一来源")),
        P::text("other_id", |found| found.other.id.as_str()).titled(text("other id", "另一编号")).right_aligned(),
        P::nested::<Vec<String>>("directors", |found| json!(found.directors)),
    ];
}

const fn text_list(key: &'static str, value: fn(&Film) -> serde_json::Value) -> Column<Film> {
    Column::nested::<Vec<String>>(key, value)
}

const fn status_word(status: DetailStatus) -> Word {
    let (label, severity) = match status {
        DetailStatus::Missing => (text("missing", "缺少"), Severity::Plain),
        DetailStatus::Ok => (text("ok", "完整"), Severity::Good),
        DetailStatus::Gone => (text("gone", "条目不存在"), Severity::Plain),
        DetailStatus::Blocked => (text("blocked", "被拒绝"), Severity::Warning),
        DetailStatus::Parse => (text("unreadable", "无法解析"), Severity::Warning),
    };
    Word::new(status.name(), label, severity)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{DetailStatus, Film, FilmId, Kind, Listing, PartArgs, Suggestion, films};
    use crate::present::style::samples::at;
    use crate::ui::tables::render_output;
    use crate::ui::{injection_tests, snapshots};
    use crate::upstreams::films::film::Detail;

    /// A film with its details.
    fn film(id: &str, title: &str) -> Film {
        let detail = Detail {
            title: Some(title.to_owned()),
            kind: Some(Kind::Movie),
            year: Some(2025),
            release_date: Some(jiff::civil::date(2025, 11, 7)),
            imdb_id: Some("tt90000001".to_owned()),
            rating: Some(8.1),
            votes: Some(20_451),
            directors: vec!["林一".to_owned()],
            ..Detail::default()
        };
        Film {
            detail,
            list_rank: Some(0),
            detail_status: DetailStatus::Ok,
            detail_source: Some("page".to_owned()),
            detail_at: Some(at(-60)),
            ..Film::new("douban", FilmId::parse(id).unwrap())
        }
    }

    #[test]
    fn films_are_listed_with_and_without_details() {
        let unseen = film("90000002", "纸鲸");
        let unseen = Film {
            detail: Detail { title: unseen.detail.title, ..Detail::default() },
            list_rank: Some(1),
            detail_status: DetailStatus::Blocked,
            detail_source: None,
            detail_error: Some("status 403".to_owned()),
            ..unseen
        };
        let gone = Film { list_rank: None, detail_status: DetailStatus::Gone, ..film("89999999", "旧片") };
        let output = films(vec![film("90000001", "潮汐邮局"), unseen, gone], PartArgs::default()).unwrap();
        assert_snapshot!(snapshots::render_everything(&output));
        snapshots::tables_fit(|style| render_output(&output, style));
    }

    #[test]
    fn pairs_are_listed() {
        let (one, other) = (film("90000001", "潮汐邮局"), film("800001", "潮汐邮局"));
        let other = Film { source: "tmdb".to_owned(), ..other };
        let pair = Suggestion { directors: one.detail.directors.clone(), one, other };
        let output = Listing::new(vec![pair]).with_totals(vec![1]);
        assert_snapshot!(snapshots::render_everything(&output));
        snapshots::tables_fit(|style| render_output(&output, style));
    }

    #[test]
    fn hostile_titles_are_harmless() {
        injection_tests::check_output(|text| {
            Box::new(films(vec![film("90000001", text)], PartArgs::default()).unwrap())
        });
    }
}
