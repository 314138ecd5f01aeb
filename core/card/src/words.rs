//! The words people read, in Indonesian: of the verdict here, of the printed card beside it.

use crate::{Card, Doubt, Verdict, verdict::Light};
use payung_domain::{calendar::indonesian_date, contribution::Programs};

/// One word in the largest letters.
pub fn heading(light: Light) -> &'static str {
    match light {
        Light::Green => "TERLINDUNGI",
        Light::Amber => "TANYAKAN DULU",
        Light::Red => "TIDAK SAH",
    }
}

/// What is meant, a sentence for each reason, and what to do.
pub fn sentences(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Verdict::Green(card) => vec![GREEN.replace("{month}", &card.paid_to.indonesian())],
        Verdict::Amber(_, doubts) => doubts.iter().map(doubt).chain([ASK.to_owned()]).collect(),
        Verdict::Red(refusal) => vec![reason(refusal.code()).to_owned(), CARE.to_owned()],
    }
}

/// For green; what stands in braces is filled in, here and in [`REASONS`].
pub const GREEN: &str = "Kartu asli. Terlindungi hari ini; iuran tercatat sampai {month}.";
/// After the doubts of amber.
pub const ASK: &str = "Pastikan ke kantor cabang sebelum menagih.";
/// After the reason of red.
pub const CARE: &str = "Pertolongan tetap diberikan. Tanyakan kepesertaannya ke kantor cabang.";

/// Where a picture was to be judged and holds no code.
pub const NO_CODE: &str = "Tidak ada kode yang terbaca di gambar ini. Ambil gambar yang lebih jelas.";

/// The sentence of each reason by its code ([`Doubt::code`], [`crate::Refusal::code`]).
pub const REASONS: [(&str, &str); 18] = [
    ("paid_until", "Anggota, iuran tercatat sampai {month}."),
    ("starts_later", "Lunas, terlindungi mulai {day}."),
    ("no_list", "Daftar kartu yang dicabut belum ada di sini."),
    ("old_list", "Daftar kartu yang dicabut sudah {days} hari. Ambil yang baru."),
    ("unsure_clock", "Tanggal di alat ini belum pasti."),
    ("expired", "Masa berlaku kartu sudah habis."),
    ("future", "Tanggal terbit kartu belum tiba. Periksa tanggal di alat ini."),
    ("revoked", "Kartu ini sudah dicabut."),
    ("unlisted", "Nomor kartu ini tidak ada di daftarnya."),
    ("too_large", NOT_A_CARD),
    ("nested", NOT_A_CARD),
    ("not_a_card", NOT_A_CARD),
    ("truncated", "Kode terpotong. Pindai atau salin lagi sampai utuh."),
    ("other_issuer", "Penerbit kartu ini tidak dikenal di sini."),
    ("key_not_valid", "Kunci penerbit tidak berlaku pada tanggal terbit kartu."),
    ("bad_signature", FORGED),
    ("algorithm", FORGED),
    ("claim", "Isi kartu ini tidak lengkap atau salah."),
];
const NOT_A_CARD: &str = "Ini bukan kartu peserta.";
const FORGED: &str = "Tanda tangan digital tidak cocok: kartu ini palsu atau rusak.";

fn reason(code: &str) -> &'static str {
    REASONS.iter().find(|(known, _)| *known == code).map_or(NOT_A_CARD, |(_, sentence)| sentence)
}

fn doubt(doubt: &Doubt) -> String {
    let sentence = reason(doubt.code());
    match doubt {
        Doubt::PaidUntil(month) => sentence.replace("{month}", &format!("{:02}/{}", month.month(), month.year())),
        Doubt::StartsLater(day) => sentence.replace("{day}", &indonesian_date(*day)),
        Doubt::OldList { days } => sentence.replace("{days}", &days.to_string()),
        Doubt::NoList | Doubt::UnsureClock => sentence.to_owned(),
    }
}

/// `JKK · JKM · JHT`
pub fn programmes(programmes: &Programs) -> String {
    programmes.iter().map(|programme| programme.as_str().to_uppercase()).collect::<Vec<_>>().join(" · ")
}

/// The labels of [`facts`].
pub const LABELS: [&str; 8] =
    ["Nama", "NIK", "Lahir", "Program", "Terlindungi mulai", "Iuran tercatat sampai", "Diterbitkan", "Nomor kartu"];

/// What a clinic compares with the KTP, a line each: label and value.
pub fn facts(card: &Card) -> Vec<(&'static str, String)> {
    let birth = match card.birth {
        crate::Birth::Date(date) => indonesian_date(date),
        crate::Birth::Year(year) => year.to_string(),
    };
    let values = [
        card.name.clone(),
        card.nik.as_str().to_owned(),
        birth,
        programmes(&card.programmes),
        indonesian_date(card.covered_from),
        card.paid_to.indonesian(),
        indonesian_date(card.issued),
        card.id.clone(),
    ];
    LABELS.into_iter().zip(values).collect()
}

/// The heading of a printed card.
pub const TITLE: &str = "KARTU PESERTA";
/// Below it.
pub const SUBTITLE: &str = "Jaminan sosial pekerja informal · BPJS Ketenagakerjaan";
/// What to do in an accident, and its steps. The 2 x 24 hours are the first report's (Permenaker 5/2021).
pub const ACCIDENT: &str = "Bila kecelakaan kerja";
/// See [`ACCIDENT`].
pub const ACCIDENT_STEPS: [&str; 3] = [
    "Segera ke klinik atau rumah sakit PLKK terdekat. Tunjukkan kartu ini dan KTP.",
    "Lapor ke RT/RW atau kantor cabang paling lambat 2 x 24 jam.",
    "Catat waktu, tempat, dan nama saksi.",
];
/// What the heirs do.
pub const DEATH: &str = "Bila peserta meninggal, apa pun sebabnya, ahli waris melapor ke RT/RW atau kantor cabang.";
/// What a printed card is not.
pub const WHO_DECIDES: &str =
    "Isi kartu ini sesuai catatan pada tanggal terbit. Iuran dapat berubah sesudahnya; kantor cabang yang memutuskan.";

/// Where criticism and suggestions go.
pub fn feedback(address: &str) -> String {
    format!("Kritik dan masukan: {address}")
}

/// Under the code.
pub fn scan(card: &Card) -> String {
    format!("Pindai untuk memeriksa tanpa internet, sampai {}. Kartu {}.", indonesian_date(card.expires), card.id)
}

/// What is read on paper without the code, a line each: label and value. What was paid is told as of the day of issue, since
/// paper does not change.
pub fn printed_facts(card: &Card) -> Vec<(&'static str, String)> {
    vec![
        ("Nama", card.name.clone()),
        ("NIK", card.nik.as_str().to_owned()),
        ("Program", programmes(&card.programmes)),
        ("Terlindungi mulai", indonesian_date(card.covered_from)),
        ("Iuran tercatat sampai", card.paid_to.indonesian()),
        ("per tanggal terbit", indonesian_date(card.issued)),
    ]
}
