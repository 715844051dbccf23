//! Files as people and spreadsheets write them.

use std::collections::BTreeMap;

use encoding_rs::GBK;
use proptest::prelude::*;
use strum::VariantArray as _;

use super::{Column, Package, StoredPackage, plan_import, read_csv};

const CODE: &str = "禹州-1015A-高三-5000";

fn codes(bytes: &[u8]) -> Vec<String> {
    read_csv(bytes).unwrap().packages.into_iter().map(|package| package.code).collect()
}

fn check(file: &str, expected_error: &str) {
    let error = read_csv(file.as_bytes()).unwrap_err().to_string();
    assert!(error.contains(expected_error), "{file:?}: {error}");
}

fn stored(package: &Package, is_deleted: bool) -> BTreeMap<String, StoredPackage> {
    BTreeMap::from([(package.code.clone(), StoredPackage { package: package.clone(), is_deleted })])
}

#[test]
fn english_and_chinese_headers_mean_the_same() {
    let english = format!("Code,name,source,region,grade,valid_leads,cost_per_lead\n{CODE},n,s,r,高三,5000,2.35\n");
    let chinese = format!("编码,名称,来源,地区,年级,有效数,单价\r\n{CODE}, n ,s,r,高三,5000,2.35\r\n");
    for file in [english, chinese] {
        let import = read_csv(file.as_bytes()).unwrap();
        assert_eq!(import.columns, Column::VARIANTS);
        assert_eq!(import.encoding, "UTF-8");
        let package = &import.packages[0];
        assert_eq!(
            (package.code.as_str(), package.name.as_deref(), package.grade.as_deref()),
            (CODE, Some("n"), Some("高三"))
        );
        assert_eq!((package.valid_leads, package.cost_per_lead), (Some(5000), Some(2.35)));
    }
}

#[test]
fn a_file_is_read_in_the_encoding_it_was_saved_in() {
    let file = format!("编码,名称\n{CODE},甲\n");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(file.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let (gbk, _, _) = GBK.encode(&file);
    assert_eq!(codes(file.as_bytes()), [CODE]);
    assert_eq!(codes(format!("\u{feff}{file}").as_bytes()), [CODE]);
    assert_eq!(codes(&gbk), [CODE]);
    assert_eq!(read_csv(&gbk).unwrap().encoding, "gb18030");
    assert_eq!(codes(&utf16), [CODE]);
    assert!(read_csv(&utf16[..utf16.len() - 1]).is_err());
    let broken_error = read_csv(b"code\n\xff\xff\n").unwrap_err().to_string();
    assert!(broken_error.contains("neither UTF-8 nor GBK"), "{broken_error}");
}

#[test]
fn other_columns_are_kept_as_they_came() {
    let import = read_csv("备注,code,\n\"a, \"\"b\"\"\",X,\n,,\n".as_bytes()).unwrap();
    assert_eq!(import.unknown_headers, ["备注"]);
    assert_eq!(import.packages.len(), 1);
    let raw: serde_json::Value = serde_json::from_str(&import.packages[0].raw).unwrap();
    assert_eq!(raw["备注"], "a, \"b\"");
}

#[test]
fn a_cell_that_cannot_be_read_is_named_by_line_and_column() {
    check("code,valid_leads\nX,1\nY,many\n", "line 3, column 2 (`valid_leads`): must be a whole number from 0");
    check("编码,单价\nX,-1\n", "line 2, column 2 (`单价`): must be a number from 0");
    check("code,cost_per_lead\nX,NaN\n", "column 2");
    check("name,code\nn,\n", "line 2, column 2 (`code`): is empty");
    check("code\nX\n\nX\n", "line 4, column 1 (`code`): the same code is on line 2");
    check("code,name\r\nX,x\r\n\r\n\r\nY,y\r\nX,z\r\n", "line 6, column 1 (`code`): the same code is on line 2");
    check("code,name\nX,\"open\nY,y\n", "line 2, column 2 (`name`): holds a line break");
    check("code,valid_leads\nX,a\nY,b\n", "2 cells cannot be read, the first at line 2");
    check(&format!("code\n{}\n", "x".repeat(201)), "is longer than 200 characters");
}

#[test]
fn a_file_of_another_shape_is_refused() {
    check("", "the header has no `code` (`编码`)");
    check("name\nx\n", "known columns are `code` (`编码`), `name` (`名称`)");
    check("code;name\nx;y\n", "the header has no `code`");
    check("code,编码\nx,y\n", "the header has `code` (`编码`) 2 times");
    check("code,name\nx,y\nx\n", "line 3 has 1 cell instead of 2");
    check("code,name\n\n\nx,y,z\n", "line 4 has 3 cells instead of 2");
}

#[test]
fn a_formula_is_no_value() {
    for cell in ["=1+1", "+cmd|x", "-2+3", "@SUM(A1)", "＝1", " =1", "\"=HYPERLINK(\"\"x\"\")\""] {
        check(&format!("code,name\nX,{cell}\n"), "line 2, column 2 (`name`): begins like a spreadsheet formula");
        check(&format!("code,other\nX,{cell}\n"), "formula");
    }
    assert_eq!(codes(b"code,name\nX,-\nY,-5\n"), ["X", "Y"]);
}

#[test]
fn an_import_writes_only_what_changed() {
    let import = || read_csv(b"code,name,valid_leads\nX,n,5\n").unwrap();
    let first = plan_import(import(), &BTreeMap::new());
    assert_eq!((first.new_count, first.saves.len()), (1, 1));
    let package = &first.saves[0];
    let second = plan_import(import(), &stored(package, false));
    assert_eq!((second.unchanged_count, second.saves.len()), (1, 0));
    let back = plan_import(import(), &stored(package, true));
    assert_eq!((back.updated_count, back.saves.len()), (1, 1));
}

#[test]
fn a_column_the_file_does_not_have_stays_as_it_is() {
    let before = read_csv(b"code,name,valid_leads\nX,n,5\n").unwrap().packages.remove(0);
    let plan = plan_import(read_csv(b"code,valid_leads,cost_per_lead\nX,,2\n").unwrap(), &stored(&before, false));
    let after = &plan.saves[0];
    assert_eq!((after.name.as_deref(), after.valid_leads, after.cost_per_lead), (Some("n"), None, Some(2.0)));
    assert_ne!(after.digest(), before.digest());
    assert_eq!(plan.updated_count, 1);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_csv(&bytes);
        let _ = read_csv(&[b"code,name\n".as_slice(), &bytes].concat());
    }
}
