//! The closing tables: each phone's list, and what came of the play. Indonesian first, English beside it.

use super::{
    PlayError, failures,
    figures::Figures,
    stage::{Stage, VILLAGE},
};
use payung_domain::{
    contribution::rupiah,
    region::{self, RegionCode},
};
use payung_system_tests::ledger::text;
use serde_json::Value;

/// Everything a person reads at the end.
pub(super) fn tables(stage: &mut Stage, figures: &Figures) -> Result<String, PlayError> {
    let mut out = Vec::new();
    for official in &mut stage.officials {
        let mut rows = official.list("closing")?;
        rows.retain(|row| row["area"] == official.area.as_str());
        let (name, area) = (official.name, &official.area);
        let rt = area.rsplit('.').next().unwrap_or_default();
        out.push(format!("\nHP {name} · RT {rt}, {}\n\n", village()));
        out.push(list(&rows));
        let due: i64 = rows.iter().filter_map(|row| row["due"]["amount"].as_i64()).sum();
        let covered = rows.iter().filter(|row| is_covered(row)).count();
        let open = rows.len() - covered;
        out.push(format!("\n{covered} terlindungi · {open} belum · masih harus dibayar {}\n", rupiah(due)));
    }
    out.push(format!("\n{}", summary(figures)));
    for failure in failures(figures) {
        out.push(format!("GAGAL (failed): {failure}\n"));
    }
    out.push("\n".to_owned());
    Ok(out.concat())
}

/// Village and district: names of villages repeat.
fn village() -> String {
    let path = RegionCode::parse(VILLAGE).ok().and_then(|code| region::describe(&code));
    let name = |path: region::RegionPath| Some(format!("{}, {}", path.village?, path.district?));
    format!("{} ({VILLAGE})", path.and_then(name).unwrap_or_default())
}

fn is_covered(row: &Value) -> bool {
    matches!(row["phase"].as_str(), Some("covered" | "lapsing"))
}

/// The next step's column: what is longer goes on in the next line.
const STEP: usize = 48;

fn list(rows: &[Value]) -> String {
    let cells: Vec<[String; 5]> = rows
        .iter()
        .map(|row| {
            let nik = text(row, "nik");
            [
                text(row, "name"),
                format!("…{}", nik.get(nik.len().saturating_sub(4)..).unwrap_or_default()),
                text(row, "label"),
                due(&row["due"]),
                text(row, "next_step"),
            ]
        })
        .collect();
    let headers = ["Nama", "NIK", "Keadaan", "Iuran", "Langkah berikut"];
    let width = |column: usize| {
        let widest = cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        widest.max(headers[column].chars().count())
    };
    let widths = [width(0), width(1), width(2), width(3)];
    let line = |row: [&str; 5]| {
        let padded: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect();
        format!("  {}{}\n", padded.concat(), row[4])
    };
    let mut out = vec![line(headers)];
    for [name, nik, state, due, step] in &cells {
        let steps = wrapped(step);
        let (first, more) = steps.split_first().map_or(("", &[][..]), |(first, more)| (first.as_str(), more));
        out.push(line([name, nik, state, due, first]));
        out.extend(more.iter().map(|step| line(["", "", "", "", step])));
    }
    out.concat()
}

/// In lines of at most [`STEP`] characters, words kept whole.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= STEP => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `Rp 92.400 untuk 6 bulan`, or that it is paid.
fn due(due: &Value) -> String {
    let months = due["months"].as_u64().unwrap_or(0);
    match due["amount"].as_i64() {
        Some(0) => format!("{} untuk {months} bulan, lunas", due["quoted"].as_i64().map(rupiah).unwrap_or_default()),
        Some(amount) => format!("{} untuk {months} bulan", rupiah(amount)),
        None => String::new(),
    }
}

fn summary(figures: &Figures) -> String {
    let rows = [
        ("Tersimpan di HP", "registered", figures.registered.to_string()),
        ("Orangnya", "persons", figures.persons.to_string()),
        ("Catatan sampai di kantor", "ops uploaded", figures.uploaded.to_string()),
        ("Suntingan dua HP yang dipadukan", "edits merged", figures.merged.to_string()),
        ("Data berbeda, sudah dipilih", "conflicts settled", figures.conflicts_resolved.to_string()),
        ("Data berbeda, belum dipilih", "conflicts open", figures.conflicts_open.to_string()),
        ("Terdaftar dua kali, disatukan", "duplicates linked", figures.duplicates_linked.to_string()),
        ("Dikembalikan cabang, dikirim lagi", "returned, sent again", figures.returned.to_string()),
        ("Mendapat kode bayar", "numbered", figures.numbered.to_string()),
        ("Melebihi kuota sponsor, diberi tempat", "over quota, given a place", figures.over_quota.to_string()),
        ("Terlindungi sebelum iuran tercatat", "covered before the proof", figures.covered_before.to_string()),
        ("Kartu terbit", "cards issued", figures.cards.to_string()),
        ("Kartu dicek tanpa sinyal, sah", "cards verified offline", figures.cards_good.to_string()),
        ("Klinik di HP, terdekat dulu", "clinics, nearest first", figures.clinics.to_string()),
        ("Terlindungi hari ini", "covered today", figures.covered.to_string()),
        ("Foto sampai di kantor", "photos sent", figures.photos.to_string()),
        ("Bita foto terkirim dua kali", "photo bytes sent again", figures.photo_bytes_again.to_string()),
        ("Laporan dan pertanyaan dijawab", "reports answered", figures.reports_answered.to_string()),
        ("Hilang", "lost", figures.lost.to_string()),
        ("Bita terkirim tiap catatan", "bytes up per op", figures.bytes_up_per_record.to_string()),
    ];
    let mut out = Vec::new();
    for (words, english, number) in rows {
        out.push(format!("  {words:<40}{number:>6}   {english}\n"));
    }
    out.push(format!("  {:<40}{:>6}   seconds\n", "Lama (detik)", figures.seconds));
    out.concat()
}
