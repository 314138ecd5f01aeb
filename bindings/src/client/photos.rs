//! Photos and drawings: from a camera's bytes to the server.

use super::{Client, Result, exchange::address};
use crate::{clock, error::CoreError, session::Session};
use chrono::SecondsFormat;
use payung_domain::{attachment::MediaHash, field::FieldError, id::RecordId, op::Body};
use payung_media::{Drawing, DrawingError, MediaKey, Picture};
use payung_store::{Attachment, MediaCounts, NewAttachment};
use payung_sync::{MediaRoad, Standing, UploadError, UploadReport, UploadTerms};
use rand_core::Rng;
use serde_json::json;
use zeroize::Zeroizing;

/// Copies of sent files that are kept for showing: some 800 photos.
const KEPT_BYTES: u64 = 64 << 20;

/// What a photo or drawing is of, and how it shall travel.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewPhoto {
    /// The record it belongs to: a person, or the report of an accident or a death.
    pub of: RecordId,
    /// `photo`, `signature`, or `mark`, which stands for the signature of who cannot write. Never of a fingerprint.
    pub what: String,
    /// Who saw the mark made.
    pub witness: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// Higher goes first.
    pub priority: i32,
    /// Not to be sent by a road that costs money.
    pub wifi_only: bool,
}

impl std::fmt::Debug for NewPhoto {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // witness and note are a person's
        f.debug_struct("NewPhoto").field("of", &self.of).field("what", &self.what).finish_non_exhaustive()
    }
}

/// What photos take on this phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PhotoRoom {
    /// What waits and what is kept.
    pub files: MediaCounts,
    /// Copies of sent files are kept for showing up to so many bytes; those that wait do not count.
    pub quota_bytes: u64,
    /// Free on the phone's disk, in bytes.
    pub free_bytes: u64,
}

impl From<UploadError> for CoreError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::AlreadyRunning => Self::AlreadyRunning,
            UploadError::Interrupted => Self::defect(error),
            UploadError::Transport(error) => error.into(),
            UploadError::Busy { retry_after } => Self::Wait {
                until_ms: clock::now_ms().saturating_add(i64::from(retry_after.unwrap_or(0)).saturating_mul(1000)),
            },
            UploadError::Store(error) => error.into(),
        }
    }
}

#[uniffi::export]
impl Client {
    /// Takes a camera's JPEG, PNG or WebP: makes it small, without a word about where and with what it was taken, seals
    /// it under a key of its own, and puts it into the queue of [`Client::send_photos`]. Saved when it returns; its
    /// record goes with the next exchange and does not wait for it.
    ///
    /// # Errors
    /// [`CoreError::PictureRefused`] by what is wrong with it, [`CoreError::NotFound`] where `of` is not on this phone,
    /// [`CoreError::NotSaved`]. Nothing else is touched then.
    pub fn attach(&self, photo: NewPhoto, capture: Vec<u8>) -> Result<RecordId> {
        let capture = Zeroizing::new(capture);
        // looked at before the store is held: a second of work, during which the phone may be locked
        self.open()?.shown(photo.of)?;
        let picture = payung_media::shrink(&capture).map_err(|why| CoreError::PictureRefused { why })?;
        drop(capture);
        self.keep(&photo, picture)
    }

    /// Takes what a finger drew, as [`Client::attach`] does a picture.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] for a canvas without a stroke, or one too large; the rest as there.
    pub fn attach_drawing(&self, photo: NewPhoto, drawing: Drawing) -> Result<RecordId> {
        self.open()?.shown(photo.of)?;
        let refused = |error| {
            let code = match error {
                DrawingError::Empty => "drawing_empty",
                DrawingError::TooLarge => "drawing_too_large",
            };
            CoreError::Invalid { fields: vec![FieldError::new("media", code)] }
        };
        let picture = drawing.to_png().map_err(refused)?;
        self.keep(&photo, picture)
    }

    /// The photos and drawings of a record, oldest first, with how far each has come.
    pub fn photos(&self, of: RecordId) -> Result<Vec<Attachment>> {
        let session = self.open()?;
        self.may_show(&session)?;
        Ok(session.store.attachments(of)?)
    }

    /// A photo or drawing for showing, as JPEG or PNG; none where its file is not on this phone.
    ///
    /// # Errors
    /// [`CoreError::Defect`] when the file is not the one its record names.
    pub fn photo(&self, id: RecordId) -> Result<Option<Vec<u8>>> {
        let session = self.open()?;
        self.may_show(&session)?;
        let body = session.shown(id)?;
        let (Some(hash), Some(key)) = (MediaHash::of(&body), MediaKey::of(&body)) else { return Ok(None) };
        let Some(file) = session.store.media_file(hash)? else { return Ok(None) };
        let opened = payung_media::open(&file, hash, &key).map_err(CoreError::defect)?;
        Ok(Some(opened.to_vec()))
    }

    /// Gives up the file of a photo that is not sent: it is gone from this phone. Its record stays.
    ///
    /// # Errors
    /// [`CoreError::NotFound`] when nothing of it waits: what was sent is not given up.
    pub fn give_up_photo(&self, id: RecordId) -> Result<()> {
        Ok(self.open()?.store.give_up_file(id)?)
    }

    /// What photos take, and what is left.
    pub fn photo_room(&self) -> Result<PhotoRoom> {
        let session = self.open()?;
        Ok(PhotoRoom {
            files: session.store.media_counts()?,
            quota_bytes: KEPT_BYTES,
            free_bytes: session.free_bytes(),
        })
    }

    /// Sends the files that wait, each from where the server has it. Apart from [`Client::sync`], which never waits for
    /// them: two jobs of the platform, with different conditions. `wifi`: the road costs nothing, so that what waits
    /// for that goes, too. `asked` by a person, no file waits out its failures. Ended early by [`Client::interrupt`],
    /// [`Client::lock`] or [`Client::suspend`], it tells what it did until then.
    ///
    /// # Errors
    /// [`CoreError::NotConnected`], [`CoreError::Wait`], [`CoreError::AlreadyRunning`]; what the server has of a file
    /// is not sent again.
    pub fn send_photos(&self, wifi: bool, asked: bool, via: Option<String>) -> Result<UploadReport> {
        let session = self.session()?;
        let servers = match address(via)? {
            Some(via) => vec![via],
            None => Standing::of(&session.store)?.servers,
        };
        let road = if wifi { MediaRoad::Wifi } else { MediaRoad::Metered };
        let terms = UploadTerms { servers, road, quota: KEPT_BYTES };
        if asked {
            session.store.hurry_uploads()?;
        }
        let run = self.uploader.run(&session.store, &*self.road, &terms, clock::now_ms, &mut clock::random());
        match run {
            Err(failure) if matches!(failure.error, UploadError::Interrupted) => Ok(failure.report),
            run => run.map_err(|failure| failure.error.into()),
        }
    }
}

impl Client {
    /// Seals a picture and saves it with its record.
    fn keep(&self, photo: &NewPhoto, picture: Picture) -> Result<RecordId> {
        let session = self.open()?;
        let identity = session.identity()?;
        let mut random = Zeroizing::new([0; 32]);
        clock::random().fill_bytes(&mut *random);
        let key = MediaKey::new(*random);
        let sealed = payung_media::seal(&Zeroizing::new(picture.bytes), &key);
        let now = clock::now();
        let capture = json!({
            "at": now.to_rfc3339_opts(SecondsFormat::Secs, true),
            "official": identity.official.to_string(),
        });
        let mut body = Body::from([
            ("of".to_owned(), json!(photo.of)),
            ("what".to_owned(), photo.what.as_str().into()),
            ("media".to_owned(), sealed.field(&key, picture.media_type)),
            ("capture".to_owned(), capture),
        ]);
        let more = [("witness", &photo.witness), ("note", &photo.note)];
        body.extend(more.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.as_deref()?.into()))));
        let id = clock::new_id();
        let new = NewAttachment {
            id,
            body: &body,
            ciphertext: &sealed.bytes,
            priority: photo.priority,
            wifi_only: photo.wifi_only,
        };
        session.store.add_attachment(&new, &identity.area, now.timestamp_millis())?;
        drop(session);
        self.seal_quietly();
        Ok(id)
    }
}

impl Session {
    /// The fields of a record that this phone holds.
    fn shown(&self, id: RecordId) -> Result<Body> {
        Ok(self.store.shown(id)?.body())
    }
}

#[allow(missing_docs, unreachable_pub, reason = "plain data is documented where it is defined")]
mod plain {
    use crate::plain::Count;
    use payung_domain::id::RecordId;
    use payung_media::{Drawing, PictureError, Point};
    use payung_store::{Attachment, FileState, Mark, MediaCounts};
    use payung_sync::UploadReport;

    #[uniffi::remote(Enum)]
    pub enum PictureError {
        NotAPicture,
        TooLarge { limit: Count },
        TooManyPixels { limit: u64 },
        Cut,
        Damaged,
    }

    #[uniffi::remote(Record)]
    pub struct Point {
        pub x: i32,
        pub y: i32,
    }

    #[uniffi::remote(Record)]
    pub struct Drawing {
        pub width: u16,
        pub height: u16,
        pub strokes: Vec<Vec<Point>>,
    }

    #[uniffi::remote(Enum)]
    pub enum FileState {
        Waiting,
        Sent,
        Away,
    }

    #[uniffi::remote(Record)]
    pub struct Attachment {
        pub id: RecordId,
        pub what: String,
        pub media_type: String,
        pub mark: Mark,
        pub file: FileState,
        pub size: u64,
        pub sent: u64,
        pub wifi_only: bool,
    }

    #[uniffi::remote(Record)]
    pub struct MediaCounts {
        pub waiting: u64,
        pub waiting_bytes: u64,
        pub waiting_for_wifi: u64,
        pub kept: u64,
        pub kept_bytes: u64,
    }

    #[uniffi::remote(Record)]
    pub struct UploadReport {
        pub files: u32,
        pub taken: u64,
        pub sent: u64,
        pub failed: u32,
    }
}
