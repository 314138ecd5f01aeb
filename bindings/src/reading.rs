//! Lessons and benefit sheets for outreach: for anybody, without a client.

use payung_domain::{
    calendar::Month,
    consent::{self, ConsentText},
    lesson::{self, BenefitSheet, Language, Lesson},
};

/// The lessons in a language, in the order in which they are best told.
#[uniffi::export]
pub fn lessons(language: Language) -> Vec<Lesson> {
    lesson::lessons(&language)
}

/// A sheet for each programme as it is in a month, those that informal workers cannot join last, with the reason.
#[uniffi::export]
pub fn benefit_sheets(language: Language, month: Month) -> Vec<BenefitSheet> {
    lesson::benefit_sheets(&language, month)
}

/// What is read aloud before a person's data are kept, as it is now; the form's `consent.text_version` and `consent.language` name it.
#[uniffi::export]
pub fn consent_now(language: Language) -> Option<ConsentText> {
    consent::text(consent::current(), &language)
}

/// The text that an enrolment names; none for a version of a newer app.
#[uniffi::export]
pub fn consent_text(version: String, language: Language) -> Option<ConsentText> {
    consent::text(&version, &language)
}
