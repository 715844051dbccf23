//! The tables `fairing_questions` and `fairing_responses`: their typed columns.

use std::sync::LazyLock;

use super::row::{Affinity, Field};
use crate::upstreams::mirror::{HashColumn, Table, TableSpec};

/// One kind's rows: the fields that have a column, and the table.
#[derive(Debug)]
pub struct KindTable {
    pub fields: &'static [Field],
    pub table: Table,
}

pub static QUESTIONS: LazyLock<KindTable> = LazyLock::new(|| {
    const FIELDS: &[Field] = &[
        field("type", Affinity::Text),
        field("prompt", Affinity::Text),
        field("customer_type", Affinity::Text),
        field("frequency_type", Affinity::Text),
        field("allow_other", Affinity::Flag),
        field("max_responses", Affinity::Integer),
        field("submit_text", Affinity::Text),
        field("published_at", Affinity::Text),
        field("inserted_at", Affinity::Text),
        field("updated_at", Affinity::Text),
    ];
    KindTable::new("fairing_questions", FIELDS)
});

pub static RESPONSES: LazyLock<KindTable> = LazyLock::new(|| {
    const FIELDS: &[Field] = &[
        field("question_id", Affinity::Text),
        field("question_type", Affinity::Text),
        field("response", Affinity::Text),
        field("response_id", Affinity::Text),
        field("other", Affinity::Flag),
        field("other_response", Affinity::Text),
        field("customer_id", Affinity::Text),
        field("email", Affinity::Text),
        field("order_id", Affinity::Text),
        field("order_number", Affinity::Text),
        field("order_total", Affinity::Text),
        field("order_total_usd", Affinity::Text),
        field("order_currency_code", Affinity::Text),
        field("utm_source", Affinity::Text),
        field("utm_medium", Affinity::Text),
        field("utm_campaign", Affinity::Text),
        field("response_provided_at", Affinity::Text),
        field("inserted_at", Affinity::Text),
        field("updated_at", Affinity::Text),
    ];
    KindTable::new("fairing_responses", FIELDS)
});

const fn field(name: &'static str, affinity: Affinity) -> Field {
    Field { name, affinity }
}

impl KindTable {
    fn new(name: &'static str, fields: &'static [Field]) -> Self {
        let table = Table::new(TableSpec {
            name,
            key: &["account", "id"],
            number: Some("key"),
            columns: fields.iter().map(|field| field.name).collect(),
            hash: HashColumn::Blob,
        });
        Self { fields, table }
    }
}
