//! What is written on paper for a worker without a phone: where the registration stands, what to pay, what comes next.
//! A slip is no card: it says so, and it says "belum terlindungi" until the branch's payment has come.

#[cfg(test)]
mod tests;

use chrono::NaiveDate;

use crate::{
    calendar::indonesian_date,
    contribution::rupiah,
    enrollment::{
        EnrollmentFlag, EnrollmentState, Phase, WHERE_TO_PAY, in_fours, label, next_step, phase, return_reason,
    },
};

/// Where a worker can ask and complain (the public line of BPJS Ketenagakerjaan is 175).
pub const FEEDBACK: &str = "Pertanyaan dan keluhan: petugas RT, kantor desa, atau telepon 175 (BPJS Ketenagakerjaan).";
/// What a slip is not.
pub const NO_CARD: &str = "Kertas ini bukan kartu peserta dan bukan bukti bayar.";

/// What is to be paid, as written large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipPayment {
    /// The code, its digits in fours.
    pub code: String,
    /// `Rp 16.800`
    pub amount: String,
    /// `30 November 2026`
    pub last_day: String,
    /// Where, in Indonesian.
    pub place: String,
}

/// A slip. Indonesian throughout.
#[derive(Clone, PartialEq, Eq)]
pub struct Slip {
    /// Name as on the KTP.
    pub name: String,
    /// `3302********9001`
    pub nik: String,
    /// Whether the worker is covered on the day it is written.
    pub covered: bool,
    /// `BELUM TERLINDUNGI` or `TERLINDUNGI`.
    pub heading: String,
    /// A few words on where it stands.
    pub status: String,
    /// What is to be paid; none without a code that can still be used.
    pub payment: Option<SlipPayment>,
    /// What the worker does next.
    pub next_step: String,
    /// Where to ask and complain.
    pub feedback: String,
    /// The day it is written.
    pub written: String,
    /// All of it as lines of plain text, to be printed or copied by hand.
    pub text: String,
}

impl std::fmt::Debug for Slip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // a person's
        f.debug_struct("Slip").field("covered", &self.covered).finish_non_exhaustive()
    }
}

/// The slip of a worker with this name and masked NIK, by the enrolment that counts, on a day in the region's zone.
pub fn slip(name: &str, masked_nik: &str, state: Option<&EnrollmentState>, today: NaiveDate) -> Slip {
    let registered = EnrollmentState::default();
    let state = state.unwrap_or(&registered);
    let covered = state.is_covered(today);
    let payment = state.payment_code.as_ref().filter(|_| !state.code_expired(today)).map(|code| SlipPayment {
        code: in_fours(&code.code),
        amount: rupiah(code.amount),
        last_day: indonesian_date(code.valid_to),
        place: WHERE_TO_PAY.to_owned(),
    });
    let mut slip = Slip {
        name: name.to_owned(),
        nik: masked_nik.to_owned(),
        covered,
        heading: if covered { "TERLINDUNGI" } else { "BELUM TERLINDUNGI" }.to_owned(),
        status: label(state, today),
        payment,
        next_step: step_of_worker(state, today),
        feedback: FEEDBACK.to_owned(),
        written: indonesian_date(today),
        text: String::new(),
    };
    slip.text = slip.lines().join("\n");
    slip
}

impl Slip {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            "BPJS Ketenagakerjaan: pendaftaran pekerja mandiri".to_owned(),
            format!("Ditulis {}", self.written),
            String::new(),
            self.name.clone(),
            format!("NIK {}", self.nik),
            String::new(),
            self.heading.clone(),
            self.status.clone(),
        ];
        if let Some(SlipPayment { code, amount, last_day, place }) = &self.payment {
            lines.push(String::new());
            lines.push(format!("KODE BAYAR  {code}"));
            lines.push(format!("JUMLAH      {amount}"));
            lines.push(format!("PALING LAMBAT {last_day}, {place}"));
        }
        lines.extend([String::new(), self.next_step.clone(), self.feedback.clone(), NO_CARD.to_owned()]);
        lines
    }
}

/// What the worker does next; the official's own steps are told as what the official does.
fn step_of_worker(state: &EnrollmentState, today: NaiveDate) -> String {
    if state.has(&EnrollmentFlag::DeathReported) {
        return next_step(state, today);
    }
    match phase(state, today) {
        Phase::Draft | Phase::Queued | Phase::WithHub => {
            "Belum terlindungi. Petugas mengirim pendaftaran ini. Tanyakan hasilnya kepada petugas.".to_owned()
        }
        Phase::Received | Phase::Verified | Phase::Submitted => {
            "Belum terlindungi. Tunggu nomor peserta dan kode bayar; petugas akan memberi tahu.".to_owned()
        }
        Phase::Returned => {
            let why = state.returned.as_ref().and_then(|reason| return_reason(&reason.code));
            let why = why.map_or("Ada data yang harus diperbaiki.", |known| &known.sentence);
            format!("Belum terlindungi. {why} Petugas akan memperbaikinya bersama Anda.")
        }
        Phase::Lapsing if state.payment_code.is_none() => {
            let last = state.covered.map(|covered| indonesian_date(covered.until.last_day())).unwrap_or_default();
            format!("Masih terlindungi sampai {last}. Perpanjang lewat petugas sebelum tanggal itu.")
        }
        Phase::Ended => "Belum terlindungi. Kepesertaan sudah berakhir. Daftar lagi lewat petugas.".to_owned(),
        _ => next_step(state, today),
    }
}
