//! The claim code: ten characters on a worker's slip with which their own phone joins for their own record. Single use,
//! 14 days. Typed, it needs to be told which server it is of; as a QR code it is an invite like any other.

use crate::{
    invite::{Invite, InviteError, InviteSecret, check_servers, read_servers, write_servers},
    keys::Fingerprint,
    link,
};
use argon2::{Algorithm, Argon2, Params, Version};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Crockford's base32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CONTEXT: &[u8] = b"payung/claim/1";
/// Memory in KiB and passes: 50 bits are too few for a fast hash, should the server's table be stolen.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Ten characters of Crockford's base32: 50 random bits.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ClaimCode([u8; ClaimCode::LENGTH]);

/// What was typed is no claim code. Never repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ClaimError {
    /// Not ten characters, hyphens and spaces left out.
    #[error("a claim code has {} letters and digits", ClaimCode::LENGTH)]
    Length,
    /// A character that no code has.
    #[error("a claim code has digits and letters only, and no U")]
    Character,
    /// What names the server is not a server's link.
    #[error(transparent)]
    Server(#[from] InviteError),
}

impl ClaimCode {
    /// How many characters it has.
    pub const LENGTH: usize = 10;

    /// A new code.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut code = [0; Self::LENGTH];
        rng.fill_bytes(&mut code);
        // 256 is a multiple of 32: every character is as likely
        for byte in &mut code {
            *byte = ALPHABET[usize::from(*byte % 32)];
        }
        Self(code)
    }

    /// Reads what was typed: in capitals or not, with hyphens or spaces; I and L are a 1, O is a 0.
    ///
    /// # Errors
    /// [`ClaimError`].
    pub fn parse(typed: &str) -> Result<Self, ClaimError> {
        let mut code = [0; Self::LENGTH];
        let mut length = 0;
        for typed in typed.chars().filter(|typed| !typed.is_whitespace() && *typed != '-') {
            let character = match typed.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            };
            let byte = u8::try_from(character).ok().filter(|byte| ALPHABET.contains(byte));
            let byte = byte.ok_or(ClaimError::Character)?;
            *code.get_mut(length).ok_or(ClaimError::Length)? = byte;
            length += 1;
        }
        if length == Self::LENGTH { Ok(Self(code)) } else { Err(ClaimError::Length) }
    }

    /// The secret of the invite it stands for, at the server with this root: Argon2id of the characters, so that who
    /// steals the server's hashes cannot try all codes in the days one is good for. Takes 19 MiB and some 50 ms.
    pub fn secret(&self, root: &Fingerprint) -> InviteSecret {
        let salt = Sha256::new().chain_update(CONTEXT).chain_update(root.0).finalize();
        let mut secret = [0; 16];
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(secret.len())).expect("within Argon2's bounds");
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(&self.0, &salt, &mut secret)
            .expect("salt and output are long enough");
        InviteSecret::from_bytes(secret)
    }

    /// The invite it stands for.
    pub fn invite(&self, server: &ServerLink) -> Invite {
        Invite { servers: server.servers.clone(), root: server.root, secret: self.secret(&server.root) }
    }
}

impl fmt::Display for ClaimCode {
    /// `7K3QD-WX9RT`: as it is printed, and read over a telephone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let hyphen = if at == Self::LENGTH / 2 { "-" } else { "" };
            write!(f, "{hyphen}{}", char::from(*byte))?;
        }
        Ok(())
    }
}

impl fmt::Debug for ClaimCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimCode(…)")
    }
}

const LINK: &str = "payung://server/";
const VERSION: u8 = 1;

/// Where a server is and the root its keys hang on: what an invite says, without its secret. On the wall of the office, or
/// built into the app of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerLink {
    /// Where the server is, as in [`Invite`].
    pub servers: Vec<String>,
    /// The root all keys hang on.
    pub root: Fingerprint,
}

impl ServerLink {
    /// `payung://server/` and base32, as an invite's link: `version (1) || root (16) || (length (1) || address)* || check (4)`.
    ///
    /// # Errors
    /// [`InviteError::Address`].
    pub fn to_link(&self) -> Result<String, InviteError> {
        check_servers(&self.servers)?;
        let mut body = vec![VERSION];
        body.extend_from_slice(&self.root.0);
        write_servers(&mut body, &self.servers)?;
        Ok(link::write(LINK, body))
    }

    /// Reads a link, in capitals or not, with space around it.
    ///
    /// # Errors
    /// [`InviteError`].
    pub fn parse(text: &str) -> Result<Self, InviteError> {
        let body = link::read(LINK, text)?;
        let (version, body) = body.split_first().ok_or(InviteError::Damaged)?;
        if *version != VERSION {
            return Err(InviteError::Version(*version));
        }
        let (root, body) = body.split_first_chunk().ok_or(InviteError::Damaged)?;
        Ok(Self { servers: read_servers(body)?, root: Fingerprint(*root) })
    }
}

impl From<&Invite> for ServerLink {
    fn from(invite: &Invite) -> Self {
        Self { servers: invite.servers.clone(), root: invite.root }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::World;
    use proptest::prelude::*;

    #[test]
    fn code_is_read_as_people_type_it() {
        let code = ClaimCode::parse("7K3QD-WX9RT").expect("a code");
        for typed in ["7k3qdwx9rt", " 7K3QD WX9RT ", "7-K-3-Q-D-W-X-9-R-T"] {
            assert!(ClaimCode::parse(typed) == Ok(code.clone()), "{typed}");
        }
        let read = |typed: &str| ClaimCode::parse(typed).map(|code| code.to_string());
        assert_eq!(read("iLoO0-11111").as_deref(), Ok("11000-11111"));
        assert_eq!(read("7K3QDWX9R"), Err(ClaimError::Length));
        assert_eq!(read("7K3QDWX9RTA"), Err(ClaimError::Length));
        for wrong in ["7K3QDWX9RU", "7K3QDWX9R!", "7K3QDWX9R٤", "7K3QDWX9Rœ"] {
            assert_eq!(read(wrong), Err(ClaimError::Character), "{wrong}");
        }
        assert_eq!(format!("{code:?}"), "ClaimCode(…)");
    }

    #[test]
    fn secret_is_of_the_code_and_of_the_server() {
        let code = ClaimCode::parse("7K3QDWX9RT").expect("a code");
        let (one, other) = (Fingerprint([1; 16]), Fingerprint([2; 16]));
        let secret = code.secret(&one).hash();
        assert_eq!(code.secret(&one).hash(), secret);
        assert_ne!(code.secret(&other).hash(), secret);
        assert_ne!(ClaimCode::parse("7K3QDWX9RV").expect("a code").secret(&one).hash(), secret);
    }

    #[test]
    fn codes_differ_and_read_back() {
        let mut world = World::new(7);
        let codes: Vec<ClaimCode> = (0..200).map(|_| ClaimCode::generate(&mut world.rng)).collect();
        for (at, code) in codes.iter().enumerate() {
            assert!(ClaimCode::parse(&code.to_string()) == Ok(code.clone()));
            assert!(!codes[..at].contains(code));
        }
    }

    #[test]
    fn server_link_is_an_invite_without_its_secret() {
        let invite = World::new(4).invite();
        let server = ServerLink::from(&invite);
        let text = server.to_link().expect("usable addresses");
        assert_eq!(ServerLink::parse(&text.to_lowercase()), Ok(server.clone()));
        assert_eq!(ServerLink::parse(&invite.to_link().expect("a link")), Err(InviteError::OtherLink));
        assert_eq!(Invite::parse(&text), Err(InviteError::OtherLink));
        assert_eq!(ServerLink::parse(&text[..text.len() - 3]), Err(InviteError::Damaged));
        let nowhere = ServerLink { servers: Vec::new(), ..server };
        assert_eq!(nowhere.to_link(), Err(InviteError::Address));
    }

    proptest! {
        #[test]
        fn anything_else_is_refused_without_a_panic(text in "\\PC{0,40}") {
            if let Ok(code) = ClaimCode::parse(&text) {
                prop_assert_eq!(code.to_string().len(), 11);
            }
            prop_assert!(ServerLink::parse(&text).is_err());
        }
    }
}
