//! docs/PROTOCOL.md, made from the field tables, the limits and the problem codes, so that it cannot drift from them.

use crate::{
    bundle::{LIST, Limits, NEXT, OBJECT},
    certificate::{self, MAX_CERTIFICATE, Role},
    key_list,
    message::MAX_OPS,
    problem::{PROBLEM_JSON, ProblemCode},
    recovery, seal,
};
use payung_domain::{
    field::{Class, Kind, SCHEMA},
    record::MAX_RECORD,
};
use std::fmt::Write;

/// The whole document, as committed.
pub fn markdown() -> String {
    let mut text = String::new();
    // writing to a String cannot fail
    let _ = write_document(&mut text);
    text
}

fn write_document(out: &mut String) -> std::fmt::Result {
    let (exchange, join) = (seal::EXCHANGE, seal::JOIN);
    let (request, reply, joining) = (Limits::REQUEST, Limits::REPLY, Limits::JOIN);
    write!(
        out,
        "# Protocol

Made by `payung_protocol::document`; `PAYUNG_BLESS=1 cargo test -p payung-protocol` writes it anew. Schema version {SCHEMA}.

One exchange for every road: the same sealed bytes go by HTTPS, through a hub or as a file. A phone posts a sealed
request to `/v1/exchange` and gets a sealed reply; joining, and asking for a newer certificate, is the same at `/v1/join`;
`GET /v1/keys` hands out the keys. For verifiers of membership cards, who need not join: `GET /v1/cards/keys` (the issuers' keys, text) and
`GET /s/3302` (the status list of regency 33.02, CWT).
Bundles are never refused for their age, order or repetition.

## Sealing

JSON -> zstd (one frame, level 3) -> COSE_Sign1 (RFC 9052) -> HPKE (RFC 9180).

```
bundle        = clear header || encapsulated key (32) || ciphertext || tag (16)
clear header  = version (1) = 1 || receiver key id (8) || bundle id (16)
```

- HPKE: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, empty info, aad = clear header.
- COSE_Sign1: untagged, EdDSA (Ed25519); `alg` and `kid` protected, nothing unprotected, nothing after it.
- external_aad = context || clear header || receiver key id || (replies only) SHA-256 of the sealed request.
- Key id = first 8 bytes of SHA-256 (public key). Fingerprint of the root = its first 16 bytes.
- A reply has the bundle id of its request, and is sealed to the device key.

| message | context | signed by | `kid` | sealed to |
|---|---|---|---|---|
| request | `{exchange}` | session key of the device | device id, 16 bytes | server's receiver key |
| reply | `{exchange}` | server signing key | its key id | device key |
| join request | `{join}` | the session key inside | its key id | server's receiver key |
| renew request | `{join}` | session key of the device | device id, 16 bytes | server's receiver key |
| join answer, to both | `{join}` | server signing key | its key id | device key |

| limit | sealed bytes | JSON bytes |
|---|---|---|
| request, at most {MAX_OPS} ops | {} | {} |
| reply | {} | {} |
| join, both ways | {} | {} |

The JSON of a request is also refused (`bundle_too_large`) where reading it is reckoned at more than {} bytes of memory:
twice its length, and {OBJECT} for each object, {LIST} for each list and {NEXT} for each comma. A record holds at most
{MAX_RECORD} bytes of JSON, its fields and open conflicts together with what an op writes; beyond that the op is refused
(`record_too_large`).

",
        request.sealed,
        request.unpacked,
        reply.sealed,
        reply.unpacked,
        joining.sealed,
        joining.unpacked,
        request.memory,
    )?;
    out.push_str(MESSAGES);
    write!(
        out,
        "## Certificate and key lists

COSE_Sign1 of the same narrow form over a CBOR map with text keys; external_aad = context; `kid` = key id of the signer.
Keys, ids and fingerprints are byte strings, times milliseconds since 1970.

| what | context | signed by | most bytes | map |
|---|---|---|---|---|
| certificate | `{certificate}` | server signing key | {MAX_CERTIFICATE} | serial, server (fingerprint), device, official, name, session_key, device_key, attestation?, roles, areas, issued_at, lease_until, replaces? |
| key list | `{keys}` | root | {max_list} | serial, root, signing [key], recovery?, card_roots? |
| receiver list | `{receivers}` | server signing key | {max_list} | serial, keys [{{public, not_after}}] |

`GET /v1/keys` answers `{{\"keys\": base64url, \"receivers\": base64url}}`. A serial never goes back.

Roles: {roles}; others are kept as they came.

",
        certificate = certificate::CONTEXT,
        keys = key_list::KEYS,
        receivers = key_list::RECEIVERS,
        max_list = key_list::MAX_LIST,
        roles = Role::KNOWN.iter().map(|role| format!("`{role}`")).collect::<Vec<_>>().join(", "),
    )?;
    write!(
        out,
        "## Recovery

An official who forgot the PIN shows an operator the request, and types or scans the answer. Both are texts: base32 (RFC
4648, no padding) of the bytes and the first 4 of their SHA-256. HPKE as above, aad = what stands before the encapsulated
key.

```
escrow copy   = version (1) = 1 || recovery key id (8) || device (16) || encapsulated key (32) || database key, sealed (48)
request       = escrow copy || new key of the phone (32)                                      {recover}
answer        = version (1) = 1 || id of that key (8) || encapsulated key (32) || database key, sealed (48)
                                                                                              {recovered}
```

HPKE info: `{escrow}` for the escrow copy, `{recovery}` || SHA-256 (request) for the answer. The code that phone and
operator compare is base32 of the first 5 bytes of that SHA-256.

",
        recover = recovery::REQUEST,
        recovered = recovery::ANSWER,
        escrow = recovery::ESCROW_CONTEXT,
        recovery = recovery::ANSWER_CONTEXT,
    )?;
    write_problems(out)?;
    write_kinds(out)
}

fn write_problems(out: &mut String) -> std::fmt::Result {
    write!(
        out,
        "## Problems

`{PROBLEM_JSON}` (RFC 9457): `{{type: \"urn:payung:problem:CODE\", title, title_en, status, detail?, request_id}}`. Not
signed, so a problem makes a phone wait, seal again or ask a person; it never counts as an outcome.

| code | status | title | in English |
|---|---|---|---|
"
    )?;
    for code in ProblemCode::KNOWN {
        writeln!(out, "| `{code}` | {} | {} | {} |", code.status(), code.title(), code.title_en())?;
    }
    out.push('\n');
    Ok(())
}

fn write_kinds(out: &mut String) -> std::fmt::Result {
    out.push_str(
        "## Kinds

A body is a JSON object of the fields below; unknown fields and values survive. A record without a required field is
*incomplete*, never refused. Class: **A** server-owned, a phone's write is refused; **B** both values become candidates
of a conflict; **C** the later write wins; **fixed** at creation.

",
    );
    for kind in Kind::KNOWN {
        let Some(table) = kind.table() else { continue };
        writeln!(out, "### {}\n\n{}\n", table.kind, table.doc)?;
        if let Some(parent) = table.parent {
            writeln!(out, "Belongs to the record named by `{parent}`.\n")?;
        }
        if table.fact {
            out.push_str("A fact: written once, corrected by a new one that names it.\n\n");
        }
        out.push_str("| field | class | type | required | meaning |\n|---|---|---|---|---|\n");
        for field in table.fields {
            let required = if field.required { "yes" } else { "" };
            let (class, ty) = (class_name(field.class), field.ty.describe());
            writeln!(out, "| {} | {class} | {} | {required} | {} |", field.name, cell(&ty), cell(field.doc))?;
        }
        out.push('\n');
    }
    // one line end at the end of the file
    out.truncate(out.trim_end().len());
    out.push('\n');
    Ok(())
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::A => "A",
        Class::B => "B",
        Class::C => "C",
        Class::Fixed => "fixed",
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const MESSAGES: &str = "## Messages

JSON objects. Defaults are left out; unknown members are ignored; in lists a member that cannot be read is set apart:
an op is refused alone (`op_malformed`), an outcome or change of a newer server is counted and asked for again.
Ids are UUID texts, epochs and checksums 16 hex digits, hashes of ops 16 hex digits, keys and secrets base64url without
padding, times milliseconds since 1970, hybrid clocks `milliseconds << 16 | counter`.

| request | |
|---|---|
| ops | [op] |
| seen_through | highest n such that every op up to it has its final outcome from this epoch; 0 if left out |
| cursor | how far the phone has read; opaque; none at first |
| checksum | of all records it holds |
| app | {app_version, schema, free_bytes}, when changed |
| offered | [{record, kind, area, base, body}], at most 100: another person's records that a restored server lacks |

| reply | |
|---|---|
| epoch | the life of the server's database |
| outcomes | [outcome], one for each op |
| changes | [change] |
| cursor | how far the phone has read once it took the changes; left out = as far as `request_cursor` |
| request_cursor | the cursor this answers; where the phone holds another by now, only the outcomes count |
| more | ask again now |
| server_time | the server's clock |
| backoff | seconds to wait |
| min_app | oldest app served in full |
| renew | the device's certificate has changed: ask for it |
| wipe | the device that asked is to seal its unsent ops and to destroy what it holds; it is revoked |
| kept | [record] of `offered` that need not be offered again in this epoch |
| checksums | {area: checksum} of each leaf area, when `more` is false; left out if the request's total was equal |

A checksum is the sum, mod 2^64, over records of the first 8 bytes (big-endian) of SHA-256 (record id, 16 bytes || version,
u64 big-endian).

| op | |
|---|---|
| n | counts up per device from 1; never used again |
| record, kind, area | what is written; the area counts for a creation only |
| base | {epoch, version} the form was opened with; none for a creation |
| set | {field: value} that differ from what was shown |
| resolve | {field: {value, seen: [{device, n}], document?}}: decisions on open conflicts |
| hlc | when it was saved, by the device's hybrid clock |
| reissue | {device, n, hash} of the op it stands for |
| stale | fields of `set` saved anew since: history only |
| receipt | {epoch, version} from before a restore; not part of the hash |

The hash of an op is the first 8 bytes of SHA-256 over its JSON without `receipt`, members sorted, no spaces.

| outcome | |
|---|---|
| n | the op |
| status | `applied`, `held` (not final), `replayed`, `refused` |
| record, version | what it was applied to, and that record's version after it |
| duplicate_of | opaque token of a possible duplicate |
| fields | {field: `lost`, `conflict`, `correction` or {refused: code}}; a field not named was kept |
| code | why it was refused or is held |

| change | |
|---|---|
| put | {record, kind, area, version, body, conflicts?, alias_of?}; conflicts: {field: {candidates: [{device, n, value, who, when, source?}], correction?}} |
| gone | {record, why: `moved` or `erased`, version, to?} |
| evict | {prefix, keep?}: the prefix left the phone's scope |

| join request | |
|---|---|
| secret | of the invite |
| session_key, device_key | public keys, Ed25519 and X25519 |
| attestation | {format, statement}, where the phone has one |
| app | as above |

A join answer is `{joined: {certificate, server_time}}` or `{refused: problem}`.

| renew request | |
|---|---|
| serial | of the certificate the device has |

A device asks when its lease has less than 20 days left or a reply said `renew`. It gets the certificate at hand, or a new
one with a new lease; a retired or revoked device is refused. A phone takes a certificate for its own keys, device and
official only, and with a higher serial than the one it has; naming that serial, it is not told `renew` again.

### Invite

`payung://join/` and base32 (RFC 4648, no padding) of `version (1) = 1 || root fingerprint (16) || secret (16) ||
(length (1) || server address)* || first 4 bytes of SHA-256 of all before`. The server keeps SHA-256 (secret) only.

";
