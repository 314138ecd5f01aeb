//! Phones that look after no area: a worker's own, and a clinic's. What each may write is told here, once, for the phone
//! that refuses it before it is saved and for the server that trusts no phone.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    area::Area,
    field::Kind,
    id::RecordId,
    op::{Body, Op},
};

/// What a device is about, where that is no area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Only {
    /// One person, by their worker record, and what hangs on it.
    Worker {
        /// The record.
        record: RecordId,
        /// Where it lay when the device was invited: for the zone of its clock, never for what it may see.
        area: Area,
    },
    /// The accident reports that name a clinic, by its code.
    Clinic {
        /// As reports name it.
        code: String,
        /// The region it is shared in: for the zone of its clock, never for what it may see.
        area: Area,
    },
}

/// The code of a write that this role has no part in.
pub const ROLE_FOREIGN: &str = "role_foreign";

/// What a clinic says to a report: that it has the person, as a follow-up's `what`.
pub const RECEIVED: &str = "received";

/// What a person's own phone is told of what hangs on their record. What is not named here stays away: visits are what
/// officials write down of doors.
const OF_A_WORKER: [Kind; 8] = [
    Kind::Worker,
    Kind::Enrollment,
    Kind::EnrollmentEvent,
    Kind::Attachment,
    Kind::Feedback,
    Kind::AccidentReport,
    Kind::DeathReport,
    Kind::FollowUp,
];

/// What a clinic is told of a report and of what hangs on it, the person beside it.
const OF_A_CLINIC: [Kind; 4] = [Kind::AccidentReport, Kind::FollowUp, Kind::Attachment, Kind::Worker];

/// The fields of a person that a clinic needs: whom it has before it, and by what number the branch knows them. Whether
/// they are covered is told by their card, which needs no joining.
const CLINIC_NEEDS: [&str; 4] = ["nik", "name", "birth", "kpj"];

impl Only {
    /// Where it is, for clocks and for the operators who look after that place.
    pub fn area(&self) -> &Area {
        match self {
            Self::Worker { area, .. } | Self::Clinic { area, .. } => area,
        }
    }

    /// The kinds it is told of.
    pub fn kinds(&self) -> &'static [Kind] {
        match self {
            Self::Worker { .. } => &OF_A_WORKER,
            Self::Clinic { .. } => &OF_A_CLINIC,
        }
    }

    /// The fields of a record as it is told them.
    #[must_use]
    pub fn shown(&self, kind: &Kind, mut body: Body) -> Body {
        if matches!((self, kind), (Self::Clinic { .. }, Kind::Worker)) {
            body.retain(|field, _| CLINIC_NEEDS.contains(&field.as_str()));
        }
        body
    }

    /// Whether it may make a record of the kind with these fields. Whose it is has to be looked at beside this.
    fn may_make(&self, kind: &Kind, set: &Body) -> bool {
        match self {
            Self::Worker { .. } => match kind {
                // about nobody in particular would be about nobody it may speak for
                Kind::Feedback | Kind::AccidentReport => kind.parent(set).is_some(),
                Kind::Attachment => true,
                Kind::FollowUp => !says_received(set),
                _ => false,
            },
            Self::Clinic { .. } => *kind == Kind::FollowUp && says_received(set),
        }
    }
}

fn says_received(set: &Body) -> bool {
    set.get("what").and_then(Value::as_str) == Some(RECEIVED)
}

/// Whether a device may make a record of the kind with these fields; `only` is none for one that looks after areas.
///
/// # Errors
/// [`ROLE_FOREIGN`].
pub fn may_make(only: Option<&Only>, kind: &Kind, set: &Body) -> Result<(), &'static str> {
    let may = match only {
        Some(only) => only.may_make(kind, set),
        // a clinic's word is the clinic's
        None => *kind != Kind::FollowUp || !says_received(set),
    };
    if may { Ok(()) } else { Err(ROLE_FOREIGN) }
}

/// Whether an op on a record that exists is the one that made it, come once more under another number.
pub fn is_made_by(op: &Op) -> bool {
    op.base.is_none() && op.kind.is_fact()
}

/// Whether a device may ask for other values of a record's fields. A worker's phone may of the person: that is a request,
/// whatever the field's class, which waits for an operator. `decides`: it is a decision on a conflict.
///
/// # Errors
/// [`ROLE_FOREIGN`].
pub fn may_change(only: Option<&Only>, kind: &Kind, decides: bool) -> Result<(), &'static str> {
    match only {
        None => Ok(()),
        Some(Only::Worker { .. }) if *kind == Kind::Worker && !decides => Ok(()),
        Some(_) => Err(ROLE_FOREIGN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn person() -> Only {
        Only::Worker { record: RecordId(uuid::Uuid::from_u128(1)), area: area() }
    }

    fn clinic() -> Only {
        Only::Clinic { code: "K-01".to_owned(), area: area() }
    }

    fn area() -> Area {
        Area::parse("33.02.24.1001.005.003").expect("an area")
    }

    fn body(value: &Value) -> Body {
        value.as_object().expect("an object").clone().into_iter().collect()
    }

    #[test]
    fn each_role_makes_what_is_its_own_and_nothing_else() {
        let mine = json!(RecordId(uuid::Uuid::from_u128(1)));
        let about = body(&json!({ "worker": mine }));
        let (seen, received) = (body(&json!({ "what": "seen" })), body(&json!({ "what": "received" })));
        let (person, clinic) = (person(), clinic());
        for kind in Kind::KNOWN {
            let worker_may = matches!(kind, Kind::Feedback | Kind::AccidentReport | Kind::Attachment | Kind::FollowUp);
            assert_eq!(may_make(Some(&person), &kind, &about).is_ok(), worker_may, "{kind}");
            assert_eq!(may_make(Some(&clinic), &kind, &about), Err(ROLE_FOREIGN), "{kind}");
            assert_eq!(may_make(Some(&clinic), &kind, &received).is_ok(), kind == Kind::FollowUp, "{kind}");
            assert_eq!(may_make(None, &kind, &about), Ok(()), "{kind}");
            assert_eq!(may_change(Some(&person), &kind, false).is_ok(), kind == Kind::Worker, "{kind}");
            assert_eq!(may_change(Some(&person), &kind, true), Err(ROLE_FOREIGN), "{kind}");
            assert_eq!(may_change(Some(&clinic), &kind, false), Err(ROLE_FOREIGN), "{kind}");
        }
        assert_eq!(may_make(Some(&person), &Kind::Feedback, &Body::new()), Err(ROLE_FOREIGN), "about nobody");
        assert_eq!(may_make(Some(&person), &Kind::FollowUp, &seen), Ok(()));
        assert_eq!(may_make(Some(&person), &Kind::FollowUp, &received), Err(ROLE_FOREIGN));
        assert_eq!(may_make(None, &Kind::FollowUp, &received), Err(ROLE_FOREIGN), "an official is no clinic");
    }

    #[test]
    fn clinic_is_told_who_it_has_and_nothing_of_their_life() {
        let told = json!({
            "nik": { "masked": "3302********9001" }, "name": "SUPARNO", "birth": {}, "kpj": "12345678901",
            "mother_name": "SITI", "heirs": [], "phone": "+62811", "home": {}, "notes": "x", "ecosystem": "y",
        });
        let shown = clinic().shown(&Kind::Worker, body(&told));
        assert_eq!(shown.keys().map(String::as_str).collect::<Vec<_>>(), ["birth", "kpj", "name", "nik"]);
        assert_eq!(person().shown(&Kind::Worker, body(&told)).len(), 10);
        assert!(!clinic().kinds().contains(&Kind::Enrollment) && !person().kinds().contains(&Kind::Visit));
    }
}
