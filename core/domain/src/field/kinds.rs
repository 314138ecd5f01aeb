//! The tables themselves (docs/PROTOCOL.md is made from them).

use super::{Class, FieldSpec, FieldType, KindTable};

const fn field(name: &'static str, class: Class, ty: FieldType, doc: &'static str) -> FieldSpec {
    FieldSpec { name, class, ty, required: false, doc }
}

const fn required(name: &'static str, class: Class, ty: FieldType, doc: &'static str) -> FieldSpec {
    FieldSpec { name, class, ty, required: true, doc }
}

pub(super) static TABLES: [KindTable; 17] = [
    WORKER,
    ENROLLMENT,
    ENROLLMENT_EVENT,
    VISIT,
    ROUND,
    ATTACHMENT,
    FEEDBACK,
    ACCIDENT_REPORT,
    DEATH_REPORT,
    FOLLOW_UP,
    OUTREACH,
    ATTENDANCE,
    VILLAGE,
    PLKK,
    SPONSOR_AGREEMENT,
    ECOSYSTEM,
    REFERENCE,
];

const WORKER: KindTable = KindTable {
    kind: "worker",
    doc: "A person, as on the KTP, with where they live and what they do.",
    fact: false,
    parent: None,
    fields: &[
        required("nik", Class::B, FieldType::Nik, "Population number, 16 digits; in a Change {masked, tag}"),
        required("name", Class::B, FieldType::Name, "Name as on the KTP"),
        required("birth", Class::B, FieldType::Birth, "{date, place, sex}"),
        required("mother_name", Class::B, FieldType::Name, "Mother's maiden name"),
        required("home", Class::C, FieldType::Home, "{village, rw, rt, line, landmark, postcode}"),
        field("phone", Class::C, FieldType::Phone, "+62…; families share one"),
        required("occupations", Class::B, FieldType::Occupations, "{first, second}: codes of the occupation list"),
        field("work", Class::C, FieldType::Work, "{place, hours}"),
        required("heirs", Class::B, FieldType::Heirs, "[{name, relation, phone}]"),
        field("earlier_kpj", Class::B, FieldType::Kpj, "Member number of an earlier membership, 11 digits"),
        field("ecosystem", Class::B, FieldType::Text(120), "Company, co-op or PLKK it is registered under"),
        field("notes", Class::C, FieldType::Text(1000), "Free text"),
        field("attendance", Class::C, FieldType::Record, "The attendance at a session that led here"),
        field("official", Class::C, FieldType::Text(60), "The official this person is, who registered themself"),
        required("capture", Class::Fixed, FieldType::Capture, "{at, position {lat_e6, lon_e6}, accuracy, official}"),
        field("kpj", Class::A, FieldType::Kpj, "Member number given by the branch"),
        field(
            "card",
            Class::A,
            FieldType::Any,
            "{id, text, issued, expires, from, paid_to, list, place, key}: membership card",
        ),
        field("alias_of", Class::A, FieldType::Record, "Surviving record, when linked as a duplicate"),
    ],
};

const ENROLLMENT: KindTable = KindTable {
    kind: "enrollment",
    doc: "One enrolment of a worker: what cover, what was declared, what the branch answered.",
    fact: false,
    parent: Some("worker"),
    fields: &[
        required("worker", Class::Fixed, FieldType::Record, "The worker"),
        required(
            "cover",
            Class::B,
            FieldType::Cover,
            "{programs, monthly_income, income_basis, start_month, months, payer, agreement, table_version}",
        ),
        required("declaration", Class::B, FieldType::Declaration, "{independent, healthy, at, signature}"),
        required("consent", Class::B, FieldType::Consent, "{text_version, language, read_by, witness, at}"),
        field("status", Class::A, FieldType::Text(40), "Stored state, derived by the server from events"),
        field("returned", Class::A, FieldType::Any, "{code, text}: why the branch returned it"),
        field("payment_code", Class::A, FieldType::Any, "{code, amount, valid_to}"),
        field("covered", Class::A, FieldType::Any, "{from: date, until: month}"),
        field("export_id", Class::A, FieldType::Text(64), "The export it went to the branch with"),
        field(
            "sponsored",
            Class::A,
            FieldType::Any,
            "{agreement, standing: in, over, payer_taken, unfit or swapped, code}",
        ),
        field("flags", Class::A, FieldType::Any, "Flags beside the state, e.g. incomplete, renewal_open"),
    ],
};

const ENROLLMENT_EVENT: KindTable = KindTable {
    kind: "enrollment_event",
    doc: "What an official did to an enrolment; the server derives the state from it.",
    fact: true,
    parent: Some("enrollment"),
    fields: &[
        required("enrollment", Class::Fixed, FieldType::RecordOf(&["enrollment"]), "The enrolment"),
        required(
            "event",
            Class::Fixed,
            FieldType::OneOf(&["submit", "resubmit", "renew", "withdraw", "report_death"]),
            "What was done",
        ),
        required("at", Class::Fixed, FieldType::Instant, "When, by the phone's clock"),
        field("note", Class::Fixed, FieldType::Text(500), "What the official adds, e.g. what was corrected"),
        field("reason", Class::Fixed, FieldType::Text(60), "Code, for withdraw"),
        field("cover", Class::Fixed, FieldType::Cover, "For renew: months, payer and what goes with them"),
        field("declaration", Class::Fixed, FieldType::Declaration, "For renew: still working"),
        field("date", Class::Fixed, FieldType::Date, "For report_death"),
        field("corrects", Class::Fixed, FieldType::Record, "The fact this one corrects"),
    ],
};

const VISIT: KindTable = KindTable {
    kind: "visit",
    doc: "A door visited, and what came of it.",
    fact: true,
    parent: Some("worker"),
    fields: &[
        field("worker", Class::Fixed, FieldType::Record, "The person met, if any"),
        required(
            "outcome",
            Class::Fixed,
            FieldType::OneOf(&["registered", "already_member", "nobody_home", "refused", "not_eligible", "come_back"]),
            "What came of it",
        ),
        required("at", Class::Fixed, FieldType::Instant, "When, by the phone's clock"),
        field("door", Class::Fixed, FieldType::Text(160), "Which door, as the official calls it"),
        field("capture", Class::Fixed, FieldType::Capture, "Where and by whom"),
        field("note", Class::Fixed, FieldType::Text(500), "Free text"),
        field("corrects", Class::Fixed, FieldType::Record, "The fact this one corrects"),
    ],
};

const ROUND: KindTable = KindTable {
    kind: "round",
    doc: "Going from door to door in an area began; the visits since then are its visits.",
    fact: true,
    parent: None,
    fields: &[
        required("at", Class::Fixed, FieldType::Instant, "When, by the phone's clock"),
        field("note", Class::Fixed, FieldType::Text(500), "Free text"),
        field("corrects", Class::Fixed, FieldType::Record, "The fact this one corrects"),
    ],
};

const ATTACHMENT: KindTable = KindTable {
    kind: "attachment",
    doc: "A photo or drawing. The file travels apart from the record, as ciphertext; the record has its key. Never a \
          fingerprint image.",
    fact: true,
    parent: Some("of"),
    fields: &[
        required(
            "of",
            Class::Fixed,
            FieldType::RecordOf(&["worker", "accident_report", "death_report"]),
            "The person or report it belongs to",
        ),
        required(
            "what",
            Class::Fixed,
            FieldType::OneOf(&["photo", "signature", "mark"]),
            "A mark stands for the signature of who cannot write",
        ),
        field("witness", Class::Fixed, FieldType::Name, "Who saw the mark made"),
        required(
            "media",
            Class::Fixed,
            FieldType::Media,
            "{sha256 of the ciphertext as hex, size of it in bytes, key: 32 bytes as base64url, type: image/jpeg or image/png}",
        ),
        required("capture", Class::Fixed, FieldType::Capture, "{at, position {lat_e6, lon_e6}, accuracy, official}"),
        field("note", Class::Fixed, FieldType::Text(500), "Free text"),
        field("corrects", Class::Fixed, FieldType::Record, "The fact this one corrects"),
    ],
};

const ANSWER: FieldSpec =
    field("answer", Class::A, FieldType::Any, "{state: received, asked or answered, text, at, by: office or clinic}");

const FEEDBACK: KindTable = KindTable {
    kind: "feedback",
    doc: "What an official or a worker asks, criticises or proposes, and the answer.",
    fact: true,
    parent: Some("worker"),
    fields: &[
        field("worker", Class::Fixed, FieldType::Record, "The person it is about, if any"),
        required(
            "topic",
            Class::Fixed,
            FieldType::OneOf(&["question", "complaint", "suggestion", "correction", "restriction"]),
            "correction and restriction of personal data are answered within 3 x 24 hours",
        ),
        required("text", Class::Fixed, FieldType::Text(2000), "In the person's own words"),
        required("at", Class::Fixed, FieldType::Instant, "When, by the phone's clock"),
        field("capture", Class::Fixed, FieldType::Capture, "Where and by whom"),
        field("corrects", Class::Fixed, FieldType::Record, "The fact this one corrects"),
        ANSWER,
    ],
};

const ACCIDENT_REPORT: KindTable = KindTable {
    kind: "accident_report",
    doc: "An accident at work: due at the office 2 x 24 hours after it happened.",
    fact: true,
    parent: Some("worker"),
    fields: &[
        required("worker", Class::Fixed, FieldType::Record, "Who was hurt"),
        required("happened", Class::Fixed, FieldType::Instant, "When it happened, as told"),
        required("place", Class::Fixed, FieldType::Text(200), "Where it happened"),
        required("what", Class::Fixed, FieldType::Text(1000), "What happened, and what hurts"),
        field("clinic", Class::Fixed, FieldType::Text(60), "Code of the clinic (PLKK) the person was brought to"),
        field("witness", Class::Fixed, FieldType::Name, "Who saw it"),
        required("at", Class::Fixed, FieldType::Instant, "When it was written, by the phone's clock"),
        field("capture", Class::Fixed, FieldType::Capture, "Where it was written and by whom"),
        field("corrects", Class::Fixed, FieldType::Record, "The fact this one corrects"),
        ANSWER,
    ],
};

const DEATH_REPORT: KindTable = KindTable {
    kind: "death_report",
    doc: "A death of any cause, for the heirs' sake.",
    fact: true,
    parent: Some("worker"),
    fields: &[
        required("worker", Class::Fixed, FieldType::Record, "Who died"),
        required("date", Class::Fixed, FieldType::Date, "The day of death"),
        field(
            "cause",
            Class::Fixed,
            FieldType::OneOf(&["illness", "work_accident", "other_accident", "unknown"]),
            "As the family tells it; the branch decides",
        ),
        required("heirs", Class::Fixed, FieldType::Heirs, "[{name, relation, phone}]: who comes for the benefit"),
        field("note", Class::Fixed, FieldType::Text(500), "Free text"),
        required("at", Class::Fixed, FieldType::Instant, "When it was written, by the phone's clock"),
        field("capture", Class::Fixed, FieldType::Capture, "Where it was written and by whom"),
        field("corrects", Class::Fixed, FieldType::Record, "The fact this one corrects"),
        ANSWER,
    ],
};

const OUTREACH: KindTable = KindTable {
    kind: "outreach",
    doc: "A session (sosialisasi) is planned; a change of plan, and that it is cancelled, is another fact that corrects it.",
    fact: true,
    parent: None,
    fields: &[
        required("when", Class::Fixed, FieldType::Instant, "When it is"),
        required("place", Class::Fixed, FieldType::Text(200), "Where"),
        field("topics", Class::Fixed, FieldType::Text(200), "Codes of lessons, separated by blanks"),
        field("note", Class::Fixed, FieldType::Text(500), "Free text"),
        field("plan", Class::Fixed, FieldType::OneOf(&["planned", "cancelled"]), "Absent: planned"),
        required("at", Class::Fixed, FieldType::Instant, "When it was written, by the phone's clock"),
        field("corrects", Class::Fixed, FieldType::Record, "The fact this one corrects"),
    ],
};

const ATTENDANCE: KindTable = KindTable {
    kind: "attendance",
    doc: "Somebody came to a session. Who was registered afterwards names it in their own record.",
    fact: true,
    parent: Some("session"),
    fields: &[
        required("session", Class::Fixed, FieldType::RecordOf(&["outreach"]), "The session, by any of its facts"),
        required("name", Class::Fixed, FieldType::Name, "As they said it"),
        field("phone", Class::Fixed, FieldType::Phone, "+62…, if they want to be called"),
        field("home", Class::Fixed, FieldType::Text(120), "RT, RW or whatever they said"),
        field("wish", Class::Fixed, FieldType::OneOf(&["register", "ask", "nothing"]), "What they want"),
        required("at", Class::Fixed, FieldType::Instant, "When it was written, by the phone's clock"),
        field("corrects", Class::Fixed, FieldType::Record, "The fact this one corrects"),
    ],
};

const FOLLOW_UP: KindTable = KindTable {
    kind: "follow_up",
    doc: "What was added to a report, or that its answer was seen.",
    fact: true,
    parent: Some("of"),
    fields: &[
        required(
            "of",
            Class::Fixed,
            FieldType::RecordOf(&["feedback", "accident_report", "death_report"]),
            "The report",
        ),
        required(
            "what",
            Class::Fixed,
            FieldType::OneOf(&["note", "handed_in", "seen", "received"]),
            "What was done; received is said by the clinic that an accident report names, and answers it",
        ),
        field("text", Class::Fixed, FieldType::Text(1000), "For note, and what was handed in"),
        field("answer", Class::Fixed, FieldType::Instant, "For seen: `at` of the answer that was seen"),
        required("at", Class::Fixed, FieldType::Instant, "When, by the phone's clock"),
        field("corrects", Class::Fixed, FieldType::Record, "The fact this one corrects"),
    ],
};

const VILLAGE: KindTable = KindTable {
    kind: "village",
    doc: "A village as its phones need it: the key that turns a typed NIK into the tag that Changes carry.",
    fact: false,
    parent: None,
    fields: &[
        field("name", Class::A, FieldType::Text(80), "Name, with its district"),
        field("tag_key", Class::A, FieldType::Text(64), "32 bytes as hex: HMAC-SHA256 key of the village's NIK tags"),
    ],
};

const PLKK: KindTable = KindTable {
    kind: "plkk",
    doc: "A clinic of the work-accident network (pusat layanan kecelakaan kerja).",
    fact: false,
    parent: None,
    fields: &[
        field("code", Class::A, FieldType::Text(60), "What accident reports name it by"),
        field("name", Class::A, FieldType::Text(160), "Name"),
        field("address", Class::A, FieldType::Text(200), "Street and village"),
        field("district", Class::A, FieldType::Text(8), "Region code of its district"),
        field("phone", Class::A, FieldType::Phone, "To be called before coming"),
        field("position", Class::A, FieldType::Any, "{lat_e6, lon_e6}"),
        field("hours", Class::A, FieldType::Text(120), "When it is open, in words"),
        field("edition", Class::A, FieldType::Text(40), "Of the list it was last read from"),
        field("ended", Class::A, FieldType::Date, "It is not in the list any more since"),
    ],
};

const SPONSOR_AGREEMENT: KindTable = KindTable {
    kind: "sponsor_agreement",
    doc: "A sponsor's agreement to pay for so many people of an area, for so many months.",
    fact: false,
    parent: None,
    fields: &[
        field("number", Class::A, FieldType::Text(60), "As on the paper; an enrolment's cover.agreement names it"),
        field("sponsor", Class::A, FieldType::Text(120), "Who pays"),
        field("payer", Class::A, FieldType::Text(20), "csr, person, apbd, apbdes, apbn or ecosystem"),
        field("quota", Class::A, FieldType::Any, "People"),
        field("months", Class::A, FieldType::Any, "Months each"),
        field("start_month", Class::A, FieldType::Text(7), "First contribution month"),
        field("end_month", Class::A, FieldType::Text(7), "Last contribution month; absent: start and months tell"),
        field("programs", Class::A, FieldType::Any, "What is paid for: [jkk, jkm, jht]"),
        field("sector", Class::A, FieldType::Text(20), "transport or other; absent: all"),
        field("areas", Class::A, FieldType::Any, "Areas it is for, within its own; absent: all of it"),
        field("ecosystem", Class::A, FieldType::Text(60), "Code of the ecosystem whose people it is for only"),
        field("taken", Class::A, FieldType::Any, "People it pays for so far"),
        field("share", Class::A, FieldType::Any, "How many more one phone may count on before it has asked"),
        field("ended", Class::A, FieldType::Date, "Nobody is added any more since"),
    ],
};

const ECOSYSTEM: KindTable = KindTable {
    kind: "ecosystem",
    doc: "A company, co-operative or clinic whose growers, drivers and helpers are registered under it.",
    fact: false,
    parent: None,
    fields: &[
        field("code", Class::A, FieldType::Text(60), "Short name, unique in its area"),
        field("name", Class::A, FieldType::Text(120), "Name"),
        field("what", Class::A, FieldType::Text(20), "company, cooperative or plkk"),
        field("members", Class::A, FieldType::Any, "People it says it has, where it says so"),
        field("ended", Class::A, FieldType::Date, "Nobody is added any more since"),
    ],
};

const REFERENCE: KindTable = KindTable {
    kind: "reference",
    doc: "A table that phones reckon with, as data: contributions with a validity, what verifies the cards of a regency, who is registered in a village as a filter.",
    fact: false,
    parent: None,
    fields: &[
        field("name", Class::A, FieldType::Text(40), "contribution, card_check, duplicate_filter"),
        field("version", Class::A, FieldType::Text(60), "Of the table"),
        field("table", Class::A, FieldType::Any, "The table itself"),
    ],
};
