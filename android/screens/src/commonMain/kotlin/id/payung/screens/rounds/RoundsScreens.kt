package id.payung.screens.rounds

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
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.FieldValue
import id.payung.core.RoundDoor
import id.payung.core.RoundView
import id.payung.core.VisitOutcome
import id.payung.core.WorkerSummary
import id.payung.screens.app.CoreModel
import id.payung.screens.app.Loaded
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.clock
import id.payung.screens.app.day
import id.payung.screens.app.sentence
import id.payung.screens.app.written
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Choice
import id.payung.screens.parts.Empty
import id.payung.screens.parts.Fact
import id.payung.screens.parts.Field
import id.payung.screens.parts.Heading
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Way
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.words.Words

/** Going from door to door: the round under way, what came of each door, who was not visited. */
data class RoundsUiState(
    val round: RoundView?,
    /** Of the round: who is known here and was not visited, the first of them. */
    val notVisited: List<WorkerSummary>,
)

class RoundsViewModel(core: CoreClient) : CoreModel(core) {
    val state =
        read { client ->
            val round = client.rounds(null).firstOrNull()
            RoundsUiState(round?.let { client.round(it.id) }, round?.let { client.notVisited(it.id, null, SHOWN).rows }.orEmpty())
        }

    fun begin() = perform { core.ask { it.beginRound(null, null) } }

    /** One touch at a door. */
    fun visit(
        outcome: String,
        door: String,
        worker: String?,
    ) = perform {
        val fields = mutableMapOf<String, FieldValue>("outcome" to FieldValue.Text(outcome))
        if (door.isNotBlank()) fields["door"] = FieldValue.Text(door.trim())
        if (worker != null) fields["worker"] = FieldValue.Text(worker)
        core.ask { it.addVisit(fields, null) }
    }

    private companion object {
        val SHOWN = 30u
    }
}

/** What comes of a door, in the order in which it mostly does. */
val OUTCOMES = listOf("nobody_home", "come_back", "refused", "already_member", "not_eligible")

fun Words.outcome(code: String): String =
    when (code) {
        "registered" -> outcomeRegistered
        "already_member" -> outcomeMember
        "nobody_home" -> outcomeNobody
        "refused" -> outcomeRefused
        "not_eligible" -> outcomeNotEligible
        else -> outcomeBack
    }

val VisitOutcome.code: String
    get() =
        when (this) {
            VisitOutcome.Registered -> "registered"
            VisitOutcome.AlreadyMember -> "already_member"
            VisitOutcome.NobodyHome -> "nobody_home"
            VisitOutcome.Refused -> "refused"
            VisitOutcome.NotEligible -> "not_eligible"
            VisitOutcome.ComeBack -> "come_back"
            is VisitOutcome.Other -> v1
        }

@Composable
fun RoundsRoute() {
    val container = LocalContainer.current
    val words = LocalWords.current
    val model = viewModel { RoundsViewModel(container.core) }
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    when (val now = state) {
        Loaded.Reading -> Busy(words.opening)
        is Loaded.Failed -> Screen(words.rounds, null) { Wrong(words.sentence(now.problem)) }
        is Loaded.Here -> RoundsScreen(now.value, act.problem, container.navigator::go, { model.begin() }, { outcome, door, worker -> model.visit(outcome, door, worker) })
    }
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
fun RoundsScreen(
    state: RoundsUiState,
    problem: Throwable?,
    go: (Place) -> Unit,
    onBegin: () -> Unit,
    onVisit: (String, String, String?) -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    val round = state.round
    var door by rememberSaveable { mutableStateOf("") }
    Screen(words.rounds, onBack = null, foot = {
        if (round == null) MainButton(words.roundBegin, onBegin, sign = Signs.House) else MainButton(words.registerWorker, { go(Place.Register()) }, sign = Signs.Plus)
    }) {
        problem?.let { Wrong(words.sentence(it)) }
        if (round == null) {
            Empty(words.roundNone, words.roundNoneDo)
        } else {
            val progress = round.progress
            Text(words.roundSince(words.day(round.round.day)), style = letters.body, color = LocalColours.current.mute)
            Paper {
                Fact(words.roundDoors, progress.doors.toString())
                Fact(words.roundWorkers, words.ofAll(progress.workersVisited.toString(), progress.workers.toString()))
                Fact(words.outcomeRegistered, progress.registered.toString())
                Fact(words.roundAgain, progress.again.toString())
            }
            Heading(words.roundNow)
            Field(words.roundDoor, door, { door = it }, last = true, hint = words.roundDoorHint)
            FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
                for (code in OUTCOMES) {
                    Choice(words.outcome(code), false, {
                        onVisit(code, door, null)
                        door = ""
                    })
                }
            }
            if (round.again.isNotEmpty()) Heading(words.roundComeBack)
            for (again in round.again) DoorPaper(again, onVisit)
            if (state.notVisited.isNotEmpty()) Heading(words.roundNotVisited)
            for (worker in state.notVisited) Way(written(worker.name), worker.label, { go(Place.Detail(worker.id)) })
            round.last?.let { Note(words.roundLast(it.door ?: written(it.name.orEmpty()), words.outcome(it.outcome.code), clock(it.at)), tone = Tone.WAITING) }
            LinkButton(words.roundNew, onBegin)
        }
    }
}

/** A door to come back to: one touch says what came of it now. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun DoorPaper(
    again: RoundDoor,
    onVisit: (String, String, String?) -> Unit,
) {
    val words = LocalWords.current
    Paper {
        Text(again.door ?: written(again.name.orEmpty()), style = LocalLetters.current.strong)
        Text("${words.outcome(again.outcome.code)} · ${clock(again.at)}", style = LocalLetters.current.small, color = LocalColours.current.mute)
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            for (code in listOf("nobody_home", "refused", "already_member")) {
                Choice(words.outcome(code), false, { onVisit(code, again.door.orEmpty(), again.worker) })
            }
        }
    }
}
