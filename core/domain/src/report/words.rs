//! What an official reads about a report, in Indonesian.

use chrono::{DateTime, Timelike, Utc};

use super::{Answer, AnsweredBy, ReportPhase, ReportStanding};
use crate::{
    calendar::{Zone, indonesian_date, local_date},
    field::Kind,
    op::Body,
};

/// What the heirs take to the branch's office. What a branch asks for can differ: it decides.
pub fn heirs_bring() -> &'static [&'static str] {
    &[
        "Kartu peserta atau nomor peserta (KPJ)",
        "KTP dan Kartu Keluarga almarhum dan ahli waris",
        "Akta kematian atau surat keterangan kematian dari desa atau rumah sakit",
        "Surat keterangan ahli waris dari desa",
        "Buku rekening ahli waris",
    ]
}

impl ReportPhase {
    /// A few Indonesian words for a list.
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Tersimpan di HP ini",
            Self::Sent => "Sudah di kantor",
            Self::InHand => "Sedang ditangani",
            Self::Asked => "Perlu keterangan",
            Self::Answered => "Sudah dijawab",
            Self::Seen => "Selesai",
            Self::Unknown => "Ada jawaban",
        }
    }
}

/// A few Indonesian words for a list; that it is late is said.
pub fn label(standing: &ReportStanding) -> String {
    let words = standing.phase.label();
    if standing.late { format!("{words} · terlambat") } else { words.to_owned() }
}

/// `24 November 2026 pukul 10.30 WIB`
fn moment(at: DateTime<Utc>, zone: Zone) -> String {
    let local = at.with_timezone(&zone.offset());
    let date = indonesian_date(local_date(at, zone));
    format!("{date} pukul {:02}.{:02} {}", local.hour(), local.minute(), zone.name())
}

/// What happened and what to do next. `zone` is that of the report's area.
pub fn next_step(kind: &Kind, report: &Body, standing: &ReportStanding, zone: Zone) -> String {
    let due = standing.due.map(|due| moment(due, zone));
    let (answer, by) = Answer::of(report).map(|answer| (answer.text, Some(answer.by))).unwrap_or_default();
    match (standing.phase, kind, due) {
        (ReportPhase::Waiting, Kind::AccidentReport, Some(_)) if standing.late => {
            "Batas 2 x 24 jam sudah lewat. Laporan tetap tersimpan dan tetap diterima. Kirim sekarang, dan telepon kantor cabang."
                .to_owned()
        }
        (ReportPhase::Waiting, Kind::AccidentReport, Some(due)) => {
            format!("Laporan harus sampai di kantor paling lambat {due}. Kirim secepatnya lewat wifi atau data.")
        }
        (ReportPhase::Waiting, ..) => "Tersimpan di HP ini. Kirim lewat wifi atau pos wifi.".to_owned(),
        (ReportPhase::Sent, Kind::DeathReport, _) => {
            format!("Tunggu jawaban kantor. Ahli waris menyiapkan: {}.", heirs_bring().join("; "))
        }
        (ReportPhase::Sent, Kind::Feedback, Some(due)) => format!("Kantor menjawab paling lambat {due}."),
        (ReportPhase::Sent, ..) => "Tunggu jawaban kantor.".to_owned(),
        (ReportPhase::InHand, ..) if by == Some(AnsweredBy::Clinic) => {
            "Klinik sudah menerima laporan ini. Tunggu jawaban kantor.".to_owned()
        }
        (ReportPhase::InHand, ..) if answer.is_empty() => {
            "Sudah diterima dan sedang ditangani. Tunggu jawabannya.".to_owned()
        }
        (ReportPhase::InHand, ..) => format!("Sudah diterima: {answer}"),
        (ReportPhase::Asked, ..) => format!("Perlu keterangan lagi: {answer} Tulis catatan pada laporan ini."),
        (ReportPhase::Answered | ReportPhase::Seen, ..) => format!("Jawaban: {answer}"),
        (ReportPhase::Unknown, ..) => "Ada jawaban yang belum bisa dibaca. Perbarui aplikasi.".to_owned(),
    }
}
