//! Lead packages, and how they are read from the rows of a file: all of them, or none.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use csv::StringRecord;
use encoding_rs::{Encoding, GB18030, UTF_8};
use serde_json::{Map, Value};
use strum::{IntoStaticStr, VariantArray};

use crate::text::ending;
use crate::upstreams::digest::{Digest, of_bytes};

/// A code is compared and shown; nothing real is longer.
const MAX_CODE_CHARS: usize = 200;

/// A spreadsheet takes a cell that begins so for a formula, in full width too.
const FORMULA_LEADS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// What a package is known by and costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    pub code: String,
    pub name: Option<String>,
    pub source: Option<String>,
    pub region: Option<String>,
    pub grade: Option<String>,
    pub valid_leads: Option<i64>,
    pub cost_per_lead: Option<f64>,
    /// The row as a JSON object: header to text, columns of no meaning to us included.
    pub raw: String,
}

/// A column with a meaning; its header in English is its name in `lead_packages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Column {
    Code,
    Name,
    Source,
    Region,
    Grade,
    ValidLeads,
    CostPerLead,
}

impl Column {
    /// The header in Chinese.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Code => "编码",
            Self::Name => "名称",
            Self::Source => "来源",
            Self::Region => "地区",
            Self::Grade => "年级",
            Self::ValidLeads => "有效数",
            Self::CostPerLead => "单价",
        }
    }

    /// Both headers, as messages name them.
    fn headers(self) -> String {
        format!("`{}` (`{}`)", self.into_str(), self.chinese())
    }

    pub fn of_header(header: &str) -> Option<Self> {
        let is_meant = |column: &Self| header.eq_ignore_ascii_case(column.into_str()) || header == column.chinese();
        Self::VARIANTS.iter().copied().find(is_meant)
    }
}

/// A file, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    pub packages: Vec<Package>,
    /// The columns the file has; what it does not have stays as it is stored.
    pub columns: Vec<Column>,
    /// Headers of no meaning to us; their cells are kept in `raw`.
    pub unknown_headers: Vec<String>,
    /// The encoding it was read in, such as `UTF-8` or `gb18030`.
    pub encoding: &'static str,
}

/// Where a row is: in a CSV file, or in a JSON list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Place {
    #[error("line {0}")]
    Line(u64),
    #[error("item {0}")]
    Item(u64),
}

/// A cell, or a whole row, that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}, column {column} (`{header}`): {reason}")]
pub struct CellError {
    pub place: Place,
    /// From 1.
    pub column: usize,
    pub header: String,
    pub reason: String,
}

/// Why nothing of a file was imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("the file is neither UTF-8 nor GBK: save it as UTF-8")]
    Encoding,
    #[error("the header {reason}; known columns are {}", known_headers())]
    Header { reason: String },
    #[error("line {line} has {found} cell{s} instead of {expected}", s = ending(*found))]
    Length { line: u64, found: u64, expected: u64 },
    #[error("the file is not CSV: {reason}")]
    Csv { reason: String },
    #[error("the answer is not a list of packages in JSON: {reason}")]
    Json { reason: String },
    /// Never empty.
    #[error("{} cell{s} cannot be read, the first at {}", errors.len(), errors[0], s = ending(errors.len() as u64))]
    Cells { errors: Vec<CellError> },
}

/// What is stored of a package.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPackage {
    pub package: Package,
    pub is_deleted: bool,
}

/// What an import changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportPlan {
    pub saves: Vec<Package>,
    pub new_count: u64,
    pub updated_count: u64,
    pub unchanged_count: u64,
}

impl Package {
    /// The digest of what is stored of it.
    pub fn digest(&self) -> Digest {
        let text = |text: &Option<String>| text.clone().into();
        let members: [(&str, Value); 7] = [
            ("name", text(&self.name)),
            ("source", text(&self.source)),
            ("region", text(&self.region)),
            ("grade", text(&self.grade)),
            ("valid_leads", self.valid_leads.into()),
            ("cost_per_lead", self.cost_per_lead.into()),
            ("raw", self.raw.clone().into()),
        ];
        // The map keeps its members in the order of their keys, so equal packages are equal bytes.
        let members: Map<_, _> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        of_bytes(Value::Object(members).to_string().as_bytes(), 0)
    }

    /// The package with what the file has no column for taken from `stored`.
    fn completed(mut self, stored: &Self, columns: &[Column]) -> Self {
        for column in Column::VARIANTS.iter().filter(|column| !columns.contains(column)) {
            match column {
                Column::Code => {}
                Column::Name => self.name.clone_from(&stored.name),
                Column::Source => self.source.clone_from(&stored.source),
                Column::Region => self.region.clone_from(&stored.region),
                Column::Grade => self.grade.clone_from(&stored.grade),
                Column::ValidLeads => self.valid_leads = stored.valid_leads,
                Column::CostPerLead => self.cost_per_lead = stored.cost_per_lead,
            }
        }
        self
    }
}

/// Compares an import with what is stored of its packages.
pub fn plan_import(import: Import, stored: &BTreeMap<String, StoredPackage>) -> ImportPlan {
    let mut plan = ImportPlan::default();
    for package in import.packages {
        let Some(known) = stored.get(&package.code) else {
            plan.new_count += 1;
            plan.saves.push(package);
            continue;
        };
        let package = package.completed(&known.package, &import.columns);
        if package == known.package && !known.is_deleted {
            plan.unchanged_count += 1;
        } else {
            plan.updated_count += 1;
            plan.saves.push(package);
        }
    }
    plan
}

/// Reads a whole CSV file: comma separated, a header line, UTF-8 (with a byte order mark or without), UTF-16 with
/// one, or GBK.
pub fn read_csv(bytes: &[u8]) -> Result<Import, ImportError> {
    let (text, encoding) = decoded(bytes)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers: Vec<String> =
        reader.headers().map_err(|error| csv_error(&error, &text))?.iter().map(|cell| cell.trim().to_owned()).collect();
    let rows = reader.records().map(|record| {
        let record = record.map_err(|error| csv_error(&error, &text))?;
        Ok((Place::Line(line_of(record.position(), &text)), record))
    });
    import_rows(headers, rows, encoding.name())
}

/// Reads rows below these headers.
pub fn import_rows(
    headers: Vec<String>,
    rows: impl Iterator<Item = Result<(Place, StringRecord), ImportError>>,
    encoding: &'static str,
) -> Result<Import, ImportError> {
    let meanings = meanings(&headers)?;
    let mut packages = Vec::new();
    let mut errors = Vec::new();
    let mut places: HashMap<String, Place> = HashMap::new();
    for row in rows {
        let (place, record) = row?;
        // Spreadsheets write empty rows as nothing but commas.
        if matches!(place, Place::Line(_)) && record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let row = CsvRow { record: &record, headers: &headers, place };
        match row.package(&meanings) {
            Ok(package) => match places.insert(package.code.clone(), place) {
                None => packages.push(package),
                Some(first) => errors.push(row.code_error(&meanings, &format!("the same code is on {first}"))),
            },
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(ImportError::Cells { errors });
    }
    Ok(Import {
        packages,
        columns: meanings.iter().copied().flatten().collect(),
        unknown_headers: headers
            .into_iter()
            .zip(&meanings)
            .filter(|(header, meaning)| meaning.is_none() && !header.is_empty())
            .map(|(header, _)| header)
            .collect(),
        encoding,
    })
}

/// A byte order mark decides; without one, what is no UTF-8 may be GBK, of which GB18030 is the superset.
fn decoded(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static Encoding), ImportError> {
    let decode = |encoding: &'static Encoding, bytes| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).map(|text| (text, encoding))
    };
    let found = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => decode(encoding, &bytes[mark..]),
        None => decode(UTF_8, bytes).or_else(|| decode(GB18030, bytes)),
    };
    found.ok_or(ImportError::Encoding)
}

/// What each column means, if anything.
fn meanings(headers: &[String]) -> Result<Vec<Option<Column>>, ImportError> {
    let meanings: Vec<Option<Column>> = headers.iter().map(|header| Column::of_header(header)).collect();
    for column in Column::VARIANTS {
        let count = meanings.iter().flatten().filter(|found| *found == column).count();
        let names = column.headers();
        if count > 1 {
            return Err(ImportError::Header { reason: format!("has {names} {count} times") });
        }
        if count == 0 && *column == Column::Code {
            return Err(ImportError::Header { reason: format!("has no {names}") });
        }
    }
    Ok(meanings)
}

fn known_headers() -> String {
    Column::VARIANTS.iter().map(|column| column.headers()).collect::<Vec<_>>().join(", ")
}

fn csv_error(error: &csv::Error, text: &str) -> ImportError {
    if let csv::ErrorKind::UnequalLengths { pos, expected_len, len } = error.kind() {
        return ImportError::Length { line: line_of(pos.as_ref(), text), found: *len, expected: *expected_len };
    }
    ImportError::Csv { reason: error.to_string() }
}

/// The line a row is on. The parser's position is before the blank lines it skips.
fn line_of(position: Option<&csv::Position>, text: &str) -> u64 {
    let Some(position) = position else { return 0 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(text.len());
    let blank = text.as_bytes()[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

struct CsvRow<'r> {
    record: &'r StringRecord,
    headers: &'r [String],
    place: Place,
}

impl CsvRow<'_> {
    fn package(&self, meanings: &[Option<Column>]) -> Result<Package, CellError> {
        let mut raw = Map::new();
        for (index, header) in self.headers.iter().enumerate() {
            // No quote can be left open in an item.
            let is_free = meanings[index].is_none() && matches!(self.place, Place::Item(_));
            let cell = if is_free { self.record.get(index).unwrap_or_default() } else { self.text(index)? };
            raw.insert(header.clone(), cell.into());
        }
        let mut package = Package {
            code: String::new(),
            name: None,
            source: None,
            region: None,
            grade: None,
            valid_leads: None,
            cost_per_lead: None,
            raw: Value::Object(raw).to_string(),
        };
        for (index, column) in meanings.iter().enumerate().filter_map(|(index, column)| Some((index, (*column)?))) {
            let text = Some(self.text(index)?).filter(|text| !text.is_empty()).map(str::to_owned);
            match column {
                Column::Code => package.code = self.code(index)?,
                Column::Name => package.name = text,
                Column::Source => package.source = text,
                Column::Region => package.region = text,
                Column::Grade => package.grade = text,
                Column::ValidLeads => package.valid_leads = self.count(index)?,
                Column::CostPerLead => package.cost_per_lead = self.price(index)?,
            }
        }
        Ok(package)
    }

    /// A cell without the space around it. A line break in one is a quote that was never closed.
    fn text(&self, index: usize) -> Result<&str, CellError> {
        let text = self.record.get(index).unwrap_or_default().trim();
        if text.chars().any(char::is_control) {
            return Err(self.error(index, "holds a line break or another control character: is a quote left open?"));
        }
        let is_formula = text.chars().count() > 1 && text.starts_with(FORMULA_LEADS) && text.parse::<f64>().is_err();
        if is_formula {
            return Err(self.error(index, "begins like a spreadsheet formula: store its value instead"));
        }
        Ok(text)
    }

    fn code(&self, index: usize) -> Result<String, CellError> {
        match self.text(index)? {
            "" => Err(self.error(index, "is empty")),
            code if code.chars().count() > MAX_CODE_CHARS => {
                Err(self.error(index, &format!("is longer than {MAX_CODE_CHARS} characters")))
            }
            code => Ok(code.to_owned()),
        }
    }

    fn count(&self, index: usize) -> Result<Option<i64>, CellError> {
        self.number(index, |number: &i64| *number >= 0, "must be a whole number from 0")
    }

    fn price(&self, index: usize) -> Result<Option<f64>, CellError> {
        self.number(
            index,
            |number: &f64| number.is_finite() && *number >= 0.0,
            "must be a number from 0, such as `2.35`",
        )
    }

    fn number<N: std::str::FromStr>(
        &self,
        index: usize,
        is_valid: fn(&N) -> bool,
        expected: &str,
    ) -> Result<Option<N>, CellError> {
        match self.text(index)? {
            "" => Ok(None),
            text => text.parse().ok().filter(is_valid).map(Some).ok_or_else(|| self.error(index, expected)),
        }
    }

    fn code_error(&self, meanings: &[Option<Column>], reason: &str) -> CellError {
        let index = meanings.iter().position(|column| *column == Some(Column::Code)).unwrap_or_default();
        self.error(index, reason)
    }

    fn error(&self, index: usize, reason: &str) -> CellError {
        CellError {
            place: self.place,
            column: index + 1,
            header: self.headers.get(index).cloned().unwrap_or_default(),
            reason: reason.to_owned(),
        }
    }
}

#[cfg(test)]
#[path = "packages_tests.rs"]
mod tests;
