package id.payung.screens.detail

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.width
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import androidx.lifecycle.viewModelScope
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.Attachment
import id.payung.core.EnrollmentView
import id.payung.core.FieldValue
import id.payung.core.HistoryEntry
import id.payung.core.Language
import id.payung.core.Mark
import id.payung.core.OpenConflict
import id.payung.core.OwnRecord
import id.payung.core.Phase
import id.payung.core.ReportView
import id.payung.core.WorkerDetail
import id.payung.core.occupationOf
import id.payung.screens.app.CoreModel
import id.payung.screens.app.Loaded
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.clock
import id.payung.screens.app.comes
import id.payung.screens.app.day
import id.payung.screens.app.inFours
import id.payung.screens.app.month
import id.payung.screens.app.rupiah
import id.payung.screens.app.sentence
import id.payung.screens.app.sign
import id.payung.screens.app.spoken
import id.payung.screens.app.stands
import id.payung.screens.app.tone
import id.payung.screens.app.written
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Chip
import id.payung.screens.parts.Heading
import id.payung.screens.parts.LinkButton
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
import id.payung.screens.parts.largeLetters
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch

/** All that is shown of a worker. */
data class DetailUiState(
    val worker: WorkerDetail,
    val facts: OwnRecord,
    val history: List<HistoryEntry>,
    val conflicts: List<OpenConflict>,
    val photos: List<Attachment>,
    val reports: List<ReportView>,
) {
    /** The enrolment that counts: the newest. */
    val enrollment: EnrollmentView? get() = worker.enrollments.lastOrNull()
}

class DetailViewModel(
    core: CoreClient,
    private val worker: String,
    private val language: () -> Language,
) : CoreModel(core) {
    val state =
        read { client ->
            val detail = client.worker(worker)
            val id = detail.record.id
            DetailUiState(
                detail,
                client.ownRecord(id, language()),
                client.history(id),
                client.conflicts().filter { it.worker == id || it.record == id },
                client.photos(id),
                client.reports(id, false, null, 20u),
            )
        }

    /** A returned one goes to the office again, with what was corrected. */
    fun resubmit(
        enrollment: String,
        note: String,
    ) = perform {
        core.ask {
            it.addEvent(mapOf("enrollment" to FieldValue.Text(enrollment), "event" to FieldValue.Text("resubmit"), "note" to FieldValue.Text(note)))
        }
        asked.value = true
        // goes at once where there is a road; where there is none it waits in the queue like everything else
        viewModelScope.launch { runCatching { core.ask { it.sync(true, null) } } }
    }

    private val asked = MutableStateFlow(false)

    /** Whether it was sent again from here, and waits for a road or for the office. */
    val resubmitted: StateFlow<Boolean> get() = asked

    fun withdraw(enrollment: String) =
        perform { core.ask { it.addEvent(mapOf("enrollment" to FieldValue.Text(enrollment), "event" to FieldValue.Text("withdraw"))) } }
}

@Composable
fun DetailRoute(place: Place.Detail) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val navigator = container.navigator
    val model = viewModel { DetailViewModel(container.core, place.worker) { words.spoken } }
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    val resubmitted by model.resubmitted.collectAsState()
    when (val now = state) {
        Loaded.Reading -> Busy(words.opening)
        is Loaded.Failed -> Screen(words.workersTitle, { navigator.back() }) { Wrong(words.sentence(now.problem)) }
        is Loaded.Here -> DetailScreen(now.value, act.problem, resubmitted, navigator::go, { navigator.back() }, model::resubmit, model::withdraw)
    }
}

@Composable
fun DetailScreen(
    state: DetailUiState,
    problem: Throwable?,
    resubmitted: Boolean,
    go: (Place) -> Unit,
    onBack: () -> Unit,
    onResubmit: (String, String) -> Unit,
    onWithdraw: (String) -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    val colours = LocalColours.current
    val summary = state.worker.summary
    val id = state.worker.record.id
    Screen(written(summary.name), onBack) {
        Chip(words.stands(summary), summary.phase?.tone ?: Tone.QUIET, sign = summary.phase?.sign)
        val job = summary.occupation?.let { occupationOf(it)?.name ?: it }
        Text(listOfNotNull("NIK ${summary.nik}", job, summary.phone).joinToString(" · "), style = letters.small, color = colours.mute)
        problem?.let { Wrong(words.sentence(it)) }
        if (state.worker.record.leaving) Note(words.leavingArea, tone = Tone.ATTENTION)
        state.worker.duplicateOf?.let { Note(words.duplicateChecked, tone = Tone.ATTENTION, sign = Signs.Warn) }
        for (conflict in state.conflicts) {
            Way(words.conflictTitle(words.field(conflict.field)), words.conflictUnder, { go(Place.Conflict(conflict.record, conflict.field)) }, tone = Tone.ATTENTION, sign = Signs.Warn)
        }
        state.enrollment?.let { EnrollmentPart(it, resubmitted, go, id, onResubmit, onWithdraw) }
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            val width = if (largeLetters()) Modifier.fillMaxWidth() else Modifier.weight(1f)
            OtherButton(words.card, { go(Place.Card(id)) }, width, Signs.Card, fill = false)
            OtherButton(words.slip, { go(Place.Slip(id)) }, width, Signs.Print, fill = false)
        }
        Way(words.correct, words.correctUnder, { go(Place.Register(record = id)) }, sign = Signs.Pen)
        Way(words.accidentTitle, words.accidentUnder, { go(Place.Accident(id)) }, sign = Signs.Cross2)
        Way(words.deathTitle, words.deathUnder, { go(Place.Death(id)) })
        for (report in state.reports) Way(report.label, report.nextStep, { go(Place.Report(report.record.id)) }, sign = Signs.Talk)
        var shown by rememberSaveable { mutableStateOf(false) }
        LinkButton(if (shown) words.factsHide else words.factsShow, { shown = !shown })
        if (shown) {
            for (section in state.facts.sections) {
                Heading(section.title)
                Paper { for (row in section.rows) Written(row.label, row.text) }
            }
            Heading(words.historyTitle)
            Paper {
                if (state.history.isEmpty()) Text(words.historyNone, style = letters.body)
                state.history.forEachIndexed { at, entry ->
                    if (at > 0) HorizontalDivider(color = colours.line)
                    Written(words.historyLine(clock(entry.atMs), words.mark(entry.mark)), (entry.values.keys + entry.decided).joinToString(", ") { words.field(it) })
                }
            }
        }
        Heading(words.rightsTitle)
        Way(words.ownRecord, words.ownRecordUnder, { go(Place.OwnRecord(id)) }, sign = Signs.Book)
        Way(words.askCorrection, words.askWithin, { go(Place.Feedback(id, "correction")) })
        Way(words.askErasure, words.askWithin, { go(Place.Feedback(id, "restriction")) })
    }
}

@Composable
private fun EnrollmentPart(
    view: EnrollmentView,
    resubmitted: Boolean,
    go: (Place) -> Unit,
    worker: String,
    onResubmit: (String, String) -> Unit,
    onWithdraw: (String) -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    Paper(tone = view.phase.tone.takeIf { it != Tone.QUIET }) {
        Text(words.stands(view.phase, view.label), style = letters.strong)
        Text(words.comes(view.phase, view.nextStep), style = letters.body)
        view.state.covered?.let { Written(words.coveredFromTo, words.fromTo(words.day(it.from), words.month(it.until))) }
        view.state.paymentCode?.takeIf { !view.due.expired && view.phase == Phase.Numbered }?.let { code ->
            Written(words.paymentCode, inFours(code.code))
            Row(Modifier.fillMaxWidth(), horizontalArrangement = Arrangement.SpaceBetween, verticalAlignment = Alignment.CenterVertically) {
                Text(rupiah(code.amount), style = letters.headline)
                Spacer(Modifier.width(8.dp))
                Text(words.payBy(words.day(code.validTo)), style = letters.body)
            }
            Text(words.payWhere, style = letters.small)
        }
        if (view.due.expired) Note(words.codeExpired, tone = Tone.ATTENTION)
    }
    when (view.phase) {
        Phase.Returned -> if (resubmitted) Note("${words.savedHere}. ${words.savedSafe}") else {
            MainButton(words.correctNow, { go(Place.Register(record = worker)) }, sign = Signs.Pen)
            OtherButton(words.sendAgain, { onResubmit(view.record.id, "") }, sign = Signs.Returned)
        }
        Phase.Covered, Phase.Lapsing, is Phase.Arrears -> MainButton(words.renew, { go(Place.Renew(worker, view.record.id)) }, sign = Signs.Clock)
        Phase.Queued, Phase.Received, Phase.Verified -> LinkButton(words.withdraw, { onWithdraw(view.record.id) })
        else -> {}
    }
}

private fun id.payung.words.Words.mark(mark: Mark): String =
    when (mark) {
        Mark.Pulled, Mark.Received -> markReceived
        Mark.Waiting -> markWaiting
        Mark.Held -> markHeld
        is Mark.Refused -> markRefused
    }

/** What a field is called. */
fun id.payung.words.Words.field(name: String): String =
    when (name.substringBefore('.')) {
        "nik" -> nikOnKtp
        "name" -> nameOnKtp
        "birth" -> birthDate
        "mother_name" -> motherName
        "home" -> stepAddress
        "phone" -> phone
        "occupations", "work" -> job
        "heirs" -> heirs
        "cover" -> stepCover
        "declaration" -> declaration
        "consent" -> consentRead
        "notes" -> notes
        "ecosystem" -> ecosystem
        "earlier_kpj" -> earlierKpj
        else -> name
    }
