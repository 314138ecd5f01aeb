//! The member number.

use serde::{Deserialize, Serialize};

/// Member number (*nomor KPJ*): 11 digits, kept as text. `Debug` shows the last four.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Kpj(String);

/// Not 11 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("kpj: must be 11 digits")]
pub struct KpjError;

impl Kpj {
    /// Reads 11 digits, in groups or not.
    pub fn parse(text: &str) -> Result<Self, KpjError> {
        let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
        if bare.len() == 11 && bare.bytes().all(|byte| byte.is_ascii_digit()) { Ok(Self(bare)) } else { Err(KpjError) }
    }

    /// All 11 digits.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `2400 1234 567`, for people who copy it.
    pub fn grouped(&self) -> String {
        format!("{} {} {}", &self.0[..4], &self.0[4..8], &self.0[8..])
    }
}

impl KpjError {
    /// The stable code for texts and the wire.
    pub fn code(self) -> &'static str {
        "kpj_invalid"
    }
}

impl std::fmt::Debug for Kpj {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kpj(*******{})", &self.0[7..])
    }
}

impl TryFrom<String> for Kpj {
    type Error = KpjError;

    fn try_from(text: String) -> Result<Self, KpjError> {
        Self::parse(&text)
    }
}

impl From<Kpj> for String {
    fn from(kpj: Kpj) -> Self {
        kpj.0
    }
}
