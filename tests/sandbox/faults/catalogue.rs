//! Every fault by its name.

use std::time::Duration;

use super::compressed::{BOMB, gzip, gzip_with_bad_checksum, truncated_gzip};
use super::{Script, Step, answer, json};

/// A way to answer wrongly.
#[derive(Clone, Debug)]
pub struct Fault {
    pub name: &'static str,
    pub script: Script,
}

/// What a right answer would have been.
pub const GOOD_BODY: &str = r#"{"data":[{"id":1,"name":"a"}]}"#;

/// Between two bytes of a dripping answer.
const DRIP: Duration = Duration::from_millis(50);

const MIB: usize = 1 << 20;

/// All of them.
pub fn all() -> Vec<Fault> {
    [framing(), slow(), heads(), encodings(), bodies(), refusals()].concat()
}

/// The fault of that name.
pub fn named(name: &str) -> Option<Fault> {
    all().into_iter().find(|fault| fault.name == name)
}

fn fault(name: &'static str, script: Script) -> Fault {
    Fault { name, script }
}

/// These bytes and the end of the connection.
fn raw(name: &'static str, bytes: impl AsRef<[u8]>) -> Fault {
    fault(name, vec![send(bytes)])
}

fn send(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

/// A good head with these headers, which end with a line break each.
fn head(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}\r\n")
}

/// A complete answer whose body says it is encoded.
fn encoded(name: &'static str, encoding: &str, body: impl AsRef<[u8]>) -> Fault {
    let headers = format!("content-type: application/json\r\ncontent-encoding: {encoding}\r\n");
    fault(name, answer("200 OK", &headers, body.as_ref()))
}

/// The length of an answer, wrong or broken.
fn framing() -> Vec<Fault> {
    let chunked = head("transfer-encoding: chunked\r\n");
    let length = GOOD_BODY.len();
    let both = |length: usize| head(&format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"));
    let plain = |length: &str| format!("{}{GOOD_BODY}", head(&format!("content-length: {length}\r\n")));
    vec![
        raw("closed-without-answer", ""),
        fault("reset-without-answer", vec![Step::Reset]),
        raw("cut-within-head", "HTTP/1.1 200 OK\r\ncontent-ty"),
        raw("cut-body", format!("{}{}", head("content-length: 1000\r\n"), &GOOD_BODY[..10])),
        raw("long-length", plain(&(length + 1).to_string())),
        raw("short-length", plain(&(length - 1).to_string())),
        raw("garbage-length", plain("many")),
        raw("negative-length", plain("-1")),
        raw("overflowing-length", plain("99999999999999999999999999")),
        raw("conflicting-lengths", plain(&format!("{length}\r\ncontent-length: 5"))),
        fault(
            "reset-within-body",
            vec![send(head("content-length: 1000\r\n")), send("{"), Step::Drip(vec![b' '; 2], DRIP), Step::Reset],
        ),
        raw("cut-without-length", head("") + &GOOD_BODY[..20]),
        raw("whole-without-length", head("") + GOOD_BODY),
        raw("chunk-cut", format!("{chunked}64\r\n{GOOD_BODY}")),
        raw("chunks-without-end", format!("{chunked}{length:x}\r\n{GOOD_BODY}\r\n")),
        raw("chunk-size-garbage", format!("{chunked}zz\r\n{GOOD_BODY}\r\n0\r\n\r\n")),
        raw("chunk-size-overflow", format!("{chunked}fffffffffffffffff\r\n{GOOD_BODY}\r\n0\r\n\r\n")),
        raw("chunk-longer-than-announced", format!("{chunked}5\r\n{GOOD_BODY}\r\n0\r\n\r\n")),
        raw("chunks-with-a-length", format!("{}{length:x}\r\n{GOOD_BODY}\r\n0\r\n\r\n", both(length))),
        raw("chunks-with-a-longer-length", format!("{}{length:x}\r\n{GOOD_BODY}\r\n0\r\n\r\n", both(length + 100))),
        raw("chunks-with-a-shorter-length", format!("{}{length:x}\r\n{GOOD_BODY}\r\n0\r\n\r\n", both(5))),
        raw("two-transfer-encodings", format!("{}{GOOD_BODY}", head("transfer-encoding: gzip, identity\r\n"))),
        raw(
            "chunks-with-trailers",
            format!("{chunked}{length:x}\r\n{GOOD_BODY}\r\n0\r\nx-total-count: 5\r\netag: \"x\"\r\n\r\n"),
        ),
        raw("trailers-cut", format!("{chunked}{length:x}\r\n{GOOD_BODY}\r\n0\r\nx-total-count: 5\r\n")),
        fault("chunk-extension-flood", vec![send(format!("{chunked}5;")), Step::Repeat(vec![b'x'; 1024], 1024)]),
        fault(
            "trailer-flood",
            vec![
                send(format!("{chunked}{length:x}\r\n{GOOD_BODY}\r\n0\r\n")),
                Step::Repeat(b"x: y\r\n".to_vec(), 100_000),
            ],
        ),
    ]
}

/// Too slow, each in another place.
fn slow() -> Vec<Fault> {
    let (start, block) = BOMB.clone();
    vec![
        fault("silent", vec![Step::Hold]),
        fault("dripping-head", vec![Step::Drip(head("").into_bytes().repeat(100), DRIP)]),
        fault("stalled-body", vec![send(head("content-length: 1000\r\n")), send("{"), Step::Hold]),
        fault("dripping-body", vec![send(head("content-length: 10000\r\n")), Step::Drip(vec![b' '; 10_000], DRIP)]),
        fault(
            "dripping-chunks",
            vec![send(head("transfer-encoding: chunked\r\n")), Step::Drip(b"1\r\n \r\n".repeat(2_000), DRIP)],
        ),
        fault("dripping-gzip", vec![send(head("content-encoding: gzip\r\n")), send(start), Step::Drip(block, DRIP)]),
        fault("complete-but-never-closed", vec![send(head("")), send(GOOD_BODY), Step::Hold]),
    ]
}

/// Heads that are none.
fn heads() -> Vec<Fault> {
    let good = head(&format!("content-length: {}\r\n", GOOD_BODY.len()));
    let with_line = |line: &str| good.replacen("HTTP/1.1 200 OK", line, 1) + GOOD_BODY;
    vec![
        fault(
            "head-of-4-mb",
            vec![send("HTTP/1.1 200 OK\r\nx: "), Step::Repeat(vec![b'x'; 1 << 16], 64), send("\r\n\r\n")],
        ),
        fault(
            "thousand-headers",
            vec![send("HTTP/1.1 200 OK\r\n"), Step::Repeat(b"x: y\r\n".to_vec(), 1_000), send("\r\n")],
        ),
        fault("interim-flood", vec![Step::Repeat(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), 200_000), Step::Hold]),
        raw("switching-protocols", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
        raw("status-no-number", with_line("HTTP/1.1 okay")),
        raw("status-too-small", with_line("HTTP/1.1 042 What")),
        raw("version-unknown", with_line("HTTP/3.7 200 OK")),
        raw("http-0.9", GOOD_BODY),
        raw("another-protocol", "SSH-2.0-OpenSSH_9.6\r\n"),
        raw("tls-alert", b"\x15\x03\x03\x00\x02\x02\x28"),
        raw("nul-in-header", good.replacen("content-type: ", "content-type: \0", 1) + GOOD_BODY),
        raw("header-without-colon", good.replacen("content-type: ", "content-type ", 1) + GOOD_BODY),
    ]
}

/// Compression that lies, breaks or explodes.
fn encodings() -> Vec<Fault> {
    let (start, block) = BOMB.clone();
    let two_members = [gzip(&GOOD_BODY.as_bytes()[..12]), gzip(&GOOD_BODY.as_bytes()[12..])];
    let with_more = [gzip(GOOD_BODY.as_bytes()), b"more".to_vec()].concat();
    vec![
        fault("gzip-bomb", vec![send(head("content-encoding: gzip\r\n")), send(start), Step::Repeat(block, 16 * 1024)]),
        encoded("gzip-bad-checksum", "gzip", gzip_with_bad_checksum(GOOD_BODY.as_bytes())),
        encoded("gzip-truncated", "gzip", truncated_gzip(GOOD_BODY.repeat(100).as_bytes())),
        encoded("gzip-with-more-behind", "gzip", with_more),
        encoded("gzip-of-two-members", "gzip", two_members.concat()),
        encoded("gzip-second-member-cut", "gzip", [&two_members[0], &two_members[1][..5]].concat()),
        encoded("gzip-in-capitals", "GZIP", gzip(GOOD_BODY.as_bytes())),
        encoded("gzip-by-its-old-name", "x-gzip", gzip(GOOD_BODY.as_bytes())),
        encoded("gzip-that-is-plain", "gzip", GOOD_BODY),
        encoded("encoding-not-requested", "br", GOOD_BODY),
        encoded("two-encodings", "gzip, zstd", GOOD_BODY),
        encoded("encoding-that-is-none", "UTF-8", GOOD_BODY),
        encoded("deflate-that-is-plain", "deflate", GOOD_BODY),
        encoded("gzip-not-announced", "identity", gzip(GOOD_BODY.as_bytes())),
        encoded("gzip-done-right", "gzip", gzip(GOOD_BODY.as_bytes())),
    ]
}

/// Complete answers with the wrong body.
fn bodies() -> Vec<Fault> {
    let html = "<!DOCTYPE html>\n<html><title>Maintenance</title></html>";
    let nested = format!(r#"{{"data":[],"more":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let utf16: Vec<u8> = GOOD_BODY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let of_bytes = |name, body: &[u8]| fault(name, answer("200 OK", "content-type: application/json\r\n", body));
    let of_text = |name, body: &str| fault(name, json(body));
    vec![
        of_bytes("invalid-utf-8", b"{\"data\":[{\"id\":1,\"name\":\"\xff\xfe\"}]}"),
        of_bytes("utf-16", &[b"\xff\xfe".as_slice(), &utf16].concat()),
        of_text("byte-order-mark", &format!("\u{feff}{GOOD_BODY}")),
        of_text("deep-nesting", &nested),
        of_text("duplicate-keys", r#"{"data":[],"data":[{"id":1,"name":"a"}]}"#),
        of_text("trailing-data", &format!("{GOOD_BODY}{GOOD_BODY}")),
        of_text("cut-json", &GOOD_BODY[..20]),
        of_text("wrong-types", r#"{"data":[{"id":"1","name":7}]}"#),
        of_text("wrong-shape", r#"{"error":"no such shop"}"#),
        of_text("null", "null"),
        of_text("not-a-number", r#"{"data":[{"id":NaN,"name":"a"}]}"#),
        of_text("number-too-large", r#"{"data":[{"id":1e999,"name":"a"}]}"#),
        of_text("lone-surrogate", r#"{"data":[{"id":1,"name":"\ud800"}]}"#),
        of_text("control-character", "{\"data\":[{\"id\":1,\"name\":\"\u{1b}\"}]}"),
        fault("html", answer("200 OK", "content-type: text/html\r\n", html.as_bytes())),
        of_text("html-called-json", html),
        of_text("empty", ""),
        fault("no-content", vec![send("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")]),
        raw("length-beyond-limit", head("content-length: 9000000000000\r\n")),
        fault("endless-body", vec![send(head("")), Step::Repeat(vec![b' '; MIB], 1024)]),
    ]
}

/// Statuses other than 2xx.
fn refusals() -> Vec<Fault> {
    let status = |name, status: &str, headers: &str| fault(name, answer(status, headers, b"{}"));
    vec![
        status("redirect-loop", "302 Found", "location: /\r\n"),
        status("redirect-to-another-origin", "307 Temporary Redirect", "location: http://127.0.0.1:9/\r\n"),
        status("redirect-to-nowhere", "301 Moved Permanently", ""),
        status("not-modified", "304 Not Modified", ""),
        status("unauthorized", "401 Unauthorized", "www-authenticate: Basic\r\n"),
        status("forbidden", "403 Forbidden", ""),
        status("not-found", "404 Not Found", ""),
        status("proxy-login", "407 Proxy Authentication Required", ""),
        status("throttled", "429 Too Many Requests", "retry-after: 1\r\n"),
        status("throttled-garbage", "429 Too Many Requests", "retry-after: soon\r\n"),
        status("status-999", "999 Request Denied", ""),
        fault("error-with-endless-body", vec![send("HTTP/1.1 503 Down\r\n\r\n"), Step::Repeat(vec![b' '; MIB], 1024)]),
        fault("error-with-silent-body", vec![send("HTTP/1.1 500 Oops\r\ncontent-length: 9\r\n\r\n"), Step::Hold]),
        fault("error-with-cut-body", vec![send("HTTP/1.1 502 Oops\r\ncontent-length: 9\r\n\r\nx")]),
        fault("error-with-escapes", answer("500 Oops", "", "\u{1b}[31m\u{9b}m\u{202e}\0".as_bytes())),
        status("escape-in-reason", "500 \u{1b}[31mOops", ""),
    ]
}
