//! Lessons and benefit sheets for outreach: for anybody, without a client.

use payung_domain::{
    calendar::Month,
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
