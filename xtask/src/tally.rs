//! Counting checks from the lines that test runners print.

use std::{fmt, ops::AddAssign};

/// Checks counted by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Held.
    pub(crate) passed: u64,
    /// Did not hold.
    pub(crate) failed: u64,
    /// Did not run.
    pub(crate) skipped: u64,
}

impl Tally {
    /// One check.
    pub(crate) fn one(held: bool) -> Self {
        if held { Self { passed: 1, ..Self::default() } } else { Self { failed: 1, ..Self::default() } }
    }

    /// From `test result: ok. 5 passed; 0 failed; 1 ignored; …` of Rust's test runner.
    pub(crate) fn from_cargo(line: &str) -> Option<Self> {
        let counts = line.trim().strip_prefix("test result: ")?.split_once(". ")?.1;
        Self::from_counts(counts.split(';'))
    }

    /// From a judge's last line, `3 passed, 0 failed` or `3 passed, 0 failed, 1 skipped`.
    pub(crate) fn from_judge(line: &str) -> Option<Self> {
        Self::from_counts(line.split(','))
    }

    /// From `Tests run: 9, Failures: 0, Errors: 1, Skipped: 0, …` of a report of Maven's surefire.
    pub(crate) fn from_surefire(line: &str) -> Option<Self> {
        let counts: Vec<u64> = line
            .strip_prefix("Tests run: ")?
            .split(", ")
            .map_while(|part| part.rsplit(": ").next()?.parse().ok())
            .collect();
        let [run, failures, errors, skipped, ..] = counts[..] else { return None };
        let failed = failures + errors;
        Some(Self { passed: run.saturating_sub(failed + skipped), failed, skipped })
    }

    /// From `Executed 9 tests, with 1 failure (0 unexpected) in …` of XCTest.
    pub(crate) fn from_xctest(line: &str) -> Option<Self> {
        let mut words = line.trim().strip_prefix("Executed ")?.split_whitespace();
        let run: u64 = words.next()?.parse().ok()?;
        let failed: u64 = words.skip_while(|word| *word != "with").nth(1)?.parse().ok()?;
        Some(Self { passed: run.saturating_sub(failed), failed, skipped: 0 })
    }

    fn from_counts<'line>(parts: impl Iterator<Item = &'line str>) -> Option<Self> {
        let (mut passed, mut failed, mut skipped) = (None, None, 0);
        for part in parts {
            let Some((count, word)) = part.trim().split_once(' ') else { continue };
            match word {
                "passed" => passed = Some(count.parse().ok()?),
                "failed" => failed = Some(count.parse().ok()?),
                "ignored" | "skipped" => skipped = count.parse().ok()?,
                _ => {}
            }
        }
        Some(Self { passed: passed?, failed: failed?, skipped })
    }

    /// The sum of a runner's lines. A runner that failed without naming a failed check (it did not compile, it was
    /// killed) counts as one, and so does one that ran nothing.
    pub(crate) fn of_run(success: bool, counted: impl Iterator<Item = Self>) -> Self {
        let mut sum = Self::default();
        counted.for_each(|tally| sum += tally);
        if (!success && sum.failed == 0) || sum == Self::default() {
            sum.failed += 1;
        }
        sum
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    const OK: &str = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s";
    const BAD: &str =
        "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.10s";

    #[test]
    fn rust_test_lines_are_counted_and_others_are_not() {
        assert_eq!(Tally::from_cargo(OK), Some(Tally { passed: 5, failed: 0, skipped: 1 }));
        assert_eq!(Tally::from_cargo(BAD), Some(Tally { passed: 3, failed: 2, skipped: 0 }));
        assert_eq!(Tally::from_cargo("test nik::tests::serial_0000_is_rejected ... ok"), None);
        assert_eq!(Tally::from_cargo("running 5 tests"), None);
    }

    #[test]
    fn reports_of_surefire_and_xctest_are_counted() {
        let surefire = "Tests run: 9, Failures: 1, Errors: 1, Skipped: 2, Time elapsed: 3.1 s <<< FAILURE!";
        assert_eq!(Tally::from_surefire(surefire), Some(Tally { passed: 5, failed: 2, skipped: 2 }));
        assert_eq!(Tally::from_surefire("Test set: StoryTest"), None);
        let xctest = "\t Executed 9 tests, with 1 failure (0 unexpected) in 4.2 (4.2) seconds";
        assert_eq!(Tally::from_xctest(xctest), Some(Tally { passed: 8, failed: 1, skipped: 0 }));
        assert_eq!(Tally::from_xctest("Executed tests"), None);
    }

    #[test]
    fn judge_lines_are_counted_with_or_without_skipped() {
        assert_eq!(Tally::from_judge("12 passed, 0 failed"), Some(Tally { passed: 12, failed: 0, skipped: 0 }));
        assert_eq!(
            Tally::from_judge("1 passed, 2 failed, 3 skipped"),
            Some(Tally { passed: 1, failed: 2, skipped: 3 })
        );
        assert_eq!(Tally::from_judge("all passed"), None);
        assert_eq!(Tally::from_judge("twelve passed, 0 failed"), None);
    }

    #[test]
    fn a_run_that_fails_without_a_failed_check_is_one_failure() {
        assert_eq!(Tally::of_run(false, std::iter::empty()).failed, 1);
        assert_eq!(Tally::of_run(false, Tally::from_cargo(OK).into_iter()).failed, 1);
        assert_eq!(Tally::of_run(false, Tally::from_cargo(BAD).into_iter()).failed, 2);
    }

    #[test]
    fn a_run_without_any_check_is_a_failure() {
        assert_eq!(Tally::of_run(true, std::iter::empty()), Tally::one(false));
    }

    #[test]
    fn the_last_line_reads_as_promised() {
        assert_eq!(Tally { passed: 3, failed: 0, skipped: 1 }.to_string(), "3 passed, 0 failed, 1 skipped");
    }
}
