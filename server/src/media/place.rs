//! Where whole files are kept, as the operator says in `payung.toml`.

use crate::settings::SettingError;
use object_store::path::Path as Name;
use serde::Deserialize;
use std::fmt;
use zeroize::Zeroizing;

/// Where whole files are kept.
#[derive(Debug, Default)]
pub enum Place {
    /// `media/objects` in the data directory.
    #[default]
    Disk,
    /// A bucket.
    S3(Box<Bucket>),
}

/// A bucket of S3, or of what speaks like it.
#[derive(Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// `https://host`, or `http://`; none where Amazon's own for the region.
    pub endpoint: Option<String>,
    /// Such as `ap-southeast-3`.
    pub region: String,
    /// What all names begin with; may be empty.
    pub prefix: Name,
    /// Who the server is there.
    pub credentials: Credentials,
}

/// Who the server is at the store; from the environment only, and never shown.
pub struct Credentials {
    pub(super) key_id: Zeroizing<String>,
    pub(super) secret: Zeroizing<String>,
    /// Of a session that ends.
    pub(super) token: Option<Zeroizing<String>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// By the names that all tools of S3 know.
    ///
    /// # Errors
    /// [`SettingError`] names the variable that is missing.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let variable = |name| variable(name).filter(|value| !value.is_empty()).map(Zeroizing::new);
        let needed = |name: &'static str| {
            let next = "is not set: media.store = \"s3\" takes the key from the environment";
            variable(name).ok_or(SettingError::Wrong(name, next))
        };
        Ok(Self {
            key_id: needed("AWS_ACCESS_KEY_ID")?,
            secret: needed("AWS_SECRET_ACCESS_KEY")?,
            token: variable("AWS_SESSION_TOKEN"),
        })
    }
}

/// `[media]` as it stands in the file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    store: Option<String>,
    bucket: Option<String>,
    endpoint: Option<String>,
    region: Option<String>,
    prefix: Option<String>,
}

impl Written {
    pub(super) fn place(self, variable: impl Fn(&str) -> Option<String>) -> Result<Place, SettingError> {
        let wrong = |setting, next| Err(SettingError::Wrong(setting, next));
        match self.store.as_deref() {
            Some("s3") => {}
            Some("disk") | None => {
                let of_s3 = [self.bucket, self.endpoint, self.region, self.prefix];
                if of_s3.iter().any(Option::is_some) {
                    return wrong(
                        "media.store",
                        "is not \"s3\", but there are settings of a bucket: say \"s3\", or take them out",
                    );
                }
                return Ok(Place::Disk);
            }
            Some(_) => return wrong("media.store", "is neither \"disk\" nor \"s3\""),
        }
        let Some(name) = self.bucket else { return wrong("media.bucket", "is missing: name the bucket for the files") };
        // docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        if !(3..=63).contains(&name.len()) || !name.bytes().all(fits) {
            return wrong("media.bucket", "is no name of a bucket: 3 to 63 of a-z, 0-9, `.` and `-`");
        }
        if let Some(endpoint) = &self.endpoint {
            let next = "is not an address like https://s3.example.id, without a name, a password or anything behind it";
            let Ok(url) = reqwest::Url::parse(endpoint) else { return wrong("media.endpoint", next) };
            let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
            if !["http", "https"].contains(&url.scheme()) || !bare || url.fragment().is_some() {
                return wrong("media.endpoint", next);
            }
        }
        let region = match (self.region, &self.endpoint) {
            (Some(region), _) if !region.is_empty() => region,
            // stores of other makers have one region and take Amazon's first for its name
            (None, Some(_)) => "us-east-1".to_owned(),
            _ => return wrong("media.region", "is missing: name the bucket's region, such as ap-southeast-3"),
        };
        let Ok(prefix) = Name::parse(self.prefix.unwrap_or_default()) else {
            return wrong("media.prefix", "cannot begin names: parts with `/` between them, none empty, `.` or `..`");
        };
        let endpoint = self.endpoint.map(|endpoint| endpoint.trim_end_matches('/').to_owned());
        let credentials = Credentials::of_environment(variable)?;
        Ok(Place::S3(Box::new(Bucket { name, endpoint, region, prefix, credentials })))
    }
}
