//! Photos: from a camera's file into the queue, and from there to the server, apart from what is exchanged.

use crate::{
    clock,
    error::{PhoneError, transport},
    phone::{Done, Phone},
};
use chrono::SecondsFormat;
use payung_domain::{field::Kind, id::RecordId, op::Body};
use payung_media::{MediaKey, seal, shrink};
use payung_store::NewAttachment;
use payung_sync::{MediaRoad, ServerAddress, UploadError, UploadTerms, Uploader};
use rand_core::Rng;
use serde_json::{Value, json};
use std::path::Path;

/// More than the play's photos take.
const KEPT_BYTES: u64 = 64 << 20;

impl Phone {
    /// Makes the picture small, seals it and saves it with its record.
    pub(crate) fn photo(&mut self, of: RecordId, file: &Path) -> Done {
        let picture = shrink(&std::fs::read(file)?)?;
        let identity = self.identity()?;
        let mut random = [0; 32];
        clock::random().fill_bytes(&mut random);
        let key = MediaKey::new(random);
        let sealed = seal(&picture.bytes, &key);
        let now = clock::now();
        let told = Body::from([("of".to_owned(), json!(of)), ("what".to_owned(), "photo".into())]);
        let mut body = told.clone();
        body.insert("media".to_owned(), sealed.field(&key, picture.media_type));
        let capture = json!({"at": now.to_rfc3339_opts(SecondsFormat::Secs, true), "official": identity.official});
        body.insert("capture".to_owned(), capture);
        let id = clock::new_id();
        let new = NewAttachment { id, body: &body, ciphertext: &sealed.bytes, priority: 0, wifi_only: true };
        self.store.add_attachment(&new, &identity.area, now.timestamp_millis())?;
        // what opens the file stays in the store
        self.saved.record("photo", id, &Kind::Attachment, &told)?;
        Ok(json!({"record": id, "bytes": sealed.bytes.len()}))
    }

    /// Sends what waits, as a person asks for it. Where it was stopped, and by what, is part of the answer: what the
    /// server has by then counts.
    pub(crate) fn send_photos(&mut self, via: &str) -> Done {
        let servers = vec![ServerAddress::hub(via).map_err(|_| PhoneError::Address)?];
        let terms = UploadTerms { servers, road: MediaRoad::Wifi, quota: KEPT_BYTES };
        self.store.hurry_uploads()?;
        let run = Uploader::new().run(&self.store, &*self.http, &terms, clock::now_ms, &mut clock::random());
        let (report, stopped) = match run {
            Ok(report) => (report, None),
            Err(failure) => match failure.error {
                UploadError::Store(error) => return Err(error.into()),
                UploadError::Transport(error) => (failure.report, Some(transport(&error))),
                other => (failure.report, Some(other.to_string())),
            },
        };
        let waiting = self.store.media_counts()?.waiting;
        Ok(json!({
            "files": report.files,
            "sent": report.sent,
            "taken": report.taken,
            "failed": report.failed,
            "stopped": stopped.map_or(Value::Null, Value::from),
            "waiting": waiting,
        }))
    }
}
