//! The words people read, in Indonesian: of the verdict here, of the printed card beside it.

use crate::{Card, CardError, Doubt, Refusal, Verdict, verdict::Light};
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
        Verdict::Green(card) => {
            vec![format!("Kartu asli. Terlindungi hari ini; iuran tercatat sampai {}.", card.paid_to.indonesian())]
        }
        Verdict::Amber(_, doubts) => doubts.iter().map(doubt).chain([ASK.to_owned()]).collect(),
        Verdict::Red(refusal) => vec![self::refusal(refusal).to_owned(), CARE.to_owned()],
    }
}

const ASK: &str = "Pastikan ke kantor cabang sebelum menagih.";
const CARE: &str = "Pertolongan tetap diberikan. Tanyakan kepesertaannya ke kantor cabang.";

/// Where a picture was to be judged and holds no code.
pub const NO_CODE: &str = "Tidak ada kode yang terbaca di gambar ini. Ambil gambar yang lebih jelas.";

fn doubt(doubt: &Doubt) -> String {
    match doubt {
        Doubt::PaidUntil(month) => format!("Anggota, iuran tercatat sampai {:02}/{}.", month.month(), month.year()),
        Doubt::StartsLater(day) => format!("Lunas, terlindungi mulai {}.", indonesian_date(*day)),
        Doubt::NoList => "Daftar kartu yang dicabut belum ada di sini.".to_owned(),
        Doubt::OldList { days } => format!("Daftar kartu yang dicabut sudah {days} hari. Ambil yang baru."),
        Doubt::UnsureClock => "Tanggal di alat ini belum pasti.".to_owned(),
    }
}

fn refusal(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Expired => "Masa berlaku kartu sudah habis.",
        Refusal::Future => "Tanggal terbit kartu belum tiba. Periksa tanggal di alat ini.",
        Refusal::Revoked => "Kartu ini sudah dicabut.",
        Refusal::Unlisted => "Nomor kartu ini tidak ada di daftarnya.",
        Refusal::Card(error) => match error {
            CardError::TooLarge { .. } | CardError::Nested | CardError::NotOurs => "Ini bukan kartu peserta.",
            CardError::Truncated => "Kode terpotong. Pindai atau salin lagi sampai utuh.",
            CardError::OtherIssuer | CardError::OtherRoot => "Penerbit kartu ini tidak dikenal di sini.",
            CardError::KeyNotValid | CardError::OldSerial => "Kunci penerbit tidak berlaku pada tanggal terbit kartu.",
            CardError::BadSignature | CardError::Algorithm => {
                "Tanda tangan digital tidak cocok: kartu ini palsu atau rusak."
            }
            CardError::Claim(_) => "Isi kartu ini tidak lengkap atau salah.",
        },
    }
}

/// `JKK · JKM · JHT`
pub fn programmes(programmes: &Programs) -> String {
    programmes.iter().map(|programme| programme.as_str().to_uppercase()).collect::<Vec<_>>().join(" · ")
}

/// What a clinic compares with the KTP, a line each: label and value.
pub fn facts(card: &Card) -> Vec<(&'static str, String)> {
    let birth = match card.birth {
        crate::Birth::Date(date) => indonesian_date(date),
        crate::Birth::Year(year) => year.to_string(),
    };
    vec![
        ("Nama", card.name.clone()),
        ("NIK", card.nik.as_str().to_owned()),
        ("Lahir", birth),
        ("Program", programmes(&card.programmes)),
        ("Terlindungi mulai", indonesian_date(card.covered_from)),
        ("Iuran tercatat sampai", card.paid_to.indonesian()),
        ("Diterbitkan", indonesian_date(card.issued)),
        ("Nomor kartu", card.id.clone()),
    ]
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
