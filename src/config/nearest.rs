//! The known name that was probably meant.

/// Names that share less than this of their letters are no help.
const MIN_LIKENESS: f64 = 0.55;

/// The candidate most like `name`, if one is like it at all.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= MIN_LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// That candidate as the end of a message; nothing where there is none.
pub fn suggestion<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, candidates).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
}

/// The names in backticks, as a list to choose from.
pub fn choices<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::nearest;

    fn check(name: &str, expected: Option<&str>) {
        let known = ["min_interval", "max_pages", "base_url", "Asia/Shanghai"];
        assert_eq!(nearest(name, known), expected, "{name}");
    }

    #[test]
    fn misspelling_finds_its_name_and_another_word_finds_none() {
        check("min_intervall", Some("min_interval"));
        check("minInterval", Some("min_interval"));
        check("interval", Some("min_interval"));
        check("bsae_url", Some("base_url"));
        check("asia/shanghia", Some("Asia/Shanghai"));
        check("colour", None);
        check("", None);
    }
}
