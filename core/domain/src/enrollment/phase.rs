//! What a person sees: the phase of an enrolment on a day, in a few words, with the next step.

use chrono::{Datelike, NaiveDate};

use super::{EnrollmentFlag, EnrollmentState, EnrollmentStatus, PaymentCode, return_reason};
use crate::calendar::{Month, indonesian_date};
use crate::contribution::rupiah;

/// Cover that ends within so many days, the last one counted, is about to lapse.
const LAPSING_DAYS: i64 = 30;
/// So many unpaid months can still be paid; the next ends the membership (PP 44/2015).
const ARREARS_PAYABLE: u8 = 3;

/// Where a payment code can be paid, in Indonesian.
pub(crate) const WHERE_TO_PAY: &str = "lewat bank, minimarket, atau kantor pos";

/// Where an enrolment stands, from the stored status, the cover and the day. The first three are known to the phone
/// only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Being written.
    Draft,
    /// Saved, not sent; or, at the office, the submit event has not arrived.
    Queued,
    /// Carried by a hub.
    WithHub,
    /// At the office.
    Received,
    /// Found in order.
    Verified,
    /// Sent back with a reason.
    Returned,
    /// With the branch.
    Submitted,
    /// To be paid.
    Numbered,
    /// Paid, the first day of cover has not come.
    PaidNotStarted,
    /// Covered.
    Covered,
    /// Covered, for at most 30 days more.
    Lapsing,
    /// So many months unpaid (1 to 3), still payable; not covered.
    Arrears(u8),
    /// A fourth unpaid month has begun: coming back is a new registration.
    Ended,
    /// Over.
    Closed,
    /// A status of a newer schema; not covered as far as this version knows.
    Unknown,
}

/// The phase on `today`, a day in the region's zone.
pub fn phase(state: &EnrollmentState, today: NaiveDate) -> Phase {
    match &state.status {
        None => Phase::Queued,
        Some(EnrollmentStatus::Received) => Phase::Received,
        Some(EnrollmentStatus::Verified) => Phase::Verified,
        Some(EnrollmentStatus::Returned) => Phase::Returned,
        Some(EnrollmentStatus::Submitted) => Phase::Submitted,
        Some(EnrollmentStatus::Numbered) => Phase::Numbered,
        Some(EnrollmentStatus::Active) => active_phase(state, today),
        Some(EnrollmentStatus::Closed) => Phase::Closed,
        Some(EnrollmentStatus::Other(_)) => Phase::Unknown,
    }
}

fn active_phase(state: &EnrollmentState, today: NaiveDate) -> Phase {
    let Some(covered) = state.covered else { return Phase::Unknown };
    let unpaid = covered.until.months_until(Month::of(today));
    if unpaid > 0 {
        return match u8::try_from(unpaid) {
            Ok(months) if months <= ARREARS_PAYABLE => Phase::Arrears(months),
            _ => Phase::Ended,
        };
    }
    if covered.from > today {
        Phase::PaidNotStarted
    } else if (covered.until.last_day() - today).num_days() < LAPSING_DAYS {
        Phase::Lapsing
    } else {
        Phase::Covered
    }
}

impl Phase {
    /// The stable code for filters and texts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Queued => "queued",
            Self::WithHub => "with_hub",
            Self::Received => "received",
            Self::Verified => "verified",
            Self::Returned => "returned",
            Self::Submitted => "submitted",
            Self::Numbered => "numbered",
            Self::PaidNotStarted => "paid_not_started",
            Self::Covered => "covered",
            Self::Lapsing => "lapsing",
            Self::Arrears(_) => "arrears",
            Self::Ended => "ended",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }

    /// True while the worker is covered.
    pub fn is_covered(self) -> bool {
        matches!(self, Self::Covered | Self::Lapsing)
    }

    /// A few Indonesian words, without dates and reasons; [`label`] has them.
    pub fn label(self) -> &'static str {
        match self {
            Self::Draft => "Belum selesai",
            Self::Queued => "Tersimpan di HP ini",
            Self::WithHub => "Dititipkan",
            Self::Received => "Diterima kantor",
            Self::Verified => "Siap ke cabang",
            Self::Returned => "Perlu dibenahi",
            Self::Submitted => "Menunggu cabang",
            Self::Numbered => "Belum terlindungi",
            Self::PaidNotStarted => "Lunas, belum mulai",
            Self::Covered => "Terlindungi",
            Self::Lapsing => "Segera habis",
            Self::Arrears(_) => "Menunggak",
            Self::Ended => "Berakhir",
            Self::Closed => "Ditutup",
            Self::Unknown => "Diperiksa kantor",
        }
    }

    /// What is to be done next, in Indonesian, without dates and reasons; [`next_step`] has them.
    pub fn next_step(self) -> &'static str {
        match self {
            Self::Draft => "Belum terlindungi. Lanjutkan mengisi, lalu kirim.",
            Self::Queued => "Belum terlindungi. Data tersimpan di HP ini. Kirim lewat wifi atau pos wifi.",
            Self::WithHub => {
                "Belum terlindungi. Data dititipkan di pos wifi dan tetap ada di HP ini. Tunggu tanda terima kantor."
            }
            Self::Received => "Belum terlindungi. Kantor sedang memeriksa. Tidak ada yang perlu dikerjakan.",
            Self::Verified => {
                "Belum terlindungi. Data sudah diperiksa dan akan dikirim ke cabang. Tidak ada yang perlu dikerjakan."
            }
            Self::Returned => "Belum terlindungi. Datanya tetap tersimpan. Perbaiki, lalu kirim lagi.",
            Self::Submitted => "Belum terlindungi. Tunggu nomor peserta dan kode bayar dari cabang.",
            Self::Numbered => "Belum terlindungi. Bayar dengan kode dari cabang.",
            Self::PaidNotStarted => "Lunas, tetapi belum terlindungi. Tunggu hari pertamanya.",
            Self::Covered => "Terlindungi. Tidak ada yang perlu dikerjakan.",
            Self::Lapsing => "Masih terlindungi. Tanyakan apakah warga masih bekerja, lalu perpanjang.",
            Self::Arrears(_) => "Belum terlindungi. Tunggakan masih bisa dibayar.",
            Self::Ended => "Belum terlindungi. Kepesertaan sudah berakhir. Daftarkan lagi sebagai pendaftaran baru.",
            Self::Closed => "Belum terlindungi lewat pendaftaran ini.",
            Self::Unknown => "Belum terlindungi menurut HP ini. Perbarui aplikasi atau tanyakan ke kantor.",
        }
    }
}

/// A few Indonesian words for a list: the reason of a return, until when it is paid, by when to pay.
pub fn label(state: &EnrollmentState, today: NaiveDate) -> String {
    let phase = phase(state, today);
    match (phase, &state.payment_code, state.covered, &state.returned) {
        (Phase::Returned | Phase::Closed, _, _, Some(reason)) => {
            return_reason(&reason.code).map_or(phase.label(), |known| &known.label).to_owned()
        }
        (Phase::Numbered, Some(_), ..) if state.code_expired(today) => "Belum · kode bayar habis".to_owned(),
        (Phase::Numbered, Some(code), ..) => format!("Belum · bayar s.d. {}", short_date(code.valid_to, today)),
        (Phase::PaidNotStarted, _, Some(covered), _) => {
            format!("Lunas, terlindungi mulai {}", date_words(covered.from, today))
        }
        (Phase::Covered, _, Some(covered), _) => format!("Terlindungi s.d. {}", short_month(covered.until)),
        (Phase::Lapsing, _, Some(covered), _) => {
            format!("Segera habis · s.d. {}", short_date(covered.until.last_day(), today))
        }
        (Phase::Arrears(months), ..) => format!("Menunggak {months} bulan"),
        _ => phase.label().to_owned(),
    }
}

/// What happened and what to do next, in Indonesian a neighbour would say.
pub fn next_step(state: &EnrollmentState, today: NaiveDate) -> String {
    let phase = phase(state, today);
    if state.has(&EnrollmentFlag::DeathReported) && phase != Phase::Closed {
        return "Kematian sudah dilaporkan. Tunggu jawaban kantor dan bantu ahli waris menyiapkan surat-suratnya."
            .to_owned();
    }
    if state.has(&EnrollmentFlag::ConflictOpen) && matches!(phase, Phase::Received | Phase::Verified) {
        return "Belum terlindungi. Ada data yang berbeda dan harus dipilih dulu. Cocokkan dengan KTP atau KK."
            .to_owned();
    }
    if state.has(&EnrollmentFlag::DuplicateReview) && matches!(phase, Phase::Received | Phase::Verified) {
        return "Belum terlindungi. Kantor memeriksa apakah warga ini sudah terdaftar.".to_owned();
    }
    let sponsor = SPONSOR_WORDS.iter().find(|(flag, _)| state.has(flag)).map(|(_, words)| *words);
    if let Some(words) = sponsor.filter(|_| matches!(phase, Phase::Received | Phase::Verified)) {
        return format!("Belum terlindungi. {words}");
    }
    let renewal = state.has(&EnrollmentFlag::RenewalOpen);
    let pay = state.payment_code.as_ref().map(|code| pay_words(code, state.code_expired(today), today));
    match (phase, state.covered, &state.returned) {
        (Phase::Returned, _, Some(reason)) => match return_reason(&reason.code) {
            Some(known) => format!("{} Datanya tetap tersimpan. {}", known.sentence, known.action),
            None if reason.text.trim().is_empty() => phase.next_step().to_owned(),
            None => format!("Catatan cabang: {} {}", reason.text.trim(), phase.next_step()),
        },
        (Phase::Closed, _, Some(reason)) => return_reason(&reason.code)
            .map_or_else(|| phase.next_step().to_owned(), |known| format!("{} {}", known.sentence, known.action)),
        (Phase::Numbered, ..) => {
            pay.map_or_else(|| phase.next_step().to_owned(), |pay| format!("Belum terlindungi. {pay}"))
        }
        (Phase::PaidNotStarted, Some(covered), _) => {
            let day = date_words(covered.from, today);
            format!("Lunas, tetapi belum terlindungi. Terlindungi mulai {day}.")
        }
        (Phase::Covered, Some(covered), _) => {
            let until = format!("Terlindungi sampai akhir {}.", covered.until.indonesian());
            match pay {
                Some(pay) => format!("{until} {pay}"),
                None if renewal => format!("{until} Perpanjangan sudah diminta. Tunggu kode bayar dari cabang."),
                None => until,
            }
        }
        (Phase::Lapsing, Some(covered), _) => {
            let last = date_words(covered.until.last_day(), today);
            match pay {
                Some(pay) => format!("Masih terlindungi sampai {last}. {pay}"),
                None if renewal => format!("Masih terlindungi sampai {last}. Tunggu kode bayar dari cabang."),
                None => format!(
                    "Masih terlindungi sampai {last}. Tanyakan apakah warga masih bekerja, lalu perpanjang sebelum tanggal itu."
                ),
            }
        }
        (Phase::Arrears(months), Some(covered), _) => {
            let last = date_words(covered.until.add_months(i32::from(ARREARS_PAYABLE)).last_day(), today);
            let how = pay.unwrap_or_else(|| {
                if renewal { "Tunggu kode bayar dari cabang." } else { "Perpanjang sekarang." }.to_owned()
            });
            format!("Belum terlindungi, menunggak {months} bulan. Masih bisa dibayar sampai {last}. {how}")
        }
        _ => phase.next_step().to_owned(),
    }
}

/// What stands against a sponsor's paying.
const SPONSOR_WORDS: [(EnrollmentFlag, &str); 3] = [
    (
        EnrollmentFlag::OverQuota,
        "Kuota penjamin sudah penuh. Tunggu kabar tempat kosong dari kantor, atau ubah pembayarnya.",
    ),
    (
        EnrollmentFlag::PayerTaken,
        "Iuran warga ini sudah dibayar penjamin lain di bulan yang sama. Ubah pembayar atau bulan mulainya.",
    ),
    (
        EnrollmentFlag::AgreementUnfit,
        "Pendaftaran ini tidak cocok dengan perjanjian penjamin. Periksa nomor perjanjian, pembayar, bulan, dan programnya.",
    ),
];

fn pay_words(code: &PaymentCode, expired: bool, today: NaiveDate) -> String {
    let last = date_words(code.valid_to, today);
    if expired {
        return format!("Kode bayar habis {last}. Tunggu kode baru dari cabang, jangan bayar dengan kode lama.");
    }
    format!("Bayar {} dengan kode {} paling lambat {last}, {WHERE_TO_PAY}.", rupiah(code.amount), in_fours(&code.code))
}

/// A payment code as people read it aloud: `8200 1234 5678`.
pub(crate) fn in_fours(code: &str) -> String {
    let digits: Vec<char> = code.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// `1 Desember`, with the year unless it is this one.
fn date_words(date: NaiveDate, today: NaiveDate) -> String {
    let full = indonesian_date(date);
    if date.year() != today.year() {
        return full;
    }
    full.rsplit_once(' ').map_or(full.clone(), |(day_and_month, _)| day_and_month.to_owned())
}

/// `28 Nov`, with the year unless it is this one.
fn short_date(date: NaiveDate, today: NaiveDate) -> String {
    let short = short_month(Month::of(date));
    let month = if date.year() == today.year() { &short[..3] } else { &short };
    format!("{} {month}", date.day())
}

/// `Okt 2027`.
fn short_month(month: Month) -> String {
    let full = month.indonesian();
    let year = full.rsplit_once(' ').map_or("", |(_, year)| year);
    format!("{} {year}", &full[..3])
}
