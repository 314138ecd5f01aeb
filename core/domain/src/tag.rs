//! The tag of a NIK: lets a phone find a person by 16 typed digits in records that carry only {masked, tag}.

use crate::nik::Nik;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// First 8 bytes of HMAC-SHA256(village key, 16 digits), as 16 hex digits. The key is the village's, so that tags of
/// different villages can't be joined; a NIK space is enumerable, so a tag hides nothing from who holds the key.
pub fn nik_tag(key: &[u8; 32], nik: &Nik) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes a key of any length") };
    mac.update(nik.expose().as_bytes());
    hex::encode(&mac.finalize().into_bytes()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_depends_on_village_key_and_every_digit() {
        let nik = Nik::parse("3302241505909001").expect("a test NIK");
        let other = Nik::parse("3302241505909002").expect("a test NIK");
        assert_eq!(nik_tag(&[1; 32], &nik).len(), 16);
        assert_ne!(nik_tag(&[1; 32], &nik), nik_tag(&[2; 32], &nik));
        assert_ne!(nik_tag(&[1; 32], &nik), nik_tag(&[1; 32], &other));
        assert_eq!(nik_tag(&[1; 32], &nik), nik_tag(&[1; 32], &nik));
    }
}
