//! Facts that persons add: visits, photos, reports and their answers, what happens to an enrolment.

use crate::{
    chance::Chance,
    oracle::Seen,
    person::{word, written},
    template::BRANCH,
    violation::{Played, broken},
    world::{Fate, World},
};
use chrono::DateTime;
use payung_domain::{
    attachment::MediaHash,
    field::Kind,
    id::RecordId,
    op::Body,
    report::{Answer, AnswerState, AnsweredBy},
};
use payung_server::{
    service::{ServiceError, operator::Act},
    storage::Scope,
};
use payung_store::{NewAttachment, Store, StoreError};
use serde_json::json;
use sha2::{Digest, Sha256};

impl World {
    fn add_fact(
        &mut self,
        phone: usize,
        (kind, act): (&Kind, &'static str),
        body: Body,
        file: Option<&[u8]>,
        chance: &mut Chance,
    ) -> Played<Option<RecordId>> {
        let now = self.phone_now(phone);
        let id = RecordId(chance.id(now));
        let area = self.an_area(phone, chance)?;
        let save = |store: &Store| match file {
            Some(ciphertext) => {
                let new = NewAttachment { id, body: &body, ciphertext, priority: 0, wifi_only: true };
                store.add_attachment(&new, &area, now)
            }
            None => store.add_fact(kind, id, &body, &area, now),
        };
        match self.act(phone, "fact", save)? {
            Fate::DiedBefore => return Ok(None),
            Fate::Returned(Err(error)) => return Err(error.into()),
            Fate::Returned(Ok(())) | Fate::DiedAfter => {}
        }
        self.tally.act(act);
        let shown = self.phones[phone].store()?.shown(id);
        if shown.map(|shown| shown.body()).ok().as_ref() != Some(&body) {
            return broken("a phone shows what it has just saved", format!("phone {phone}, {act} {id}"));
        }
        if let Some(hash) = MediaHash::of(&body)
            && self.phones[phone].store()?.media_file(hash)?.as_deref() != file
        {
            return broken("a photo's file is there once its record is", format!("phone {phone}, {id}"));
        }
        self.oracle.save((phone, self.at), (id, kind), body, &Seen::new(), Some(false));
        Ok(Some(id))
    }

    pub(crate) fn visit(&mut self, phone: usize, chance: &mut Chance, void: bool) -> Played {
        let worker = self.a_worker(phone, chance)?;
        let mut body = Body::from([
            ("outcome".to_owned(), "nobody_home".into()),
            ("at".to_owned(), written(self.phone_now(phone))),
            ("door".to_owned(), format!("pintu {}", word(chance.word())).into()),
        ]);
        if void {
            let Some(worker) = worker else { return Ok(()) };
            let visits = self.phones[phone].store()?.children(worker, &Kind::Visit)?;
            let Some(visit) = chance.pick(&visits) else { return Ok(()) };
            body.insert("corrects".to_owned(), json!(visit.id));
            body.insert("outcome".to_owned(), "come_back".into());
        }
        if let Some(worker) = worker.filter(|_| void || chance.percent(80)) {
            body.insert("worker".to_owned(), json!(worker));
        }
        let act = if void { "visit taken back" } else { "visit" };
        self.add_fact(phone, (&Kind::Visit, act), body, None, chance)?;
        match worker.filter(|_| !void && chance.percent(40)) {
            Some(worker) => self.photo(phone, worker, chance),
            None => Ok(()),
        }
    }

    /// An accident or a question is reported, now and then with a photo; or the office answers what was reported.
    pub(crate) fn report(&mut self, phone: usize, chance: &mut Chance) -> Played {
        if chance.percent(30) {
            return self.answer_report(chance);
        }
        let Some(worker) = self.a_worker(phone, chance)? else { return Ok(()) };
        let at = written(self.phone_now(phone));
        let mut body = Body::from([("at".to_owned(), at.clone()), ("worker".to_owned(), json!(worker))]);
        if chance.percent(30) {
            body.insert("topic".to_owned(), "question".into());
            body.insert("text".to_owned(), word(chance.word()).into());
            return self.add_fact(phone, (&Kind::Feedback, "feedback"), body, None, chance).map(drop);
        }
        body.insert("happened".to_owned(), at);
        body.insert("place".to_owned(), format!("Kebun {}", word(chance.word())).into());
        body.insert("what".to_owned(), "Jatuh dari pohon".into());
        body.insert("clinic".to_owned(), "K-01".into());
        let report = self.add_fact(phone, (&Kind::AccidentReport, "accident"), body, None, chance)?;
        match report.filter(|_| chance.percent(40)) {
            Some(report) => self.photo(phone, report, chance),
            None => Ok(()),
        }
    }

    fn answer_report(&mut self, chance: &mut Chance) -> Played {
        let now = self.now;
        let all = self.server.look(|service| {
            let of = |kind| service.reports(BRANCH, kind, &Scope::Office, None, 1000, now);
            Ok::<_, ServiceError>([of(&Kind::AccidentReport)?, of(&Kind::Feedback)?].concat())
        })??;
        let Some(item) = chance.pick(&all) else { return Ok(()) };
        let answer = Answer {
            state: if chance.percent(50) { AnswerState::Received } else { AnswerState::Answered },
            text: word(chance.word()),
            at: DateTime::from_timestamp_millis(now).unwrap_or_default(),
            by: AnsweredBy::Office,
        };
        let act = Act::Answer { report: item.report.id, answer };
        self.office("answer", |service| service.act(BRANCH, act, now)).map(drop)
    }

    /// A photo of someone or of what was reported; its file stays on the phone, only what the record says of it travels here.
    fn photo(&mut self, phone: usize, of: RecordId, chance: &mut Chance) -> Played {
        if matches!(self.phones[phone].store()?.shown(of), Err(StoreError::NotFound)) {
            // the phone died over the visit, before it was told of the person
            return Ok(());
        }
        let file: Vec<u8> = (0..200).flat_map(|_| chance.word().to_be_bytes()).collect();
        let media = json!({
            "sha256": MediaHash(Sha256::digest(&file).into()).to_string(),
            "size": file.len(),
            "key": format!("{:043}", chance.word()),
            "type": "image/jpeg",
        });
        let body = Body::from([
            ("of".to_owned(), json!(of)),
            ("what".to_owned(), "photo".into()),
            ("media".to_owned(), media),
            ("capture".to_owned(), json!({ "at": written(self.phone_now(phone)) })),
        ]);
        self.add_fact(phone, (&Kind::Attachment, "photo"), body, Some(&file), chance).map(drop)
    }

    pub(crate) fn event(&mut self, phone: usize, chance: &mut Chance) -> Played {
        use payung_domain::enrollment::Phase;
        let Some(worker) = self.a_worker(phone, chance)? else { return Ok(()) };
        let detail = self.phones[phone].store()?.worker(worker, self.today())?;
        let Some(enrollment) = chance.pick(&detail.enrollments) else { return Ok(()) };
        let mut body = Body::from([
            ("enrollment".to_owned(), json!(enrollment.record.id)),
            ("at".to_owned(), written(self.phone_now(phone))),
            ("note".to_owned(), word(chance.word()).into()),
        ]);
        let active =
            matches!(enrollment.phase, Phase::PaidNotStarted | Phase::Covered | Phase::Lapsing | Phase::Arrears(_));
        let event = match enrollment.phase {
            Phase::Returned => "resubmit",
            _ if active => {
                body.extend(enrollment.record.value("cover").map(|cover| ("cover".to_owned(), cover.clone())));
                let declared = enrollment.record.value("declaration");
                body.extend(declared.map(|declared| ("declaration".to_owned(), declared.clone())));
                "renew"
            }
            // as it is on this phone it is possible; the office may know more
            Phase::Received | Phase::Verified | Phase::Queued if chance.percent(40) => "withdraw",
            _ if chance.percent(15) => {
                body.insert("date".to_owned(), self.today().to_string().into());
                "report_death"
            }
            _ => return Ok(()),
        };
        body.insert("event".to_owned(), event.into());
        self.add_fact(phone, (&Kind::EnrollmentEvent, event), body, None, chance).map(drop)
    }
}
