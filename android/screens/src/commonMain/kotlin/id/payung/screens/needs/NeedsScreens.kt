package id.payung.screens.needs

import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.size
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.text.AnnotatedString
import androidx.compose.ui.text.SpanStyle
import androidx.compose.ui.text.buildAnnotatedString
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.TextDecoration
import androidx.compose.ui.text.withStyle
import androidx.compose.ui.unit.dp
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.Candidate
import id.payung.core.Decision
import id.payung.core.FieldValue
import id.payung.core.Language
import id.payung.core.NeedsFixing
import id.payung.core.OpenConflict
import id.payung.core.Phase
import id.payung.core.WorkerQuery
import id.payung.core.WorkerSummary
import id.payung.screens.app.CoreModel
import id.payung.screens.app.Loaded
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.clock
import id.payung.screens.app.comes
import id.payung.screens.app.day
import id.payung.screens.app.sentence
import id.payung.screens.app.stands
import id.payung.screens.app.written
import id.payung.screens.detail.field
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Chip
import id.payung.screens.parts.Empty
import id.payung.screens.parts.Field
import id.payung.screens.parts.Heading
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.TickRow
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Way
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.words.Words

/** All that somebody has to do something about. */
data class NeedsUiState(
    val returned: List<WorkerSummary>,
    val conflicts: List<OpenConflict>,
    val refused: List<NeedsFixing>,
    val duplicates: List<WorkerSummary>,
)

class NeedsViewModel(core: CoreClient) : CoreModel(core) {
    val state =
        read { client ->
            val query = WorkerQuery(null, null, null, emptyList(), listOf(Phase.Returned), null, null, 100u)
            NeedsUiState(client.workers(query).rows, client.conflicts().filterNot { it.decided }, client.needsFixing(), emptyList())
        }

    fun tryAgain(k: Long) = perform { core.ask { it.tryAgain(k) } }

    fun giveUp(k: Long) = perform { core.ask { it.giveUp(k) } }
}

@Composable
fun NeedsRoute() {
    val container = LocalContainer.current
    val words = LocalWords.current
    val model = viewModel { NeedsViewModel(container.core) }
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    when (val now = state) {
        Loaded.Reading -> Busy(words.opening)
        is Loaded.Failed -> Screen(words.needsTitle, { container.navigator.back() }) { Wrong(words.sentence(now.problem)) }
        is Loaded.Here -> NeedsScreen(now.value, act.problem, container.navigator::go, { container.navigator.back() }, model::tryAgain, model::giveUp)
    }
}

@Composable
fun NeedsScreen(
    state: NeedsUiState,
    problem: Throwable?,
    go: (Place) -> Unit,
    onBack: () -> Unit,
    onTryAgain: (Long) -> Unit,
    onGiveUp: (Long) -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    Screen(words.needsTitle, onBack) {
        problem?.let { Wrong(words.sentence(it)) }
        if (state.returned.isEmpty() && state.conflicts.isEmpty() && state.refused.isEmpty()) Empty(words.needsNone, words.needsNoneUnder)
        if (state.returned.isNotEmpty()) Heading(words.needsReturned)
        for (worker in state.returned) {
            Way("${written(worker.name)}: ${words.stands(worker)}", words.comes(worker.phase, worker.nextStep), { go(Place.Detail(worker.id)) }, tone = Tone.BAD, sign = Signs.Returned)
        }
        if (state.conflicts.isNotEmpty()) Heading(words.needsConflicts)
        for (conflict in state.conflicts) {
            Way(
                written(conflict.name.orEmpty()),
                words.conflictTitle(words.field(conflict.field)),
                { go(Place.Conflict(conflict.record, conflict.field)) },
                tone = Tone.ATTENTION,
                sign = Signs.Warn,
            )
        }
        if (state.refused.isNotEmpty()) Heading(words.needsRefused)
        for (act in state.refused) {
            var sure by rememberSaveable(act.k) { mutableStateOf(false) }
            Paper(tone = Tone.BAD) {
                Text(written(act.name ?: words.formNameless), style = letters.strong)
                Text(act.code?.let { words.why(it) } ?: words.refused, style = letters.body)
                Text(words.refusedSafe, style = letters.body)
                Spacer(Modifier.size(8.dp))
                OtherButton(words.tryAgain, { onTryAgain(act.k) })
                if (sure) {
                    Wrong(words.giveUpLoses)
                    LinkButton(words.giveUpSure, { onGiveUp(act.k) })
                } else {
                    LinkButton(words.giveUp, { sure = true })
                }
            }
        }
    }
}

/** Two writings of one field, side by side. */
data class ConflictUiState(
    val conflict: OpenConflict?,
    val me: String,
)

class ConflictViewModel(
    core: CoreClient,
    private val record: String,
    private val field: String,
) : CoreModel(core) {
    val state =
        read { client ->
            ConflictUiState(client.conflicts().firstOrNull { it.record == record && it.field == field }, client.membership()?.official.orEmpty())
        }

    fun resolve(
        conflict: OpenConflict,
        value: FieldValue,
        document: String,
        then: () -> Unit,
    ) = perform {
        val seen = conflict.conflict.candidates.map { it.op }
        core.ask { it.resolve(Decision(conflict.record, conflict.field, value, seen, conflict.base, document)) }
        then()
    }
}

@Composable
fun ConflictRoute(place: Place.Conflict) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val model = viewModel { ConflictViewModel(container.core, place.record, place.field) }
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    val back: () -> Unit = { container.navigator.back() }
    when (val now = state) {
        Loaded.Reading -> Busy(words.opening)
        is Loaded.Failed -> Screen(words.conflictHead, back) { Wrong(words.sentence(now.problem)) }
        is Loaded.Here ->
            when (val conflict = now.value.conflict) {
                null -> Screen(words.conflictHead, back) { Empty(words.conflictGone, words.needsNoneUnder) }
                else -> ConflictScreen(conflict, now.value.me, act.problem, back) { value, document -> model.resolve(conflict, value, document, back) }
            }
    }
}

/** The letters in which one text differs from another are bold and underlined. */
fun differing(
    text: String,
    other: String,
    style: SpanStyle,
): AnnotatedString =
    buildAnnotatedString {
        // the longest common subsequence stays plain
        val common = Array(text.length + 1) { IntArray(other.length + 1) }
        for (i in text.indices.reversed()) {
            for (j in other.indices.reversed()) {
                common[i][j] = if (text[i] == other[j]) common[i + 1][j + 1] + 1 else maxOf(common[i + 1][j], common[i][j + 1])
            }
        }
        var j = 0
        for (i in text.indices) {
            while (j < other.length && text[i] != other[j] && common[i][j + 1] >= common[i + 1][j]) j++
            if (j < other.length && text[i] == other[j]) {
                append(text[i])
                j++
            } else {
                withStyle(style) { append(text[i]) }
            }
        }
    }

/** A value as a person reads it. */
fun Words.value(value: FieldValue): String =
    when (value) {
        FieldValue.Empty -> notFilled
        is FieldValue.Text -> if (Regex("""\d{4}-\d{2}-\d{2}""").matches(value.text)) day(value.text) else value.text
        is FieldValue.Whole -> value.number.toString()
        is FieldValue.Fraction -> value.number.toString()
        is FieldValue.Flag -> if (value.yes) yes else no
        is FieldValue.Items -> value.items.joinToString(", ") { value(it) }
        is FieldValue.Parts -> value.parts.filterKeys { it != "tag" }.values.joinToString(", ") { value(it) }
    }

private fun documentOf(field: String) = if (field == "mother_name") "kk" else "ktp"

@Composable
fun ConflictScreen(
    conflict: OpenConflict,
    me: String,
    problem: Throwable?,
    onBack: () -> Unit,
    onTake: (FieldValue, String) -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    val colours = LocalColours.current
    var sure by rememberSaveable { mutableStateOf(false) }
    var retyping by rememberSaveable { mutableStateOf(false) }
    var typed by rememberSaveable { mutableStateOf("") }
    val paper = documentOf(conflict.field)
    Screen(words.conflictHead, onBack, end = { Chip(words.conflictChoose, Tone.ATTENTION) }) {
        Text(written(conflict.name.orEmpty()), style = letters.title)
        Text(
            words.conflictExplained(words.field(conflict.field), if (paper == "kk") words.paperKk else words.paperKtp),
            style = letters.body,
            color = colours.mute,
        )
        TickRow(if (paper == "kk") words.sawKk else words.sawKtp, sure, { sure = it })
        val mark = SpanStyle(color = if (colours.dark) colours.kunyitText else colours.kunyitText, fontWeight = FontWeight.Bold, textDecoration = TextDecoration.Underline)
        val candidates = conflict.conflict.candidates
        candidates.forEachIndexed { at, candidate ->
            val other = candidates[if (at == 0) minOf(1, candidates.lastIndex) else 0]
            CandidatePaper(candidate, other, candidate.value == conflict.shown, candidate.who == me, mark, sure) { onTake(candidate.value, paper) }
        }
        problem?.let { Wrong(words.sentence(it)) }
        if (retyping) {
            Field(words.field(conflict.field), typed, { typed = it }, last = true)
            OtherButton(words.takeThis, { onTake(FieldValue.Text(typed), paper) }, enabled = sure && typed.isNotBlank())
        } else if (candidates.all { it.value is FieldValue.Text }) {
            LinkButton(words.bothWrong, { retyping = true }, Modifier.fillMaxWidth())
        }
        Note(words.conflictSafe)
    }
}

@Composable
private fun CandidatePaper(
    candidate: Candidate,
    other: Candidate,
    used: Boolean,
    mine: Boolean,
    mark: SpanStyle,
    sure: Boolean,
    onTake: () -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    Paper {
        Text(if (mine) words.fromYou else words.fromOffice, style = letters.small, color = LocalColours.current.mute)
        if (used) Chip(words.usedNow, Tone.WAITING)
        Text(differing(words.value(candidate.value), words.value(other.value), mark), style = letters.headline)
        Text(clock(candidate.`when`), style = letters.small, color = LocalColours.current.mute)
        Spacer(Modifier.size(8.dp))
        OtherButton(words.takeThis, onTake, enabled = sure)
    }
}
