//! What an answer means: a good one, a block, a film that is gone, a redirect, or none that can be read.

use std::borrow::Cow;

use serde::Deserialize;
use url::Url;

use super::parsed::{Unreadable, subject_id};
use crate::upstreams::films::film::FilmId;

/// How many redirects are followed for one film.
pub const MAX_MOVES: usize = 3;

/// Where films' pages live. A mirror may pass on redirects that name it.
const PAGE_HOST: &str = "movie.douban.com";
/// On these hosts Douban challenges a suspicious visitor, or wants a login. We are no mobile browser, so a page has no
/// reason to lead to the mobile site.
const BLOCKING_HOSTS: [&str; 3] = ["sec.douban.com", "accounts.douban.com", "m.douban.com"];
const BLOCKING_PATHS: [&str; 7] = ["misc/sorry", "login", "passport", "verify", "captcha", "challenge", "register"];
const BLOCKING_TEXTS: [&str; 2] = ["异常请求", "禁止访问"];
/// A page that only redirects is small; a whole page may hold such scripts for other reasons.
const MAX_REDIRECT_PAGE: usize = 16 * 1024;
/// `subject_ip_rate_limit`: this address has used up its calls.
const RATE_LIMIT_CODE: u64 = 1309;
const GONE_TEXTS: [&str; 3] = ["页面不存在", "条目豆瓣不收录", "正在等待审核"];
/// The message about a film that only some members may see.
const MEMBERS_ONLY: &str = "need_permission";

/// An answer as it came, redirects not followed.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The requested address.
    pub requested: &'a Url,
    pub status: u16,
    /// The `Location` header.
    pub location: Option<&'a str>,
    pub body: &'a [u8],
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict<T> {
    Good(T),
    /// Nothing more is to be fetched from either origin in this run. The sign of it is inside.
    Blocked(String),
    /// There is no such film, or not for us. The sign of it is inside.
    Gone(String),
    /// The same is to be fetched there.
    Moved(Move),
    /// A contract problem of this one answer.
    Parse(Unreadable),
    /// The upstream fails for the moment: try again after a backoff.
    Retry,
}

/// A redirect inside the requested origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Path and query.
    pub path: String,
    /// The film it leads to. Where that is not the requested one, the two have been merged.
    pub id: FilmId,
}

/// What an answer means; `parse` reads its body.
///
/// The texts of block and error pages count only where the body cannot be read: a synopsis, or the title of a film in a
/// list, may contain every one of them.
pub fn response_verdict<T>(answer: Answer<'_>, parse: impl FnOnce(&[u8]) -> Result<T, Unreadable>) -> Verdict<T> {
    match answer.status {
        204 | 404 | 410 => Verdict::Gone(format!("status {}", answer.status)),
        200..=299 => parse(answer.body).map_or_else(|unreadable| error_verdict(answer, unreadable), Verdict::Good),
        301 | 302 | 303 | 307 | 308 => redirect_verdict(answer),
        408 | 425 | 500..=599 => Verdict::Retry,
        status => error_verdict(answer, Unreadable(format!("status {status}"))),
    }
}

fn error_verdict<T>(answer: Answer<'_>, unreadable: Unreadable) -> Verdict<T> {
    let Answer { status, body, .. } = answer;
    let refusal = Refusal::read(body);
    let text = refusal.as_ref().map_or_else(|| String::from_utf8_lossy(body), Refusal::text);
    let held = |texts: &[&'static str]| texts.iter().find(|sign| text.contains(**sign)).copied();
    if refusal.as_ref().is_some_and(|refusal| refusal.msg == MEMBERS_ONLY) {
        Verdict::Gone(format!("status {status}, `{MEMBERS_ONLY}`"))
    } else if matches!(status, 401 | 403 | 418 | 429) {
        Verdict::Blocked(format!("status {status}"))
    } else if refusal.as_ref().is_some_and(|refusal| refusal.code == Some(RATE_LIMIT_CODE)) {
        Verdict::Blocked(format!("status {status}, code {RATE_LIMIT_CODE}"))
    } else if let Some(text) = held(&BLOCKING_TEXTS) {
        Verdict::Blocked(format!("status {status}, `{text}`"))
    } else if let Some(sign) = challenge(body) {
        Verdict::Blocked(format!("status {status}, {sign}"))
    } else if let Some(text) = held(&GONE_TEXTS) {
        Verdict::Gone(format!("status {status}, `{text}`"))
    } else if let Some(code) = refusal.and_then(|refusal| refusal.code) {
        Verdict::Parse(Unreadable(format!("{unreadable}, code {code}")))
    } else {
        Verdict::Parse(unreadable)
    }
}

fn redirect_verdict<T>(answer: Answer<'_>) -> Verdict<T> {
    let target = answer.location.and_then(|location| answer.requested.join(location).ok());
    let Some(target) = target else {
        return Verdict::Parse(Unreadable("a redirect that leads nowhere".to_owned()));
    };
    let host = target.host_str().unwrap_or_default();
    let is_elsewhere = Some(host) != answer.requested.host_str();
    let path = target.path().to_ascii_lowercase();
    if is_elsewhere && BLOCKING_HOSTS.contains(&host) || BLOCKING_PATHS.iter().any(|part| path.contains(part)) {
        return Verdict::Blocked(format!("a redirect to {host}{}", target.path()));
    }
    if host != PAGE_HOST && is_elsewhere {
        return Verdict::Parse(Unreadable(format!("a redirect to {host}")));
    }
    match subject_id(target.path()) {
        Some(id) => {
            let path = target.path().to_owned();
            Verdict::Moved(Move { path: target.query().map_or(path.clone(), |query| format!("{path}?{query}")), id })
        }
        None => Verdict::Parse(Unreadable(format!("a redirect to {host}{}", target.path()))),
    }
}

/// What a page shows that only lets a visitor on who proves something, logs in or runs its script. A page that has a
/// film's heading or facts is not looked at: it may hold all of that besides.
fn challenge(body: &[u8]) -> Option<&'static str> {
    let page = String::from_utf8_lossy(body).to_ascii_lowercase();
    if !page.trim_start().starts_with('<') || page.contains("v:itemreviewed") || page.contains("id=\"info\"") {
        return None;
    }
    let has_any = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_challenge = |form: &str| {
        let form = form.split("</form").next().unwrap_or(form);
        let tag = form.split('>').next().unwrap_or(form);
        has_any(tag, &["post", "sec", "login", "verify", "challenge"]) || has_any(form, &["password", "登录", "验证"])
    };
    let redirects =
        ["location.href", "location.replace", "location.assign", "location.reload", "location=", "location ="];
    if has_any(&page, &["captcha", "验证码"]) {
        Some("a captcha")
    } else if page.split("<form").skip(1).any(is_challenge) {
        Some("a form to get on")
    } else if page.len() < MAX_REDIRECT_PAGE && has_any(&page, &["http-equiv=\"refresh\"", "http-equiv=refresh"]) {
        Some("a redirect by the page")
    } else if page.len() < MAX_REDIRECT_PAGE && page.contains("<script") && has_any(&page, &redirects) {
        Some("a redirect by a script")
    } else {
        None
    }
}

/// How Douban refuses in JSON.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    msg: String,
    localized_message: String,
    code: Option<u64>,
}

impl Refusal {
    fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body.trim_ascii()).ok()
    }

    fn text(&self) -> Cow<'_, str> {
        format!("{} {}", self.msg, self.localized_message).into()
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{Answer, Move, Unreadable, Verdict, response_verdict};
    use crate::upstreams::douban::parsed::ParsedDetail;
    use crate::upstreams::douban::{list, page};

    /// The verdict in one word, with its sign.
    fn word<T>(verdict: &Verdict<T>) -> String {
        match verdict {
            Verdict::Good(_) => "good".to_owned(),
            Verdict::Blocked(sign) => format!("blocked: {sign}"),
            Verdict::Gone(sign) => format!("gone: {sign}"),
            Verdict::Moved(Move { path, id }) => {
                format!("moved: {path} {id}")
            }
            Verdict::Parse(Unreadable(reason)) => format!("parse: {reason}"),
            Verdict::Retry => "retry".to_owned(),
        }
    }

    fn verdict(status: u16, location: Option<&str>, body: &[u8]) -> Verdict<ParsedDetail> {
        let requested = Url::parse("https://movie.douban.com/subject/90000001/").unwrap();
        response_verdict(Answer { requested: &requested, status, location, body }, page::parse)
    }

    fn check(status: u16, location: Option<&str>, body: &[u8], expected: &str) {
        assert_eq!(word(&verdict(status, location, body)), expected, "{status} {location:?}");
    }

    fn check_list(status: u16, body: &[u8], expected: &str) {
        let requested = Url::parse("https://m.douban.com/rexxar/api/v2/subject/recent_hot/movie").unwrap();
        let verdict = response_verdict(Answer { requested: &requested, status, location: None, body }, list::parse);
        assert_eq!(word(&verdict), expected, "{status}");
    }

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../tests/fixtures/douban/", $name))
        };
    }

    #[test]
    fn a_page_is_good_whatever_its_synopsis_says() {
        check(200, None, fixture!("film.html"), "good");
        check(200, None, fixture!("film_about_blocking.html"), "good");
    }

    #[test]
    fn block_pages_are_known_by_redirect_status_or_text() {
        let challenge = fixture!("challenge.html");
        check(
            302,
            Some("https://sec.douban.com/c?r=https%3A%2F%2Fmovie"),
            challenge,
            "blocked: a redirect to sec.douban.com/c",
        );
        check(
            302,
            Some("https://accounts.douban.com/passport/login"),
            b"",
            "blocked: a redirect to accounts.douban.com/passport/login",
        );
        check(
            302,
            Some("https://www.douban.com/misc/sorry?original-url=x"),
            b"",
            "blocked: a redirect to www.douban.com/misc/sorry",
        );
        check(302, Some("/misc/sorry"), b"", "blocked: a redirect to movie.douban.com/misc/sorry");
        check(200, None, fixture!("blocked_200.html"), "blocked: status 200, `异常请求`");
        check(200, None, fixture!("forbidden_200.html"), "blocked: status 200, `禁止访问`");
        check(403, None, fixture!("film.html"), "blocked: status 403");
        check(403, None, fixture!("need_login.json"), "blocked: status 403");
        check(418, None, b"", "blocked: status 418");
        check(429, None, b"", "blocked: status 429");
        check(400, None, fixture!("rate_limited.json"), "blocked: status 400, code 1309");
    }

    #[test]
    fn a_film_that_is_not_there_is_gone() {
        check(404, None, fixture!("gone.html"), "gone: status 404");
        check(204, None, b"", "gone: status 204");
        check(200, None, fixture!("gone.html"), "gone: status 200, `页面不存在`");
        check(200, None, fixture!("not_collected.html"), "gone: status 200, `条目豆瓣不收录`");
        check(200, None, fixture!("pending.html"), "gone: status 200, `正在等待审核`");
        check(403, None, fixture!("need_permission.json"), "gone: status 403, `need_permission`");
        check(400, None, fixture!("need_permission.json"), "gone: status 400, `need_permission`");
    }

    #[test]
    fn a_redirect_inside_the_origin_is_a_move() {
        check(301, Some("https://movie.douban.com/subject/90000099/"), b"", "moved: /subject/90000099/ 90000099");
        check(302, Some("/subject/90000099/?from=merge"), b"", "moved: /subject/90000099/?from=merge 90000099");
        check(301, Some("http://movie.douban.com/subject/90000001/"), b"", "moved: /subject/90000001/ 90000001");

        let mirror = Url::parse("http://127.0.0.1:8080/subject/90000001/").unwrap();
        let location = Some("https://movie.douban.com/subject/90000099/");
        let verdict = response_verdict(Answer { requested: &mirror, status: 301, location, body: b"" }, page::parse);
        assert_eq!(word(&verdict), "moved: /subject/90000099/ 90000099");
    }

    #[test]
    fn a_redirect_to_a_page_of_no_film_cannot_be_read() {
        for path in ["/", "/explore", "/chart?x=/subject/1/", "/subject/"] {
            let expected = format!("parse: a redirect to movie.douban.com{}", path.split('?').next().unwrap());
            check(302, Some(path), b"", &expected);
            check(301, Some(&format!("https://movie.douban.com{path}")), b"", &expected);
        }
    }

    #[test]
    fn a_login_or_a_challenge_is_a_block() {
        for location in [
            "https://www.douban.com/accounts/login?redir=x",
            "https://m.douban.com/passport/login",
            "https://m.douban.com/movie/subject/90000001/",
            "/accounts/login",
            "https://other.example/Verify",
        ] {
            let Verdict::Blocked(sign) = verdict(302, Some(location), b"") else { panic!("{location}") };
            assert!(sign.starts_with("a redirect to "), "{sign}");
        }
        check(401, None, b"", "blocked: status 401");
        for (page, sign) in [
            ("<html><form name='sec' id=sec method='POST' action='/c'><input id=tok></form>", "a form to get on"),
            ("<!DOCTYPE html><FORM action='https://www.douban.com/accounts/login'><input></FORM>", "a form to get on"),
            ("<html><form><input type=password></form>", "a form to get on"),
            ("<html><img src='/misc/captcha?id=1'>", "a captcha"),
            ("<html><p>请输入验证码</p>", "a captcha"),
            ("<html><script>window.location.href='/c'</script>", "a redirect by a script"),
            ("<html><script>location = '/c'</script>", "a redirect by a script"),
            ("<html><meta http-equiv=\"Refresh\" content=\"0;url=/c\">", "a redirect by the page"),
        ] {
            check(200, None, page.as_bytes(), &format!("blocked: status 200, {sign}"));
            check_list(200, page.as_bytes(), &format!("blocked: status 200, {sign}"));
        }
        let search = b"<html><h1>x</h1><form action='/subject_search' method=get><input name=q></form>";
        check(200, None, search, "parse: a page without a title");
    }

    #[test]
    fn a_film_s_own_page_is_no_challenge() {
        let extras = "<form method=post><input type=password></form><script>location.href='/'</script>captcha</body>";
        let film = String::from_utf8_lossy(fixture!("film.html")).replace("</body>", extras);
        check(200, None, film.as_bytes(), "good");
        let half = String::from_utf8_lossy(fixture!("no_info.html")).replace("</body>", extras);
        check(200, None, half.as_bytes(), "parse: a page without its `#info` block");
    }

    #[test]
    fn a_page_that_is_cut_off_cannot_be_read() {
        let film = fixture!("film.html");
        let at = film.windows(7).position(|window| window == b"v:genre").unwrap();
        check(200, None, &film[..at], "parse: a page that is cut off");
    }

    #[test]
    fn a_redirect_elsewhere_cannot_be_read() {
        check(302, Some("https://book.douban.com/subject/90000001/"), b"", "parse: a redirect to book.douban.com");
        check(302, Some("https://sec.douban.com.example/"), b"", "parse: a redirect to sec.douban.com.example");
        check(302, None, b"", "parse: a redirect that leads nowhere");
        check(302, Some("http://[broken"), b"", "parse: a redirect that leads nowhere");
    }

    #[test]
    fn a_page_without_title_or_info_cannot_be_read() {
        check(200, None, b"", "parse: a page without a title");
        check(200, None, fixture!("home.html"), "parse: a page without a title");
        check(200, None, b"<p>need_permission</p>", "parse: a page without a title");
        check(200, None, fixture!("no_info.html"), "parse: a page without its `#info` block");
        check(400, None, fixture!("missing_referer.json"), "parse: status 400, code 1287");
        check(304, None, b"", "parse: status 304");
    }

    #[test]
    fn a_failing_upstream_is_retried() {
        for status in [408, 425, 500, 502, 503, 504, 599] {
            check(status, None, fixture!("blocked_200.html"), "retry");
        }
    }

    #[test]
    fn a_list_is_judged_by_the_same_rules() {
        check_list(200, fixture!("recent_hot.json"), "good");
        check_list(200, fixture!("search_subjects.json"), "good");
        check_list(200, fixture!("list_throttled.json"), "blocked: status 200, `异常请求`");
        check_list(
            200,
            br#"{"msg":"\u68c0\u6d4b\u5230\u6709\u5f02\u5e38\u8bf7\u6c42","r":1}"#,
            "blocked: status 200, `异常请求`",
        );
        check_list(200, br#"{"msg":"need_permission"}"#, "gone: status 200, `need_permission`");
    }

    #[test]
    fn of_json_that_cannot_be_read_only_its_message_counts() {
        let requested = Url::parse("https://m.douban.com/rexxar/api/v2/subject/recent_hot/movie").unwrap();
        let body = r#"{"items": null, "title": "异常请求"}"#.as_bytes();
        let verdict =
            response_verdict(Answer { requested: &requested, status: 200, location: None, body }, list::parse);
        assert!(matches!(verdict, Verdict::Parse(_)), "{}", word(&verdict));
    }

    #[test]
    fn every_status_has_a_verdict() {
        let requested = Url::parse("https://movie.douban.com/subject/1/").unwrap();
        for status in 0..1000 {
            let verdict =
                response_verdict(Answer { requested: &requested, status, location: None, body: b"" }, page::parse);
            assert!(!matches!(verdict, Verdict::Good(_)), "{status}");
        }
    }
}
