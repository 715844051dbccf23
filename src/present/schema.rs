//! JSON Schemas of the documents, generated from what declares them.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

/// The schema of one document that `--json` prints.
#[derive(Clone, Copy, Debug)]
pub struct DocumentSchema {
    /// `tongbu.tasks/1`.
    name: &'static str,
    /// The commands that print it.
    about: &'static str,
    schema: fn(&mut SchemaGenerator) -> Schema,
    is_list: bool,
}

impl DocumentSchema {
    /// The schema of a type whose fields are the document's keys, but for `schema` itself.
    pub const fn of<T: JsonSchema>(name: &'static str, about: &'static str) -> Self {
        Self { name, about, schema: T::json_schema, is_list: false }
    }

    /// The schema of a list: its rows can be CSV, too.
    pub const fn new(name: &'static str, about: &'static str, schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        Self { name, about, schema, is_list: true }
    }

    /// The same for a type that has the rows of a list among its fields.
    pub const fn list_of<T: JsonSchema>(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, T::json_schema)
    }

    pub const fn is_list(&self) -> bool {
        self.is_list
    }

    pub const fn about(&self) -> &'static str {
        self.about
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The key under `$defs`: `tongbu.ecs-instances/1` is `ecs_instances`.
    pub fn key(&self) -> String {
        self.name
            .trim_start_matches("tongbu.")
            .trim_end_matches(|end: char| end == '/' || end.is_ascii_digit())
            .replace('-', "_")
    }

    fn generate(&self, generator: &mut SchemaGenerator) -> Value {
        let mut schema = (self.schema)(generator).to_value();
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), self.about.into());
            let properties = object.entry("properties").or_insert_with(|| json!({}));
            if let Some(properties) = properties.as_object_mut() {
                properties.insert("schema".to_owned(), json!({"const": self.name}));
            }
            let required = object.entry("required").or_insert_with(|| json!([]));
            if let Some(required) = required.as_array_mut() {
                required.insert(0, "schema".into());
            }
        }
        schema
    }
}

/// All of them as one schema: a document is described by exactly one.
pub fn generate(documents: &[DocumentSchema]) -> Value {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    let described: Vec<_> =
        documents.iter().map(|document| (document.key(), document.generate(&mut generator))).collect();
    let mut definitions = generator.take_definitions(true);
    definitions.extend(described.iter().cloned());
    let references: Vec<_> = described.iter().map(|(key, _)| json!({"$ref": format!("#/$defs/{key}")})).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The documents of `tongbu --json`",
        "description": "Every document names itself by `schema`; within one number, keys are only ever added.",
        "oneOf": references,
        "$defs": definitions,
    })
}
