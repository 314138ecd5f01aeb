//! The benchmark itself, small and without the peer. What it counts is held; how fast anything was is not looked at.

use payung_system_tests::binaries::Binaries;
use serde_json::Value;
use std::process::Command;

#[test]
fn a_small_run_gives_every_row_of_ours_and_loses_no_edit() {
    // `payung` lies beside the program that measures it
    Binaries::built();
    let folder = tempfile::tempdir().unwrap();
    let (json, markdown) = (folder.path().join("bench.json"), folder.path().join("BENCHMARKS.md"));
    let done = Command::new(env!("CARGO_BIN_EXE_payung-bench"))
        .args(["--people", "60", "--edited", "8", "--growth", "60", "--runs", "1", "--json"])
        .arg(&json)
        .arg("--markdown")
        .arg(&markdown)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let report: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let figures: Vec<&Value> =
        report["sections"].as_array().unwrap().iter().flat_map(|s| s["figures"].as_array().unwrap()).collect();
    let document = std::fs::read_to_string(&markdown).unwrap();
    for figure in &figures {
        let name = figure["name"].as_str().unwrap();
        let values = figure["ours"].as_array().unwrap();
        assert!(!values.is_empty() && values.iter().all(Value::is_number), "{name} has no value");
        assert!(document.contains(name), "{name} is not in the document");
    }
    let ours = |name: &str| -> f64 {
        let named = figures.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("no row {name}"));
        named["ours"][0].as_f64().unwrap()
    };
    assert!((ours("different fields: merged on both phones") - 8.0).abs() < f64::EPSILON);
    assert!(ours("different fields: in conflict").abs() < f64::EPSILON);
    assert!(ours("different fields: lost").abs() < f64::EPSILON);
    assert!((ours("NIK on both sides: in conflict, both kept") - 100.0).abs() < f64::EPSILON);
    assert!((ours("nothing to do: requests") - 1.0).abs() < f64::EPSILON);
    assert!(ours("bytes up, push by 200") > ours("sealed body: registration with its event, as sent"));
}
