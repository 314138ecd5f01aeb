//! docs/PROTOCOL.md is what the code says.

use std::{fs, path::Path};

#[test]
fn protocol_document_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/PROTOCOL.md");
    let made = payung_protocol::document::markdown();
    if std::env::var_os("PAYUNG_BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(made == committed, "docs/PROTOCOL.md is out of date: PAYUNG_BLESS=1 cargo test -p payung-protocol");
}

#[test]
fn every_field_of_every_kind_is_told() {
    let made = payung_protocol::document::markdown();
    for kind in payung_domain::field::Kind::KNOWN {
        let table = kind.table().unwrap();
        for field in table.fields {
            assert!(made.contains(&format!("| {} | ", field.name)), "{}.{}", table.kind, field.name);
            assert!(!field.doc.is_empty(), "{}.{}", table.kind, field.name);
        }
    }
}
