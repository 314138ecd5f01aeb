package id.payung.screens.register

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.width
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import id.payung.core.FieldError
import id.payung.core.FieldValue
import id.payung.core.NikRetype
import id.payung.core.NikWarning
import id.payung.core.Occupation
import id.payung.core.Payer
import id.payung.screens.app.day
import id.payung.screens.app.rupiah
import id.payung.screens.app.wrong
import id.payung.screens.app.written
import id.payung.screens.parts.Choice
import id.payung.screens.parts.DateField
import id.payung.screens.parts.Field
import id.payung.screens.parts.Heading
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.NikField
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Sign
import id.payung.screens.parts.Signs
import id.payung.screens.parts.TickRow
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Typed
import id.payung.screens.parts.Way
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.words.Words

/** What is wrong with a field, where it is on the page. */
@Composable
internal fun RegisterUiState.wrongOf(vararg fields: String): String? {
    val words = LocalWords.current
    return wrong.firstOrNull { error -> fields.any { error.field == it || error.field.startsWith("$it.") } }?.let { words.wrong(it) }
}

/** With what it is about, away from its field. */
internal fun Words.sentenceOf(error: FieldError): String = wrong(error)

private fun NikRetype.code() =
    when (this) {
        NikRetype.DAY -> "nik_day"
        NikRetype.MONTH -> "nik_month"
        NikRetype.DATE -> "nik_date"
    }

private fun NikWarning.code() =
    when (this) {
        NikWarning.REGION_UNKNOWN -> "nik_region_unknown"
        NikWarning.REGION_DIFFERS -> "nik_region_differs"
        NikWarning.BIRTH_DIFFERS -> "nik_birth_differs"
        NikWarning.SEX_DIFFERS -> "nik_sex_differs"
        NikWarning.UNDER17 -> "nik_under_17"
        NikWarning.ON_THIS_PHONE -> "nik_on_this_phone"
        NikWarning.IN_AREA -> "nik_in_area"
    }

@Composable
internal fun NikPage(
    state: RegisterUiState,
    actions: RegisterActions,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    Text(words.nikHow, style = letters.body, color = LocalColours.current.mute)
    NikField(words.nikOnKtp, state.fields.text("nik"), { actions.type("nik", it) }, wrong = state.wrongOf("nik"), onDone = actions.next)
    val check = state.nik ?: return
    if (check.retype.isEmpty()) {
        Row(verticalAlignment = Alignment.CenterVertically) {
            Sign(Signs.Tick, LocalColours.current.daun)
            Spacer(Modifier.width(8.dp))
            Text(words.nikRight, style = letters.strong, color = LocalColours.current.daunText)
        }
        val read =
            listOfNotNull(
                check.birth?.let { words.day(it) },
                check.sex?.let { words.sex(it.name.lowercase()) },
                check.region?.let { "${it.district}, ${it.regency}" },
            )
        Text(words.nikReads(read.joinToString(" · ")), style = letters.body)
    } else {
        Note(check.retype.mapNotNull { words.why(it.code()) }.joinToString("\n"), tone = Tone.ATTENTION, sign = Signs.Warn)
    }
    state.same?.let { same ->
        Paper(tone = Tone.ATTENTION) {
            Text(words.nikOnThisPhone, style = letters.strong)
            Text(words.nikSamePerson(written(same.name)), style = letters.body)
            Row(horizontalArrangement = Arrangement.spacedBy(10.dp)) {
                OtherButton(words.look, { actions.show(same.id) }, Modifier.weight(1f), fill = false)
                OtherButton(words.notThem, actions.confirm, Modifier.weight(1f), fill = false)
            }
        }
    }
    val odd = check.warn.filter { it != NikWarning.ON_THIS_PHONE || state.same == null }
    for (warning in odd) words.why(warning.code())?.let { Note(it, tone = Tone.ATTENTION, sign = Signs.Warn) }
}

private fun Words.sex(code: String): String = if (code == "male") male else female

@Composable
internal fun NamePage(
    state: RegisterUiState,
    actions: RegisterActions,
) {
    val words = LocalWords.current
    val fields = state.fields
    Field(words.nameOnKtp, fields.text("name"), { actions.type("name", it) }, typed = Typed.NAME, wrong = state.wrongOf("name"))
    Field(words.birthPlace, fields.text("birth.place"), { actions.type("birth.place", it) }, typed = Typed.NAME, wrong = state.wrongOf("birth.place"))
    DateField(words.birthDate, fields.text("birth.date"), { actions.type("birth.date", it) }, wrong = state.wrongOf("birth.date", "birth"))
    Row(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
        for (sex in listOf("male", "female")) {
            Choice(words.sex(sex), fields.text("birth.sex") == sex, { actions.set("birth.sex", FieldValue.Text(sex)) })
        }
    }
    state.wrongOf("birth.sex")?.let { Wrong(it) }
    Field(words.motherName, fields.text("mother_name"), { actions.type("mother_name", it) }, typed = Typed.NAME, wrong = state.wrongOf("mother_name"), last = true, onDone = actions.next)
}

@Composable
internal fun AddressPage(
    state: RegisterUiState,
    actions: RegisterActions,
) {
    val words = LocalWords.current
    val fields = state.fields
    var elsewhere by rememberSaveable { mutableStateOf(fields.text("home.village").isNotBlank()) }
    Field(words.addressLine, fields.text("home.line"), { actions.type("home.line", it) }, wrong = state.wrongOf("home.line", "home"))
    Field(words.landmark, fields.text("home.landmark"), { actions.type("home.landmark", it) }, wrong = state.wrongOf("home.landmark"), last = true, onDone = actions.next)
    if (!elsewhere) {
        Note(words.addressOwn, sign = Signs.House)
        LinkButton(words.addressElsewhere, { elsewhere = true })
    } else {
        Row(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
            Field(words.rt, fields.text("home.rt"), { actions.type("home.rt", it) }, Modifier.weight(1f), Typed.DIGITS, state.wrongOf("home.rt"))
            Field(words.rw, fields.text("home.rw"), { actions.type("home.rw", it) }, Modifier.weight(1f), Typed.DIGITS, state.wrongOf("home.rw"))
        }
        VillageField(fields.text("home.village"), state.wrongOf("home.village")) { actions.set("home.village", FieldValue.Text(it)) }
    }
}

/** Incomes as people say them. */
private val TIERS = listOf(1_000_000L, 1_500_000L, 2_000_000L, 3_000_000L)

@OptIn(ExperimentalLayoutApi::class)
@Composable
internal fun WorkPage(
    state: RegisterUiState,
    actions: RegisterActions,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    val fields = state.fields
    val typed = state.job?.name ?: fields.text(RegisterViewModel.JOB_TYPED)
    Field(words.job, typed, actions.searchJob, wrong = state.wrongOf("occupations"), hint = words.jobHint)
    if (state.jobs.isNotEmpty()) {
        for (job in state.jobs) JobRow(job) { actions.chooseJob(job) }
    }
    Field(words.workPlace, fields.text("work.place"), { actions.type("work.place", it) }, wrong = state.wrongOf("work.place"))
    // what was agreed to of the cover is not corrected here
    if (state.record != null) return
    Heading(words.income)
    val days = fields.text("income.days")
    var daily by rememberSaveable { mutableStateOf(days.isNotBlank()) }
    val income = fields.text("income")
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
        for (tier in TIERS) {
            Choice(if (tier == TIERS.first()) words.incomeUpTo(millions(tier)) else words.incomeAbout(millions(tier)), !daily && income == tier.toString(), {
                daily = false
                actions.set("income.days", FieldValue.Empty)
                actions.type("income", tier.toString())
            })
        }
        Choice(words.incomeDaily, daily, { daily = !daily })
    }
    if (daily) {
        Row(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
            Field(words.incomeADay, income, { actions.type("income", it) }, Modifier.weight(1.4f), Typed.DIGITS, state.wrongOf("income"))
            Field(words.incomeDays, days, { actions.type("income.days", it) }, Modifier.weight(1f), Typed.DIGITS, state.wrongOf("income.days"), last = true)
        }
    } else {
        Field(words.incomeOther, income, { actions.type("income", it) }, typed = Typed.DIGITS, wrong = state.wrongOf("income"), last = true)
    }
    state.price?.let { price -> PriceBox(price, letters) }
}

private fun millions(sum: Long): String = if (sum % 1_000_000 == 0L) "${sum / 1_000_000}" else "${sum / 1_000_000},${sum % 1_000_000 / 100_000}"

@Composable
private fun JobRow(
    job: Occupation,
    onChoose: () -> Unit,
) = Way(job.name, (job.localWords + job.words).take(3).joinToString(", "), onChoose)

@OptIn(ExperimentalLayoutApi::class)
@Composable
internal fun CoverPage(
    state: RegisterUiState,
    actions: RegisterActions,
) {
    val words = LocalWords.current
    val fields = state.fields
    val programs = fields.items("cover.programs")
    Heading(words.programs)
    Note(words.programsBasic, sign = Signs.Umbrella)
    TickRow(words.programJht, "jht" in programs, { on ->
        val all = listOf("jkk", "jkm") + if (on) listOf("jht") else emptyList()
        actions.set("cover.programs", FieldValue.Items(all.map { FieldValue.Text(it) }))
    })
    TickRow(words.employer, fields.yes("employer"), { actions.set("employer", FieldValue.Flag(it)) })
    state.wrongOf("cover.programs")?.let { Wrong(it) }
    Heading(words.howLong)
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
        for (months in listOf(1L, 3L, 6L, 12L)) {
            Choice(words.months(months.toString()), fields.whole("cover.months") == months, { actions.set("cover.months", FieldValue.Whole(months)) })
        }
    }
    state.wrongOf("cover.months", "cover.start_month")?.let { Wrong(it) }
    Heading(words.whoPays)
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
        Choice(words.paysSelf, fields.text("cover.payer") == "self", {
            actions.set("cover.payer", FieldValue.Text("self"))
            actions.set("cover.agreement", FieldValue.Empty)
        })
        for (view in state.agreements) {
            val code = payer(view.agreement.payer)
            Choice(view.agreement.sponsor, fields.text("cover.agreement") == view.agreement.number, {
                actions.set("cover.payer", FieldValue.Text(code))
                actions.set("cover.agreement", FieldValue.Text(view.agreement.number))
            })
        }
        Choice(words.paysOther, fields.text("cover.payer") == "person", {
            actions.set("cover.payer", FieldValue.Text("person"))
            actions.set("cover.agreement", FieldValue.Empty)
        })
    }
    state.agreements.firstOrNull { it.agreement.number == fields.text("cover.agreement") }?.let {
        Note(it.words, tone = if (it.leftHere <= 0) Tone.ATTENTION else Tone.WAITING)
    }
    state.wrongOf("cover.payer", "cover.agreement")?.let { Wrong(it) }
    state.price?.let { PriceBox(it, LocalLetters.current) }
    var folded by rememberSaveable { mutableStateOf(fields.text("earlier_kpj").isBlank() && fields.text("ecosystem").isBlank()) }
    if (folded) {
        LinkButton(words.earlierFold, { folded = false })
    } else {
        Field(words.earlierKpj, fields.text("earlier_kpj"), { actions.type("earlier_kpj", it) }, typed = Typed.DIGITS, wrong = state.wrongOf("earlier_kpj"), last = true)
        if (state.ecosystems.isNotEmpty()) {
            Heading(words.ecosystem)
            FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
                for (view in state.ecosystems) {
                    val chosen = fields.text("ecosystem") == view.code
                    Choice(view.ecosystem?.name ?: view.code, chosen, { actions.set("ecosystem", if (chosen) FieldValue.Empty else FieldValue.Text(view.code)) })
                }
            }
        }
    }
}

private fun payer(payer: Payer): String =
    when (payer) {
        Payer.SelfPaid -> "self"
        Payer.Csr -> "csr"
        Payer.Person -> "person"
        Payer.Apbd -> "apbd"
        Payer.Apbdes -> "apbdes"
        Payer.Apbn -> "apbn"
        Payer.Ecosystem -> "ecosystem"
        is Payer.Other -> payer.v1
    }

@OptIn(ExperimentalLayoutApi::class)
@Composable
internal fun FamilyPage(
    state: RegisterUiState,
    actions: RegisterActions,
) {
    val words = LocalWords.current
    val fields = state.fields
    Field(words.phone, fields.text("phone"), { actions.type("phone", it) }, typed = Typed.PHONE, wrong = state.wrongOf("phone"), hint = words.phoneHint)
    Heading(words.heirs)
    Text(words.heirsWhy, style = LocalLetters.current.body, color = LocalColours.current.mute)
    val all = fields.heirs().ifEmpty { listOf(Heir()) }

    fun change(
        at: Int,
        heir: Heir,
    ) = actions.set("heirs", heirs(all.mapIndexed { i, old -> if (i == at) heir else old }))
    all.forEachIndexed { at, heir ->
        Paper {
            Field(words.heirName, heir.name, { change(at, heir.copy(name = it)) }, typed = Typed.NAME, wrong = if (at == 0) state.wrongOf("heirs") else null)
            Spacer(Modifier.size(8.dp))
            FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
                val relations = listOf("spouse" to words.spouse, "child" to words.child, "parent" to words.parent, "sibling" to words.sibling)
                for ((code, name) in relations) Choice(name, heir.relation == code, { change(at, heir.copy(relation = code)) })
            }
        }
    }
    if (all.size < MOST_HEIRS) LinkButton(words.heirMore, { actions.set("heirs", heirs(all + Heir(name = ""))) }, enabled = all.last().name.isNotBlank())
}

private const val MOST_HEIRS = 5

@Composable
internal fun PriceBox(
    price: id.payung.core.Breakdown,
    letters: id.payung.screens.theme.Letters,
) {
    val words = LocalWords.current
    Paper(tone = Tone.WAITING) {
        Row(Modifier.fillMaxWidth(), horizontalArrangement = Arrangement.SpaceBetween, verticalAlignment = Alignment.CenterVertically) {
            Text(words.toBePaid(price.quote.months.size.toString()), Modifier.weight(1f), style = letters.body)
            Text(rupiah(price.quote.total), style = letters.title)
        }
        Text(price.sentence, style = letters.small, color = LocalColours.current.mute)
    }
}
