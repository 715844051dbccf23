//! Made-up survey responses: every documented field, null, absent or filled, and some that nobody documented.

use super::template::{INSERTED, Json, NUMBER, REVISION, UPDATED};
use crate::sandbox::random::Random;

const QUESTIONS: [&str; 6] = [
    "How did you first hear about us?",
    "What almost stopped you from buying today?",
    "您是从哪里第一次听说我们的？",
    "Who is this purchase for? 🎁",
    "Pourquoi avez-vous choisi notre marque ?",
    "What other brands did you consider before placing this order with us?",
];
const TYPES: [&str; 4] = ["single_response", "multi_response", "open_ended", "ranked_response"];
const OPTIONS: [&str; 12] = [
    "Instagram",
    "TikTok / 抖音",
    "小红书",
    "Podcast: \\\"How I Built This\\\"",
    "Friend or family 👩‍👩‍👧",
    "Google search",
    "YouTube – long video",
    "Newsletter",
    "Billboard in the underground",
    "Facebook / Meta ads",
    "Télévision",
    "Other",
];
const REMARKS: [&str; 5] = [
    "A colleague would not stop talking about it, so here I am.",
    "朋友推荐的，用了三个月觉得很好，这次多买两件送人。",
    "saw it on the train 🚆 twice\\nthen again at the station",
    "C:\\\\shop\\\\ads\\t\\\"spring\\\"",
    "मैंने इसे एक वीडियो में देखा",
];
const SOURCES: [&str; 5] = ["google", "instagram", "newsletter", "tiktok", "xiaohongshu"];
const CAMPAIGNS: [&str; 4] = ["spring-sale-2024", "brand_search_eu", "双十一", "win back – lapsed 90d"];
const CURRENCIES: [&str; 4] = ["EUR", "USD", "CNY", "GBP"];
const AMOUNTS: [&str; 7] = ["\"129.90\"", "129.9", "0", "\"0.00\"", "49", "\"1049.10\"", "1.5e2"];

/// One row with holes.
pub fn row(random: &mut Random) -> Json {
    let is_other = random.chance(12);
    let available = OPTIONS[..3 + usize::try_from(random.below(4)).expect("an index")].iter().map(Json::text);
    let remark = *random.pick(&REMARKS);
    let mut fields = vec![
        ("id", Json::text(format!("resp_{NUMBER}"))),
        ("question_id", Json::raw(1_000_000 + random.below(40))),
        ("question", Json::text(random.pick(&QUESTIONS))),
        ("question_type", Json::text(random.pick(&TYPES))),
        ("response", maybe(random, 95, &OPTIONS)),
        ("response_id", maybe_raw(random, 80, 5_000)),
        ("response_position", maybe_raw(random, 70, 12)),
        ("other", Json::raw(is_other)),
        ("other_response", Json::maybe(is_other.then_some(remark))),
        ("original_response", maybe(random, 20, &OPTIONS)),
        ("available_responses", Json::Array(available.collect())),
        ("clarification_question", Json::raw(random.chance(30))),
        ("referring_question", maybe(random, 25, &QUESTIONS)),
        ("referring_question_id", maybe_raw(random, 25, 40)),
        ("referring_question_response", maybe(random, 25, &OPTIONS)),
        ("referring_question_response_id", maybe_raw(random, 25, 5_000)),
        ("customer_id", Json::maybe(random.chance(90).then(|| format!("cust-{NUMBER}")))),
        ("customer_order_count", maybe_raw(random, 85, 30)),
        ("email", Json::maybe(random.chance(85).then(|| format!("shopper.{NUMBER}@mail.example")))),
        ("order_id", Json::maybe(random.chance(95).then(|| format!("gid-{NUMBER}")))),
        ("order_number", Json::maybe(random.chance(95).then(|| format!("#{NUMBER}")))),
        ("order_platform", maybe(random, 90, &["shopify", "woocommerce"])),
        ("order_source", maybe(random, 80, &["web", "pos", "draft_order"])),
        ("order_currency_code", maybe(random, 90, &CURRENCIES)),
        ("order_total", amount(random, 92)),
        ("order_total_usd", amount(random, 60)),
        ("coupon_amount", amount(random, 20)),
        ("coupon_code", maybe(random, 20, &["WELCOME10", "SPRING", "回头客"])),
        ("coupon_type", maybe(random, 20, &["percentage", "fixed_amount"])),
        ("landing_page_path", maybe(random, 75, &["/collections/all?page=2&sort_by=price", "/", "/products/茶具-set"])),
        ("referring_site", maybe(random, 60, &["https://www.google.com/", "https://l.instagram.com/?u=abc"])),
        ("utm_campaign", maybe(random, 55, &CAMPAIGNS)),
        ("utm_content", maybe(random, 35, &["carousel-3", "video_15s", "红色按钮"])),
        ("utm_medium", maybe(random, 55, &["cpc", "email", "social"])),
        ("utm_source", maybe(random, 55, &SOURCES)),
        ("utm_term", maybe(random, 15, &["best tea set", "送礼"])),
        ("submit_delta", Json::raw(REVISION)),
        ("response_provided_at", Json::text(INSERTED)),
        ("inserted_at", Json::text(INSERTED)),
        ("updated_at", Json::text(UPDATED)),
    ];
    if random.chance(20) {
        // A field that is null may also not be there at all.
        fields
            .retain(|(name, value)| !name.starts_with("utm_") || !matches!(value, Json::Raw(raw) if raw == Json::NULL));
    }
    if random.chance(30) {
        let nested =
            vec![("beta", Json::raw(true)), ("路径", Json::Array(vec![Json::text("a"), Json::raw(Json::NULL)]))];
        fields.push(("shop_flags", Json::Object(nested)));
        fields.push(("big_number", Json::raw("12345678901234567890.125")));
    }
    Json::Object(fields)
}

fn maybe(random: &mut Random, percent: u64, choices: &[&str]) -> Json {
    Json::maybe(random.chance(percent).then(|| *random.pick(choices)))
}

fn maybe_raw(random: &mut Random, percent: u64, bound: u64) -> Json {
    if random.chance(percent) { Json::raw(random.below(bound)) } else { Json::raw(Json::NULL) }
}

/// Money comes as a number from some platforms and as decimal text from others.
fn amount(random: &mut Random, percent: u64) -> Json {
    Json::raw(if random.chance(percent) { random.pick(&AMOUNTS) } else { Json::NULL })
}
