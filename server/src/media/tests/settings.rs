//! `payung.toml`: what is wrong is named, and never shown.

use super::*;

fn with(name: &str) -> Option<String> {
    (name.starts_with("AWS_")).then(|| "sangat-rahasia".to_owned())
}

#[test]
fn without_settings_files_are_on_the_servers_own_disk() {
    for text in ["", "[media]\n", "[media]\nstore = \"disk\"\n"] {
        assert!(matches!(Place::read(text, |_| None), Ok(Place::Disk)), "{text}");
    }
}

#[test]
fn bucket_is_read_with_its_key_from_the_environment_alone() {
    let text = "[media]\nstore = \"s3\"\nbucket = \"payung-foto\"\nregion = \"ap-southeast-3\"\nprefix = \"/kcp/purwokerto/\"\n";
    let Ok(Place::S3(bucket)) = Place::read(text, with) else { panic!("a bucket") };
    assert_eq!((bucket.name.as_str(), bucket.region.as_str()), ("payung-foto", "ap-southeast-3"));
    assert_eq!((bucket.endpoint, bucket.prefix.as_ref()), (None, "kcp/purwokerto"));
    assert!(!format!("{:?}", bucket.credentials).contains("rahasia"));
    let own = "[media]\nstore = \"s3\"\nbucket = \"payung-foto\"\nendpoint = \"https://s3.example.id/\"\n";
    let Ok(Place::S3(bucket)) = Place::read(own, with) else { panic!("a bucket") };
    assert_eq!(bucket.endpoint.as_deref(), Some("https://s3.example.id"));
}

#[test]
fn each_wrong_setting_is_named_and_what_was_set_is_not_shown() {
    let s3 = |rest: &str| format!("[media]\nstore = \"s3\"\n{rest}");
    let full = "bucket = \"payung-foto\"\nendpoint = \"https://s3.example.id\"\n";
    let cases = [
        ("[media]\nstore = \"rahasia\"\n".to_owned(), "media.store is neither"),
        ("[media]\nbucket = \"payung-foto\"\n".to_owned(), "media.store is not \"s3\""),
        (s3("region = \"x\"\n"), "media.bucket is missing"),
        (s3("bucket = \"Foto rahasia\"\nregion = \"x\"\n"), "media.bucket is no name"),
        (s3("bucket = \"payung-foto\"\n"), "media.region is missing"),
        (s3("bucket = \"payung-foto\"\nregion = \"\"\n"), "media.region is missing"),
        (s3("bucket = \"payung-foto\"\nendpoint = \"s3.rahasia.id\"\n"), "media.endpoint is not an address"),
        (s3("bucket = \"payung-foto\"\nendpoint = \"ftp://s3.rahasia.id\"\n"), "media.endpoint is not an address"),
        (s3("bucket = \"payung-foto\"\nendpoint = \"https://a:rahasia@b.id\"\n"), "media.endpoint is not an address"),
        (s3(&format!("{full}prefix = \"a//rahasia\"\n")), "media.prefix cannot begin"),
        (s3(&format!("{full}prefix = \"../rahasia\"\n")), "media.prefix cannot begin"),
        (s3(&format!("{full}secret_access_key = \"rahasia\"\n")), "unknown field `secret_access_key`"),
        ("[foto]\nstore = \"rahasia\"\n".to_owned(), "unknown field `foto`"),
    ];
    for (text, told) in cases {
        let error = Place::read(&text, with).expect_err("wrong").to_string();
        assert!(error.contains(told) && !error.contains("rahasia") && error.lines().count() == 1, "{text}: {error}");
    }
    for missing in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        let variable = |name: &str| with(name).map(|value| if name == missing { String::new() } else { value });
        let error = Place::read(&s3(full), variable).expect_err("wrong").to_string();
        assert!(error.starts_with(missing) && !error.contains("rahasia"), "{error}");
    }
}
