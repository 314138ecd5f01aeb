//! A quote that can be read aloud: months that cost the same in one line, with the reason of each discount, and what
//! the other terms would cost.

#[cfg(test)]
mod tests;

use super::{ContributionError, ContributionTable, Discount, Program, Quote, QuoteMonth, QuoteRequest, rupiah};
use crate::calendar::Month;

/// Neighbouring contribution months that cost the same for the same reason. Rupiah; those of one month unless told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakdownLine {
    /// First month.
    pub first: Month,
    /// Last month.
    pub last: Month,
    /// How many.
    pub months: u32,
    /// Work accident, undiscounted.
    pub jkk: i64,
    /// Death, undiscounted.
    pub jkm: i64,
    /// Old age savings; zero when not taken.
    pub jht: i64,
    /// Taken off.
    pub discount: i64,
    /// The laws of the discount; empty without one.
    pub laws: Vec<String>,
    /// To be paid for one month.
    pub monthly: i64,
    /// To be paid for all months of the line.
    pub sum: i64,
    /// The line in Indonesian, to be read aloud.
    pub sentence: String,
}

/// What a term would cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermPrice {
    /// Contribution months.
    pub months: u32,
    /// The last of them.
    pub until: Month,
    /// Rupiah for all of them; none where no rates are known for one.
    pub total: Option<i64>,
    /// The term in Indonesian.
    pub sentence: String,
}

/// A quote in lines and sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakdown {
    /// The quote itself, month by month.
    pub quote: Quote,
    /// Its months, those of the same price together, in order.
    pub lines: Vec<BreakdownLine>,
    /// The sum in Indonesian.
    pub sentence: String,
    /// Every term of the table, for comparing.
    pub terms: Vec<TermPrice>,
}

impl ContributionTable {
    /// The quote of a request with its lines, and the terms beside it.
    ///
    /// # Errors
    /// As [`ContributionTable::quote`].
    pub fn breakdown(&self, request: &QuoteRequest) -> Result<Breakdown, ContributionError> {
        let quote = self.quote(request)?;
        let mut lines: Vec<(QuoteMonth, u32, Vec<Reason>)> = Vec::new();
        for month in &quote.months {
            let reasons = self.reasons(request, month);
            match lines.last_mut() {
                Some((first, count, why)) if same_price(first, month) && *why == reasons => *count += 1,
                _ => lines.push((*month, 1, reasons)),
            }
        }
        let terms = self.terms.iter().map(|months| self.term(request, *months)).collect();
        let span = span(request.start, last_of(request.start, request.months));
        Ok(Breakdown {
            lines: lines.into_iter().map(|(month, count, reasons)| line(&month, count, &reasons)).collect(),
            sentence: format!("Jumlah {} bulan, {span}: {}.", request.months, rupiah(quote.total)),
            terms,
            quote,
        })
    }

    fn term(&self, request: &QuoteRequest, months: u32) -> TermPrice {
        let total = self.quote(&QuoteRequest { months, ..request.clone() }).ok().map(|quote| quote.total);
        let until = last_of(request.start, months);
        let price = total.map_or_else(|| "belum bisa dihitung".to_owned(), rupiah);
        TermPrice { months, until, total, sentence: format!("{months} bulan, sampai {}: {price}.", until.indonesian()) }
    }

    /// Why a month costs less, programme by programme; equal reasons together.
    fn reasons(&self, request: &QuoteRequest, month: &QuoteMonth) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = Vec::new();
        let taken = [(Program::Jkk, month.jkk), (Program::Jkm, month.jkm), (Program::Jht, month.jht)];
        for (program, _) in taken.into_iter().filter(|(_, amount)| *amount > 0) {
            let Some(Discount { percent, source, .. }) =
                self.discount(&program, month.month, &request.payer, request.transport)
            else {
                continue;
            };
            match reasons.iter_mut().find(|known| known.percent == *percent && known.source == *source) {
                Some(known) => known.programs.push(program),
                None => {
                    reasons.push(Reason { percent: *percent, source: source.clone(), programs: vec![program] });
                }
            }
        }
        reasons
    }
}

/// A discount as it fell upon one month.
#[derive(PartialEq, Eq)]
struct Reason {
    percent: u32,
    source: String,
    programs: Vec<Program>,
}

impl Reason {
    /// `setengah harga untuk JKK dan JKM menurut PP 50/2025`
    fn words(&self) -> String {
        let part =
            if self.percent == 50 { "setengah harga".to_owned() } else { format!("potongan {} persen", self.percent) };
        let programs: Vec<String> = self.programs.iter().map(|program| program.as_str().to_uppercase()).collect();
        let law = if self.source.is_empty() { String::new() } else { format!(" menurut {}", self.source) };
        format!("{part} untuk {}{law}", listed(&programs))
    }
}

fn same_price(one: &QuoteMonth, other: &QuoteMonth) -> bool {
    QuoteMonth { month: other.month, ..*one } == *other
}

fn line(month: &QuoteMonth, months: u32, reasons: &[Reason]) -> BreakdownLine {
    let (first, last) = (month.month, last_of(month.month, months));
    let (monthly, sum) = (month.total(), month.total() * i64::from(months));
    let parts: Vec<String> = [("JKK", month.jkk), ("JKM", month.jkm), ("JHT", month.jht)]
        .into_iter()
        .filter(|(_, amount)| *amount > 0)
        .map(|(name, amount)| format!("{name} {}", rupiah(amount)))
        .collect();
    let each = if months > 1 { "tiap bulan " } else { "" };
    let off = if month.discount > 0 {
        let why: Vec<String> = reasons.iter().map(Reason::words).collect();
        format!(", dikurangi {} karena {}", rupiah(month.discount), listed(&why))
    } else {
        String::new()
    };
    let all = if months > 1 { format!(" Untuk {months} bulan {}.", rupiah(sum)) } else { String::new() };
    let sentence = format!("{}: {each}{}, yaitu {}{off}.{all}", span(first, last), rupiah(monthly), listed(&parts));
    BreakdownLine {
        first,
        last,
        months,
        jkk: month.jkk,
        jkm: month.jkm,
        jht: month.jht,
        discount: month.discount,
        laws: reasons.iter().map(|reason| reason.source.clone()).collect(),
        monthly,
        sum,
        sentence,
    }
}

fn last_of(first: Month, months: u32) -> Month {
    first.add_months(i32::try_from(months).unwrap_or(i32::MAX).saturating_sub(1))
}

/// `November 2026`, `Januari sampai Maret 2027`, `Desember 2026 sampai Maret 2027`
fn span(first: Month, last: Month) -> String {
    let (from, until) = (first.indonesian(), last.indonesian());
    if first == last {
        return from;
    }
    match from.split_once(' ') {
        Some((month, _)) if first.year() == last.year() => format!("{month} sampai {until}"),
        _ => format!("{from} sampai {until}"),
    }
}

/// `a`, `a dan b`, `a, b, dan c`
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [one, other] => format!("{one} dan {other}"),
        [most @ .., last] => format!("{}, dan {last}", most.join(", ")),
    }
}
