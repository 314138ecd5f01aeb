package id.payung.screens.reports

import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.About
import id.payung.core.FieldValue
import id.payung.core.ReportPhase
import id.payung.core.ReportView
import id.payung.screens.app.CoreModel
import id.payung.screens.app.Loaded
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.clock
import id.payung.screens.app.plain
import id.payung.screens.app.sentence
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Chip
import id.payung.screens.parts.Empty
import id.payung.screens.parts.Field
import id.payung.screens.parts.Heading
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Way
import id.payung.screens.parts.Written
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.words.Words

fun Words.kindOf(kind: String): String =
    when (kind) {
        "accident_report" -> kindAccident
        "death_report" -> kindDeath
        else -> kindFeedback
    }

val ReportPhase.tone: Tone
    get() =
        when (this) {
            ReportPhase.ASKED -> Tone.ATTENTION
            ReportPhase.ANSWERED -> Tone.GOOD
            ReportPhase.SEEN, ReportPhase.UNKNOWN -> Tone.QUIET
            else -> Tone.WAITING
        }

class ReportsViewModel(core: CoreClient) : CoreModel(core) {
    val state = read { it.reports(null, false, null, MOST) }

    private companion object {
        val MOST = 100u
    }
}

@Composable
fun ReportsRoute(onBack: (() -> Unit)?) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val model = viewModel { ReportsViewModel(container.core) }
    val state by model.state.collectAsState()
    when (val now = state) {
        Loaded.Reading -> Busy(words.opening)
        is Loaded.Failed -> Screen(words.reportsTitle, onBack) { Wrong(words.sentence(now.problem)) }
        is Loaded.Here -> ReportsScreen(now.value, onBack, container.navigator::go)
    }
}

@Composable
fun ReportsScreen(
    reports: List<ReportView>,
    onBack: (() -> Unit)?,
    go: (Place) -> Unit,
) {
    val words = LocalWords.current
    Screen(words.reportsTitle, onBack) {
        if (reports.isEmpty()) Empty(words.reportsNone, words.reportsNoneDo)
        for (view in reports) {
            Way(words.kindOf(view.record.kind), view.nextStep, { go(Place.Report(view.record.id)) }, tone = Tone.ATTENTION.takeIf { view.standing.late }) {
                Chip(if (view.standing.late) words.late else view.label, if (view.standing.late) Tone.BAD else view.standing.phase.tone)
            }
        }
    }
}

class ReportViewModel(
    core: CoreClient,
    private val id: String,
) : CoreModel(core) {
    data class State(val view: ReportView, val rows: List<Pair<String, String>>, val isClinic: Boolean)

    val state =
        read { client ->
            val view = client.reports(null, false, null, MOST).first { it.record.id == id }
            val clinic = client.membership()?.about is About.Clinic
            State(view, view.record.fields.mapNotNull { (name, field) -> (field.value as? FieldValue.Text)?.let { name to it.text } }, clinic)
        }

    fun add(text: String) =
        perform { core.ask { it.addFollowUp(mapOf("of" to FieldValue.Text(id), "what" to FieldValue.Text("note"), "text" to FieldValue.Text(text))) } }

    fun handedIn(text: String) =
        perform { core.ask { it.addFollowUp(mapOf("of" to FieldValue.Text(id), "what" to FieldValue.Text("handed_in"), "text" to FieldValue.Text(text))) } }

    fun hasPerson() = perform { core.ask { it.hasPerson(id) } }

    fun saw() = perform { core.ask { it.sawAnswer(id) } }

    private companion object {
        val MOST = 200u
    }
}

@Composable
fun ReportRoute(
    id: String,
    onBack: () -> Unit,
) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val model = viewModel { ReportViewModel(container.core, id) }
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    when (val now = state) {
        Loaded.Reading -> Busy(words.opening)
        is Loaded.Failed -> Screen(words.reportsTitle, onBack) { Wrong(words.sentence(now.problem)) }
        is Loaded.Here -> {
            // who has the answer before them has seen it
            if (now.value.view.standing.phase == ReportPhase.ANSWERED) LaunchedEffect(id) { model.saw() }
            ReportScreen(now.value, act.problem, onBack, model::add, model::handedIn, model::hasPerson)
        }
    }
}

@Composable
fun ReportScreen(
    state: ReportViewModel.State,
    problem: Throwable?,
    onBack: () -> Unit,
    onAdd: (String) -> Unit,
    onHandedIn: (String) -> Unit,
    onHasPerson: () -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    val view = state.view
    var typed by rememberSaveable { mutableStateOf("") }
    Screen(words.kindOf(view.record.kind), onBack, end = { Chip(view.label, view.standing.phase.tone) }) {
        problem?.let { Wrong(words.sentence(it)) }
        if (view.standing.late) Note(words.lateUnder, tone = Tone.BAD, sign = Signs.Clock)
        Note(view.nextStep)
        view.standing.due?.takeIf { view.standing.phase != ReportPhase.SEEN }?.let { Written(words.dueBy, clock(it)) }
        (view.record.fields["answer"]?.value as? FieldValue.Parts)?.parts?.let { answer ->
            Paper(tone = Tone.GOOD) {
                Text(words.answerOf, style = letters.strong)
                Text((answer["text"] as? FieldValue.Text)?.text.orEmpty().ifBlank { words.answerReceived }, style = letters.body)
            }
        }
        if (state.isClinic) MainButton(words.hasPerson, onHasPerson, sign = Signs.Tick)
        Paper { for ((name, text) in state.rows.filter { it.first !in HIDDEN }) Written(words.reportField(name), words.plain(text)) }
        if (view.followUps.isNotEmpty()) Heading(words.followUps)
        for (more in view.followUps) {
            val text = (more.fields["text"]?.value as? FieldValue.Text)?.text.orEmpty()
            if (text.isNotBlank()) Paper { Text(text, style = letters.body) }
        }
        Field(words.followUpText, typed, { typed = it }, lines = 2, last = true)
        OtherButton(words.followUpAdd, {
            onAdd(typed)
            typed = ""
        }, enabled = typed.isNotBlank())
        if (view.record.kind != "feedback") {
            OtherButton(words.handedIn, {
                onHandedIn(typed)
                typed = ""
            }, enabled = typed.isNotBlank())
        }
    }
}

private val HIDDEN = setOf("worker", "corrects", "clinic")

private fun Words.reportField(name: String): String =
    when (name) {
        "happened" -> accidentDate
        "place" -> accidentWhere
        "what" -> accidentWhat
        "witness" -> accidentWitness
        "date" -> deathDate
        "cause" -> deathCause
        "text" -> feedbackText
        "topic" -> feedbackTopic
        "at" -> writtenAt
        else -> notes
    }
