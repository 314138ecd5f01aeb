//! Registering a worker: what a form holds while it is filled in ([`WorkerDraft`]), and what is saved once it is
//! right ([`Registration`]).

#[cfg(test)]
mod tests;

use crate::{
    area::Area,
    calendar::{Month, local_date},
    contribution::{
        Breakdown, ContributionError, ContributionTable, ContributionTables, IncomeBasis, MonthlyIncome, Payer,
        Program, Programs, Quote, QuoteRequest, parse_days, parse_rupiah,
    },
    eligibility::{self, EligibilityRequest, Membership},
    field::{FieldError, Kind},
    id::OfficialId,
    nik::{Nik, NikContext, Sex},
    occupation,
    op::Body,
    region::RegionCode,
    text,
};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A form on its way: each field as typed, saved one by one, wrong or not. Names are those of the field tables with
/// their parts dotted (`birth.place`), and `income`, `income.days` (then `income` is a day's), `employer`,
/// `confirmed.nik` (typed again, "sesuai KTP"), `self` (the official registers themself), `capture.lat_e6`.
#[derive(Clone, Default, PartialEq)]
pub struct WorkerDraft {
    /// Field name to what was typed: text, a number, yes or no, a list.
    pub fields: BTreeMap<String, Value>,
}

impl std::fmt::Debug for WorkerDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the values are a person's
        f.debug_struct("WorkerDraft").field("fields", &self.fields.keys()).finish()
    }
}

/// Where, when, by whom and against which lists a form is checked.
#[derive(Clone, Copy, Debug)]
pub struct CaptureContext<'c> {
    /// Now, by the phone's clock.
    pub now: DateTime<Utc>,
    /// The area that will look after the record: its zone decides what day and month it is.
    pub area: &'c Area,
    /// Who registers.
    pub official: OfficialId,
    /// Contributions in force.
    pub table: &'c ContributionTable,
    /// Whether another worker on this phone has the NIK.
    pub nik_on_this_phone: bool,
    /// The person is a member already, or comes back.
    pub membership: Membership,
}

/// A form that is right, ready to be saved.
#[derive(Clone, PartialEq)]
pub struct Registration {
    /// The worker's fields.
    pub worker: Body,
    /// The enrolment's fields, without `worker`.
    pub enrollment: Body,
    /// The sum to be paid, month by month.
    pub quote: Quote,
    /// Codes of what the official should look at; saving goes on.
    pub warnings: Vec<&'static str>,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration").field("warnings", &self.warnings).finish_non_exhaustive()
    }
}

/// Reads typed fields and gathers what is wrong with them.
struct Reader<'d> {
    fields: &'d BTreeMap<String, Value>,
    errors: Vec<FieldError>,
}

impl Reader<'_> {
    fn wrong(&mut self, field: &str, code: &str) {
        self.errors.push(FieldError::new(field, code));
    }

    /// The text of a field, trimmed; none when absent or empty. A number is read as its digits.
    fn text(&self, field: &str) -> Option<String> {
        let text = match self.fields.get(field)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    fn needed(&mut self, field: &str) -> Option<String> {
        let text = self.text(field);
        if text.is_none() {
            self.wrong(field, "required");
        }
        text
    }

    fn yes(&self, field: &str) -> bool {
        self.fields.get(field).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The parts of a composed field that were filled in.
    fn parts(&self, field: &str, names: &[&str]) -> Map<String, Value> {
        let part = |name: &&str| {
            let value = self.fields.get(&format!("{field}.{name}"))?;
            let empty = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
            let value = value.as_str().map_or_else(|| value.clone(), |text| text.trim().into());
            (!empty).then(|| ((*name).to_owned(), value))
        };
        names.iter().filter_map(part).collect()
    }
}

fn contribution_error(error: &ContributionError) -> FieldError {
    let field = match error.field() {
        "monthly_income" | "daily_rate" => "income",
        "days" => "income.days",
        "programs" => "cover.programs",
        "months" => "cover.months",
        "start_month" => "cover.start_month",
        other => other,
    };
    FieldError::new(field, error.code())
}

impl WorkerDraft {
    /// Checks the whole form. Every wrong field is told, each with a stable code; the draft stays as it is.
    pub fn validate(&self, context: &CaptureContext) -> Result<Registration, Vec<FieldError>> {
        let mut reader = Reader { fields: &self.fields, errors: Vec::new() };
        let today = local_date(context.now, context.area);
        let mut warnings = Vec::new();
        let mut worker = Body::new();
        let at = context.now.to_rfc3339_opts(SecondsFormat::Secs, true);

        let nik = self.nik(&mut reader, context, today, &mut warnings);
        let birth = self.birth(&mut reader, nik.as_ref(), today);
        for name in ["name", "mother_name"] {
            if let Some(typed) = reader.needed(name) {
                worker.insert(name.to_owned(), text::normalise_name(&typed).into());
            }
        }
        if let Some(nik) = &nik {
            worker.insert("nik".to_owned(), nik.expose().into());
        }
        let mut birth_parts = reader.parts("birth", &["place"]);
        if let Some((date, sex)) = birth {
            birth_parts.insert("date".to_owned(), date.to_string().into());
            birth_parts.insert("sex".to_owned(), json!(sex));
            worker.insert("birth".to_owned(), birth_parts.into());
        }
        worker.insert("home".to_owned(), home(&reader, context.area).into());
        if let Some(typed) = reader.text("phone") {
            match text::normalise_phone(&typed) {
                Ok(phone) => drop(worker.insert("phone".to_owned(), phone.into())),
                Err(error) => reader.wrong("phone", error.code()),
            }
        }
        let first = reader.needed("occupations.first");
        let transport = first.as_deref().and_then(occupation::by_code).is_some_and(|job| job.transport);
        worker.insert("occupations".to_owned(), reader.parts("occupations", &["first", "second"]).into());
        worker.insert("work".to_owned(), reader.parts("work", &["place", "hours"]).into());
        for name in ["heirs", "earlier_kpj", "ecosystem", "notes", "attendance"] {
            let typed = self.fields.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""));
            if let Some(value) = typed {
                worker.insert(name.to_owned(), value.clone());
            }
        }
        let mut capture = reader.parts("capture", &["accuracy"]);
        let position = reader.parts("capture", &["lat_e6", "lon_e6"]);
        if position.len() == 2 {
            capture.insert("position".to_owned(), position.into());
        }
        capture.insert("at".to_owned(), at.clone().into());
        capture.insert("official".to_owned(), context.official.to_string().into());
        worker.insert("capture".to_owned(), capture.into());

        if reader.yes("self") {
            worker.insert("official".to_owned(), context.official.to_string().into());
        }
        let cover = self.cover(&mut reader, context, Month::of(today), transport);
        let mut declaration = reader.parts("declaration", &["independent", "healthy", "signature"]);
        declaration.insert("at".to_owned(), at.clone().into());
        let mut consent = reader.parts("consent", &["text_version", "language", "read_by", "witness"]);
        consent.insert("at".to_owned(), at.into());
        // what was read must be found again
        let version = consent.get("text_version").and_then(Value::as_str);
        if version.is_some_and(|version| !crate::consent::is_known(version)) {
            reader.wrong("consent.text_version", "consent_unknown");
        }
        let mut enrollment =
            Body::from([("declaration".to_owned(), declaration.into()), ("consent".to_owned(), consent.into())]);
        let quote = cover.map(|(cover, quote)| {
            enrollment.insert("cover".to_owned(), cover.into());
            quote
        });

        if let (Some(_), Some((date, _))) = (&nik, birth) {
            let eligibility = eligibility::check(&EligibilityRequest {
                has_nik: true,
                birth: date,
                today,
                working: reader.yes("declaration.independent"),
                healthy: reader.yes("declaration.healthy"),
                membership: context.membership,
            });
            for refusal in eligibility.refusals {
                let field = match refusal {
                    eligibility::Refusal::NotWorking => "declaration.independent",
                    eligibility::Refusal::NotHealthy => "declaration.healthy",
                    eligibility::Refusal::NoNik => "nik",
                    eligibility::Refusal::Age65 | eligibility::Refusal::BirthInFuture => "birth.date",
                };
                reader.wrong(field, refusal.code());
            }
            let known = |code: &str| warnings.iter().any(|warning: &&str| warning.contains(code));
            let news: Vec<_> = eligibility.warnings.iter().map(|w| w.code()).filter(|code| !known(code)).collect();
            warnings.extend(news);
        }
        worker.retain(|_, value| value.as_object().is_none_or(|map| !map.is_empty()));
        let mut errors = reader.errors;
        for (kind, body) in [(Kind::Worker, &worker), (Kind::Enrollment, &enrollment)] {
            check_table(&kind, body, &mut errors);
        }
        match quote {
            Some(quote) if errors.is_empty() => Ok(Registration { worker, enrollment, quote, warnings }),
            _ => Err(errors),
        }
    }

    fn nik(
        &self,
        reader: &mut Reader,
        context: &CaptureContext,
        today: NaiveDate,
        warnings: &mut Vec<&'static str>,
    ) -> Option<Nik> {
        let typed = reader.needed("nik")?;
        let nik = match Nik::parse(&typed) {
            Ok(nik) => nik,
            Err(error) => {
                reader.wrong("nik", error.code());
                return None;
            }
        };
        let check = nik.check(&NikContext {
            today,
            typed_birth: reader.text("birth.date").and_then(|date| date.parse().ok()),
            typed_sex: self.fields.get("birth.sex").and_then(|sex| serde_json::from_value(sex.clone()).ok()),
            home: reader.text("home.village").and_then(|code| RegionCode::parse(&code).ok()).or(context.area.village()),
            on_this_phone: context.nik_on_this_phone,
            in_duplicate_filter: false,
        });
        warnings.extend(check.warn.iter().map(|warning| warning.code()));
        // a KTP can carry an odd date: typed twice and confirmed, it is taken as it is
        let confirmed = reader.text("confirmed.nik").and_then(|again| Nik::parse(&again).ok()).as_ref() == Some(&nik);
        match check.retype.first() {
            Some(odd) if !confirmed => {
                reader.wrong("nik", odd.code());
                None
            }
            _ => Some(nik),
        }
    }

    /// Birth date and sex as typed; where not typed, as the NIK has them.
    fn birth(&self, reader: &mut Reader, nik: Option<&Nik>, today: NaiveDate) -> Option<(NaiveDate, Sex)> {
        let typed = match reader.text("birth.date") {
            None => None,
            Some(date) => {
                let Ok(date) = date.parse::<NaiveDate>() else {
                    reader.wrong("birth.date", "date_invalid");
                    return None;
                };
                Some(date)
            }
        };
        let mut context = NikContext::on(today);
        context.typed_birth = typed;
        let read = nik.map(|nik| nik.check(&context));
        let date = typed.or_else(|| read.as_ref().and_then(|check| check.birth));
        let sex = match self.fields.get("birth.sex").filter(|sex| !sex.is_null()) {
            Some(sex) => serde_json::from_value(sex.clone()).ok(),
            None => read.and_then(|check| check.sex),
        };
        // without a NIK there is nothing to read them from: the NIK's own error says what to do
        if nik.is_some() && date.is_none() {
            reader.wrong("birth.date", "required");
        }
        if nik.is_some() && sex.is_none() {
            reader.wrong("birth.sex", "required");
        }
        date.zip(sex)
    }

    /// What a form that may be far from finished costs, as its fields stand: income, programmes, months, payer and the
    /// first occupation, for whose sector a discount may be given. `this_month` is the one in the region's zone.
    ///
    /// # Errors
    /// Each of these fields that is wrong or missing, with a stable code.
    pub fn price(&self, table: &ContributionTable, this_month: Month) -> Result<Breakdown, Vec<FieldError>> {
        let mut reader = Reader { fields: &self.fields, errors: Vec::new() };
        let job = reader.needed("occupations.first");
        let job = job.and_then(|code| {
            let known = occupation::by_code(&code);
            if known.is_none() {
                reader.wrong("occupations.first", "occupation_unknown");
            }
            known
        });
        let asked = self.quote_request(&mut reader, this_month, job.is_some_and(|job| job.transport));
        match asked {
            Some((request, _)) if reader.errors.is_empty() => {
                table.breakdown(&request).map_err(|error| vec![contribution_error(&error)])
            }
            _ => Err(reader.errors),
        }
    }

    fn quote_request(
        &self,
        reader: &mut Reader,
        this_month: Month,
        transport: bool,
    ) -> Option<(QuoteRequest, IncomeBasis)> {
        let (income, basis) = income(reader)?;
        let programs = self.programs(reader)?;
        let months = match reader.text("cover.months").map(|months| months.parse::<u32>()) {
            Some(Ok(months)) => months,
            Some(Err(_)) => {
                reader.wrong("cover.months", "not_a_number");
                return None;
            }
            None => {
                reader.wrong("cover.months", "required");
                return None;
            }
        };
        let start = match reader.text("cover.start_month").map(|month| month.parse::<Month>()) {
            None => this_month,
            Some(Ok(month)) => month,
            Some(Err(_)) => {
                reader.wrong("cover.start_month", "month_invalid");
                return None;
            }
        };
        let payer = reader.text("cover.payer").map_or(Payer::SelfPaid, |payer| Payer::from(payer.as_str()));
        Some((QuoteRequest { income, programs, start, months, payer, transport }, basis))
    }

    fn cover(
        &self,
        reader: &mut Reader,
        context: &CaptureContext,
        this_month: Month,
        transport: bool,
    ) -> Option<(Map<String, Value>, Quote)> {
        let (request, basis) = self.quote_request(reader, this_month, transport)?;
        let quote = match context.table.quote(&request) {
            Ok(quote) => quote,
            Err(error) => {
                reader.errors.push(contribution_error(&error));
                return None;
            }
        };
        let mut cover = reader.parts("cover", &["agreement"]);
        let written = json!({
            "programs": request.programs,
            "monthly_income": request.income.amount(),
            "income_basis": basis,
            "start_month": request.start,
            "months": request.months,
            "payer": request.payer,
            "table_version": quote.table_version,
        });
        if let Value::Object(written) = written {
            cover.extend(written);
        }
        Some((cover, quote))
    }

    fn programs(&self, reader: &mut Reader) -> Option<Programs> {
        let programs = match self.fields.get("cover.programs").filter(|value| !value.is_null()) {
            None => Programs::basic(),
            Some(chosen) => {
                let Ok(chosen) = serde_json::from_value::<Vec<Program>>(chosen.clone()) else {
                    reader.wrong("cover.programs", "not_a_list");
                    return None;
                };
                chosen.into_iter().collect()
            }
        };
        match programs.check(reader.yes("employer")) {
            Ok(()) => Some(programs),
            Err(error) => {
                reader.errors.push(contribution_error(&error));
                None
            }
        }
    }
}

/// What the cover asked for costs, from a worker's and an enrolment's fields as they are kept: by the table that the cover names,
/// where it is known, else the one in force; for the first occupation's sector. None where a field is missing or the table has
/// no rates for it.
pub fn cover_quote(worker: &Body, enrollment: &Body, tables: &ContributionTables) -> Option<Quote> {
    fn part<T: serde::de::DeserializeOwned>(cover: &Value, name: &str) -> Option<T> {
        serde_json::from_value(cover.get(name)?.clone()).ok()
    }
    let cover = enrollment.get("cover")?;
    let first = worker.get("occupations").and_then(|jobs| jobs.get("first")).and_then(Value::as_str);
    let request = QuoteRequest {
        income: MonthlyIncome::new(part(cover, "monthly_income")?).ok()?,
        programs: part::<Vec<Program>>(cover, "programs")?.into_iter().collect(),
        start: part(cover, "start_month")?,
        months: part(cover, "months")?,
        payer: part(cover, "payer")?,
        transport: first.and_then(occupation::by_code).is_some_and(|job| job.transport),
    };
    tables.quote(&request, cover.get("table_version").and_then(Value::as_str))
}

fn income(reader: &mut Reader) -> Option<(MonthlyIncome, IncomeBasis)> {
    let typed = reader.needed("income")?;
    let basis = match reader.text("income.days") {
        None => parse_rupiah("monthly_income", &typed).map(|amount| IncomeBasis::Monthly { amount }),
        Some(days) => parse_rupiah("daily_rate", &typed)
            .and_then(|rate| parse_days(&days).map(|days| IncomeBasis::Daily { rate, days })),
    };
    match basis.and_then(|basis| basis.monthly().map(|income| (income, basis))) {
        Ok(income) => Some(income),
        Err(error) => {
            reader.errors.push(contribution_error(&error));
            None
        }
    }
}

/// The address; village, RW and RT are the area's where they were not typed.
fn home(reader: &Reader, area: &Area) -> Map<String, Value> {
    let mut home = reader.parts("home", &["village", "rw", "rt", "line", "landmark", "postcode"]);
    let own = [
        ("village", area.village().map(|code| code.to_string())),
        ("rw", area.rw().map(str::to_owned)),
        ("rt", area.rt().map(str::to_owned)),
    ];
    // in another village the area says nothing of RW and RT
    let elsewhere = home.contains_key("village");
    for (name, value) in own.into_iter().filter(|_| !elsewhere) {
        if let (Some(value), false) = (value, home.contains_key(name)) {
            home.insert(name.to_owned(), value.into());
        }
    }
    home
}

/// What the table says of each field and what is missing; a field told already is not told twice.
fn check_table(kind: &Kind, body: &Body, errors: &mut Vec<FieldError>) {
    let told = |errors: &[FieldError], field: &str| {
        errors.iter().any(|error| {
            error.field == field
                || error.field.starts_with(&format!("{field}."))
                || field == "cover" && error.field.starts_with("income")
        })
    };
    for (field, value) in body {
        let wrong = kind.validate(field, value).err().filter(|error| !told(errors, &error.field));
        errors.extend(wrong);
    }
    for field in kind.missing(body) {
        // the worker of an enrolment is given when both are saved
        if field != "worker" && !told(errors, field) && !(field == "birth" && told(errors, "nik")) {
            errors.push(FieldError::new(field, "required"));
        }
    }
}
