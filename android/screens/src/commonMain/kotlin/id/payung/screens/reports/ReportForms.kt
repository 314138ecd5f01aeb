package id.payung.screens.reports

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.unit.dp
import androidx.lifecycle.viewModelScope
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.ClinicQuery
import id.payung.core.ClinicView
import id.payung.core.CoreException
import id.payung.core.FieldError
import id.payung.core.FieldValue
import id.payung.core.NewPhoto
import id.payung.core.Position
import id.payung.core.WorkerSummary
import id.payung.screens.app.CoreModel
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Locator
import id.payung.screens.app.Place
import id.payung.screens.app.sentence
import id.payung.screens.app.today
import id.payung.screens.app.wrong
import id.payung.screens.app.written
import id.payung.screens.parts.Choice
import id.payung.screens.parts.DateField
import id.payung.screens.parts.Field
import id.payung.screens.parts.Heading
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Typed
import id.payung.screens.parts.Way
import id.payung.screens.parts.Wrong
import id.payung.screens.register.Heir
import id.payung.screens.register.heirs
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import java.time.LocalDateTime
import java.time.ZoneId

/** What a report is made of; it is written offline and sent ahead of the queue. */
data class ReportFormState(
    val worker: WorkerSummary? = null,
    val found: List<WorkerSummary> = emptyList(),
    val clinics: List<ClinicView> = emptyList(),
    val photo: ByteArray? = null,
    val wrong: List<FieldError> = emptyList(),
    val problem: Throwable? = null,
    val saved: String? = null,
)

class ReportFormViewModel(
    core: CoreClient,
    private val kind: String,
    private val about: String?,
    private val locator: Locator?,
) : CoreModel(core) {
    private val shown = MutableStateFlow(ReportFormState())
    val state: StateFlow<ReportFormState> get() = shown

    init {
        viewModelScope.launch {
            guarded {
                if (about != null) shown.update { now -> now.copy(worker = core.ask { it.worker(about) }.summary) }
                if (kind == "accident_report") {
                    val here = locator?.here()?.let { Position(it.latE6, it.lonE6) }
                    shown.update { now -> now.copy(clinics = core.ask { it.clinics(ClinicQuery(here, null, "", NEAREST)) }) }
                }
            }
        }
    }

    private suspend fun guarded(act: suspend () -> Unit) =
        try {
            act()
        } catch (refused: CoreException.Invalid) {
            shown.update { it.copy(wrong = refused.fields) }
        } catch (problem: CoreException) {
            shown.update { it.copy(problem = problem) }
        }

    fun search(typed: String) {
        viewModelScope.launch { guarded { shown.update { now -> now.copy(found = core.ask { if (typed.isBlank()) emptyList() else it.search(typed, null, FOUND).rows }) } } }
    }

    fun choose(worker: WorkerSummary?) = shown.update { it.copy(worker = worker, found = emptyList()) }

    fun photograph(photo: ByteArray?) = shown.update { it.copy(photo = photo) }

    fun save(fields: Map<String, FieldValue>) {
        shown.update { it.copy(wrong = emptyList(), problem = null) }
        perform {
            guarded {
                val worker = shown.value.worker?.let { mapOf("worker" to FieldValue.Text(it.id)) }.orEmpty()
                val id = core.ask { it.addReport(kind, worker + fields) }
                shown.value.photo?.let { bytes -> core.ask { it.attach(NewPhoto(id, "photo", null, null, 2, false), bytes) } }
                shown.update { it.copy(saved = id) }
            }
        }
    }

    private companion object {
        val NEAREST = 8uL
        val FOUND = 6u
    }
}

@Composable
private fun reportModel(
    kind: String,
    about: String?,
): ReportFormViewModel {
    val container = LocalContainer.current
    return viewModel { ReportFormViewModel(container.core, kind, about, container.platform.locator) }
}

/** Who it is about: known already, or looked up. */
@Composable
private fun WhoPart(
    state: ReportFormState,
    needed: Boolean,
    onSearch: (String) -> Unit,
    onChoose: (WorkerSummary?) -> Unit,
) {
    val words = LocalWords.current
    var typed by rememberSaveable { mutableStateOf("") }
    val worker = state.worker
    if (worker != null) {
        Way(written(worker.name), "NIK ${worker.nik}", { onChoose(null) }, sign = Signs.People)
        return
    }
    Field(if (needed) words.reportWho else words.reportWhoMaybe, typed, {
        typed = it
        onSearch(it)
    }, wrong = state.wrong.firstOrNull { it.field == "worker" }?.let { words.wrong(it) }, hint = words.workersSearchHint, last = true)
    for (found in state.found) Way(written(found.name), "NIK ${found.nik}", { onChoose(found) })
}

private fun instant(
    date: String,
    clock: String,
): String? =
    runCatching {
        val (hour, minute) = clock.split('.', ':').map { it.trim().toInt() }
        val parts = date.split('-').map { it.trim().toInt() }
        LocalDateTime.of(parts[0], parts[1], parts[2], hour, minute).atZone(ZoneId.of("Asia/Jakarta")).toInstant().toString()
    }.getOrNull()

/** After it is saved: what is safe and what comes. */
@Composable
private fun ReportSaved(
    title: String,
    what: String,
    onShow: () -> Unit,
    onBack: () -> Unit,
) {
    val words = LocalWords.current
    Screen(title, onBack = null, foot = {
        MainButton(words.reportShow, onShow)
        LinkButton(words.back, onBack)
    }) {
        Note(words.reportSaved, tone = Tone.GOOD, sign = Signs.Tick)
        Text(what, style = LocalLetters.current.body)
    }
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
fun AccidentScreen(place: Place.Accident) {
    val words = LocalWords.current
    val container = LocalContainer.current
    val navigator = container.navigator
    val model = reportModel("accident_report", place.worker)
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    var date by rememberSaveable { mutableStateOf(today().toString()) }
    var clock by rememberSaveable { mutableStateOf("") }
    var where by rememberSaveable { mutableStateOf("") }
    var what by rememberSaveable { mutableStateOf("") }
    var clinic by rememberSaveable { mutableStateOf("") }
    var witness by rememberSaveable { mutableStateOf("") }
    val scope = androidx.compose.runtime.rememberCoroutineScope()
    state.saved?.let { id ->
        return ReportSaved(words.accidentTitle, words.accidentNext, { navigator.replace(Place.Report(id)) }, { navigator.back() })
    }

    @Composable
    fun wrong(field: String) = state.wrong.firstOrNull { it.field == field }?.let { words.wrong(it) }
    val time = instant(date, clock)
    Screen(words.accidentTitle, { navigator.back() }, foot = {
        state.problem?.let { Wrong(words.sentence(it)) }
        MainButton(words.reportSave, {
            val fields =
                mapOf("happened" to time.orEmpty(), "place" to where, "what" to what, "clinic" to clinic, "witness" to witness)
                    .filterValues { it.isNotBlank() }
                    .mapValues { (_, text) -> FieldValue.Text(text) }
            model.save(fields)
        }, enabled = !act.running)
    }) {
        Note(words.accidentHurry, tone = Tone.ATTENTION, sign = Signs.Clock)
        WhoPart(state, needed = true, model::search, model::choose)
        DateField(words.accidentDate, date, { date = it }, wrong = wrong("happened"))
        Field(words.accidentClock, clock, { clock = it }, hint = "14.30", wrong = if (clock.isNotBlank() && time == null) words.accidentClockWrong else wrong("happened"))
        Field(words.accidentWhere, where, { where = it }, wrong = wrong("place"))
        Field(words.accidentWhat, what, { what = it }, lines = 3, wrong = wrong("what"))
        Heading(words.accidentClinic)
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            for (view in state.clinics) {
                val name = listOf(view.clinic.name, view.distance).filter { it.isNotBlank() }.joinToString(" · ")
                Choice(name, clinic == view.clinic.code, { clinic = if (clinic == view.clinic.code) "" else view.clinic.code })
            }
        }
        if (state.clinics.isEmpty()) Text(words.clinicsNoneDo, style = LocalLetters.current.body, color = LocalColours.current.mute)
        Field(words.accidentWitness, witness, { witness = it }, typed = Typed.NAME, wrong = wrong("witness"), last = true)
        container.platform.camera?.let { camera ->
            OtherButton(if (state.photo == null) words.accidentPhoto else words.photoAgain, { scope.launch { model.photograph(camera.take()) } }, sign = Signs.Camera)
        }
    }
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
fun DeathScreen(place: Place.Death) {
    val words = LocalWords.current
    val navigator = LocalContainer.current.navigator
    val model = reportModel("death_report", place.worker)
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    var date by rememberSaveable { mutableStateOf(today().toString()) }
    var cause by rememberSaveable { mutableStateOf("unknown") }
    var heir by rememberSaveable { mutableStateOf("") }
    var relation by rememberSaveable { mutableStateOf("spouse") }
    var phone by rememberSaveable { mutableStateOf("") }
    var note by rememberSaveable { mutableStateOf("") }
    state.saved?.let { id ->
        return ReportSaved(words.deathTitle, words.deathNext, { navigator.replace(Place.Report(id)) }, { navigator.back() })
    }

    @Composable
    fun wrong(field: String) = state.wrong.firstOrNull { it.field == field || it.field.startsWith("$field.") }?.let { words.wrong(it) }
    Screen(words.deathTitle, { navigator.back() }, foot = {
        state.problem?.let { Wrong(words.sentence(it)) }
        MainButton(words.reportSave, {
            val fields =
                mutableMapOf<String, FieldValue>("date" to FieldValue.Text(date), "cause" to FieldValue.Text(cause), "heirs" to heirs(listOf(Heir(heir, relation, phone))))
            if (note.isNotBlank()) fields["note"] = FieldValue.Text(note)
            model.save(fields)
        }, enabled = !act.running)
    }) {
        Note(words.deathSorry)
        WhoPart(state, needed = true, model::search, model::choose)
        DateField(words.deathDate, date, { date = it }, wrong = wrong("date"))
        Heading(words.deathCause)
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            val causes = listOf("illness" to words.causeIllness, "work_accident" to words.causeWork, "other_accident" to words.causeOther, "unknown" to words.causeUnknown)
            for ((code, name) in causes) Choice(name, cause == code, { cause = code })
        }
        Heading(words.deathHeir)
        Field(words.heirName, heir, { heir = it }, typed = Typed.NAME, wrong = wrong("heirs"))
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            for ((code, name) in listOf("spouse" to words.spouse, "child" to words.child, "parent" to words.parent, "sibling" to words.sibling)) {
                Choice(name, relation == code, { relation = code })
            }
        }
        Field(words.phone, phone, { phone = it }, typed = Typed.PHONE)
        Field(words.notes, note, { note = it }, last = true)
        Heading(words.deathBring)
        Text(words.deathBringWhat, style = LocalLetters.current.body)
    }
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
fun FeedbackScreen(place: Place.Feedback) {
    val words = LocalWords.current
    val navigator = LocalContainer.current.navigator
    val model = reportModel("feedback", place.worker)
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    var topic by rememberSaveable { mutableStateOf(place.topic) }
    var text by rememberSaveable { mutableStateOf("") }
    state.saved?.let { id ->
        return ReportSaved(words.feedbackTitle, words.feedbackNext, { navigator.replace(Place.Report(id)) }, { navigator.back() })
    }
    Screen(words.feedbackTitle, { navigator.back() }, foot = {
        state.problem?.let { Wrong(words.sentence(it)) }
        MainButton(words.reportSave, { model.save(mapOf("topic" to FieldValue.Text(topic), "text" to FieldValue.Text(text))) }, enabled = !act.running)
    }) {
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            val topics =
                listOf(
                    "question" to words.topicQuestion,
                    "complaint" to words.topicComplaint,
                    "suggestion" to words.topicSuggestion,
                    "correction" to words.topicCorrection,
                    "restriction" to words.topicRestriction,
                )
            for ((code, name) in topics) Choice(name, topic == code, { topic = code })
        }
        WhoPart(state, needed = false, model::search, model::choose)
        Field(words.feedbackText, text, { text = it }, lines = 5, last = true, wrong = state.wrong.firstOrNull { it.field == "text" }?.let { words.wrong(it) })
        if (topic == "correction" || topic == "restriction") Note(words.askWithin, sign = Signs.Clock)
    }
}
