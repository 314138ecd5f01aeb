//! Lists by page, searching, and the counts of the home line.

use crate::{
    error::Result,
    index::{self, tag_number},
    shown::{self, ShownRecord},
    sql,
    store::Store,
};
use chrono::NaiveDate;
use payung_domain::{
    area::Area,
    calendar::Month,
    duplicate_filter::DuplicateFilter,
    enrollment::{EnrollmentState, EnrollmentStatus, Phase, label, next_step, phase},
    field::Kind,
    id::RecordId,
    nik::Nik,
    tag::nik_tag,
    text,
};
use rusqlite::{Transaction, params_from_iter, types::Value as Sql};

/// Where a page ended; to be handed back as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct PageKey {
    /// What the list is ordered by: a name.
    pub sort: String,
    /// The row, among those of that name.
    pub rid: i64,
}

impl std::fmt::Debug for PageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // a name
        f.debug_struct("PageKey").field("rid", &self.rid).finish_non_exhaustive()
    }
}

/// Which workers a list shows: all that is set must fit.
#[derive(Clone, Default, PartialEq)]
pub struct WorkerQuery {
    /// Beginnings of words of the name, in any order.
    pub name: Option<String>,
    /// 16 digits, or the last four.
    pub nik: Option<String>,
    /// The beginning of a phone number, as people write it.
    pub phone: Option<String>,
    /// Codes of occupations, first or second.
    pub occupations: Vec<String>,
    /// Phases, `Arrears` with any number of months; empty = all.
    pub phases: Vec<Phase>,
    /// An area and all below it.
    pub area: Option<Area>,
    /// Where the page before ended.
    pub after: Option<PageKey>,
    /// The most rows of a page.
    pub limit: usize,
}

impl std::fmt::Debug for WorkerQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // what is searched for is a person's
        f.debug_struct("WorkerQuery").field("phases", &self.phases).field("area", &self.area).finish_non_exhaustive()
    }
}

impl WorkerQuery {
    /// From what was typed into the one search field: digits are a NIK, its end or a phone; else a name.
    pub fn typed(text: &str, limit: usize) -> Self {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let number = text.chars().all(|c| c.is_ascii_digit() || " .-+".contains(c)) && !digits.is_empty();
        let phone =
            number && (text.trim_start().starts_with(['0', '+']) || (digits.starts_with("628") && digits.len() < 16));
        let mut query = Self { limit, ..Self::default() };
        match digits.len() {
            16 if number => query.nik = Some(digits),
            4 if number => query.nik = Some(digits),
            _ if phone => query.phone = Some(digits),
            _ => query.name = Some(text.to_owned()),
        }
        query
    }
}

/// A row of a list.
#[allow(clippy::struct_excessive_bools, reason = "marks that can stand together")]
#[derive(Clone, PartialEq)]
pub struct WorkerSummary {
    /// The worker.
    pub id: RecordId,
    /// Name as on the KTP.
    pub name: String,
    /// `3302********9001`; empty where the worker has no NIK yet.
    pub nik: String,
    /// Who looks after the record.
    pub area: Area,
    /// Code of the first occupation.
    pub occupation: Option<String>,
    /// Phone, +62….
    pub phone: Option<String>,
    /// Where the enrolment that counts stands; none without one.
    pub phase: Option<Phase>,
    /// A few Indonesian words for it.
    pub label: String,
    /// What to do next, in Indonesian.
    pub next_step: String,
    /// Something of worker, enrolment or its events is not with the office yet.
    pub waiting: bool,
    /// Something of them waits for a person at the office.
    pub held: bool,
    /// Something of them was refused.
    pub refused: bool,
    /// A conflict is open.
    pub conflict: bool,
}

impl std::fmt::Debug for WorkerSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerSummary").field("id", &self.id).field("phase", &self.phase).finish_non_exhaustive()
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Its rows, by name.
    pub rows: Vec<WorkerSummary>,
    /// Where it ended; none when there is nothing after it.
    pub next: Option<PageKey>,
}

/// The numbers of the home line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Workers on this phone.
    pub workers: u64,
    /// Of them, saved here and not with the office yet.
    pub saved_here: u64,
    /// Of them, waiting for a person at the office.
    pub held: u64,
    /// Of them, received by the office.
    pub received: u64,
    /// Ops refused, or with a refused field, that nobody has looked at.
    pub needs_fixing: u64,
    /// Records with an open conflict.
    pub conflicts: u64,
    /// Forms on their way.
    pub drafts: u64,
}

/// The keys with which the tags of this phone's villages are made.
pub(crate) fn tag_keys(tx: &Transaction) -> Result<Vec<[u8; 32]>> {
    let mut statement = tx.prepare_cached("SELECT DISTINCT tag_key FROM village")?;
    let keys = statement.query_map([], |row| row.get(0))?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}

/// The workers shown with this NIK: typed here, or told by its tag.
pub(crate) fn with_nik(tx: &Transaction, nik: &Nik) -> Result<Vec<i64>> {
    let mut found = Vec::new();
    let mut typed = tx.prepare_cached(
        "SELECT worker.rid FROM own_nik JOIN record ON record.id = own_nik.record JOIN worker USING (rid)
         WHERE own_nik.nik = ?1 AND worker.nik_end = ?2",
    )?;
    found.extend(
        typed.query_map((nik.expose(), nik.last4()), |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?,
    );
    let mut told = tx.prepare_cached("SELECT rid FROM worker WHERE tag = ?1")?;
    for key in tag_keys(tx)? {
        if let Some(tag) = tag_number(&nik_tag(&key, nik)) {
            found.extend(told.query_map([tag], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Conditions and their parameters, in order.
#[derive(Default)]
struct Filter {
    conditions: Vec<String>,
    params: Vec<Sql>,
}

impl Filter {
    fn and(&mut self, condition: &str, params: impl IntoIterator<Item = Sql>) {
        self.conditions.push(condition.to_owned());
        self.params.extend(params);
    }
}

fn text_of(text: impl Into<String>) -> Sql {
    Sql::Text(text.into())
}

/// The first text after all that begin with `prefix`: no folded word or phone number holds this character.
fn end_of(prefix: &str) -> Sql {
    text_of(format!("{prefix}\u{10ffff}"))
}

fn placeholders(count: usize) -> String {
    vec!["?"; count].join(", ")
}

fn name_filter(tx: &Transaction, filter: &mut Filter, name: &str) -> Result<()> {
    let mut words = text::name_words(name);
    // the longest is the rarest
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for (place, word) in words.iter().enumerate() {
        let range = [text_of(word.as_str()), end_of(word)];
        let many = "SELECT count(*) FROM (SELECT 1 FROM name_word WHERE word >= ?1 AND word < ?2 LIMIT 2000)";
        if place == 0
            && tx.prepare_cached(many)?.query_row(params_from_iter(&range), |row| row.get::<_, i64>(0))? < 2000
        {
            filter.and("w.rid IN (SELECT rid FROM name_word WHERE word >= ? AND word < ?)", range);
        } else {
            filter.and("instr(' ' || w.sort, ?) > 0", [text_of(format!(" {word}"))]);
        }
    }
    Ok(())
}

fn phone_filter(filter: &mut Filter, typed: &str) {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let national = digits.strip_prefix("62").or_else(|| digits.strip_prefix('0')).unwrap_or(&digits);
    let prefix = format!("+62{national}");
    filter.and("w.phone >= ? AND w.phone < ?", [text_of(prefix.as_str()), end_of(&prefix)]);
}

/// The stored columns that a phase means on a day; the counterpart of [`phase`].
fn phase_condition(phase: Phase, today: NaiveDate) -> (String, Vec<Sql>) {
    let this_month = Month::of(today);
    let month = |month: Month| text_of(month.to_string());
    // the first month whose last day is 30 days away
    let safe =
        (0..3).map(|ahead| this_month.add_months(ahead)).find(|month| (month.last_day() - today).num_days() >= 30);
    let safe = month(safe.unwrap_or(this_month));
    let begun = "w.status = 'active' AND w.covered_from <= ? AND";
    match phase {
        Phase::Draft | Phase::WithHub => ("0".to_owned(), vec![]),
        Phase::Queued => ("w.status = ''".to_owned(), vec![]),
        Phase::Received => status(&EnrollmentStatus::Received),
        Phase::Verified => status(&EnrollmentStatus::Verified),
        Phase::Returned => status(&EnrollmentStatus::Returned),
        Phase::Submitted => status(&EnrollmentStatus::Submitted),
        Phase::Numbered => status(&EnrollmentStatus::Numbered),
        Phase::Closed => status(&EnrollmentStatus::Closed),
        Phase::PaidNotStarted => (
            "w.status = 'active' AND w.covered_from > ? AND w.covered_until >= ?".to_owned(),
            vec![text_of(today.to_string()), month(this_month)],
        ),
        Phase::Covered => (format!("{begun} w.covered_until >= ?"), vec![text_of(today.to_string()), safe]),
        Phase::Lapsing => (
            format!("{begun} w.covered_until >= ? AND w.covered_until < ?"),
            vec![text_of(today.to_string()), month(this_month), safe],
        ),
        Phase::Arrears(_) => (
            "w.status = 'active' AND w.covered_until < ? AND w.covered_until >= ?".to_owned(),
            vec![month(this_month), month(this_month.add_months(-3))],
        ),
        Phase::Ended => {
            ("w.status = 'active' AND w.covered_until < ?".to_owned(), vec![month(this_month.add_months(-3))])
        }
        Phase::Unknown => {
            let known = EnrollmentStatus::KNOWN;
            (
                format!(
                    "(w.status = 'active' AND w.covered_until IS NULL OR w.status <> '' AND w.status NOT IN ({}))",
                    placeholders(known.len())
                ),
                known.iter().map(|status| text_of(status.as_str())).collect(),
            )
        }
    }
}

fn status(status: &EnrollmentStatus) -> (String, Vec<Sql>) {
    ("w.status = ?".to_owned(), vec![text_of(status.as_str())])
}

fn filter(tx: &Transaction, query: &WorkerQuery, today: NaiveDate) -> Result<Filter> {
    let mut filter = Filter::default();
    filter.and("1", []);
    if let Some(name) = &query.name {
        name_filter(tx, &mut filter, name)?;
    }
    if let Some(nik) = &query.nik {
        if let Ok(nik) = Nik::parse(nik) {
            let found = with_nik(tx, &nik)?;
            filter.and(&format!("w.rid IN ({})", placeholders(found.len())), found.into_iter().map(Sql::Integer));
        } else {
            filter.and("w.nik_end = ?", [text_of(nik.trim())]);
        }
    }
    if let Some(phone) = &query.phone {
        phone_filter(&mut filter, phone);
    }
    if !query.occupations.is_empty() {
        let codes = placeholders(query.occupations.len());
        let twice = query.occupations.iter().chain(&query.occupations).map(|code| text_of(code.as_str()));
        filter.and(&format!("(w.occupation IN ({codes}) OR w.occupation_second IN ({codes}))"), twice);
    }
    if !query.phases.is_empty() {
        let (conditions, params): (Vec<_>, Vec<_>) =
            query.phases.iter().map(|phase| phase_condition(*phase, today)).map(|(c, p)| (format!("({c})"), p)).unzip();
        filter.and(&format!("({})", conditions.join(" OR ")), params.into_iter().flatten());
    }
    if let Some(area) = &query.area {
        filter.and(
            "w.aid IN (SELECT aid FROM area WHERE path = ? OR path >= ? AND path < ?)",
            [text_of(area.as_str()), text_of(format!("{area}.")), text_of(format!("{area}/"))],
        );
    }
    if let Some(after) = &query.after {
        filter.and("(w.sort, w.rid) > (?, ?)", [text_of(after.sort.as_str()), Sql::Integer(after.rid)]);
    }
    Ok(filter)
}

/// Whether so many rows fit that a page is found sooner by walking the names than by gathering and sorting them.
fn is_dense(tx: &Transaction, filter: &Filter) -> Result<bool> {
    const MANY: i64 = 1000;
    let query =
        format!("SELECT count(*) FROM (SELECT 1 FROM worker w WHERE {} LIMIT {MANY})", filter.conditions.join(" AND "));
    let count: i64 = tx.prepare_cached(&query)?.query_row(params_from_iter(&filter.params), |row| row.get(0))?;
    Ok(count == MANY)
}

/// `3302********9001`; empty without a NIK.
pub(crate) fn masked(head: Option<String>, end: Option<String>) -> String {
    head.zip(end).map_or_else(String::new, |(head, end)| format!("{head}********{end}"))
}

/// A row before what takes further looking up.
struct Found {
    rid: i64,
    sort: String,
    summary: WorkerSummary,
    enrollment: Option<RecordId>,
}

const COLUMNS: &str = "SELECT w.rid, w.sort, r.id, w.name, w.nik_head, w.nik_end, a.path, w.occupation, w.phone,
    w.enrollment, r.conflicts IS NOT NULL FROM worker w JOIN record r ON r.rid = w.rid JOIN area a ON a.aid = w.aid";

fn found(row: &rusqlite::Row) -> Result<Found> {
    let (head, end): (Option<String>, Option<String>) = (row.get(4)?, row.get(5)?);
    Ok(Found {
        rid: row.get(0)?,
        sort: row.get(1)?,
        enrollment: sql::record_or_none(row, 9)?,
        summary: WorkerSummary {
            id: sql::record(row, 2)?,
            name: row.get(3)?,
            nik: masked(head, end),
            area: sql::area(row.get_ref(6)?.as_str().unwrap_or_default())?,
            occupation: row.get(7)?,
            phone: row.get(8)?,
            phase: None,
            label: String::new(),
            next_step: String::new(),
            waiting: false,
            held: false,
            refused: false,
            conflict: row.get(10)?,
        },
    })
}

/// State, phase and marks of a row.
fn complete(tx: &Transaction, found: Found, today: NaiveDate) -> Result<WorkerSummary> {
    let mut summary = found.summary;
    if let Some(enrollment) = found.enrollment.map(|id| shown::shown(tx, id)).transpose()?.flatten() {
        let state: EnrollmentState = index::enrollment_state(&enrollment);
        summary.phase = Some(phase(&state, today));
        summary.label = label(&state, today);
        summary.next_step = next_step(&state, today);
        summary.conflict |= !enrollment.conflicts.is_empty();
    }
    let mut statement = tx.prepare_cached(
        "SELECT state FROM op WHERE record = ?1
         UNION SELECT o.state FROM record e JOIN op o ON o.record = e.id WHERE e.parent = ?1
         UNION SELECT o.state FROM record e JOIN record f ON f.parent = e.id JOIN op o ON o.record = f.id
         WHERE e.parent = ?1",
    )?;
    let mut rows = statement.query([summary.id.bytes()])?;
    while let Some(row) = rows.next()? {
        match row.get_ref(0)?.as_str().unwrap_or_default() {
            "new" | "sent" => summary.waiting = true,
            "held" => summary.held = true,
            "refused" => summary.refused = true,
            _ => {}
        }
    }
    Ok(summary)
}

/// The list row of one worker.
pub(crate) fn summary(tx: &Transaction, id: RecordId, today: NaiveDate) -> Result<Option<WorkerSummary>> {
    let mut statement = tx.prepare_cached(&format!("{COLUMNS} WHERE r.id = ?1"))?;
    let mut rows = statement.query([id.bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(complete(tx, found(row)?, today)?))
}

/// A page of an area's workers by name, of those that `fits` takes.
pub(crate) fn page_where(
    tx: &Transaction,
    area: &Area,
    after: Option<&PageKey>,
    limit: usize,
    today: NaiveDate,
    fits: impl Fn(RecordId) -> bool,
) -> Result<Page> {
    let mut filter = filter(tx, &WorkerQuery { area: Some(area.clone()), ..WorkerQuery::default() }, today)?;
    if let Some(after) = after {
        filter.and("(w.sort, w.rid) > (?, ?)", [text_of(after.sort.as_str()), Sql::Integer(after.rid)]);
    }
    let conditions = filter.conditions.join(" AND ");
    let mut statement = tx.prepare_cached(&format!("{COLUMNS} WHERE {conditions} ORDER BY w.sort, w.rid"))?;
    let mut rows = statement.query(params_from_iter(filter.params))?;
    let mut page: Vec<Found> = Vec::new();
    let mut next = None;
    while let Some(row) = rows.next()? {
        let found = found(row)?;
        if !fits(found.summary.id) {
            continue;
        }
        if page.len() == limit.max(1) {
            next = page.last().map(|last| PageKey { sort: last.sort.clone(), rid: last.rid });
            break;
        }
        page.push(found);
    }
    let rows = page.into_iter().map(|found| complete(tx, found, today)).collect::<Result<_>>()?;
    Ok(Page { rows, next })
}

impl Store {
    /// A page of workers by name. `today` is the day in the region's zone.
    pub fn workers(&self, query: &WorkerQuery, today: NaiveDate) -> Result<Page> {
        self.read(|tx| {
            let mut filter = filter(tx, query, today)?;
            let conditions = filter.conditions.join(" AND ");
            let plan = if is_dense(tx, &filter)? { "worker w INDEXED BY worker_sort" } else { "worker w" };
            let limit = query.limit.max(1);
            filter.params.push(Sql::Integer(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1));
            // the page first, so that the records, which are large, are read for its rows only
            let mut statement = tx.prepare_cached(&format!(
                "{COLUMNS} WHERE w.rid IN (SELECT w.rid FROM {plan} WHERE {conditions} ORDER BY w.sort, w.rid LIMIT ?)
                 ORDER BY w.sort, w.rid"
            ))?;
            let mut rows = statement.query(params_from_iter(filter.params))?;
            let mut page = Vec::new();
            while let Some(row) = rows.next()? {
                page.push(found(row)?);
            }
            let more = page.len() > limit;
            page.truncate(limit);
            let next = page.last().filter(|_| more).map(|last| PageKey { sort: last.sort.clone(), rid: last.rid });
            let rows = page.into_iter().map(|found| complete(tx, found, today)).collect::<Result<_>>()?;
            Ok(Page { rows, next })
        })
    }

    /// The workers on this phone with this NIK, typed here or told by its tag.
    pub fn find_nik(&self, nik: &Nik) -> Result<Vec<RecordId>> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached("SELECT id FROM record WHERE rid = ?1")?;
            let mut records = Vec::new();
            for rid in with_nik(tx, nik)? {
                let mut rows = statement.query([rid])?;
                if let Some(row) = rows.next()? {
                    records.push(sql::record(row, 0)?);
                }
            }
            Ok(records)
        })
    }

    /// Whether somebody with this NIK was, most likely, registered in one of this phone's villages when the office last told.
    pub fn in_duplicate_filter(&self, nik: &Nik) -> Result<bool> {
        let filters = self.shared(&Kind::Reference)?;
        let has = |record: &ShownRecord| DuplicateFilter::read(&record.body()).is_some_and(|filter| filter.has(nik));
        Ok(filters.iter().any(has))
    }

    /// Workers of an area whose name may well be this one, to be asked about at entry: spelt alike, or a slip away.
    pub fn similar_names(&self, name: &str, area: &Area) -> Result<Vec<(RecordId, String)>> {
        self.read(|tx| {
            let key = text::spelling_key(name);
            let mut statement = tx.prepare_cached(
                "SELECT r.id, w.name FROM worker w JOIN record r ON r.rid = w.rid WHERE w.aid IN
                 (SELECT aid FROM area WHERE path = ?1 OR path >= ?1 || '.' AND path < ?1 || '/')",
            )?;
            let mut rows = statement.query([area.as_str()])?;
            let mut similar = Vec::new();
            while let Some(row) = rows.next()? {
                let other: String = row.get(1)?;
                if text::similar_keys(&key, &text::spelling_key(&other)) {
                    similar.push((sql::record(row, 0)?, other));
                }
            }
            Ok(similar)
        })
    }

    /// The numbers of the home line.
    pub fn counts(&self) -> Result<Counts> {
        self.read(|tx| {
            let count = |query: &str| -> Result<u64> {
                let count: i64 = tx.prepare_cached(query)?.query_row([], |row| row.get(0))?;
                Ok(sql::unbits(count))
            };
            let workers = count("SELECT count(*) FROM worker")?;
            let creating = |state: &str| {
                count(&format!("SELECT count(*) FROM op WHERE state = '{state}' AND kind = 'worker' AND creates"))
            };
            let saved_here = creating("new")? + creating("sent")?;
            let held = creating("held")?;
            let refused = count(
                "SELECT count(*) FROM op WHERE (state = 'refused' OR refused_fields IS NOT NULL) AND noted = 0
                 AND state = 'refused' AND kind = 'worker' AND creates",
            )?;
            Ok(Counts {
                workers,
                saved_here,
                held,
                received: workers.saturating_sub(saved_here + held + refused),
                needs_fixing: count(
                    "SELECT count(*) FROM op WHERE (state = 'refused' OR refused_fields IS NOT NULL) AND noted = 0",
                )?,
                conflicts: count("SELECT count(*) FROM record WHERE conflicts IS NOT NULL")?,
                drafts: count("SELECT count(*) FROM draft")?,
            })
        })
    }
}
