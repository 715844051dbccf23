//! The table `machines`.

use std::sync::LazyLock;

use serde::Deserialize;
use tongbu::store::{Error, Reader, Value};
use tongbu::upstreams::mirror::{HashColumn, SetRow, Table, TableSpec};

#[derive(Deserialize)]
pub struct Machine {
    #[serde(skip)]
    pub account: String,
    pub id: String,
    pub name: String,
    pub cores: i64,
}

pub static MACHINES: LazyLock<Table> = LazyLock::new(|| {
    let (name, columns) = ("machines", vec!["name", "cores"]);
    Table::new(TableSpec { name, key: &["account", "id"], number: Some("key"), columns, hash: HashColumn::Blob })
});

impl SetRow for Machine {
    fn id(&self) -> &str {
        &self.id
    }

    fn columns(&self) -> Vec<Value<'_>> {
        vec![(&self.name).into(), self.cores.into()]
    }
}

pub fn load_machines(r: &Reader<'_>) -> Result<Vec<Machine>, Error> {
    const SQL: &str = "SELECT account, id, name, cores FROM machines WHERE deleted_at IS NULL ORDER BY account, id";
    r.rows(SQL, &[], |row| {
        let text = |index| row.text(index).map(str::to_owned);
        Ok(Machine { account: text(0)?, id: text(1)?, name: text(2)?, cores: row.int(3)? })
    })
}
