//! Made-up survey questions, clarification questions nested in their answers included.

use super::template::{INSERTED, INTEGER, Json, REVISION, UPDATED};
use crate::sandbox::random::Random;

const PROMPTS: [&str; 4] =
    ["How did you first hear about us?", "您为什么选择我们？", "Who is this for? 🎁", "Anything to add?"];
const ANSWERS: [&str; 5] = ["Instagram", "小红书", "A friend", "Search", "Billboard"];

/// One row with holes.
pub fn row(random: &mut Random) -> Json {
    let kind = *random.pick(&["single_response", "multi_response", "open_ended", "nps"]);
    let mut responses = Vec::new();
    for answer in ANSWERS {
        let mut fields = vec![("id", Json::raw(random.below(5_000))), ("value", Json::text(answer))];
        if random.chance(25) {
            fields.push(("clarification_question", clarification(random)));
        } else if random.chance(50) {
            fields.push(("clarification_question", Json::raw(Json::NULL)));
        }
        responses.push(Json::Object(fields));
    }
    let mut fields = vec![("id", Json::raw(INTEGER)), ("type", Json::text(kind))];
    fields.extend(asking(random));
    fields.extend([
        ("customer_type", Json::text(random.pick(&["everyone", "new", "returning"]))),
        ("frequency_type", Json::text(random.pick(&["always", "once"]))),
        ("inserted_at", Json::text(INSERTED)),
        ("updated_at", Json::text(UPDATED)),
        ("published_at", Json::maybe(random.chance(70).then_some(INSERTED))),
        ("view_count", Json::raw(REVISION)),
        ("responses", Json::Array(responses)),
    ]);
    Json::Object(fields)
}

fn clarification(random: &mut Random) -> Json {
    let responses = ANSWERS[..2]
        .iter()
        .map(|answer| Json::Object(vec![("id", Json::raw(random.below(5_000))), ("value", Json::text(answer))]));
    let responses = Json::Array(responses.collect());
    let mut fields = vec![("id", Json::raw(random.below(5_000))), ("type", Json::text("single_response"))];
    fields.extend(asking(random));
    fields.push(("responses", responses));
    Json::Object(fields)
}

/// What a question and a clarification question have in common.
fn asking(random: &mut Random) -> Vec<(&'static str, Json)> {
    vec![
        ("prompt", Json::text(random.pick(&PROMPTS))),
        ("allow_other", Json::raw(random.chance(50))),
        ("other_placeholder", Json::maybe(random.chance(40).then_some("Please tell us"))),
        ("max_responses", Json::raw(if random.chance(30) { "3" } else { Json::NULL })),
        ("randomize_responses", Json::raw(random.chance(50))),
        ("submit_text", Json::text("Submit")),
    ]
}
