use super::*;

#[test]
fn https_is_taken_anywhere() {
    assert_eq!(ServerAddress::parse(" https://Payung.example.id/ ").unwrap().as_str(), "https://payung.example.id");
    assert_eq!(ServerAddress::parse("https://10.0.0.2:8443").unwrap().as_str(), "https://10.0.0.2:8443");
}

#[test]
fn cleartext_goes_to_this_machine_only() {
    for own in ["http://127.0.0.1:80", "http://[::1]:9000", "http://localhost:8080"] {
        assert!(ServerAddress::parse(own).is_ok(), "{own}");
    }
    for other in
        ["http://192.168.1.5:8080", "http://payung.example.id", "http://localhost.example.id", "http://128.0.0.1"]
    {
        assert_eq!(ServerAddress::parse(other), Err(AddressError::Cleartext), "{other}");
    }
}

#[test]
fn a_hub_is_cleartext_by_explicit_choice() {
    assert_eq!(ServerAddress::hub("http://192.168.1.5:8080").unwrap().as_str(), "http://192.168.1.5:8080");
}

#[test]
fn an_address_is_an_origin_and_nothing_more() {
    for address in [
        "",
        "payung.example.id",
        "ftp://payung.example.id",
        "https://user@payung.example.id",
        "https://u:p@payung.example.id",
        "https://payung.example.id/v1",
        "https://payung.example.id?x=1",
        "https://payung.example.id#x",
        "https://",
        "file:///etc/passwd",
    ] {
        assert_eq!(ServerAddress::parse(address), Err(AddressError::Malformed), "{address}");
        assert_eq!(ServerAddress::hub(address), Err(AddressError::Malformed), "{address}");
    }
}
